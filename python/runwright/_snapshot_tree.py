"""The bytes of a snapshot's trees (docs/dev/formats/snapshot.md), and what is in them."""

import hashlib
import stat

from runwright import _stat_cache

_HEADER = b"runwright-tree-1\0"


def finish(folder):
    """Size and tree of a folder whose files and folders are hashed."""
    folder.size = sum(child.size for child in folder.children)
    folder.size += sum(values[0] for values in _stat_cache.STAT.iter_unpack(folder.stats))
    folder.tree = hashlib.sha256(encode(folder)).digest()


def encode(folder):
    """The bytes of a folder's tree."""
    lines = []
    for name, mode, digest, size in entries(folder):
        lines.append((name, b"%s %s %d\t%s\0" % (mode, digest.encode(), size, name)))
    lines.sort()
    return _HEADER + b"".join([line for _, line in lines])


def entries(folder):
    """(name, mode text, digest, size) in the order of the listing."""
    digests = bytes(folder.digests).hex()
    children = iter(folder.children)
    stats = _stat_cache.STAT.iter_unpack(folder.stats)
    at = 0
    for name, kind in zip(folder.names.split(b"\0"), folder.kinds):
        if kind == 0x66:
            values = next(stats)
            yield name, _mode_text(values[4]), digests[at : at + 64], values[0]
            at += 64
        elif kind == 0x64:
            child = next(children)
            yield name, b"040000", child.tree.hex(), child.size


def _mode_text(mode):
    if stat.S_ISLNK(mode):
        return b"120000"
    return b"100755" if mode & 0o111 else b"100644"


class Blob(object):
    """A file or link of a snapshot; `path` is relative to the root."""

    __slots__ = ("digest", "size", "path", "is_link")

    def __init__(self, digest, size, path, is_link):
        self.digest = digest
        self.size = size
        self.path = path
        self.is_link = is_link


def blobs_in(folder):
    prefix = folder.path + b"/" if folder.path else b""
    for name, mode, digest, size in entries(folder):
        if mode != b"040000":
            yield Blob(digest, size, prefix + name, mode == b"120000")
