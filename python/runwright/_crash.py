"""Notes the exception that ends a program, for the runs that it left open."""

import sys

_seen = None
_previous = None


def watch():
    """From now on an exception that nobody catches is noted before it is printed."""
    global _previous
    if _previous is None:
        _previous, sys.excepthook = sys.excepthook, _hook


def _hook(kind, value, trace):
    global _seen
    _seen = (kind, value, trace)
    _previous(kind, value, trace)


def outcome():
    """``(status, error or None)`` of the program as far as it is known at its exit, as in the journal's END."""
    if _seen is None:
        return "Completed", None
    kind, value, trace = _seen
    if issubclass(kind, KeyboardInterrupt):
        return "Canceled", None
    import traceback

    text = "".join(traceback.format_exception(kind, value, trace))
    return "Failed", {"code": "UserError", "message": "%s: %s" % (kind.__name__, value), "details": text[-65536:]}
