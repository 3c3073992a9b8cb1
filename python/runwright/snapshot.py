"""Source folders as snapshots: content-addressed, so that only what is new is sent.

    snapshot = build("src")
    upload(client, snapshot)
    snapshot.id                                  # what a run is submitted with

The format is docs/dev/formats/snapshot.md; the C++ client (src/cas) makes the same ids.
"""

import errno
import hashlib
import os
import stat
import time

from runwright import _snapshot_walk, _stat_cache

WARN_BYTES = 300 * 1000 * 1000
MAX_BYTES = 10 * 1024 ** 3
PACK_BYTES = 16 * 1024 ** 2
PACK_BLOBS = 2000

_HEADER = b"runwright-tree-1\0"
_IGNORE_FILES = (b".amlignore", b".gitignore")
_TICK_NS = 2 * 10 ** 9  # see _stat_cache: how old a file must be for its times to prove that it did not change
_WHOLE = 1024 ** 2  # larger files are read in pieces, and sent one by one
_PROGRESS_SECONDS = 0.1
_TRIES = 5
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_EMPTY_RULES = hashlib.sha256(b"").digest()


class Snapshot(object):
    """A folder as it was when `build` looked at it.

    id: 64 hex digits. files, bytes: files and links, and the sum of their sizes. skipped: paths of sockets, FIFOs
    and devices, which are left out. ignore_file: `.amlignore`, `.gitignore`, or "" where neither exists.
    hashed: how many files had to be read.
    """

    def __init__(self, root, folders, skipped, ignore_file, hashed):
        self.root = os.fsdecode(root)
        self.skipped = skipped
        self.ignore_file = ignore_file
        self.hashed = hashed
        self._folders = folders
        top = folders[0]
        self.id = top.tree.hex()
        self.files = top.files
        self.bytes = top.size

    def __repr__(self):
        return "Snapshot(id=%r, files=%d, bytes=%d)" % (self.id, self.files, self.bytes)

    @property
    def largest_folders(self):
        """At most five ``(path, bytes)``, largest first: what to leave out when a snapshot is too large."""
        return _largest(self._folders[0])

    @property
    def blobs(self):
        """Digest to what has it: a file's path (str), or the bytes of a tree or of a link's target."""
        out = {}
        for folder in self._folders:
            for blob in _blobs_in(folder):
                if blob.digest not in out:
                    path = self._path(blob)
                    out[blob.digest] = os.fsencode(os.readlink(path)) if blob.is_link else os.fsdecode(path)
            out[folder.tree.hex()] = _encode(folder)
        return out

    def upload(self, client, progress=None):
        """See `upload`."""
        upload(client, self, progress)

    def _path(self, blob):
        return os.path.join(os.fsencode(self.root), blob.path)


def build(folder, progress=None, warn=None, cache=True):
    """The snapshot of a folder.

    progress: called about every 100 ms with (bytes hashed, bytes to hash). warn: called with a
    text when the snapshot is over 300 MB; default `warnings.warn`. cache=False neither reads nor writes the stat
    cache. Raises an error of `runwright.errors` that names the path: what cannot be read, a name that cannot be
    stored, a file that keeps changing, more than 10 GiB (see RUNWRIGHT_SNAPSHOT_MAX_BYTES).
    """
    root = os.path.realpath(os.fsencode(folder))
    if not os.path.isdir(root):
        raise _error("NotFound", "The source folder %s does not exist, or is no folder." % _show(root))
    for _ in range(_TRIES):
        try:
            return _build(root, progress, warn, cache)
        except _Again as again:
            changed = again
    raise _error(
        "Conflict",
        "%s keeps changing while the snapshot of %s is made. Stop what writes there, or leave it out in %s."
        % (changed, _show(root), _ignore_name(root)),
    )


def upload(client, snapshot, progress=None):
    """Brings a snapshot to the server: one request where it is there already, else what is missing and nothing more.

    client: has ``request(method, path, query=None, body=None, headers=None) -> (status, headers, bytes)``, or has such
    a thing as its ``client``. progress: called with (bytes sent, bytes to send). Raises ConflictError for a file that changed since it
    was hashed (build again; `send` does).
    """
    from runwright import _snapshot_upload

    _snapshot_upload.Upload(client, snapshot, progress).run()


def send(client, folder, progress=None, warn=None):
    """`build` and `upload`, again when a file changed in between. Returns the snapshot."""
    from runwright import errors

    for left in reversed(range(_TRIES)):
        snapshot = build(folder, progress, warn)
        try:
            upload(client, snapshot, progress)
            return snapshot
        except errors.ConflictError:
            if not left:
                raise


def git_properties(folder):
    """What git says about a folder, as properties of a run; {} where there is no repository around it."""
    from runwright import gitinfo

    return gitinfo.GitQuery(folder).properties()


class _Again(Exception):
    """Something changed between two looks at it; its text is the path."""


def _build(root, progress, warn, cache):
    started = int(time.time() * 1e9)
    cache_file = _cache_file(root) if cache else None
    ignore_file, rules, rules_digest = _rules(root)
    old_rules, old = _stat_cache.load(cache_file) if cache_file else (None, {})
    walk = _snapshot_walk.Walk(root, rules, old, old_rules == rules_digest).run()
    _check_size(walk.folders[0], root, ignore_file, warn)
    _hash_pending(walk.pending, root, started, progress)
    for folder in reversed(walk.folders):
        if id(folder) in walk.dirty:
            _finish(folder)
    if cache_file and (walk.dirty or old_rules != rules_digest or len(old) != len(walk.folders)):
        _stat_cache.store(cache_file, rules_digest, walk.folders)
    return Snapshot(root, walk.folders, walk.skipped, ignore_file, len(walk.pending))


def _cache_file(root):
    folder = _stat_cache.default_folder()
    return os.path.join(folder, _stat_cache.file_name(root)) if folder else None


def _rules(root):
    """(name of the ignore file, its rules, digest of its text)."""
    from runwright._ignore import IgnoreRules

    for name in _IGNORE_FILES:
        path = os.path.join(root, name)
        try:
            with open(path, "rb") as file:
                text = file.read()
        except (FileNotFoundError, IsADirectoryError):
            continue
        except OSError as error:
            raise _snapshot_walk.unreadable(name, error)
        return name.decode(), IgnoreRules(text), hashlib.sha256(text).digest()
    return "", IgnoreRules(), _EMPTY_RULES


def _ignore_name(root):
    return ".gitignore" if os.path.exists(os.path.join(root, b".gitignore")) else ".amlignore"


def _hash_pending(pending, root, started, progress):
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
            raise _Again(_show(path))
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
        raise _Again(_show(path))
    target = os.readlink(path)
    return hashlib.sha256(target).digest(), len(target), info, True


def _hash_file(path):
    """(digest, size, stat, whether those times prove the content)."""
    try:
        fd = os.open(path, _OPEN)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _Again(_show(path))
        raise
    try:
        for _ in range(_TRIES):
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
        raise _Again(_show(path))
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


def _finish(folder):
    """Size and tree of a folder whose files and folders are hashed."""
    folder.size = sum(child.size for child in folder.children)
    folder.size += sum(values[0] for values in _stat_cache.STAT.iter_unpack(folder.stats))
    folder.tree = hashlib.sha256(_encode(folder)).digest()


def _encode(folder):
    """The bytes of a folder's tree."""
    lines = []
    for name, mode, digest, size in _entries(folder):
        lines.append((name, b"%s %s %d\t%s\0" % (mode, digest.encode(), size, name)))
    lines.sort()
    return _HEADER + b"".join([line for _, line in lines])


def _entries(folder):
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


class _Blob(object):
    """A file or link of a snapshot; `path` is relative to the root."""

    __slots__ = ("digest", "size", "path", "is_link")

    def __init__(self, digest, size, path, is_link):
        self.digest = digest
        self.size = size
        self.path = path
        self.is_link = is_link


def _blobs_in(folder):
    prefix = folder.path + b"/" if folder.path else b""
    for name, mode, digest, size in _entries(folder):
        if mode != b"040000":
            yield _Blob(digest, size, prefix + name, mode == b"120000")


def _check_size(top, root, ignore_file, warn):
    """Before anything is hashed: warns over 300 MB, refuses over the limit."""
    if top.size <= WARN_BYTES:
        return
    largest = ", ".join("%s (%s)" % (path, human_bytes(size)) for path, size in _largest(top))
    advice = "The largest parts: %s. Name what the script does not need in %s of %s." % (
        largest,
        ignore_file or ".amlignore",
        _show(root),
    )
    most = _max_bytes()
    if top.size > most:
        raise _error(
            "TooLarge",
            "The snapshot of %s has %s in %d files, over the limit of %s. %s To send it all the same, set "
            "RUNWRIGHT_SNAPSHOT_MAX_BYTES=%d."
            % (_show(root), human_bytes(top.size), top.files, human_bytes(most), advice, top.size),
        )
    text = "The snapshot of %s has %s in %d files. %s" % (
        _show(root), human_bytes(top.size), top.files, advice,
    )
    if warn is None:
        import warnings

        warnings.warn(text, stacklevel=4)
    else:
        warn(text)


def _max_bytes():
    import sys

    text = os.environ.get("RUNWRIGHT_SNAPSHOT_MAX_BYTES", "").strip()
    if text:
        if not text.isdigit():
            raise _error(
                "InvalidArgument", "RUNWRIGHT_SNAPSHOT_MAX_BYTES is %r: give a number of bytes." % text
            )
        return int(text)
    module = sys.modules.get("azureml._restclient.snapshots_client")
    value = getattr(module, "SNAPSHOT_MAX_SIZE_BYTES", None)
    # 300 MB is that module's value when nobody has set it.
    if isinstance(value, (int, float)) and value > 0 and value not in (300 * 1000 ** 2, 300 * 1024 ** 2):
        return int(value)
    return MAX_BYTES


def _largest(top):
    """Where the bytes are, at most five places: inside a folder that has four fifths of all, else side by side."""
    while True:
        prefix = top.path + b"/" if top.path else b""
        parts = [(child.size, _show(child.path) + "/", child) for child in top.children]
        parts += [(size, _show(prefix + name), None) for name, size in _own_files(top)]
        parts.sort(key=lambda part: (-part[0], part[1]))
        first = parts[0][2] if parts else None
        if first is None or not first.children or first.size * 5 < top.size * 4:
            return [(path, size) for size, path, _ in parts[:5] if size]
        top = first


def _own_files(folder):
    stats = _stat_cache.STAT.iter_unpack(folder.stats)
    for name, kind in zip(folder.names.split(b"\0"), folder.kinds):
        if kind == 0x66:
            yield name, next(stats)[0]


def human_bytes(size):
    """`"1.5 GiB"`, `"300 B"`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):  # noqa: B007
        if value < 1024:
            break
        value /= 1024
    else:
        unit = "TiB"
    return "%d B" % size if unit == "B" else "%.1f %s" % (value, unit)


def _show(path):
    return _snapshot_walk.show(path)


def _error(code, message):
    from runwright import errors

    return errors.CLASSES[code](message)
