"""Reads the files of a snapshot: their digests, and whether their times prove the content from now on."""

import errno
import hashlib
import os
import stat
import time

from runwright import _snapshot_walk, _stat_cache

TRIES = 5

_TICK_NS = 2 * 10 ** 9  # see _stat_cache: how old a file must be for its times to prove that it did not change
_WHOLE = 1024 ** 2  # larger files are read in pieces
_PROGRESS_SECONDS = 0.1
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Again(Exception):
    """Something changed between two looks at it; its text is the path."""


def hash_pending(pending, root, started, progress):
    total = done = 0
    for folder, index, _ in pending:
        if not isinstance(folder.stats, bytearray):
            folder.stats = bytearray(folder.stats)
        total += _stat_cache.STAT.unpack_from(folder.stats, index * 40)[0]
    shown = time.time() if progress else 0
    limit = started - _TICK_NS
    for folder, index, path in pending:
        mode = _stat_cache.STAT.unpack_from(folder.stats, index * 40)[4]
        hash_one = _hash_link if stat.S_ISLNK(mode) else _hash_file
        try:
            digest, size, info, settled = hash_one(path)
        except FileNotFoundError:
            raise Again(_snapshot_walk.show(path))
        except OSError as error:
            raise _snapshot_walk.unreadable(os.path.relpath(path, root), error)
        settled = settled and info.st_mtime_ns < limit and info.st_ctime_ns < limit
        mtime = info.st_mtime_ns if settled else _stat_cache.NEVER
        values = (size, mtime, info.st_ctime_ns, info.st_ino, info.st_mode)
        _stat_cache.STAT.pack_into(folder.stats, index * 40, *values)
        folder.digests[index * 32 : index * 32 + 32] = digest
        done += size
        if progress and time.time() - shown >= _PROGRESS_SECONDS:
            shown = time.time()
            progress(done, total)
    if progress and pending:
        progress(total, total)


def _hash_link(path):
    info = os.lstat(path)
    if not stat.S_ISLNK(info.st_mode):
        raise Again(_snapshot_walk.show(path))
    target = os.readlink(path)
    return hashlib.sha256(target).digest(), len(target), info, True


def _hash_file(path):
    """(digest, size, stat, whether those times prove the content)."""
    try:
        fd = os.open(path, _OPEN)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Again(_snapshot_walk.show(path))
        raise
    try:
        for _ in range(TRIES):
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                break
            digest = _hash_bytes(fd, before.st_size)
            after = os.fstat(fd)
            if digest and _times(before) == _times(after):
                return digest, before.st_size, before, True
            if digest and after.st_size > before.st_size:
                # Something appends to it (a log): what was there at the first look is the file.
                return digest, before.st_size, before, False
            os.lseek(fd, 0, os.SEEK_SET)
        raise Again(_snapshot_walk.show(path))
    finally:
        os.close(fd)


def _times(info):
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _hash_bytes(fd, size):
    """Of the first `size` bytes; None when the file is shorter."""
    if size <= _WHOLE:
        data = os.read(fd, size)
        return hashlib.sha256(data).digest() if len(data) == size else None
    digest = hashlib.sha256()
    while size:
        data = os.read(fd, min(size, _WHOLE))
        if not data:
            return None
        digest.update(data)
        size -= len(data)
    return digest.digest()
