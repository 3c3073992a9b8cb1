"""Tells what a shim did: one line on stderr and one in a file of the run that its executor reads at the end.

A line is one write to a file opened for appending, so it survives the death of this process, and no process waits for another.
"""

import os
import sys

FILE = "compat.jsonl"
# Of one process. The executor has a bound of its own for the run.
MOST = 200
LONGEST = 2000

_path = None
_told = set()


def open_beside(path):
    global _path
    _path = os.path.join(os.path.dirname(path), FILE)


def note(source, message, show=True):
    """Once for each message, from whichever process of the run comes first."""
    if message in _told:
        return
    if len(_told) >= MOST:
        return
    _told.add(message)
    try:
        _write(source, message[:LONGEST], show)
    except Exception:  # a full disk under the log must not stop the training
        pass


def failed(name, error):
    note("compat", "compatibility shim %s could not be applied: %s: %s" % (name, type(error).__name__, error))


def _write(source, message, show):
    import json

    line = json.dumps({"source": source, "message": message}).encode("ascii") + b"\n"
    if _path is not None:
        handle = os.open(_path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if line in os.read(handle, 1 << 20):
                return  # another process of the run told it
            os.write(handle, line)
        finally:
            os.close(handle)
    if show and sys.stderr is not None:
        sys.stderr.write("runwright: %s\n" % message)
        sys.stderr.flush()
