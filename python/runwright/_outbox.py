"""Metrics logged from outside of a run: sent in batches by a thread, in order, and at the end of the process."""

import atexit
import threading

from runwright import errors

_BATCH = 1000
_LINGER_SECONDS = 0.2  # how long the first metric of a batch waits for company


class Outbox:
    """Queue of metrics for one run. `flush` raises the first error that a batch met and keeps what was not sent."""

    def __init__(self, api, run_id):
        self._api = api
        self._run_id = run_id
        self._items = []
        self._wake = threading.Condition()
        self._sending = threading.Lock()
        self._thread = None
        atexit.register(self._at_exit)

    def add(self, metric):
        """Queues ``{name, type, value, step?}``."""
        with self._wake:
            self._items.append(metric)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="runwright-outbox")
                self._thread.daemon = True
                self._thread.start()
            if len(self._items) >= _BATCH:
                self._wake.notify()

    def flush(self):
        """Returns when all that was queued before is durable on the server."""
        with self._sending:
            while self._items:
                batch = self._items[:_BATCH]
                self._api.log_metrics(self._run_id, batch)
                with self._wake:
                    del self._items[: len(batch)]

    def _work(self):
        with self._wake:
            self._wake.wait(_LINGER_SECONDS)
            if not self._items:
                self._thread = None
                return
        try:
            self.flush()
        except errors.RunwrightError:
            pass  # kept; flush() of the caller, or the end of the process, says what is wrong
        with self._wake:
            self._thread = None

    def _at_exit(self):
        import sys

        try:
            self.flush()
        except errors.RunwrightError as error:
            sys.stderr.write(
                "runwright: %d metrics of run %s were not sent: %s\n" % (len(self._items), self._run_id, error)
            )
