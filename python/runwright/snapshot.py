"""Source folders as snapshots: content-addressed, so that only what is new is sent.

    snapshot = build("src")
    upload(client, snapshot)
    snapshot.id                                  # what a run is submitted with

The format is docs/dev/formats/snapshot.md; the C++ client (src/cas) makes the same ids.
"""

import hashlib
import os
import time

from runwright import _snapshot_hash, _snapshot_size, _snapshot_tree, _snapshot_walk, _stat_cache

_IGNORE_FILES = (b".amlignore", b".gitignore")
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
        return _snapshot_size.largest(self._folders[0])

    @property
    def blobs(self):
        """Digest to what has it: a file's path (str), or the bytes of a tree or of a link's target."""
        out = {}
        for folder in self._folders:
            for blob in _snapshot_tree.blobs_in(folder):
                if blob.digest not in out:
                    path = self._path(blob)
                    out[blob.digest] = os.fsencode(os.readlink(path)) if blob.is_link else os.fsdecode(path)
            out[folder.tree.hex()] = _snapshot_tree.encode(folder)
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
        raise _error("NotFound", "The source folder %s does not exist, or is no folder." % _snapshot_walk.show(root))
    for _ in range(_snapshot_hash.TRIES):
        try:
            return _build(root, progress, warn, cache)
        except _snapshot_hash.Again as again:
            changed = again
    raise _error(
        "Conflict",
        "%s keeps changing while the snapshot of %s is made. Stop what writes there, or leave it out in %s."
        % (changed, _snapshot_walk.show(root), _ignore_name(root)),
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

    for left in reversed(range(_snapshot_hash.TRIES)):
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


def _build(root, progress, warn, cache):
    started = int(time.time() * 1e9)
    cache_file = _cache_file(root) if cache else None
    ignore_file, rules, rules_digest = _rules(root)
    old_rules, old = _stat_cache.load(cache_file) if cache_file else (None, {})
    walk = _snapshot_walk.Walk(root, rules, old, old_rules == rules_digest).run()
    _snapshot_size.check_size(walk.folders[0], root, ignore_file, warn)
    _snapshot_hash.hash_pending(walk.pending, root, started, progress)
    for folder in reversed(walk.folders):
        if id(folder) in walk.dirty:
            _snapshot_tree.finish(folder)
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


def _error(code, message):
    from runwright import errors

    return errors.CLASSES[code](message)
