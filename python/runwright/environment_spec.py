"""What a script needs, in canonical form (docs/dev/formats/environment.md).

The twin of src/env/spec.cc: both pass tests/vectors/environment.json, so a client knows the ``env_id``
that the server will use, and a wrong spec is refused before anything is uploaded.
"""

import hashlib
import json
import re

from runwright.environment_members import (
    bounded_list,
    check_location,
    read_conda,
    read_credentials,
    read_framework,
    read_image,
    read_resolver,
    read_text,
)
from runwright.environment_requirement import SpecError, answered_by_sdk, canonical_name, mask, parse_requirement

__all__ = ["SpecError", "answered_by_sdk", "canonical_name", "canonical_text", "env_id", "mask", "parse_requirement",
           "parse_spec"]

_MEMBERS = ("kind", "interpreter_path", "python", "requirements", "constraints", "index_url", "extra_index_urls",
            "find_links", "credentials", "conda_packages", "channels", "framework", "resolver", "image")
_PACKAGE_MEMBERS = ("python", "requirements", "constraints", "index_url", "extra_index_urls", "find_links",
                    "credentials", "conda_packages", "channels")
_IGNORED = ("name", "version", "environment_variables", "docker", "env_id", "build_id")
_KINDS = '"pip", "conda" or "interpreter"'
_MOST_REQUIREMENTS = 5000


def parse_spec(value):
    """Checks a spec and returns its canonical form as a dict. Raises SpecError."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise SpecError("environment must be an object", "environment")
    for key in sorted(value):
        if key not in _MEMBERS and key not in _IGNORED:
            raise SpecError('environment has no member "%s". Known: %s' % (key, ", ".join(_MEMBERS)), key)
    out = _parse_kind(value)
    members = (("framework", read_framework(value)), ("resolver", read_resolver(value)), ("image", read_image(value)))
    out.update((key, member) for key, member in members if member)
    return out


def canonical_text(value):
    """The canonical JSON of a spec: equal for specs that need the same."""
    return json.dumps(parse_spec(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def env_id(value):
    """SHA-256 hex of ``runwright-env-1\\n`` + canonical form."""
    text = "runwright-env-1\n" + canonical_text(value)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _is_set(member):
    return bool(member.strip()) if isinstance(member, str) else member not in (None, [])


def _parse_kind(value):
    kind = read_text(value, "kind")
    if kind in ("pip", "conda"):
        return _parse_packages(value, kind)
    if kind == "interpreter" or not kind and not any(_is_set(value.get(key)) for key in _PACKAGE_MEMBERS):
        return _parse_interpreter(value)
    if not kind:
        raise SpecError("kind is missing: " + _KINDS, "kind")
    raise SpecError('kind "%s" is unknown: %s' % (kind, _KINDS), "kind")


def _by_bytes(texts):
    return sorted(texts, key=lambda text: text.encode("utf-8"))


def _requirements(value):
    lines = bounded_list(value, "requirements", _MOST_REQUIREMENTS)
    parsed = [parse_requirement(line, i) for i, line in enumerate(lines)]
    return _by_bytes({item.canonical for item in parsed if item and not answered_by_sdk(item.name)})


def _constraints(value):
    """Constraints only bound versions, so they are names with versions."""
    kept = set()
    for i, line in enumerate(bounded_list(value, "constraints", _MOST_REQUIREMENTS)):
        item = parse_requirement(line, i, "constraints")
        field = "constraints[%d]" % i
        if item and not item.bare:
            raise SpecError("%s is no constraint: write a name with versions, numpy<1.24" % field, field)
        if item and not answered_by_sdk(item.name):
            kept.add(item.canonical)
    return _by_bytes(kept)


def _locations(value, key, paths):
    out = []
    for raw in bounded_list(value, key, None):
        text = raw.strip(" \t\n\r\v\f")
        field = "%s[%d]" % (key, len(out))
        if not text:
            continue
        check_location(text, field, paths)
        out.append(text)
    return out


def _parse_packages(value, kind):
    if read_text(value, "interpreter_path"):
        raise SpecError("interpreter_path goes with kind interpreter; kinds pip and conda have python (a version)",
                        "interpreter_path")
    python = read_text(value, "python")
    if python and not re.match(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}\Z", python):
        raise SpecError('python "%s" is no version: write 3.8 or 3.8.18' % python, "python")
    out = {"kind": kind, "python": python, "requirements": _requirements(value), "constraints": _constraints(value)}
    out["index_url"] = read_text(value, "index_url")
    if out["index_url"]:
        check_location(out["index_url"], "index_url", False)
    out["extra_index_urls"] = _locations(value, "extra_index_urls", False)
    out["find_links"] = _locations(value, "find_links", True)
    out["credentials"] = read_credentials(value)
    if kind == "conda":
        out.update(read_conda(value, python))
    else:
        for key in ("conda_packages", "channels"):
            if _is_set(value.get(key)):
                raise SpecError("%s goes with kind conda" % key, key)
    return {key: member for key, member in out.items() if member}


def _parse_interpreter(value):
    for key in _PACKAGE_MEMBERS:
        if _is_set(value.get(key)):
            raise SpecError("%s goes with kinds pip and conda: kind interpreter uses an existing Python as it is "
                            "and installs nothing" % key, key)
    return {"kind": "interpreter", "interpreter_path": read_text(value, "interpreter_path") or "python"}
