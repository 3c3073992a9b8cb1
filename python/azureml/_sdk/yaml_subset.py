"""Reads and writes the part of YAML that conda files and run configurations use.

Block and flow mappings and lists, plain and quoted scalars, comments. Refused with the line's number: anchors and
aliases, tags, block scalars (``|``, ``>``), tabs as indentation, several documents, merge and complex keys, control
characters, more than 64 levels, 1 MiB or lines of 10,000 characters: a file may come from anywhere.
"""

import json
import re


class YamlError(ValueError):
    """What is wrong and in which line."""


def load(text, name="YAML"):
    """The document as dicts, lists, str, int, float, bool and None. Raises YamlError."""
    return _Reader(text, name).document()


def dump(value, indent=0):
    """Block style, lists at their key's indentation, keys in their order."""
    return "".join(line + "\n" for line in _lines(value, indent))


MOST_BYTES = 1 << 20
_MOST_LINE = 10000
_MOST_LEVELS = 64
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?\Z")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
          "false": False, "False": False, "FALSE": False}
_REFUSED = {"&": "anchors", "*": "aliases", "!": "tags", "|": "block scalars", ">": "block scalars",
            "%": "directives", "@": "reserved characters", "`": "reserved characters"}


def _plain(text):
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 40:
        return text
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _without_comment(line):
    quote = None
    for i, char in enumerate(line):
        if quote:
            if char == "\\" and quote == '"':
                continue
            if char == quote and not (quote == '"' and line[i - 1] == "\\"):
                quote = None
        elif char in "\"'" and (i == 0 or line[i - 1] in " \t[{,:-"):
            quote = char
        elif char == "#" and (i == 0 or line[i - 1] in " \t"):
            return line[:i].rstrip()
    return line.rstrip()


class _Reader:
    def __init__(self, text, name):
        self.name, self.lines, self.at, self.levels = name, [], 0, 0
        if len(text) > MOST_BYTES:
            raise YamlError("%s is larger than 1 MiB" % name)
        for number, raw in enumerate(text.lstrip("\ufeff").split("\n"), 1):
            raw = raw[:-1] if raw.endswith("\r") else raw
            if len(raw) > _MOST_LINE:
                self.fail("more than %d characters" % _MOST_LINE, number)
            if _CONTROL.search(raw):
                self.fail("a control character", number)
            line = _without_comment(raw)
            if not line.strip():
                continue
            content = line.lstrip(" ")
            if content.startswith("\t"):
                self.fail("a tab as indentation", number)
            if content == "---" and not self.lines:
                continue
            if content in ("---", "..."):
                self.fail("several documents", number)
            self.lines.append((len(line) - len(content), content, number))

    def fail(self, what, number):
        raise YamlError("%s, line %d: %s cannot be read here" % (self.name, number, what))

    def document(self):
        if not self.lines:
            return None
        value = self.block(self.lines[0][0])
        if self.at < len(self.lines):
            self.fail("this indentation of %r" % self.lines[self.at][1], self.lines[self.at][2])
        return value

    def deeper(self, number):
        """Counts a level; the caller leaves it again."""
        self.levels += 1
        if self.levels > _MOST_LEVELS:
            self.fail("more than %d levels" % _MOST_LEVELS, number)

    def block(self, indent):
        _, content, number = self.lines[self.at]
        self.deeper(number)
        if _is_item(content):
            value = self.sequence(indent)
        elif _split_key(content):
            value = self.mapping(indent)
        else:
            self.at += 1
            value = self.scalar(content, number, indent)
        self.levels -= 1
        return value

    def sequence(self, indent):
        items = []
        while self.at < len(self.lines):
            depth, content, number = self.lines[self.at]
            if depth != indent or not _is_item(content):
                break
            rest = content[1:].lstrip(" ")
            if rest:
                inner = indent + len(content) - len(rest)
                self.lines[self.at] = (inner, rest, number)
                items.append(self.block(inner))
            else:
                self.at += 1
                items.append(self.nested(indent, allow_same=False))
        return items

    def mapping(self, indent):
        out = {}
        while self.at < len(self.lines):
            depth, content, number = self.lines[self.at]
            pair = _split_key(content) if depth == indent and not _is_item(content) else None
            if pair is None:
                break
            key = self.key(self.scalar(pair[0], number, indent, whole=False), number)
            if key in out:
                self.fail("%r a second time" % key, number)
            self.at += 1
            out[key] = self.scalar(pair[1], number, indent) if pair[1] else self.nested(indent, allow_same=True)
        return out

    def key(self, key, number):
        if isinstance(key, (dict, list)):
            self.fail("a key that is no text", number)
        if key == "<<":
            self.fail("a merge key", number)
        return key

    def nested(self, indent, allow_same):
        if self.at < len(self.lines):
            depth, content, _ = self.lines[self.at]
            if depth > indent or (allow_same and depth == indent and _is_item(content)):
                return self.block(depth)
        return None

    def scalar(self, text, number, indent, whole=True):
        if text[0] in _REFUSED:
            self.fail("%s (%r)" % (_REFUSED[text[0]], text[:80]), number)
        if text == "?" or text.startswith("? "):
            self.fail("a complex key", number)
        if text[0] in "[{":
            parts, depth = [text], _depth(text)
            while depth > 0 and self.at < len(self.lines):
                parts.append(self.lines[self.at][1])
                depth += _depth(parts[-1])
                self.at += 1
            return _Flow(self, " ".join(parts), number).whole()
        if text[0] in "\"'":
            return _Flow(self, text, number).whole()
        if whole and self.at < len(self.lines) and self.lines[self.at][0] > indent:
            self.fail("text that goes on in the next line", number)
        return _plain(text)


class _Flow:
    """A flow value or quoted scalar in one line of text."""

    def __init__(self, reader, text, number):
        self.reader, self.text, self.number, self.at = reader, text, number, 0

    def fail(self):
        self.reader.fail(repr(self.text[:80]), self.number)

    def whole(self):
        value = self.value("")
        if self.text[self.at:].strip():
            self.fail()
        return value

    def value(self, stops):
        self.skip()
        char = self.text[self.at:self.at + 1]
        if char in ("[", "{"):
            self.at += 1
            self.reader.deeper(self.number)
            value = self.items("]") if char == "[" else self.pairs()
            self.reader.levels -= 1
            return value
        if char in ('"', "'"):
            return self.quoted(char)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        word = self.text[start:self.at].strip()
        if word[:1] in _REFUSED:
            self.fail()
        return _plain(word)

    def skip(self):
        while self.text[self.at:self.at + 1] == " ":
            self.at += 1

    def take(self, char):
        self.skip()
        found = self.text[self.at:self.at + 1] == char
        self.at += found
        return found

    def items(self, end):
        out = []
        while not self.take(end):
            out.append(self.value(",]"))
            if not self.take(",") and self.text[self.at:self.at + 1] != end:
                self.fail()
        return out

    def pairs(self):
        out = {}
        while not self.take("}"):
            key = self.reader.key(self.value(":,}"), self.number)
            if key in out:
                self.reader.fail("%r a second time" % key, self.number)
            out[key] = self.value(",}") if self.take(":") else None
            if not self.take(",") and self.text[self.at:self.at + 1] != "}":
                self.fail()
        return out

    def quoted(self, quote):
        pattern = r'"(?:[^"\\]|\\.)*"' if quote == '"' else r"'(?:[^']|'')*'"
        match = re.compile(pattern).match(self.text, self.at)
        if not match:
            self.fail()
        self.at = match.end()
        if quote == "'":
            return match.group()[1:-1].replace("''", "'")
        try:
            return json.loads(match.group(), strict=False)
        except ValueError:
            self.fail()


def _is_item(content):
    return content == "-" or content.startswith("- ")


def _depth(text):
    outside = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', "", text)
    return sum(outside.count(char) for char in "[{") - sum(outside.count(char) for char in "]}")


def _split_key(content):
    """``(key, value)`` of ``key: value``, None when it is something else."""
    quoted = re.match(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*:(?:\s+(.*))?\Z""", content)
    if quoted:
        return quoted.group(1), (quoted.group(2) or "").strip()
    if content[0] in "\"'[{":
        return None
    colon = content.find(":")
    while colon > 0:
        rest = content[colon + 1:]
        if not rest or rest[0] in " \t":
            key = content[:colon].rstrip()
            return (key, rest.strip()) if key else None
        colon = content.find(":", colon + 1)
    return None


def _lines(value, indent):
    pad = " " * indent
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from _entry(pad + _scalar_text(key) + ":", member, indent, isinstance(member, dict))
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            if isinstance(item, (dict, list, tuple)) and item:
                first, rest = True, _lines(item, indent + 2)
                for line in rest:
                    yield pad + "- " + line[indent + 2:] if first else line
                    first = False
            else:
                yield pad + "- " + _scalar_text(item)
    else:
        yield pad + _scalar_text(value)


def _entry(head, member, indent, deeper):
    if isinstance(member, (dict, list, tuple)) and member:
        yield head
        yield from _lines(member, indent + 2 if deeper else indent)
    else:
        yield head + " " + _scalar_text(member)


def _scalar_text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    text = str(value)
    safe = (_plain(text) == text and text.strip() == text and text[0] not in "\"'[]{},#-?:&*!|>%@`"
            and not re.search(r""": |:\Z| #|[\x00-\x1f\x7f-\x9f\u2028\u2029]|[ \[{,:-]["']""", text) and text not in ("---", "...", "=", "<<")
            and text.lower() not in ("yes", "no", "on", "off", "y", "n") and not re.match(r"[0-9]", text))
    return text if safe else json.dumps(text, ensure_ascii=False)
