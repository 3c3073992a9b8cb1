"""Which files a snapshot leaves out: gitignore(5) for the one file in the root.

The meaning is that of ``docs/dev/formats/snapshot.md``; ``tests/vectors/ignore.json`` holds the cases that this
module and the C++ code both pass. Paths and patterns are bytes, as in git: ``?`` is one byte.
"""

_SPECIAL = b"*?[\\"

_NAMED_CLASSES = {
    b"alnum": lambda c: chr(c).isalnum(),
    b"alpha": lambda c: chr(c).isalpha(),
    b"blank": lambda c: c in b" \t",
    b"cntrl": lambda c: c < 0x20 or c == 0x7F,
    b"digit": lambda c: chr(c).isdigit(),
    b"graph": lambda c: 0x20 < c < 0x7F,
    b"lower": lambda c: chr(c).islower(),
    b"print": lambda c: 0x20 <= c < 0x7F,
    b"punct": lambda c: 0x20 < c < 0x7F and not chr(c).isalnum(),
    b"space": lambda c: c in b" \t\n\v\f\r",
    b"upper": lambda c: chr(c).isupper(),
    b"xdigit": lambda c: c in b"0123456789abcdefABCDEF",
}


class IgnoreRules:
    """The rules of one ignore file. Any text is fine: a pattern that cannot match never does."""

    def __init__(self, text=b""):
        if isinstance(text, str):
            text = text.encode("utf-8", "surrogateescape")
        if text.startswith(b"\xef\xbb\xbf"):
            text = text[3:]
        rules = [_parse_line(line) for line in text.split(b"\n")]
        # The last rule that matches decides, so they are asked from the end.
        self._rules = [rule for rule in reversed(rules) if rule is not None]

    def excludes(self, path, is_folder):
        """Is this very path left out? For a walk from the top, which does not enter excluded folders."""
        name = path[path.rfind(b"/") + 1 :]
        if name == b".git":
            return True
        for matches, anchored, folders_only, negated in self._rules:
            if folders_only and not is_folder:
                continue
            if matches(path if anchored else name):
                return not negated
        return False

    def excludes_with_parents(self, path, is_folder):
        """The same where nothing is known about the folders above: nothing below an excluded one is in."""
        slash = path.find(b"/")
        while slash >= 0:
            if self.excludes(path[:slash], True):
                return True
            slash = path.find(b"/", slash + 1)
        return self.excludes(path, is_folder)


def _parse_line(line):
    """(matches, anchored, folders_only, negated), or None for a line that says nothing."""
    if not line or line.startswith(b"#"):
        return None
    if line.endswith(b"\r"):
        line = line[:-1]
    line = _trim_spaces(line.partition(b"\0")[0])
    negated = line.startswith(b"!")
    if negated:
        line = line[1:]
    folders_only = line.endswith(b"/")
    if folders_only:
        line = line[:-1]
    anchored = b"/" in line
    if line.startswith(b"/"):
        line = line[1:]
    if not line:
        return None
    return _matcher(line, anchored), anchored, folders_only, negated


def _trim_spaces(line):
    """Spaces at the end go unless a backslash stands before them."""
    keep = i = 0
    while i < len(line):
        escaped = line[i : i + 1] == b"\\"
        if escaped:
            i += 1
        if escaped or line[i : i + 1] != b" ":
            keep = i + 1
        i += 1
    return line[:keep]


def _has_special(text):
    return any(c in _SPECIAL for c in text)


def _matcher(pattern, anchored):
    if not _has_special(pattern):
        return pattern.__eq__
    if not anchored and pattern.startswith(b"*") and not _has_special(pattern[1:]):
        suffix = pattern[1:]
        return lambda name: name.endswith(suffix)
    expression = _expression(pattern, anchored)
    if expression is None:
        return lambda text: False
    import re

    match = re.compile(expression, re.DOTALL).match
    return lambda text: match(text) is not None


def _expression(pattern, pathname):
    """A regular expression over bytes, or None for a pattern that never matches."""
    out = []
    i = 0
    while i < len(pattern):
        c = pattern[i : i + 1]
        if c == b"*":
            piece, i = _star(pattern, i, pathname)
        elif c == b"?":
            piece, i = (b"[^/]" if pathname else b"."), i + 1
        elif c == b"[":
            parsed = _class(pattern, i, pathname)
            if parsed is None:
                return None
            piece, i = parsed
        else:
            if c == b"\\":
                i += 1
                c = pattern[i : i + 1]
                if not c:
                    return None
            piece, i = _literal(c[0]), i + 1
        out.append(piece)
    return b"".join(out) + rb"\Z"


def _literal(c):
    return b"\\x%02x" % c


def _star(pattern, i, pathname):
    end = i
    while pattern[end : end + 1] == b"*":
        end += 1
    rest = pattern[end:]
    begins = i == 0 or pattern[i - 1 : i] == b"/"
    ends = not rest or rest.startswith((b"/", b"\\/"))
    if not pathname:
        return b".*", end
    if end - i < 2 or not (begins and ends):
        return b"[^/]*", end
    if rest.startswith(b"/"):
        return b"(?:.*/)?", end + 1
    return b".*", end


def _class(pattern, i, pathname):
    """(expression, index behind the ']'), or None where the class is malformed."""
    i += 1
    negated = pattern[i : i + 1] in (b"!", b"^")
    if negated:
        i += 1
    members = set()
    previous = None
    first = True
    while first or pattern[i : i + 1] != b"]":
        first = False
        c = pattern[i : i + 1]
        if not c:
            return None
        following = pattern[i + 1 : i + 2]
        if c == b"-" and previous is not None and following and following != b"]":
            i += 1
            if following == b"\\":
                i += 1
            if i >= len(pattern):
                return None
            members.update(range(previous, pattern[i] + 1))
            previous = None
            i += 1
            continue
        if c == b"[" and following == b":":
            end = pattern.find(b"]", i + 2)
            if end < 0:
                return None
            if end > i + 2 and pattern[end - 1 : end] == b":":
                contains = _NAMED_CLASSES.get(pattern[i + 2 : end - 1])
                if contains is None:
                    return None
                members.update(x for x in range(128) if contains(x))
                previous = None
                i = end + 1
                continue
        if c == b"\\":
            i += 1
            c = pattern[i : i + 1]
            if not c:
                return None
        members.add(c[0])
        previous = c[0]
        i += 1
    if negated:
        members = set(range(256)) - members
    if pathname:
        members.discard(ord("/"))
    if not members:
        return b"(?!)", i + 1
    return b"[" + b"".join(_literal(x) for x in sorted(members)) + b"]", i + 1
