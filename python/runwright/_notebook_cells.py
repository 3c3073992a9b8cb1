"""Cells of notebooks as Python: lines that only IPython knows become calls of ``get_ipython()``."""

import ast
import re

_ASSIGNED = re.compile(r"(\s*)([A-Za-z_][\w.,\s\[\]'\"]*?)\s*=\s*([!%])(.*)\Z", re.S)
_SPECIAL = re.compile(r"(\s*)([!%]{1,2})(.*)\Z", re.S)
_HELP = re.compile(r"(\s*)(?:\?{1,2}\s*([\w.*]+)|([\w.*\[\]]+)\s*\?{1,2})\s*;?\s*\Z")


def cell_magic(source):
    """``(name, rest of its line, body)`` of a cell that begins with ``%%``; None for others."""
    match = re.match(r"\s*%%(\w[\w.-]*|!)[ \t]*([^\n]*)\n?(.*)\Z", source, re.S)
    return match.groups() if match else None


def parsed(source, filename):
    """``(tree, text)``: the cell's syntax tree and the Python text that it is of.

    Only a line where Python's own parser stops is looked at, so a ``%`` or ``!`` inside of a string or an expression
    stays what it is. SyntaxError as Python says it where such a line is none of IPython's either.
    """
    lines = source.split("\n")
    while True:
        text = "\n".join(lines)
        try:
            return ast.parse(text, filename), text
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            if at >= len(lines) or not _replace(lines, at):
                raise


def _replace(lines, at):
    """Turns line ``at`` (and those it goes on in by a backslash) into Python; False where it is none of IPython's."""
    end, text = at, lines[at]
    while text.endswith("\\") and end + 1 < len(lines):
        end += 1
        text = text[:-1] + lines[end]
    made = _call(text)
    if made is None:
        return False
    lines[at:end + 1] = [made] + [""] * (end - at)
    return True


def _call(line):
    assigned = _ASSIGNED.match(line)
    if assigned:
        indent, name, sign, rest = assigned.groups()
        call = "get_ipython().getoutput(%r)" % rest.strip() if sign == "!" else _magic(rest)
        return "%s%s = %s" % (indent, name, call)
    special = _SPECIAL.match(line)
    if special:
        indent, sign, rest = special.groups()
        if sign == "!!":
            return "%sget_ipython().getoutput(%r)" % (indent, rest.strip())
        if sign in ("!", "%"):
            return indent + ("get_ipython().system(%r)" % rest.strip() if sign == "!" else _magic(rest))
        return None
    wanted = _HELP.match(line)
    if wanted:
        return "%sget_ipython().run_line_magic('pinfo', %r)" % (wanted.group(1), wanted.group(2) or wanted.group(3))
    return None


def _magic(text):
    name, _, rest = text.strip().partition(" ")
    return "get_ipython().run_line_magic(%r, %r)" % (name, rest.strip())
