"""Snapshots as zip files: fetched back from the server, and taken of single files."""

import io
import os

from runwright import errors

_HEADER = b"runwright-tree-1\0"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a snapshot keeps no times; the earliest that a zip file can say


def restore(api, snapshot_id, path=None):
    """Writes a snapshot's files into a zip file and returns its path, every byte checked against its digest.

    path: a folder (one that exists, or any name without ``.zip``), or the zip file's path; default: ``<id>.zip`` here.
    """
    import zipfile

    target = os.fspath(path) if path is not None else "."
    if not target.endswith(".zip") or os.path.isdir(target):
        target = os.path.join(target, snapshot_id + ".zip")
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    part = "%s.%d.part" % (target, os.getpid())
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            _add_tree(api, archive, snapshot_id, "")
        os.replace(part, target)
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
    return target


def _add_tree(api, archive, digest, prefix):
    import zipfile

    for mode, name, entry_digest, size in entries_of(_blob(api, digest)):
        info = zipfile.ZipInfo(prefix + name, _EPOCH)
        if mode == "040000":
            info.filename += "/"
            info.external_attr = (0o40755 << 16) | 0x10
            archive.writestr(info, b"")
            _add_tree(api, archive, entry_digest, prefix + name + "/")
            continue
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = int(mode, 8) << 16
        _add_file(api, archive, info, entry_digest, size)


def _add_file(api, archive, info, digest, size):
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as spool:
        _fetch(api, digest, spool)
        spool.seek(0)
        info.file_size = size
        with archive.open(info, "w", force_zip64=size > 1 << 30) as out:
            shutil.copyfileobj(spool, out, 1 << 20)


def _blob(api, digest):
    stream = io.BytesIO()
    _fetch(api, digest, stream)
    return stream.getvalue()


def _fetch(api, digest, stream):
    from runwright import files

    api.get_blob(digest, stream)
    stream.seek(0)
    if files.digest_of_stream(stream)[0] != digest:
        raise errors.CorruptError("Blob %s of the snapshot came with other bytes" % digest)


def entries_of(tree):
    """``(mode, name, digest, size)`` of each entry of a tree's bytes (docs/dev/formats/snapshot.md)."""
    if not tree.startswith(_HEADER):
        raise errors.CorruptError("A tree of the snapshot has no header")
    found = []
    for entry in tree[len(_HEADER) :].split(b"\0")[:-1]:
        head, _, name = entry.partition(b"\t")
        mode, digest, size = head.decode("ascii").split(" ")
        name = name.decode("utf-8")
        if name in ("", ".", "..") or "/" in name:
            raise errors.CorruptError("A tree of the snapshot names %r" % name)
        found.append((mode, name, digest, int(size)))
    return found


def take(api, path):
    """Stores a snapshot of a folder, or of one file; returns its id."""
    from runwright import snapshot

    if os.path.isdir(path):
        return snapshot.send(api, path).id
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        return snapshot.send(api, folder).id
