"""torch.load of whole models: since PyTorch 2.6 weights_only is True where it is not said, and a pickled model is refused."""

from . import hooks, report


def install():
    # Before `torch` itself copies the name out of there.
    hooks.when_imported("torch.serialization", _wrap)


def _wrap(serialization):
    import functools

    original = serialization.load

    @functools.wraps(original)
    def load(f, *args, **kwargs):
        if "weights_only" in kwargs:
            return original(f, *args, **kwargs)
        start = _position(f)
        if start is None:
            return original(f, *args, weights_only=False, **kwargs)
        try:
            return original(f, *args, **kwargs)
        except Exception as error:
            if "weights_only" not in str(error):
                raise
        if start >= 0:
            f.seek(start)
        report.note(
            "compat",
            "torch.load was called for a pickled object that is more than weights: weights_only=False was used, as before PyTorch 2.6. "
            "Write torch.load(..., weights_only=False) where you trust the file.",
        )
        return original(f, *args, weights_only=False, **kwargs)

    serialization.load = load


def _position(f):
    """Where to begin again: -1 for a path, None where that is not possible."""
    if not hasattr(f, "read"):
        return -1
    try:
        start = f.tell()
        f.seek(start)
        return start
    except (AttributeError, OSError, ValueError):
        return None
