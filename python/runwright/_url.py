"""URLs: of servers, of routes, and what stands in them."""

from runwright import errors


def quote(text, safe="/"):
    """Percent-encodes UTF-8; letters, digits, ``-._~`` and ``safe`` stay."""
    keep = _UNRESERVED | frozenset(safe.encode("ascii"))
    return "".join(chr(b) if b in keep else "%%%02X" % b for b in str(text).encode("utf-8"))


def api_path(*parts):
    """The path of a route: ``/api/v1/`` and the parts, percent-encoded."""
    return "/api/v1/" + "/".join(quote(part, "") for part in parts)


_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)


def encode_query(query):
    """``?a=1&b=2`` of a dict or pairs. None is left out, a list repeats its key, booleans are true and false."""
    if not query:
        return ""
    parts = []
    for key, value in query.items() if isinstance(query, dict) else query:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if one is None:
                continue
            if isinstance(one, bool):
                one = "true" if one else "false"
            parts.append(quote(key, "") + "=" + quote(one, "/:"))
    return "?" + "&".join(parts) if parts else ""


def parse_url(url):
    """``(scheme, host, port, path)``; scheme is http, https or unix (then path is the socket's)."""
    if url.startswith("unix:"):
        return "unix", "localhost", 0, url[5:]
    scheme, _, rest = url.partition("://")
    rest, _, prefix = rest.partition("/")
    if scheme not in ("http", "https") or not rest:
        raise errors.InvalidArgumentError(
            "%r is not the URL of a server. It looks like http://127.0.0.1:8080 or unix:/path/exec.sock" % url,
            field="server",
        )
    host, port = rest, 443 if scheme == "https" else 80
    if rest.startswith("["):
        host, _, tail = rest[1:].partition("]")
        if tail.startswith(":"):
            port = tail[1:]
    elif ":" in rest:
        host, _, port = rest.rpartition(":")
    try:
        port = int(port)
    except ValueError:
        raise errors.InvalidArgumentError("%r has no valid port" % url, field="server")
    return scheme, host, port, "/" + prefix.rstrip("/") if prefix.rstrip("/") else ""
