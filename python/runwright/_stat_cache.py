"""The stat cache of a source folder: what was hashed, so that unchanged files are not read again.

One file for each source folder below ``${XDG_CACHE_HOME:-~/.cache}/runwright/snapshots/``, shared with the C++ client
(src/cas/stat_cache.h says the same). All integers are little-endian.

    8 bytes   "RWSTAT1\\n"
    32        SHA-256 of all that follows: the file is not synced, so a crash may leave anything
    32        SHA-256 of the ignore file's text (of nothing where there is none)
    u32       number of folders, then each of them:
      u32 path size, u32 size of the names, u32 number n of entries, u32 number m of files and links
      u64 bytes below, u64 files and links below, 32 bytes digest of the tree
      path, relative to the root
      names of all n entries as the operating system lists them, NUL between them
      n bytes of kinds: "f" file or link, "d" folder, "i" left out, "x" folder left out
      m times i64 size, i64 mtime, i64 ctime (ns), u64 inode, u64 mode
      m times 32 bytes digest

A file that was changed within 2 s before it was hashed may change again without a change of its times: its mtime is
stored as the least i64, which no file has, so that it is hashed again.
"""

import hashlib
import os
import struct

MAGIC = b"RWSTAT1\n"
NEVER = -(1 << 63)
STAT = struct.Struct("<qqqQQ")
_FOLDER = struct.Struct("<IIIIQQ32s")
_COUNT = struct.Struct("<I")


class Folder(object):
    """One folder as it was seen; `names`, `kinds`, `stats` and `digests` are the packed bytes of the file's format."""

    __slots__ = ("path", "names", "kinds", "stats", "digests", "tree", "size", "files", "children")

    def __init__(self, path, names, kinds, stats, digests, tree=None, size=0, files=0):
        self.path = path
        self.names = names
        self.kinds = kinds
        self.stats = stats
        self.digests = digests
        self.tree = tree
        self.size = size
        self.files = files
        self.children = []

    def by_name(self):
        """Name to (packed stat, digest) of the files and links."""
        out = {}
        at = 0
        for name, kind in zip(self.names.split(b"\0"), self.kinds):
            if kind == 0x66:
                out[name] = (self.stats[at * 40 : at * 40 + 40], self.digests[at * 32 : at * 32 + 32])
                at += 1
        return out


def default_folder():
    """Where caches are; None when neither XDG_CACHE_HOME nor a home folder is known."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "runwright", "snapshots")


def file_name(root):
    """The cache's name for an absolute source folder (bytes)."""
    return hashlib.sha256(root).hexdigest()[:32] + ".stat1"


def load(path):
    """(digest of the ignore rules, {path: Folder}); (None, {}) when there is no usable cache."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:8] != MAGIC or hashlib.sha256(memoryview(data)[40:]).digest() != data[8:40]:
            return None, {}
        return data[40:72], _parse(data)
    except (OSError, struct.error):
        return None, {}


def _parse(data):
    (count,) = _COUNT.unpack_from(data, 72)
    at = 76
    folders = {}
    for _ in range(count):
        path_size, names_size, n, m, size, files, tree = _FOLDER.unpack_from(data, at)
        at += _FOLDER.size
        path = data[at : at + path_size]
        at += path_size
        names = data[at : at + names_size]
        at += names_size
        kinds = data[at : at + n]
        at += n
        stats = data[at : at + 40 * m]
        at += 40 * m
        folders[path] = Folder(path, names, kinds, stats, data[at : at + 32 * m], tree, size, files)
        at += 32 * m
    return folders


def store(path, rules, folders):
    """Replaces the cache. A cache that cannot be written is no error: the next snapshot takes longer."""
    body = [rules, _COUNT.pack(len(folders))]
    for f in folders:
        head = (len(f.path), len(f.names), len(f.kinds), len(f.stats) // 40, f.size, f.files, f.tree)
        body += (_FOLDER.pack(*head), f.path, f.names, f.kinds, f.stats, f.digests)
    data = b"".join(body)
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(MAGIC + hashlib.sha256(data).digest())
            file.write(data)
        try:
            os.unlink(path)  # ext4 writes a file to the disk before it replaces another one by rename: 5 ms
        except FileNotFoundError:
            pass
        os.rename(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
