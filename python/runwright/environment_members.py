"""The members of an environment spec that are more than a text: the twin of src/env/spec_members.cc.

Every reader takes the whole spec and returns its member in canonical form, empty where it is not there.
"""

import re

from runwright.environment_requirement import SpecError, mask

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_DOCKERFILE_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}\Z")
_FRAMEWORK = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}\Z")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}\Z")
_SNAPSHOT = re.compile(r"[0-9a-f]{64}\Z")
_PLATFORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}\Z")
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}\Z")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,254}\Z")
_CONDA_PACKAGE = re.compile(r"""(?P<channel>[A-Za-z0-9][A-Za-z0-9._/-]{0,254}::)?"""
                            r"""(?P<name>_?[A-Za-z0-9][A-Za-z0-9._-]{0,127})"""
                            r"""(?P<rest>(?:[ =<>!~[][A-Za-z0-9._+*!<>=~|,()\[\]'" :/^$-]*)?)\Z""")
_PYTHON_PIN = re.compile(r"[ =]+([0-9]{1,4}(?:\.[0-9]{1,4}){0,2})(?:\.\*)?\Z")
_ASCII_SPACE = " \t\n\r\v\f"
_MOST_CREDENTIALS = 100
_MOST_DOCKERFILE = 256 << 10
_MOST_PACKAGES = 5000
_MOST_CHANNELS = 100
_MOST_PACKAGE_BYTES = 512


def read_text(value, key, parent=""):
    field = parent + key
    text = value.get(key)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise SpecError("%s must be a string" % field, field)
    if _CONTROL.search(text):
        raise SpecError("%s holds a control character" % field, field)
    return text.strip(" ")


def bounded_list(value, key, most):
    """A list of texts of at most ``most`` items (None: any number)."""
    items = value.get(key)
    if items is None:
        return []
    if not isinstance(items, (list, tuple)):
        raise SpecError("%s must be a list of strings" % key, key)
    for i, item in enumerate(items):
        if not isinstance(item, str):
            raise SpecError("%s[%d] must be a string" % (key, i), "%s[%d]" % (key, i))
    if most is not None and len(items) > most:
        raise SpecError("%s has more than %d lines" % (key, most), key)
    return items


def check_location(text, field, paths):
    """A URL (https, http, file), or, with ``paths``, an absolute path."""
    if _CONTROL.search(text):
        raise SpecError("%s holds a control character" % field, field)
    if re.search(r"[ \t,]", text):
        raise SpecError('%s "%s" holds a space or a comma' % (field, mask(text)), field)
    if text.startswith(("https://", "http://", "file://")) or (paths and text.startswith("/")):
        return
    raise SpecError('%s "%s" must begin with https://, http:// or file://%s'
                    % (field, mask(text), ", or be an absolute path" if paths else ""), field)


def _nested(value, field, known):
    if not isinstance(value, dict):
        raise SpecError("%s must be an object" % field, field)
    for key in sorted(value):
        if key not in known:
            raise SpecError('%s has no member "%s". Known: %s' % (field, key, ", ".join(known)), "%s.%s" % (field, key))


def _credential(value, field):
    _nested(value, field, ("url", "secret"))
    url, secret = (read_text(value, key, field + ".") for key in ("url", "secret"))
    if not url.startswith(("https://", "http://")) or re.search(r"[ \t,]", url):
        raise SpecError('%s.url "%s" must begin with https:// or http:// and hold no space or comma'
                        % (field, mask(url)), field + ".url")
    if mask(url) != url:
        raise SpecError("%s.url holds a user name: put it in the secret, as user:password" % field, field + ".url")
    if not _SECRET.match(secret):
        raise SpecError('%s.secret "%s" is no secret\'s name: 1 to 127 letters, digits and dashes' % (field, secret),
                        field + ".secret")
    return url, secret


def read_credentials(value):
    items = value.get("credentials")
    if items is None:
        return []
    if not isinstance(items, (list, tuple)):
        raise SpecError("credentials must be a list", "credentials")
    if len(items) > _MOST_CREDENTIALS:
        raise SpecError("credentials has more than 100 entries", "credentials")
    out = {}
    for i, item in enumerate(items):
        field = "credentials[%d]" % i
        url, secret = _credential(item, field)
        if out.setdefault(url, secret) != secret:
            raise SpecError("%s.url %s is there twice, with two secrets" % (field, url), field + ".url")
    return [{"url": url, "secret": out[url]} for url in sorted(out, key=lambda text: text.encode("utf-8"))]


def read_framework(value):
    member = value.get("framework")
    if member is None:
        return {}
    _nested(member, "framework", ("name", "version", "gpu"))
    name, version = (read_text(member, key, "framework.") for key in ("name", "version"))
    if not _FRAMEWORK.match(name.lower()):
        raise SpecError('framework.name "%s" is no framework: pytorch, tensorflow, chainer or scikit-learn' % name,
                        "framework.name")
    if version and not _VERSION.match(version):
        raise SpecError('framework.version "%s" is no version: write 1.13 or 5.1.0' % version, "framework.version")
    if member.get("gpu") is not None and not isinstance(member["gpu"], bool):
        raise SpecError("framework.gpu must be true or false", "framework.gpu")
    out = {"name": name.lower(), "version": version, "gpu": bool(member.get("gpu"))}
    return {key: item for key, item in out.items() if item}


def read_resolver(value):
    text = read_text(value, "resolver")
    if text not in ("", "nearest", "exact", "provided"):
        raise SpecError('resolver "%s" is unknown: "nearest", "exact" or "provided"' % text, "resolver")
    return "" if text == "nearest" else text


def read_image(value):
    member = value.get("image")
    if member is None:
        return {}
    _nested(member, "image", ("name", "dockerfile", "context", "registry", "platform"))
    name, dockerfile = read_text(member, "name", "image."), _dockerfile(member)
    if bool(name) == bool(dockerfile):
        raise SpecError("image needs either name or dockerfile", "image")
    context = read_text(member, "context", "image.")
    if context and not _SNAPSHOT.match(context):
        raise SpecError("image.context is no snapshot's id: 64 digits of hex in lower case", "image.context")
    if context and not dockerfile:
        raise SpecError("image.context is what a dockerfile copies from; there is none", "image.context")
    if name and (not _IMAGE.match(name) or ".." in name):
        raise SpecError('image.name "%s" is no image: write repository/name:tag or name@sha256:…' % mask(name),
                        "image.name")
    platform = read_text(member, "platform", "image.")
    if platform and not _PLATFORM.match(platform):
        raise SpecError('image.platform "%s" is no platform: write linux/amd64' % platform, "image.platform")
    out = {"name": name, "dockerfile": dockerfile, "context": context, "platform": platform,
           "registry": _registry(member.get("registry"))}
    return {key: item for key, item in out.items() if item}


def _dockerfile(member):
    text = member.get("dockerfile")
    if text is None:
        return ""
    field = "image.dockerfile"
    if not isinstance(text, str):
        raise SpecError("image.dockerfile must be text", field)
    if not text.strip(_ASCII_SPACE):
        return ""
    if len(text.encode("utf-8", "surrogatepass")) > _MOST_DOCKERFILE:
        raise SpecError("image.dockerfile is longer than 256 KiB", field)
    if _DOCKERFILE_CONTROL.search(text):
        raise SpecError("image.dockerfile holds a control character", field)
    return text


def _registry(value):
    if value is None:
        return {}
    _nested(value, "image.registry", ("address", "username", "password_secret"))
    out = {key: read_text(value, key, "image.registry.") for key in ("address", "username", "password_secret")}
    if out["address"] and not _REGISTRY.match(out["address"]):
        raise SpecError('image.registry.address "%s" is no registry: write host or host:port' % mask(out["address"]),
                        "image.registry.address")
    if out["password_secret"] and not _SECRET.match(out["password_secret"]):
        raise SpecError('image.registry.password_secret "%s" is no secret\'s name: 1 to 127 letters, digits and dashes'
                        % out["password_secret"], "image.registry.password_secret")
    return {key: item for key, item in out.items() if item}


def _conda_package(raw, field):
    if _CONTROL.search(raw):
        raise SpecError("%s holds a control character" % field, field)
    if len(raw.encode("utf-8", "surrogatepass")) > _MOST_PACKAGE_BYTES:
        raise SpecError("%s is longer than 512 bytes" % field, field)
    match = _CONDA_PACKAGE.match(re.sub("  +", " ", raw.strip(" ")))
    if not match or ".." in (match.group("channel") or ""):
        raise SpecError('%s "%s" is no conda package: write numpy, numpy=1.21 or conda-forge::numpy>=1.20,<2'
                        % (field, mask(raw)), field)
    return match.group("channel") or "", match.group("name").lower(), match.group("rest")


def read_conda(value, python):
    """conda_packages, channels and python: a plain ``python=3.8`` among the packages is the spec's Python."""
    kept = set()
    for i, raw in enumerate(bounded_list(value, "conda_packages", _MOST_PACKAGES)):
        field = "conda_packages[%d]" % i
        if not raw.strip(" "):
            continue
        channel, name, rest = _conda_package(raw, field)
        pin = _PYTHON_PIN.match(rest) if name == "python" else None
        if pin and python and pin.group(1) != python:
            raise SpecError("%s asks for Python %s, but Python %s is asked for already" % (field, pin.group(1), python),
                            field)
        if pin:
            python = pin.group(1)
        elif name != "pip" and (name != "python" or rest):
            kept.add(channel + name + rest)
    return {"python": python, "conda_packages": sorted(kept), "channels": _channels(value)}


def _channels(value):
    out = []
    for raw in bounded_list(value, "channels", _MOST_CHANNELS):
        text = raw.strip(_ASCII_SPACE)
        if not text:
            continue
        field = "channels[%d]" % len(out)
        if not _CHANNEL.match(text) or ".." in text:
            check_location(text, field, True)
        out.append(text)
    return out
