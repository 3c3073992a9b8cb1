"""Appends what a process says about its run to a journal file of its own.

`JournalWriter.number` is the hot path: one `struct.pack`, one CRC in C, one ``write()``. Training is never stopped by
logging: a full disk fills a bounded buffer in memory, warns once, and what did not fit is counted in a `lost` record.
"""

import os
import struct
import sys
import time
import weakref
from _thread import RLock
from zlib import crc32

from runwright._journal_backlog import NO_FILE, Backlog
from runwright._process import boot_id, start_ticks
from runwright.journal import (
    CHILD,
    FILE_HEADER,
    LOST,
    MAX_LENGTH,
    OPEN,
    RUN,
    encode_json,
    encode_text,
    pack_record,
)
from runwright.journal import PREFIX as _PREFIX

_NUMBER = struct.Struct("<QqqBBd")  # head, flags, value
_STEPPED = struct.Struct("<QqqBBqd")  # head, flags, step, value

_clock = time.time
_monotonic = time.clock_gettime
BOOTTIME = getattr(time, "CLOCKBOOTTIME", 7)  # the name came with Python 3.7


def writer_id():
    """A new writer's name: 16 hex digits."""
    return "".join("%02x" % b for b in os.urandom(8))


class JournalWriter(Backlog):
    """Appends to one file a process below ``folder``; made when the first record is written, a new one after fork.

    run_id: whom records belong to that name no run. warn: called once with a text when the disk is full; default:
    standard error. prepare: called before a file is made, may make the folder (an OSError counts as a full disk).
    Threads may share a writer. No method raises for a disk that is full or a folder that is gone.

    Each file can be read alone: it says which child runs there are before it first names them, also those that
    another process, before fork, made.
    """

    def __init__(self, folder, run_id, warn=None, prepare=None):
        self.folder = folder
        self.run_id = run_id
        self._prepare = prepare
        self._children = {}  # bodies of the CHILD records that were written, by run id
        self._warn = warn or _warn_stderr
        self._warned = False
        self.tell_lost = None  # called at exit with the number of points that the disk never took, where there are some
        self._begin()
        _writers.add(self)

    def _begin(self):
        """A writer that has written nothing yet: at first, and in the child after fork."""
        # A signal handler may log while its thread is in the middle of a record: the lock is reentrant, and what the
        # handler says waits in _nested until the record is written.
        self._lock = RLock()
        self._busy = False
        self._nested = []
        self._fd = -1
        self._seq = 0
        self._current = self.run_id
        self._introduced = set()  # child runs that the file knows
        self._begin_backlog()
        self._pid = os.getpid()
        self.writer = None
        self.offset = 0  # bytes of this file that were written: what flush() waits for

    # What can be said.

    def number(self, name, value, step=None, run_id=None):
        """One number of a metric; ``value`` a float, or an int of at most 2^53 either way; ``step`` an integer or
        None."""
        encoded = encode_text(name)
        if step is not None:
            step = max(-(1 << 63), min((1 << 63) - 1, int(step)))
        if _CHECK_PID:
            self._check_pid()
        with self._lock:
            if self._busy:
                self._nested.append((self.number, (name, value, step, run_id)))
                return
            self._busy = True
            try:
                if self._fd < 0:
                    self._open()
                if run_id is not None and run_id != self._current:
                    self._switch(run_id)
                seq = self._seq
                self._seq = seq + 1
                wall, boot = int(_clock() * 1e6), int(_monotonic(BOOTTIME) * 1e6)
                whole = 2 if type(value) is int else 0
                if step is None:
                    tail = _NUMBER.pack(seq, wall, boot, 2, whole, value) + encoded
                else:
                    tail = _STEPPED.pack(seq, wall, boot, 2, whole | 1, step, value) + encoded
                data = _PREFIX.pack(len(tail), crc32(tail)) + tail
                if self._pending:
                    self._keep(data, 1)
                else:
                    try:
                        written = os.write(self._fd, data)
                        self.offset += written
                        if written != len(data):
                            self._keep(data[written:], 1)
                    except OSError as error:
                        self._keep(self._failed(error, data), 1)
            finally:
                self._busy = False
        if self._nested:
            self._say_nested()

    def record(self, kind, document, points=0):
        """A record with a JSON body. ``document["run_id"]`` is left out where it is the current run."""
        if _CHECK_PID:
            self._check_pid()
        with self._lock:
            if self._busy:
                self._nested.append((self.record, (kind, document, points)))
                return
            self._busy = True
            try:
                if self._fd < 0:
                    self._open()
                run_id = document.get("run_id")
                if kind == CHILD:
                    self._children[run_id] = document
                    self._introduce(run_id)
                    return
                if run_id == self._current:
                    document = {key: value for key, value in document.items() if key != "run_id"}
                else:
                    self._introduce(run_id)
                self._append(kind, encode_json(document), points)
            finally:
                self._busy = False
        if self._nested:
            self._say_nested()

    def introduce(self, run_id):
        """Says in this process's file that a child run exists, where one of our processes made it."""
        if run_id not in self._children or (run_id in self._introduced and self._pid == os.getpid()):
            return
        if _CHECK_PID:
            self._check_pid()
        with self._lock:
            if self._busy:
                return
            self._busy = True
            try:
                if self._fd < 0:
                    self._open()
                self._introduce(run_id)
            finally:
                self._busy = False
        if self._nested:
            self._say_nested()

    def _introduce(self, run_id):
        """Says in this file that a child run of ours exists, and its parents."""
        document = self._children.get(run_id)
        if document is None or run_id in self._introduced:
            return
        self._introduced.add(run_id)
        self._introduce(document.get("parent_id"))
        self._append(CHILD, encode_json(document))

    def _say_nested(self):
        """What a signal handler said while this thread was in the middle of a record."""
        while self._nested:
            call, arguments = self._nested.pop(0)
            call(*arguments)

    def close(self):
        """Writes what is pending and closes the file; a later record begins a new one."""
        with self._lock:
            self.flush_memory()
            if 0 <= self._fd < NO_FILE and self._pid == os.getpid():
                os.close(self._fd)
            self._begin()

    # How it is written.

    def _append(self, kind, body, points=0):
        if len(body) > MAX_LENGTH - 64:
            reason = "a value of %d bytes is over the limit of 16 MiB" % len(body)
            self._warn("One value was not logged: %s." % reason)
            return self._append(LOST, encode_json({"points": max(1, points), "reason": reason}))
        seq = self._seq
        self._seq = seq + 1
        data = pack_record(seq, int(_clock() * 1e6), int(_monotonic(BOOTTIME) * 1e6), kind, body)
        if not self._pending:
            try:
                written = os.write(self._fd, data)
                self.offset += written
                if written == len(data):
                    return
                data = data[written:]
            except OSError as error:
                data = self._failed(error, data)
        self._keep(data, points)

    def _switch(self, run_id):
        self._introduce(run_id)
        self._current = run_id
        self._append(RUN, encode_json({"run_id": run_id}))

    def _check_pid(self):
        """Without hooks at fork: begins anew in a child, before the lock that a thread of the parent may hold."""
        if self._pid != os.getpid():
            fd = self._fd
            self._begin()
            if 0 <= fd < NO_FILE:
                os.close(fd)

    def _open(self):
        writer = writer_id()
        document = {
            "run_id": self.run_id,
            "boot_id": boot_id(),
            "pid": os.getpid(),
            "start_ticks": start_ticks(),
            "writer": writer,
            "version": 1,
        }
        path = os.path.join(self.folder, writer + ".rwj")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        now = int(_clock() * 1e6), int(_monotonic(BOOTTIME) * 1e6)
        data = FILE_HEADER + pack_record(0, now[0], now[1], OPEN, encode_json(document))
        # A new file counts its records from 0, whatever was written (or lost) before.
        self._seq = 1
        self._current = self.run_id
        self._introduced = set()
        self.writer, self.offset = writer, 0
        try:
            if self._prepare is not None:
                self._prepare()
            self._fd = os.open(path, flags, 0o600)
            written = os.write(self._fd, data)
            self.offset = written
            data = data[written:]
        except OSError as error:
            self._report(error)
            self._path = path
        if data:
            self._pending.insert(0, (data, 0))
            self._pending_bytes += len(data)
            if self._fd < 0:
                self._fd = NO_FILE
        return path


_CHECK_PID = not hasattr(os, "register_at_fork")  # Python 3.6
_writers = weakref.WeakSet()


def _warn_stderr(text):
    try:
        sys.stderr.write("runwright: warning: %s\n" % text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def _after_fork():
    for writer in list(_writers):
        fd, writer_pid = writer._fd, writer._pid
        writer._begin()
        if 0 <= fd < NO_FILE and writer_pid != os.getpid():
            try:
                os.close(fd)
            except OSError:
                pass


if not _CHECK_PID:
    os.register_at_fork(after_in_child=_after_fork)
