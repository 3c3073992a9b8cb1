"""Sends the journals of a folder to the server; a repeat of what it has changes nothing."""

import os
import threading

from runwright import errors, journal

_PIECE = 4 * 1024 * 1024


class Shipper:
    """Threads and forked processes may share one; `ship` is one pass over the files that are there."""

    def __init__(self, api, run_id, folder):
        self._api, self._run_id, self._folder = api, run_id, folder
        self._acked = {}  # bytes that the server has, by writer
        self._lock, self._pid = threading.Lock(), os.getpid()

    def ship(self):
        """Returns when the server has every whole record that was there at the call. Raises UnavailableError."""
        if self._pid != os.getpid():  # a thread of the parent may hold the lock for ever
            self._lock, self._pid = threading.Lock(), os.getpid()
        with self._lock:
            for writer, path, size in self._files():
                if size > self._acked.get(writer, 0):
                    self._ship_file(writer, path)

    def _files(self):
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return
        for name in names:
            if name.endswith(".rwj"):
                path = os.path.join(self._folder, name)
                yield name[:-4], path, os.stat(path).st_size

    def _ship_file(self, writer, path):
        with open(path, "rb") as file:
            while True:
                offset = self._acked.get(writer, 0)
                data = _whole(file, offset)
                if not data:
                    return
                try:
                    answer = self._api.ship_journal(self._run_id, writer, offset, data)
                    self._acked[writer] = answer["acked"]
                except errors.ConflictError as error:
                    acked = (error.details or {}).get("acked")
                    if acked is None or acked == offset:
                        raise
                    self._acked[writer] = acked

    def others_alive(self):
        """Does another process still write here?"""
        from runwright import _process

        for _, path, _ in self._files():
            with open(path, "rb") as file:
                records = journal.read_records(file.read(4096))
            opened = records[0].document() if records else {}
            pid = opened.get("pid")
            if pid != os.getpid() and _process.is_alive(pid, opened.get("start_ticks"), opened.get("boot_id")):
                return True
        return False


def _whole(file, offset):
    """The whole records from ``offset`` on, about 4 MiB of them."""
    for size in (_PIECE, journal.MAX_LENGTH + 16):
        file.seek(offset)
        data = file.read(size)
        end = journal.whole_size(data, offset)
        if end or len(data) < size:
            return data[:end]
    return b""
