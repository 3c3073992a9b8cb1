"""Walks a source folder for a snapshot: what is in it, and which files must be hashed.

A folder whose listing is what the stat cache says is compared in bulk: one `struct.pack` of all its stats against the
cached bytes. That keeps an unchanged folder of 20,000 files near the price of the stats themselves.
"""

import os
import stat
import struct
from itertools import chain
from operator import attrgetter

from runwright import _stat_cache

MAX_DEPTH = 256
MAX_PATH = 4096
_FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode")
_FILE, _FOLDER, _LEFT_OUT, _FOLDER_LEFT_OUT = b"fdix"
_TYPE = 0o170000


class Walk(object):
    """`pending`: (folder, index among its files, path) of what must be hashed. `folders`: the root first, a folder
    before those in it. `dirty`: folders whose tree must be made anew. `skipped`: paths of sockets, FIFOs and devices."""

    def __init__(self, root, rules, old, same_rules):
        self.root = root
        self.rules = rules
        self.old = old
        self.same_rules = same_rules
        self.folders = []
        self.pending = []
        self.dirty = set()
        self.skipped = []
        self._formats = {}

    def run(self):
        self._folder(self.root, b"", 0)
        return self

    def _folder(self, path, relative, depth):
        if depth > MAX_DEPTH or len(relative) > MAX_PATH:
            raise _error(
                "TooLarge",
                "%s: folders are nested too deep for a snapshot (256 levels, 4,096 bytes). Leave it out in "
                "the ignore file." % show(relative),
            )
        try:
            with os.scandir(path) as listing:
                entries = list(listing)
        except OSError as error:
            raise unreadable(relative or path, error)
        old = self.old.get(relative)
        names = b"\0".join([entry.name for entry in entries])
        folder = None
        if old is not None and self.same_rules and names == old.names and len(entries) == len(old.kinds):
            folder = self._as_before(entries, path, relative, old)
        if folder is None:
            folder, subfolders = self._anew(entries, relative, old)
        else:
            folder, subfolders = folder
        self.folders.append(folder)
        prefix = relative + b"/" if relative else b""
        for name in subfolders:
            folder.children.append(self._folder(path + b"/" + name, prefix + name, depth + 1))
        self._decide(folder, old)
        return folder

    def _decide(self, folder, old):
        """Must the tree be made anew? Its files are the same when the folder has the cached stats themselves."""
        size = files = 0
        changed = old is None or folder.stats is not old.stats or folder.digests is not old.digests
        for child in folder.children:
            changed = changed or id(child) in self.dirty
            size += child.size
            files += child.files
        if changed:
            folder.size = size + sum(values[0] for values in _stat_cache.STAT.iter_unpack(folder.stats))
            folder.files = files + len(folder.stats) // 40
            self.dirty.add(id(folder))

    def _as_before(self, entries, path, relative, old):
        """The folder and the names of its folders, or None when it must be looked at entry by entry."""
        files = entries
        subfolders = []
        if old.kinds.strip(b"f"):
            files = []
            for entry, kind in zip(entries, old.kinds):
                if kind == _FILE:
                    files.append(entry)
                elif entry.is_dir(follow_symlinks=False) != (kind in b"dx"):
                    return None
                elif kind == _FOLDER:
                    subfolders.append(entry.name)
        try:
            stats = self._pack([_FIELDS(entry.stat(follow_symlinks=False)) for entry in files])
        except (OSError, struct.error):
            return None
        folder = _stat_cache.Folder(
            relative, old.names, old.kinds, old.stats, old.digests, old.tree, old.size, old.files
        )
        if stats == old.stats:
            return folder, subfolders
        folder.stats = stats
        folder.digests = bytearray(old.digests)
        for index, entry in enumerate(files):
            now, before = stats[index * 40 : index * 40 + 40], old.stats[index * 40 : index * 40 + 40]
            if now == before:
                continue
            mode, mode_before = _stat_cache.STAT.unpack(now)[4], _stat_cache.STAT.unpack(before)[4]
            if mode & _TYPE != mode_before & _TYPE:
                return None
            self.pending.append((folder, index, path + b"/" + entry.name))
        return folder, subfolders

    def _pack(self, fields):
        form = self._formats.get(len(fields))
        if form is None:
            form = self._formats[len(fields)] = struct.Struct("<" + "qqqQQ" * len(fields))
        return form.pack(*chain.from_iterable(fields))

    def _anew(self, entries, relative, old):
        known = old.by_name() if old is not None else {}
        prefix = relative + b"/" if relative else b""
        names, kinds, stats, subfolders = [], bytearray(), [], []
        digests = bytearray()
        folder = _stat_cache.Folder(relative, b"", b"", b"", digests)
        for entry in entries:
            name = entry.name
            path = prefix + name
            is_folder = entry.is_dir(follow_symlinks=False)
            if self.rules.excludes(path, is_folder):
                names.append(name)
                kinds.append(_FOLDER_LEFT_OUT if is_folder else _LEFT_OUT)
                continue
            check_name(name, path)
            if is_folder:
                names.append(name)
                kinds.append(_FOLDER)
                subfolders.append(name)
                continue
            packed = self._stat(entry, path)
            if packed is None:
                continue
            names.append(name)
            kinds.append(_FILE)
            before = known.get(name)
            if before is not None and before[0] == packed:
                digests += before[1]
            else:
                self.pending.append((folder, len(stats), entry.path))
                digests += bytes(32)
            stats.append(packed)
        folder.names = b"\0".join(names)
        folder.kinds = bytes(kinds)
        folder.stats = b"".join(stats)
        return folder, subfolders

    def _stat(self, entry, path):
        """Packed, or None for what is gone again and for what a snapshot cannot hold."""
        try:
            info = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(path, error)
        if not stat.S_ISREG(info.st_mode) and not stat.S_ISLNK(info.st_mode):
            self.skipped.append(show(path))
            return None
        return pack_stat(info)


def pack_stat(info):
    try:
        return _stat_cache.STAT.pack(*_FIELDS(info))
    except struct.error:  # a time beyond the year 2262: never taken for unchanged
        return _stat_cache.STAT.pack(info.st_size, _stat_cache.NEVER, 0, info.st_ino, info.st_mode)


def check_name(name, path):
    """Refuses what cannot stand in a tree."""
    why = None
    if min(name) < 0x20 or 0x7F in name:
        why = "holds a control character"
    elif len(path) > MAX_PATH:
        why = "is longer than 4,096 bytes"
    else:
        try:
            name.decode("utf-8")
        except UnicodeDecodeError:
            why = "is not valid UTF-8"
    if why:
        raise _error(
            "InvalidArgument",
            "The name %r %s, which a snapshot cannot hold. Rename it, or leave it out in .amlignore (or "
            ".gitignore)." % (show(path), why),
        )


def show(path):
    """A path for messages: valid text whatever its bytes are."""
    return path.decode("utf-8", "backslashreplace")


def unreadable(path, error):
    code = "PermissionDenied" if isinstance(error, PermissionError) else "NotFound"
    if not isinstance(error, (PermissionError, FileNotFoundError)):
        code = "Internal"
    return _error(
        code,
        "%s cannot be read for the snapshot: %s. Make it readable, or leave it out in .amlignore (or "
        ".gitignore)." % (show(path), error.strerror or error),
    )


def _error(code, message):
    from runwright import errors

    return errors.CLASSES[code](message)
