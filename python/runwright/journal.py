"""The journal of a run (docs/dev/formats/journal.md): what a process says is appended to a file of its own.

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

FILE_HEADER = b"RWJ1\r\n\x00\x00"
OPEN, NUMBER, METRIC, TAG, PROPERTY, CHILD, END, RUN, LOST = range(1, 10)
MAX_LENGTH = 16 * 1024 * 1024
BUFFER_BYTES = 16 * 1024 * 1024  # kept in memory while the disk is full

_PREFIX = struct.Struct("<II")  # length, crc
_HEAD = struct.Struct("<QqqB")  # seq, wall_us, boot_us, kind
_NUMBER = struct.Struct("<QqqBBd")  # head, flags, value
_STEPPED = struct.Struct("<QqqBBqd")  # head, flags, step, value
_RETRY_SECONDS = 0.5  # between attempts while the disk is full

_clock = time.time
_monotonic = time.clock_gettime
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", 7)  # the name came with Python 3.7


def writer_id():
    """A new writer's name: 16 hex digits."""
    return "".join("%02x" % b for b in os.urandom(8))


def boot_id():
    """The kernel's name of this boot, "" where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


def start_ticks():
    """When this process started, in clock ticks since boot."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def encode_text(text):
    """UTF-8 of text (of ``str(text)`` for other objects); lone surrogates become question marks."""
    try:
        return text.encode("utf-8")
    except AttributeError:
        return encode_text(str(text))
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def encode_json(value):
    """Compact JSON as the format wants it: UTF-8, numbers that JSON lacks as ``{"$number": "NaN"}``."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(wrap_numbers(value), ensure_ascii=False, separators=(",", ":"))
    return encode_text(text)


def wrap_numbers(value):
    """``value`` with NaN and infinities as ``{"$number": name}``."""
    if isinstance(value, float):
        if value != value:
            return {"$number": "NaN"}
        if value in (float("inf"), float("-inf")):
            return {"$number": "Infinity" if value > 0 else "-Infinity"}
        return value
    if isinstance(value, dict):
        return {key: wrap_numbers(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [wrap_numbers(one) for one in value]
    return value


def unwrap_numbers(value):
    """The inverse of `wrap_numbers`; also takes the bare strings that the server's answers hold at the top."""
    if isinstance(value, dict):
        if len(value) == 1 and "$number" in value:
            return float(value["$number"].replace("Infinity", "inf"))
        return {key: unwrap_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unwrap_numbers(one) for one in value]
    return value


def pack_record(seq, wall_us, boot_us, kind, body):
    """The bytes of one record."""
    tail = _HEAD.pack(seq, wall_us, boot_us, kind) + body
    return _PREFIX.pack(len(tail), crc32(tail)) + tail


class JournalWriter:
    """Appends to one file a process below ``folder``; made when the first record is written, a new one after fork.

    run_id: whom records belong to that name no run. warn: called once with a text when the disk is full; default:
    standard error. Threads may share a writer. No method raises for a disk that is full or a folder that is gone.
    """

    def __init__(self, folder, run_id, warn=None):
        self.folder = folder
        self.run_id = run_id
        self._warn = warn or _warn_stderr
        self._warned = False
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
        self._pending = []  # records that the disk did not take, the first one perhaps in part
        self._pending_bytes = 0
        self._lost = 0
        self._retry_at = 0.0
        self._pid = os.getpid()
        self.writer = None
        self.offset = 0  # bytes of this file that were written: what flush() waits for

    # What can be said.

    def number(self, name, value, step=None, run_id=None):
        """One number of a metric; ``value`` a float, ``step`` an integer or None."""
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
                wall, boot = int(_clock() * 1e6), int(_monotonic(_BOOTTIME) * 1e6)
                if step is None:
                    tail = _NUMBER.pack(seq, wall, boot, 2, 0, value) + encoded
                else:
                    tail = _STEPPED.pack(seq, wall, boot, 2, 1, step, value) + encoded
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
                if kind != CHILD and kind != RUN and document.get("run_id") == self._current:
                    document = {key: value for key, value in document.items() if key != "run_id"}
                self._append(kind, encode_json(document), points)
            finally:
                self._busy = False
        if self._nested:
            self._say_nested()

    def _say_nested(self):
        """What a signal handler said while this thread was in the middle of a record."""
        while self._nested:
            call, arguments = self._nested.pop(0)
            call(*arguments)

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

    def close(self):
        """Writes what is pending and closes the file; a later record begins a new one."""
        with self._lock:
            self.flush_memory()
            if self._fd >= 0 and self._pid == os.getpid():
                os.close(self._fd)
            self._begin()

    # How it is written.

    def _append(self, kind, body, points=0):
        if len(body) > MAX_LENGTH - 64:
            self._lost += max(1, points)
            self._warn("A value of %d bytes is over the journal's limit of 16 MiB and was not logged." % len(body))
            return
        seq = self._seq
        self._seq = seq + 1
        data = pack_record(seq, int(_clock() * 1e6), int(_monotonic(_BOOTTIME) * 1e6), kind, body)
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
        self._current = run_id
        self._append(RUN, encode_json({"run_id": run_id}))

    def _check_pid(self):
        """Without hooks at fork: begins anew in a child, before the lock that a thread of the parent may hold."""
        if self._pid != os.getpid():
            fd = self._fd
            self._begin()
            if 0 <= fd < _NO_FILE:
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
        now = int(_clock() * 1e6), int(_monotonic(_BOOTTIME) * 1e6)
        data = FILE_HEADER + pack_record(0, now[0], now[1], OPEN, encode_json(document))
        # A new file counts its records from 0, whatever was written (or lost) before.
        self._seq = 1
        self._current = self.run_id
        self.writer, self.offset = writer, 0
        try:
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
                self._fd = _NO_FILE
        return path

    def _failed(self, error, data):
        """What is left to keep of ``data`` after a failed write."""
        if error.errno == _EBADF:  # somebody closed every descriptor: go on in a new file
            self._fd = -1
            self._open()
            return pack_again(data, self)
        self._report(error)
        return data

    def _report(self, error):
        self._retry_at = _clock() + _RETRY_SECONDS
        if not self._warned:
            import atexit

            self._warned = True
            atexit.register(self.flush_memory)
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
        if self._fd == _NO_FILE:
            try:
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
            if len(data) > 8 and _PREFIX.unpack_from(data)[0] == len(data) - 8:
                again = pack_again(data, self)
                self._pending.append((again, points))
                self._pending_bytes += len(again)
            else:
                self._lost += max(1, points)  # its first bytes are in the old file


_EBADF = 9
_NO_FILE = 1 << 30  # a descriptor that no process has: writes fail until the file can be made
_CHECK_PID = not hasattr(os, "register_at_fork")  # Python 3.6
_writers = weakref.WeakSet()


def pack_again(data, writer):
    """The record ``data`` under the next number of ``writer``'s new file."""
    seq = writer._seq
    writer._seq = seq + 1
    tail = struct.pack("<Q", seq) + data[16:]
    return _PREFIX.pack(len(tail), crc32(tail)) + tail


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
        if 0 <= fd < _NO_FILE and writer_pid != os.getpid():
            try:
                os.close(fd)
            except OSError:
                pass


if not _CHECK_PID:
    os.register_at_fork(after_in_child=_after_fork)


class Record:
    """One record as it was read. ``body`` is bytes; `document` decodes a JSON body, `number` that of kind NUMBER."""

    __slots__ = ("body", "boot_us", "end", "kind", "seq", "wall_us")

    def __init__(self, seq, wall_us, boot_us, kind, body, end):
        self.seq, self.wall_us, self.boot_us = seq, wall_us, boot_us
        self.kind, self.body, self.end = kind, body, end

    def document(self):
        import json

        return unwrap_numbers(json.loads(self.body.decode("utf-8")))

    def number(self):
        """``(name, value, step or None)``."""
        if self.body[0] & 1:
            step, value = struct.unpack_from("<qd", self.body, 1)
            return self.body[17:].decode("utf-8"), value, step
        return self.body[9:].decode("utf-8"), struct.unpack_from("<d", self.body, 1)[0], None


def read_records(data, offset=0):
    """The whole records of ``data`` (a journal file from byte ``offset``, which is 0 or a record's end).

    Stops at a record that is not whole or has a wrong crc. `Record.end` is where it ends in the file.
    """
    at = 0
    records = []
    if offset == 0:
        if data[: len(FILE_HEADER)] != FILE_HEADER:
            return records
        at = len(FILE_HEADER)
    while at + 8 <= len(data):
        length, crc = _PREFIX.unpack_from(data, at)
        tail = data[at + 8 : at + 8 + length]
        if length < 25 or length > MAX_LENGTH or len(tail) < length or crc32(tail) != crc:
            break
        seq, wall_us, boot_us, kind = _HEAD.unpack_from(tail)
        at += 8 + length
        records.append(Record(seq, wall_us, boot_us, kind, tail[25:], offset + at))
    return records
