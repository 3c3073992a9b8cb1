"""The source map: where a run's own downloads come from, by prefix of their URL.

Rules are `{"prefix", "folder"}` or `{"prefix", "mirror"}`. The longest prefix wins; a prefix ends where a part of the path ends.
"""

import os

from . import hooks, report

_PORTS = {"http": 80, "https": 443}


def install(rules):
    """Makes urllib and requests, when they are imported, ask these rules."""
    rules = Rules(rules)  # normal() is asked later: nothing of urllib is loaded for a script that downloads nothing
    hooks.when_imported("urllib.request", lambda module: _part("sources_urllib").patch(module, rules))
    hooks.when_imported("requests.sessions", lambda module: _part("sources_requests").patch(module, rules))


def _part(name):
    from importlib import import_module

    return import_module("." + name, __package__)


def normal(url):
    """Scheme and host in lower case, no default port, user or fragment: (text without query, query or None). None: not of the web."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        return None
    host = "[%s]" % parts.hostname if ":" in parts.hostname else parts.hostname
    if port not in (None, _PORTS[scheme]):
        host += ":%d" % port
    return "%s://%s%s" % (scheme, host, parts.path), parts.query or None


class Missing(Exception):
    """A folder's rule fits the URL and the folder has no such file."""


class Hit(object):
    """A rule that fits a URL."""

    def __init__(self, rule, url, rest, query):
        self.rule, self.url, self.rest, self.query = rule, url, rest, query
        self.folder, self.mirror = rule.get("folder"), rule.get("mirror")

    def mirrored(self):
        """The URL at the mirror; the use is told."""
        url = self.mirror.rstrip("/") + self.rest + ("?" + self.query if self.query else "")
        report.note("sources", "%s was read from %s (rule %s)" % (self.url, url, self.rule["prefix"]), self._first())
        return url

    def open(self):
        """The file, open for reading; the use is told. Missing names the rule and the file."""
        for name in self._names():
            path = self._beneath(name)
            if path is not None and os.path.isfile(path):
                file = open(path, "rb")
                report.note("sources", "%s was read from %s (rule %s)" % (self.url, path, self.rule["prefix"]), self._first())
                return file
        raise self._missing()

    def _first(self):
        first, self.rule["_seen"] = not self.rule.get("_seen"), True
        return first

    def _missing(self):
        wanted = os.path.join(self.folder, self._names()[-1])
        text = "Runwright's source map: the rule %s -> %s applies to %s, and there is no file %s" % (self.rule["prefix"], self.folder, self.url, wanted)
        report.note("sources", text)
        return Missing(text)

    def _names(self):
        """Below the folder, the best first: with the query as part of the file's name, then without."""
        path = self.rest.lstrip("/") or self.rule["prefix"].rstrip("/").rpartition("/")[2]
        return ["%s?%s" % (path, self.query), path] if self.query and "/" not in self.query else [path]

    def _beneath(self, name):
        """The real path, None where it is not below the folder's: no '..', no link that leads out."""
        from urllib.parse import unquote

        parts = [unquote(part) for part in name.split("/") if part]
        if any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            return None
        root = os.path.realpath(self.folder)
        path = os.path.realpath(os.path.join(root, *parts))
        return path if path.startswith(root.rstrip("/") + "/") else None


class Rules(object):
    def __init__(self, rules):
        self._given = rules
        self._sorted = None

    def _rules(self):
        if self._sorted is None:
            known = [(normal(rule["prefix"]), dict(rule)) for rule in self._given]
            found = [(prefix[0].rstrip("/"), rule) for prefix, rule in known if prefix is not None]
            self._sorted = sorted(found, key=lambda one: -len(one[0]))
        return self._sorted

    def find(self, url, method="GET"):
        """The Hit of a download; None where no rule fits, and for whatever sends something."""
        wanted = normal(url) if method in ("GET", "HEAD") else None
        if wanted is None:
            return None
        text, query = wanted
        for prefix, rule in self._rules():
            rest = text[len(prefix):]
            if text.startswith(prefix) and (not rest or rest[0] == "/"):
                return Hit(rule, text, rest, query)
        return None
