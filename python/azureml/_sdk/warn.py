"""Warnings for the person who runs the program: one line on standard error, once a text and process."""

import sys

_SEEN = set()


def warn(text):
    """Prints ``text`` once."""
    if text not in _SEEN:
        _SEEN.add(text)
        sys.stderr.write("Warning: " + text + "\n")


def unknown_keywords(where, kwargs, known=()):
    """Names keywords that the call does not know. They are dropped, as the SDK's own calls did."""
    for name in kwargs:
        if name.startswith("_"):
            continue
        near = near_matches(name, known)
        warn("%s does not know the argument %s=; it has no effect.%s" % (
            where, name, " Did you mean %s?" % " or ".join(near) if near else ""))


def deprecated(where, name, instead):
    """Says that an old keyword works and what replaced it."""
    warn("%s: %s= is an old name; use %s instead. It still works." % (where, name, instead))


def near_matches(name, known, most=3):
    """Those of ``known`` that are spelled nearly as ``name``."""
    import difflib

    known = [text for text in known if text]
    lower = {text.lower(): text for text in known}
    return [lower[match] for match in difflib.get_close_matches(str(name).lower(), list(lower), most, 0.6)]
