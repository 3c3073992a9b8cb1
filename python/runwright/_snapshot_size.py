"""How large a snapshot may be, and what makes it large."""

import os

from runwright import _snapshot_walk, _stat_cache, errors

WARN_BYTES = 300 * 1000 * 1000
MAX_BYTES = 10 * 1024 ** 3


def check_size(top, root, ignore_file, warn):
    """Before anything is hashed: warns over 300 MB, refuses over the limit."""
    if top.size <= WARN_BYTES:
        return
    parts = ", ".join("%s (%s)" % (path, human_bytes(size)) for path, size in largest(top))
    advice = "The largest parts: %s. Name what the script does not need in %s of %s." % (
        parts,
        ignore_file or ".amlignore",
        _snapshot_walk.show(root),
    )
    most = max_bytes()
    if top.size > most:
        raise errors.TooLargeError(
            "The snapshot of %s has %s in %d files, over the limit of %s. %s To send it all the same, set "
            "RUNWRIGHT_SNAPSHOT_MAX_BYTES=%d."
            % (_snapshot_walk.show(root), human_bytes(top.size), top.files, human_bytes(most), advice, top.size),
        )
    text = "The snapshot of %s has %s in %d files. %s" % (
        _snapshot_walk.show(root), human_bytes(top.size), top.files, advice,
    )
    if warn is None:
        import warnings

        warnings.warn(text, stacklevel=4)
    else:
        warn(text)


def max_bytes():
    import sys

    text = os.environ.get("RUNWRIGHT_SNAPSHOT_MAX_BYTES", "").strip()
    if text:
        if not text.isdigit():
            raise errors.InvalidArgumentError(
                "RUNWRIGHT_SNAPSHOT_MAX_BYTES is %r: give a number of bytes." % text
            )
        return int(text)
    module = sys.modules.get("azureml._restclient.snapshots_client")
    value = getattr(module, "SNAPSHOT_MAX_SIZE_BYTES", None)
    # 300 MB is that module's value when nobody has set it.
    if isinstance(value, (int, float)) and value > 0 and value not in (300 * 1000 ** 2, 300 * 1024 ** 2):
        return int(value)
    return MAX_BYTES


def largest(top):
    """Where the bytes are, at most five places: inside a folder that has four fifths of all, else side by side."""
    while True:
        prefix = top.path + b"/" if top.path else b""
        parts = [(child.size, _snapshot_walk.show(child.path) + "/", child) for child in top.children]
        parts += [(size, _snapshot_walk.show(prefix + name), None) for name, size in _own_files(top)]
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
