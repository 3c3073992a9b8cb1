"""What a script needs, in canonical form (docs/dev/formats/environment.md).

The twin of src/env/spec.cc: both pass tests/vectors/environment.json, so a client knows the ``env_id``
that the server will use, and a wrong spec is refused before anything is uploaded.
"""

import hashlib
import json
import re

__all__ = ["SpecError", "canonical_name", "canonical_text", "env_id", "parse_requirement", "parse_spec"]

_MEMBERS = ("kind", "interpreter_path", "python", "requirements", "index_url", "extra_index_urls", "find_links")
_IGNORED = ("name", "version", "environment_variables", "docker", "env_id", "build_id")
_PIP_ONLY = ("python", "requirements", "index_url", "extra_index_urls", "find_links")
_SCHEMES = ("https://", "http://", "file://", "git+https://", "git+http://", "git+ssh://", "git+file://")
_MOST_REQUIREMENTS = 5000
_MOST_BYTES = 4096

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VERSION = re.compile(r"[A-Za-z0-9._*+!-]+")
_OPERATOR = re.compile(r"===|~=|==|!=|<=|>=|<|>")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_COMMENT = re.compile(r"(?:^|[ \t])#.*$")
_TOKEN = re.compile(r"""[ \t]*(?:(?P<open>\()|(?P<close>\))|(?P<string>"[^"]*"|'[^']*')"""
                    r"""|(?P<comparison>[<>=!~]+)|(?P<word>[A-Za-z0-9_.]+))""")
_USER_INFO = re.compile(r"""(://)(?!git@)[^/?#"'` \t\r\n,)>]*@""")
_SPACE = " \t"


class SpecError(ValueError):
    """A spec that cannot be used; ``field`` names the member (``requirements[2]``)."""

    def __init__(self, message, field):
        super(SpecError, self).__init__(message)
        self.field = field


def canonical_name(name):
    """``Foo__Bar`` → ``foo-bar``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def answered_by_sdk(name):
    """True for distributions whose modules every run finds without installing them."""
    return name == "runwright" or name.startswith("azureml-")


def parse_requirement(line, index=0):
    """Reads one requirement line.

    Returns ``(name, canonical)``, the name empty for a bare URL or path, or None for a blank line or a
    comment. Raises SpecError for options, control characters, relative paths and text that is no requirement.
    """
    field = "requirements[%d]" % index
    if len(line.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise SpecError(field + " is longer than 4096 bytes", field)
    control = re.search("[\x00-\x08\x0a-\x1f\x7f]", line)
    if control:
        raise SpecError('%s "%s" holds a line break or another control character: one requirement a line'
                        % (field, _mask(line[:control.start()])), field)
    text = _COMMENT.sub("", line).strip(_SPACE)
    return _Parser(text, field).run() if text else None


def parse_spec(value):
    """Checks a spec and returns its canonical form as a dict. Raises SpecError."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise SpecError("environment must be an object", "environment")
    for key in sorted(value):
        if key not in _MEMBERS and key not in _IGNORED:
            raise SpecError('environment has no member "%s". Known: %s' % (key, ", ".join(_MEMBERS)), key)
    kind = _text(value, "kind")
    if kind == "pip":
        return _parse_pip(value)
    plain = not kind and not _is_set(value.get("requirements")) and not _is_set(value.get("python"))
    if kind == "interpreter" or plain:
        return _parse_interpreter(value)
    if not kind:
        raise SpecError('kind is missing: "pip" or "interpreter"', "kind")
    raise SpecError('kind "%s" is unknown: "pip" or "interpreter"' % kind, "kind")


def canonical_text(value):
    """The canonical JSON of a spec: equal for specs that need the same."""
    return json.dumps(parse_spec(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def env_id(value):
    """SHA-256 hex of ``runwright-env-1\\n`` + canonical form."""
    text = "runwright-env-1\n" + canonical_text(value)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _mask(text):
    return _USER_INFO.sub(r"\1****@", text)


def _is_set(member):
    return bool(member.strip()) if isinstance(member, str) else member not in (None, [])


def _text(value, key):
    text = value.get(key)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise SpecError("%s must be a string" % key, key)
    if _CONTROL.search(text):
        raise SpecError("%s holds a control character" % key, key)
    return text.strip()


def _strings(value, key):
    items = value.get(key)
    if items is None:
        return []
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise SpecError("%s must be a list of strings" % key, key)
    return items


def _check_location(text, field, paths):
    if re.search(r"[ \t,]", text):
        raise SpecError('%s "%s" holds a space or a comma' % (field, _mask(text)), field)
    if text.startswith(("https://", "http://", "file://")) or (paths and text.startswith("/")):
        return
    raise SpecError('%s "%s" must begin with https://, http:// or file://%s'
                    % (field, _mask(text), ", or be an absolute path" if paths else ""), field)


def _locations(value, key, paths):
    out = []
    for raw in _strings(value, key):
        text = raw.strip()
        field = "%s[%d]" % (key, len(out))
        if not text:
            continue
        if _CONTROL.search(text):
            raise SpecError("%s holds a control character" % field, field)
        _check_location(text, field, paths)
        out.append(text)
    return out


def _parse_pip(value):
    if _text(value, "interpreter_path"):
        raise SpecError("interpreter_path goes with kind interpreter; kind pip has python (a version)",
                        "interpreter_path")
    out = {"kind": "pip"}
    python = _text(value, "python")
    if python and not re.match(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}\Z", python):
        raise SpecError('python "%s" is no version: write 3.8 or 3.8.18' % python, "python")
    lines = _strings(value, "requirements")
    if len(lines) > _MOST_REQUIREMENTS:
        raise SpecError("requirements has more than 5000 lines", "requirements")
    parsed = [parse_requirement(line, i) for i, line in enumerate(lines)]
    kept = {item[1] for item in parsed if item and not answered_by_sdk(item[0])}
    index_url = _text(value, "index_url")
    if index_url:
        _check_location(index_url, "index_url", False)
    members = (("python", python), ("requirements", sorted(kept, key=lambda t: t.encode("utf-8"))),
               ("index_url", index_url), ("extra_index_urls", _locations(value, "extra_index_urls", False)),
               ("find_links", _locations(value, "find_links", True)))
    out.update((key, member) for key, member in members if member)
    return out


def _parse_interpreter(value):
    for key in _PIP_ONLY:
        if _is_set(value.get(key)):
            raise SpecError("%s goes with kind pip: kind interpreter uses an existing Python as it is and "
                            "installs nothing" % key, key)
    return {"kind": "interpreter", "interpreter_path": _text(value, "interpreter_path") or "python"}


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
        if self.text[0] == "-":
            self.fail("is an option, not a requirement: use index_url, extra_index_urls or find_links")
        if self.text.startswith(_SCHEMES):
            return "", self.url() + self.marker(" ;")
        if self.text[0] == "/":
            return "", self.word() + self.marker(" ;")
        if self.text[0] == ".":
            self.fail("is a relative path, which means nothing to the server: use an absolute path or "
                      '"name @ file:///…"')
        return self.named()

    def fail(self, why):
        raise SpecError('%s "%s" %s' % (self.field, _mask(self.text), why), self.field)

    def named(self):
        name = self.name("package name")
        if self.text[:self.pos].endswith((".whl", ".tar.gz", ".zip")):
            self.fail('looks like a file: use its absolute path or "name @ file:///…"')
        self.skip()
        canonical = name + (self.extras() if self.peek() == "[" else "")
        self.skip()
        if self.take("@"):
            self.skip()
            return name, canonical + "@" + self.url() + self.marker(" ;")
        return name, canonical + self.specifiers() + self.marker(";")

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
