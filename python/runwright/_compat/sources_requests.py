"""The source map in requests: each hop of each request asks the rules for its adapter."""

import functools
import io
import os

from .sources import Missing


def patch(sessions, rules):
    original = sessions.Session.get_adapter

    @functools.wraps(original)
    def get_adapter(self, url, *args, **kwargs):
        hit = rules.find(url)
        adapter = original(self, url, *args, **kwargs)
        return _make(sessions, adapter, hit, functools.partial(original, self)) if hit else adapter

    sessions.Session.get_adapter = get_adapter


def _make(sessions, adapter, hit, adapter_for):
    from requests.adapters import BaseAdapter, HTTPAdapter

    class Mapped(BaseAdapter):
        def send(self, request, **options):
            if request.method not in ("GET", "HEAD"):
                return adapter.send(request, **options)
            if hit.mirror:
                return self._mirror(request, options)
            return self._file(request)

        def close(self):
            pass

        def _mirror(self, request, options):
            request = request.copy()
            request.url = hit.mirrored()
            for name in ("Authorization", "Cookie", "Host"):  # meant for the first host only
                request.headers.pop(name, None)
            return adapter_for(request.url).send(request, **options)

        def _file(self, request):
            try:
                file = hit.open()
                status, reason, size = 200, "OK", os.fstat(file.fileno()).st_size
            except Missing as missing:
                status, reason = 404, str(missing)
                file = io.BytesIO(reason.encode("utf-8"))
                size = len(file.getvalue())
            if request.method == "HEAD":
                file = io.BytesIO()
            return HTTPAdapter.build_response(self, request, _raw(file, request.method, status, reason, size))

    return Mapped()


def _raw(file, method, status, reason, size):
    from urllib3.response import HTTPResponse

    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    return HTTPResponse(body=file, headers=headers, status=status, reason=reason, preload_content=False, request_method=method)
