"""Part of `runwright._journal_writer.JournalWriter`: records that a full disk did not take.

They wait in a bounded buffer in memory; what does not fit is counted, and said in a `lost` record when there is room.
"""

import os
import struct
import time
from zlib import crc32

from runwright.journal import LOST, PREFIX, encode_json

BUFFER_BYTES = 16 * 1024 * 1024  # kept in memory while the disk is full
NO_FILE = 1 << 30  # a descriptor that no process has: writes fail until the file can be made

_RETRY_SECONDS = 0.5  # between attempts while the disk is full
_EBADF = 9
_clock = time.time


class Backlog:
    """Base of JournalWriter, whose lock its callers hold. ``_pending``: ``(bytes, points)``, the first one perhaps
    the rest of a record whose beginning is in the file."""

    def _begin_backlog(self):
        self._pending = []
        self._pending_bytes = 0
        self._lost = 0
        self._retry_at = 0.0

    def flush_memory(self):
        """Writes what a full disk left in memory, as far as there is room. True when nothing is left."""
        with self._lock:
            if self._pending and not self._busy:
                self._busy = True
                try:
                    self._drain()
                finally:
                    self._busy = False
            done = not self._pending
        if self._nested:
            self._say_nested()
        return done

    def _at_exit(self):
        """The last try; what the disk still refuses is lost, and told where somebody listens."""
        if self.flush_memory() and not self._lost:
            return
        lost = self._lost + sum(points for _, points in self._pending)
        if lost and self.tell_lost is not None and self._pid == os.getpid():
            self.tell_lost(lost)

    def _failed(self, error, data):
        """What is left to keep of ``data`` after a failed write."""
        if error.errno == _EBADF:  # somebody closed every descriptor: go on in a new file
            current = self._current
            self._fd = -1
            self._open()
            if current != self.run_id:
                self._switch(current)
            return pack_again(data, self)
        self._report(error)
        return data

    def _report(self, error):
        self._retry_at = _clock() + _RETRY_SECONDS
        if not self._warned:
            import atexit

            self._warned = True
            atexit.register(self._at_exit)
            self._warn(
                "The journal below %s cannot be written: %s. Up to %d MiB of metrics are kept in memory and written when "
                "there is room; the run goes on." % (self.folder, error.strerror, BUFFER_BYTES >> 20)
            )

    def _keep(self, data, points):
        """Puts (the rest of) a record behind what is pending and tries again when it is time."""
        if self._pending and self._pending_bytes + len(data) > BUFFER_BYTES:
            self._lost += max(1, points)
            self._seq -= 1
        else:
            self._pending.append((data, points))
            self._pending_bytes += len(data)
        if _clock() >= self._retry_at:
            self._drain()

    def _drain(self):
        if self._fd == NO_FILE:
            try:
                if self._prepare is not None:
                    self._prepare()
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._fd = os.open(self._path, flags, 0o600)
            except OSError as error:
                self._report(error)
                return
        done = 0
        try:
            for data, points in self._pending:
                written = os.write(self._fd, data)
                self.offset += written
                self._pending_bytes -= written
                if written < len(data):
                    self._pending[done] = (data[written:], points)
                    self._retry_at = _clock() + _RETRY_SECONDS
                    break
                done += 1
        except OSError as error:
            if error.errno == _EBADF:
                self._reopen(done)
                return
            self._report(error)
        del self._pending[:done]
        if not self._pending and self._lost:
            lost, self._lost = self._lost, 0
            self._append(LOST, encode_json({"points": lost}))


    def _reopen(self, done):
        """Somebody closed our descriptor while records were pending: they go on in a new file."""
        waiting, self._pending, self._pending_bytes = self._pending[done:], [], 0
        self._fd = -1
        self._open()
        for data, points in waiting:
            if len(data) > 8 and PREFIX.unpack_from(data)[0] == len(data) - 8:
                again = pack_again(data, self)
                self._pending.append((again, points))
                self._pending_bytes += len(again)
            else:
                self._lost += max(1, points)  # its first bytes are in the old file


def pack_again(data, writer):
    """The record ``data`` under the next number of ``writer``'s new file."""
    seq = writer._seq
    writer._seq = seq + 1
    tail = struct.pack("<Q", seq) + data[16:]
    return PREFIX.pack(len(tail), crc32(tail)) + tail
