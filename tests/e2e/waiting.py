"""Waiting for facts of other processes."""
import time


def wait_for(condition, seconds=30, what="condition"):
    """Polls a fact of another process that sends no event; fails by name when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("timed out after %d s waiting for %s" % (seconds, what))
