"""Files of runs: upload, download, names."""

import os

from runwright import errors


def clean_name(name):
    """A file's name in a run: ``./outputs//x`` → ``outputs/x``. A name that leaves its folder is refused."""
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any("\ud800" <= letter <= "\udfff" for part in parts for letter in part):
        raise errors.InvalidArgumentError("%r cannot be the name of a file of a run" % (name,), field="name")
    return "/".join(parts)


def upload(api, run_id, name, path_or_stream):
    """Stores a path's bytes, bytes, or a binary stream under ``name``; returns the artifact's JSON."""
    name = clean_name(name)
    if isinstance(path_or_stream, (bytes, bytearray)):
        return api.upload_artifact(run_id, name, bytes(path_or_stream))
    if hasattr(path_or_stream, "read"):
        return api.upload_artifact(run_id, name, _seekable(path_or_stream))
    path = os.path.expanduser(os.fspath(path_or_stream))
    try:
        file = open(path, "rb")
    except OSError as error:
        raise errors.InvalidArgumentError("%s cannot be uploaded: %s" % (path, error.strerror), field="path")
    with file:
        return api.upload_artifact(run_id, name, file)


def _seekable(stream):
    """``stream`` itself where it can be seeked and gives bytes, else its whole content."""
    try:
        stream.seek(stream.tell())
        if isinstance(stream.read(0), bytes):
            return stream
    except (AttributeError, OSError, ValueError):
        pass
    data = stream.read()
    return data.encode("utf-8") if isinstance(data, str) else data


def walk(path):
    """``(relative name, path)`` of every file below a folder, sorted. Links to files are followed, links to folders
    are not; sockets, FIFOs, devices and links that lead nowhere are left out."""
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            if os.path.isfile(full):
                found.append((os.path.relpath(full, path).replace(os.sep, "/"), full))
    return sorted(found)


def upload_folder(api, run_id, name, path):
    """Stores every file below ``path`` as ``name/…``; returns the names."""
    if not os.path.isdir(path):
        raise errors.InvalidArgumentError("%s is not a folder" % path, field="path")
    names = []
    for relative, full in walk(path):
        target = clean_name("%s/%s" % (name, relative))
        upload(api, run_id, target, full)
        names.append(target)
    return names


def store_outputs(api, run_id, folder):
    """Stores the files below an outputs folder as ``<its name>/…``; an explicit upload of the same name wins."""
    base = os.path.basename(folder)
    found = [(clean_name("%s/%s" % (base, relative)), path) for relative, path in walk(folder)]
    for start in range(0, len(found), _BATCH):
        for one in store_blobs(api, found[start : start + _BATCH]):
            api.add_artifact(run_id, one["path"], one["digest"], one["size"], "scan")


_BATCH = 1000  # files whose digests the server is asked about at once


def store_blobs(api, found):
    """Stores ``(name, path)`` pairs as blobs, those that the server lacks; returns ``[{path, digest, size}]``."""
    listed = [(name, path) + digest_of(path) for name, path in found]
    missing = set(api.find_missing(sorted({one[2] for one in listed})))
    stored = []
    for name, path, digest, size in listed:
        if digest in missing:
            before = digest
            digest, size = _put_blob(api, path, digest, size)
            missing.discard(before)
        stored.append({"path": name, "digest": digest, "size": size})
    return stored


def _put_blob(api, path, digest, size):
    """Sends a file that may change meanwhile; returns what was stored."""
    for attempt in range(5):
        try:
            with open(path, "rb") as file:
                api.put_blob(digest, file)
            break
        except errors.InvalidArgumentError:
            if attempt == 4:
                raise
            digest, size = digest_of(path)
    return digest, size


def download(api, run_id, name, output_path=None, progress=None):
    """Fetches one file; returns the path that was written. output_path: a file, or a folder (one that exists, or a
    path that ends in a slash); None: the base name in the current folder."""
    base = name.rsplit("/", 1)[-1]
    target = os.fspath(output_path) if output_path is not None else base
    if os.path.isdir(target) or target.endswith(("/", os.sep)):
        target = os.path.join(target, base)
    make_parent(target)
    api.download_artifact(run_id, name, target, progress)
    return target


def make_parent(path):
    """Makes the folder of a file that is going to be written."""
    parent = os.path.dirname(path)
    if parent:
        os.makedirs(parent, exist_ok=True)


def download_many(api, run_id, prefix=None, output_directory=None, output_paths=None, append_prefix=True):
    """Fetches every file whose name begins with ``prefix``; returns the paths.

    output_paths: one path a file, in the order of their names. append_prefix: False leaves ``prefix`` out of the
    paths below output_directory.
    """
    names = [one["name"] for one in api.list_artifacts(run_id, prefix)]
    if output_paths is not None:
        output_paths = [output_paths] if isinstance(output_paths, str) else list(output_paths)
        if len(output_paths) != len(names):
            raise errors.InvalidArgumentError(
                "%d output_paths for %d files: %s" % (len(output_paths), len(names), ", ".join(names)),
                field="output_paths",
            )
    written = []
    for index, name in enumerate(names):
        if output_paths is not None:
            target = output_paths[index]
        else:
            target = os.path.join(output_directory or ".", _relative(name, prefix, append_prefix))
        make_parent(target)
        api.download_artifact(run_id, name, target)
        written.append(target)
    return written


def _relative(name, prefix, append_prefix):
    relative = name
    if prefix and not append_prefix:
        relative = name[len(prefix) :].lstrip("/") or name.rsplit("/", 1)[-1]
    return clean_name(relative)


def digest_of(path):
    """``(SHA-256 hex, size)`` of a file, read in pieces."""
    with open(path, "rb") as file:
        return digest_of_stream(file)


def digest_of_stream(file):
    """``(SHA-256 hex, size)`` of what is left of a binary stream."""
    import hashlib

    digest, size = hashlib.sha256(), 0
    while True:
        data = file.read(1 << 20)
        if not data:
            return digest.hexdigest(), size
        digest.update(data)
        size += len(data)
