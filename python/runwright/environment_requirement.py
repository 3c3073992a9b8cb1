"""Requirement lines (PEP 508) in one spelling: the twin of src/env/requirement.cc."""

import re
from collections import namedtuple

_SCHEMES = ("https://", "http://", "file://", "git+https://", "git+http://", "git+ssh://", "git+file://")
_MOST_BYTES = 4096

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VERSION = re.compile(r"[A-Za-z0-9._*+!-]+")
_OPERATOR = re.compile(r"===|~=|==|!=|<=|>=|<|>")
_COMMENT = re.compile(r"(?:^|[ \t])#.*$")
_EDITABLE = re.compile(r"-e[ \t]|--editable[ \t=]")
_TOKEN = re.compile(r"""[ \t]*(?:(?P<open>\()|(?P<close>\))|(?P<string>"[^"]*"|'[^']*')"""
                    r"""|(?P<comparison>[<>=!~]+)|(?P<word>[A-Za-z0-9_.]+))""")
_USER_INFO = re.compile(r"""(://)(?!git@)[^/?#"'` \t\r\n,)>]*@""")
_SPACE = " \t"


class SpecError(ValueError):
    """A spec that cannot be used; ``field`` names the member (``requirements[2]``)."""

    def __init__(self, message, field):
        super(SpecError, self).__init__(message)
        self.field = field


class Requirement(namedtuple("Requirement", "name canonical bare")):
    """``name`` is empty for a bare URL, path or editable; ``bare``: a name with versions, no extras, no URL."""

    __slots__ = ()

    def __new__(cls, name="", canonical="", bare=False):
        return super(Requirement, cls).__new__(cls, name, canonical, bare)


def canonical_name(name):
    """``Foo__Bar`` → ``foo-bar``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def answered_by_sdk(name):
    """True for distributions whose modules every run finds without installing them."""
    return name == "runwright" or name.startswith("azureml-")


def mask(text):
    """Passwords in URLs as ``****``."""
    return _USER_INFO.sub(r"\1****@", text)


def parse_requirement(line, index=0, member="requirements"):
    """Reads one requirement line.

    Returns a Requirement, or None for a blank line or a comment. Raises SpecError for options other than
    -e, control characters, relative paths and text that is no requirement.
    """
    field = "%s[%d]" % (member, index)
    if len(line.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise SpecError(field + " is longer than 4096 bytes", field)
    control = re.search("[\x00-\x08\x0a-\x1f\x7f]", line)
    if control:
        raise SpecError('%s "%s" holds a line break or another control character: one requirement a line'
                        % (field, mask(line[:control.start()])), field)
    text = _COMMENT.sub("", line).strip(_SPACE)
    return _Parser(text, field).run() if text else None


def _canonical_marker(marker):
    """One spelling of a marker; ValueError says what cannot be read."""
    out, last, depth, pos = "", "open", 0, 0
    marker = marker.strip(_SPACE)
    while pos < len(marker):
        match = _TOKEN.match(marker, pos)
        if not match:
            raise ValueError("unexpected %r" % marker[pos])
        kind, token = match.lastgroup, match.group(match.lastgroup)
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if depth < 0:
            raise ValueError("')' without '('")
        if kind == "string" and '"' not in token[1:-1]:
            token = '"%s"' % token[1:-1]
        glued = "comparison" in (last, kind) or last == "open" or kind == "close"
        out += token if not out or glued else " " + token
        last, pos = kind, match.end()
    if depth:
        raise ValueError("'(' without ')'")
    if not out:
        raise ValueError("nothing after ';'")
    return out


class _Parser(object):
    def __init__(self, text, field):
        self.text, self.field, self.pos = text, field, 0

    def run(self):
        option = _EDITABLE.match(self.text)
        if option:
            self.pos = option.end()
            return Requirement(canonical=self.editable())
        if self.text[0] == "-":
            self.fail("is an option, not a requirement: use index_url, extra_index_urls or find_links")
        if self.text.startswith(_SCHEMES):
            return Requirement(canonical=self.url() + self.marker(" ;"))
        if self.text[0] == "/":
            return Requirement(canonical=self.word() + self.marker(" ;"))
        if self.text[0] == ".":
            self.fail("is a relative path, which means nothing to the server: use an absolute path or "
                      '"name @ file:///…"')
        return self.named()

    def fail(self, why):
        raise SpecError('%s "%s" %s' % (self.field, mask(self.text), why), self.field)

    def named(self):
        name = self.name("package name")
        if self.text[:self.pos].endswith((".whl", ".tar.gz", ".zip")):
            self.fail('looks like a file: use its absolute path or "name @ file:///…"')
        self.skip()
        extras = self.extras() if self.peek() == "[" else ""
        self.skip()
        if self.take("@"):
            self.skip()
            return Requirement(name, name + extras + "@" + self.url() + self.marker(" ;"), False)
        return Requirement(name, name + extras + self.specifiers() + self.marker(";"), not extras)

    def editable(self):
        """A folder or repository whose code is imported from where it lies."""
        self.skip()
        if not self.text.startswith(_SCHEMES + ("/",), self.pos):
            self.fail("must name an absolute path, a file: URL or a repository (git+https://…) after -e")
        if self.text.startswith(("https://", "http://"), self.pos):
            self.fail("cannot be editable: -e takes an absolute path, a file: URL or a repository")
        location = self.word()
        self.skip()
        if self.peek():
            self.unexpected()
        return "-e " + location

    def peek(self):
        return self.text[self.pos:self.pos + 1]

    def take(self, char):
        found = self.peek() == char
        self.pos += found
        return found

    def skip(self):
        while self.peek() and self.peek() in _SPACE:
            self.pos += 1

    def name(self, what):
        match = _NAME.match(self.text, self.pos)
        if not match or match.group()[0] in "-_." or match.group()[-1] in "-_.":
            self.fail("has no %s at column %d: letters, digits, '-', '_' and '.'" % (what, self.pos + 1))
        self.pos = match.end()
        return canonical_name(match.group())

    def extras(self):
        extras = set()
        self.take("[")
        self.skip()
        while not self.take("]"):
            extras.add(self.name("extra"))
            self.skip()
            if self.peek() != "]" and not self.take(","):
                self.fail("has extras without a closing ']'")
            self.skip()
        return "[%s]" % ",".join(sorted(extras)) if extras else ""

    def specifiers(self):
        self.skip()
        parenthesised = self.take("(")
        out = []
        self.skip()
        while self.peek() not in ("", ";", ")"):
            if out and not self.take(","):
                self.unexpected()
            out.append(self.specifier())
            self.skip()
        if parenthesised and not self.take(")"):
            self.fail("has '(' without ')'")
        return ",".join(out)

    def specifier(self):
        self.skip()
        operator = _OPERATOR.match(self.text, self.pos)
        if not operator:
            self.unexpected()
        self.pos = operator.end()
        self.skip()
        version = _VERSION.match(self.text, self.pos)
        if not version:
            self.fail("lacks a version after '%s'" % operator.group())
        self.pos = version.end()
        return operator.group() + version.group()

    def unexpected(self):
        if self.peek() == "=":
            self.fail("has a single '=' at column %d: use '=='" % (self.pos + 1))
        if self.text.startswith("--", self.pos):
            self.fail("has an option at column %d: only requirements can be given" % (self.pos + 1))
        self.fail("has unexpected text at column %d: after the name come versions such as ==1.2 or >=1,<2"
                  % (self.pos + 1))

    def word(self):
        match = re.compile(r"[^ \t]*").match(self.text, self.pos)
        self.pos = match.end()
        return match.group()

    def url(self):
        if not self.text.startswith(_SCHEMES, self.pos):
            self.fail("has a URL of an unknown kind: use https, http, file or git+https, git+ssh")
        return self.word()

    def marker(self, separator):
        self.skip()
        if not self.peek():
            return ""
        if not self.take(";"):
            self.unexpected()
        try:
            return separator + _canonical_marker(self.text[self.pos:])
        except ValueError as error:
            return self.fail("has a marker that cannot be read: %s" % error)
