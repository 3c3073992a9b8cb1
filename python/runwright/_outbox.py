"""Metrics logged from outside of a run: a journal in memory that a thread sends, in order and each value once."""

import atexit
import os
import sys
import threading
import time

from runwright import _process, errors, journal
from runwright._journal_writer import BOOTTIME, writer_id

_LINGER_SECONDS = 0.2  # how long the first value waits for company
_BATCH_BYTES = 1 << 20  # what is sent without waiting
_MOST_BYTES = 16 << 20  # what is kept while the server is away; then `add` waits for it, or raises


class Outbox:
    """Values for one run. `flush` raises what goes wrong and keeps what was not sent; a repeat of what the server has
    changes nothing, so a broken connection neither loses nor doubles a value."""

    def __init__(self, api, run_id):
        self._api, self._run_id = api, run_id
        self._begin()
        atexit.register(self._at_exit)

    def _begin(self):
        """A writer of its own for this process: what a parent queued before fork is the parent's to send."""
        self._pid = os.getpid()
        self._wake = threading.Condition()
        self._sending = threading.Lock()
        self._thread = None
        self._writer, self._seq, self._acked, self.count = writer_id(), 0, 0, 0
        self._records, self._bytes = [], 0
        document = {
            "run_id": self._run_id, "boot_id": _process.boot_id(), "pid": self._pid,
            "start_ticks": _process.start_ticks(), "writer": self._writer, "version": 1,
        }
        self._put(journal.OPEN, journal.encode_json(document), journal.FILE_HEADER)
        self.count = 0

    def add(self, metric):
        """Queues ``{name, type, value, step?, description?}``."""
        if self._pid != os.getpid():
            self._begin()
        body = journal.encode_json(metric)
        if len(body) > journal.MAX_LENGTH - 64:
            raise errors.TooLargeError("The value of %r has %d bytes; at most 16 MiB can be logged at once"
                                       % (metric["name"], len(body)))
        if self._bytes > _MOST_BYTES:
            self.flush()
        with self._wake:
            self._put(journal.METRIC, body)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="runwright-outbox")
                self._thread.daemon = True
                self._thread.start()
            if self._bytes >= _BATCH_BYTES:
                self._wake.notify()

    def _put(self, kind, body, before=b""):
        now = int(time.time() * 1e6), int(time.clock_gettime(BOOTTIME) * 1e6)
        record = before + journal.pack_record(self._seq, now[0], now[1], kind, body)
        self._seq += 1
        self._records.append(record)
        self._bytes += len(record)
        self.count += 1

    def flush(self):
        """Returns when all that was queued before is durable on the server."""
        if self._pid != os.getpid():
            return
        with self._sending:
            while self.count:
                with self._wake:
                    taken, data = self._take()
                answer = self._api.ship_journal(self._run_id, self._writer, self._acked, data)
                with self._wake:
                    self._acked = answer["acked"]
                    del self._records[:taken]
                    self._bytes -= len(data)
                    self.count = len(self._records)

    def _take(self):
        """Records of about 4 MiB, at least one; they stay queued until they are acked."""
        size = taken = 0
        for record in self._records:
            if taken and size + len(record) > 4 << 20:
                break
            size += len(record)
            taken += 1
        return taken, b"".join(self._records[:taken])

    def _work(self):
        with self._wake:
            self._wake.wait(_LINGER_SECONDS)
            if not self.count:
                self._thread = None
                return
        try:
            self.flush()
        except errors.RunwrightError:
            pass  # kept; flush() of the caller, or the end of the process, says what is wrong
        with self._wake:
            self._thread = None

    def _at_exit(self):
        try:
            self.flush()
        except errors.RunwrightError as error:
            sys.stderr.write(
                "runwright: %d metrics of run %s were not sent: %s\n" % (self.count, self._run_id, error)
            )
