"""The source map in urllib: urlopen, urlretrieve and every opener, redirects included."""

import copy
import email.message
import functools
import io
import os
import urllib.error
import urllib.response

from .sources import Missing


def patch(request, rules):
    original = request.OpenerDirector.open

    @functools.wraps(original)
    def open(self, fullurl, data=None, *args, **kwargs):
        hit = None
        if data is None:
            plain = isinstance(fullurl, str)
            hit = rules.find(fullurl) if plain else rules.find(fullurl.full_url, fullurl.get_method())
        if hit is None:
            return original(self, fullurl, data, *args, **kwargs)
        if hit.mirror:
            return original(self, hit.mirrored() if plain else _at(fullurl, hit.mirrored()), None, *args, **kwargs)
        return _answer(hit, "GET" if plain else fullurl.get_method())

    request.OpenerDirector.open = open


def _at(request, url):
    """The same request to another host, without what is meant for the first one only."""
    request = copy.copy(request)
    request.headers = {k: v for k, v in request.headers.items() if k.lower() not in ("authorization", "cookie", "host")}
    request.unredirected_hdrs = {}
    request.full_url = url
    return request


class Answer(urllib.response.addinfourl):
    """What urlopen gives for a file: also the names that only an HTTP answer has."""

    reason = msg = "OK"
    version = 11

    @property
    def status(self):
        return self.code

    def getheader(self, name, default=None):
        return self.headers.get(name, default)

    def getheaders(self):
        return self.headers.items()


def _headers(size):
    headers = email.message.Message()
    headers["Content-Type"] = "application/octet-stream"
    headers["Content-Length"] = str(size)
    return headers


def _answer(hit, method):
    try:
        file = hit.open()
    except Missing as missing:
        raise urllib.error.HTTPError(hit.url, 404, str(missing), _headers(0), io.BytesIO()) from None
    headers = _headers(os.fstat(file.fileno()).st_size)
    if method == "HEAD":
        file.close()
        file = io.BytesIO()
    return Answer(file, headers, hit.url, 200)
