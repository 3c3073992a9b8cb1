"""A small HTTP/1.1 client over sockets.

`http.client` is not used because importing it costs 27 ms, which every submission and every script that asks for its
metrics would pay. Connections are kept alive, pooled, shared by threads and left behind by ``fork()``.
"""

import os
import socket
import time

from runwright import errors

_CHUNK = 256 * 1024
_HEAD_LIMIT = 64 * 1024
_SUN_PATH_MAX = 107  # bytes of a socket's path that the kernel takes, without the final NUL


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


def _connect_unix(path, timeout):
    raw = os.fsencode(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    folder = None
    try:
        if len(raw) > _SUN_PATH_MAX:
            # The kernel takes a short path only; the folder's descriptor gives us one.
            folder = os.open(os.path.dirname(raw), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            raw = b"/proc/self/fd/%d/%s" % (folder, os.path.basename(raw))
        sock.connect(raw)
    except BaseException:
        sock.close()
        raise
    finally:
        if folder is not None:
            os.close(folder)
    return sock


class _Connection:
    """One connection and what was read from it ahead of need."""

    def __init__(self, sock):
        self.sock = sock
        self.ahead = b""
        self.used = False

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def is_stale(self):
        """True when the server closed this idle connection (or sent what nobody asked for)."""
        import select

        try:
            poll = select.poll()
            poll.register(self.sock.fileno(), select.POLLIN)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True

    def read(self, size=_CHUNK):
        """Some bytes, b"" at the end."""
        if self.ahead:
            data, self.ahead = self.ahead[:size], self.ahead[size:]
            return data
        return self.sock.recv(size)

    def read_until(self, end, limit):
        """Bytes up to and with ``end``; what follows stays for the next read."""
        data = self.ahead
        start = 0
        while True:
            at = data.find(end, start)
            if at >= 0:
                at += len(end)
                self.ahead = data[at:]
                return data[:at]
            if len(data) > limit:
                raise errors.InternalError("An answer of the server has a line of over %d bytes" % limit)
            start = max(0, len(data) - len(end) + 1)
            more = self.sock.recv(_CHUNK)
            if not more:
                self.ahead = b""
                raise _Dropped(bool(data))
            data += more


class _Dropped(Exception):
    """The connection ended. ``partial``: an answer had begun."""

    def __init__(self, partial, cause=None):
        super().__init__("connection closed by the other side" if cause is None else str(cause))
        self.partial = partial


class Response:
    """Status, headers (lower-case names) and a body that is read piece by piece."""

    def __init__(self, client, connection, method):
        self._client = client
        self._connection = connection
        while True:
            head = connection.read_until(b"\r\n\r\n", _HEAD_LIMIT).decode("latin-1")
            lines = head[:-4].split("\r\n")
            words = lines[0].split(" ", 2)
            if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
                raise errors.InternalError("The other side does not speak HTTP: %r" % lines[0][:80])
            self.status = int(words[1])
            if self.status >= 200 or self.status == 101:
                break
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        tokens = self.headers.get("connection", "").lower()
        self._keep = "close" not in tokens and (words[0] == "HTTP/1.1" or "keep-alive" in tokens)
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._left = None
        if method == "HEAD" or self.status in (204, 304):
            self._left, self._chunked = 0, False
        elif not self._chunked and "content-length" in self.headers:
            self._left = int(self.headers["content-length"])
        elif not self._chunked:
            self._keep = False
        self._chunk_left = 0
        if self._left == 0:
            self._finish()

    def _finish(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            self._client._give_back(connection, self._keep)

    def close(self):
        """Drops the connection when the body was not read to its end."""
        self._keep = False
        self._finish()

    def read_some(self, size=_CHUNK):
        """The next bytes of the body as soon as there are any; b"" at its end."""
        if self._connection is None:
            return b""
        try:
            return self._read_chunk(size) if self._chunked else self._read_plain(size)
        except BaseException:
            self.close()
            raise

    def _read_plain(self, size):
        if self._left is not None:
            size = min(size, self._left)
        data = self._connection.read(size)
        if not data and self._left:
            raise _Dropped(True)
        if self._left is not None:
            self._left -= len(data)
        if not data or self._left == 0:
            self._finish()
        return data

    def _read_chunk(self, size):
        connection = self._connection
        if self._chunk_left == 0:
            line = connection.read_until(b"\r\n", 4096)
            self._chunk_left = int(line.split(b";")[0].strip() or b"0", 16)
            if self._chunk_left == 0:
                while connection.read_until(b"\r\n", _HEAD_LIMIT) != b"\r\n":
                    pass
                self._finish()
                return b""
        data = connection.read(min(size, self._chunk_left))
        if not data:
            raise _Dropped(True)
        self._chunk_left -= len(data)
        if self._chunk_left == 0:
            connection.read_until(b"\r\n", 4096)
        return data

    def read(self):
        """The rest of the body."""
        parts = []
        while True:
            data = self.read_some()
            if not data:
                return b"".join(parts)
            parts.append(data)


class Client:
    """Speaks to one server, or to the executor of a run.

    url: ``http://host:port``, ``https://host:port`` or ``unix:/path/exec.sock``.
    token: sent as ``Authorization: Bearer`` where given.
    retry_seconds: how long a request is repeated while nobody answers (0: the first refusal is an error). Inside a
        run it is 60: the executor may be restarting.
    """

    def __init__(self, url, token=None, retry_seconds=0):
        self.url = url.rstrip("/") if not url.startswith("unix:") else url
        self.token = token
        self.retry_seconds = retry_seconds
        self._scheme, self._host, self._port, self._prefix = parse_url(url)
        if self._scheme == "unix":
            self._socket_path, self._prefix = self._prefix, ""
        self._idle = []
        self._pid = os.getpid()

    # Connections.

    def _connect(self, timeout):
        if self._scheme == "unix":
            return _Connection(_connect_unix(self._socket_path, timeout))
        sock = socket.create_connection((self._host, self._port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._scheme == "https":
            import ssl

            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
        return _Connection(sock)

    def _take(self, timeout):
        pid = os.getpid()
        if pid != self._pid:  # the parent's connections stay the parent's
            self._idle, self._pid = [], pid
        while True:
            try:
                connection = self._idle.pop()  # atomic: threads never share one
            except IndexError:
                return self._connect(timeout)
            if not connection.is_stale():
                connection.sock.settimeout(timeout)
                return connection
            connection.close()

    def _give_back(self, connection, keep):
        if keep and not connection.ahead and self._pid == os.getpid() and len(self._idle) < 8:
            connection.used = True
            self._idle.append(connection)
        else:
            connection.close()

    def close(self):
        """Closes the idle connections; the client can be used again."""
        while self._idle:
            self._idle.pop().close()

    # Requests.

    def request(self, method, path, query=None, body=None, headers=None, timeout=60, idempotent=None):
        """Sends a request and reads the whole answer: ``(status, headers, body bytes)``.

        body: None, bytes, or a binary file object that can be seeked (sent from its present position to its end).
        timeout: seconds without a byte. idempotent: whether the request may be repeated when the connection broke
        after it was sent; default: every method but POST. Raises UnavailableError when nobody answers,
        DeadlineExceededError after `timeout`; an answer with an error status is returned, not raised.
        """
        response = self.open(method, path, query, body, headers, timeout, idempotent)
        try:
            data = response.read()
        except (OSError, _Dropped) as error:
            raise self._broken(method, path, error)
        return response.status, response.headers, data

    def open(self, method, path, query=None, body=None, headers=None, timeout=60, idempotent=None):
        """As `request`, but the body of the answer is read by the caller from the `Response`."""
        if idempotent is None:
            idempotent = method != "POST"
        start = body.tell() if hasattr(body, "read") else 0
        head, stream = self._head(method, path, query, body, headers)
        deadline = time.time() + self.retry_seconds
        pause = 0.02
        while True:
            connection, sent = None, False
            try:
                connection = self._take(timeout)
                reused = connection.used
                sent = True
                self._send(connection, head, body, stream, start)
                response = Response(self, connection, method)
                if response.status != 503 or time.time() >= deadline:
                    return response
                response.read()
                error = None
            except (OSError, _Dropped) as caught:
                error = caught
                if connection is not None:
                    connection.close()
                if isinstance(error, socket.timeout):
                    raise errors.DeadlineExceededError(
                        "%s %s: no answer from %s within %g s" % (method, path, self.url, timeout)
                    )
                partial = isinstance(error, _Dropped) and error.partial
                if sent and reused and idempotent and not partial:
                    continue  # the server closed an idle connection at this very moment
                if sent and not idempotent:
                    raise self._broken(method, path, error)
                if time.time() >= deadline:
                    raise self._broken(method, path, error) if sent else self._nobody(error)
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def _head(self, method, path, query, body, headers):
        lines = [
            "%s %s%s%s HTTP/1.1" % (method, self._prefix, quote(path, "/:@%"), encode_query(query)),
            "Host: " + (self._host if self._scheme == "unix" else "%s:%d" % (self._host, self._port)),
        ]
        if self.token:
            lines.append("Authorization: Bearer " + self.token)
        stream = hasattr(body, "read")
        if stream:
            position = body.tell()
            size = body.seek(0, 2) - position
            body.seek(position)
            lines.append("Content-Length: %d" % size)
        elif body is not None or method in ("POST", "PUT", "PATCH"):
            lines.append("Content-Length: %d" % len(body or b""))
        for name, value in (headers or {}).items():
            lines.append("%s: %s" % (name, value))
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if stream or not body else head + body, stream

    @staticmethod
    def _send(connection, head, body, stream, start):
        sock = connection.sock
        try:
            sock.sendall(head)
            if not stream:
                return
            body.seek(start)
            while True:
                data = body.read(_CHUNK)
                if not data:
                    return
                sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have refused the request before it read all of it: its answer is still there to read.
            if not stream:
                raise

    def _nobody(self, error):
        if self._scheme == "unix":
            return errors.UnavailableError(
                "Nobody answers at %s since %d s: %s. The run's executor or its server is gone; what is logged is kept "
                "in the run's folder and is delivered when they are back." % (self.url, self.retry_seconds, error)
            )
        return errors.UnavailableError(
            "Nobody answers at %s: %s. Start the server with `runwright server`, or name another one with "
            "RUNWRIGHT_SERVER or in config.json." % (self.url, _reason(error))
        )

    def _broken(self, method, path, error):
        return errors.UnavailableError(
            "%s %s: the connection to %s broke before the answer was whole (%s); whether the request was carried out is "
            "not known" % (method, path, self.url, _reason(error))
        )

    def json(self, method, path, query=None, body=None, timeout=60, idempotent=None):
        """Sends ``body`` as JSON (bytes and file objects as they are); the answer's JSON, or None where it has none.
        Error answers are raised."""
        import json

        data = headers = None
        if isinstance(body, (bytes, bytearray)) or hasattr(body, "read"):
            data, headers = body, {"Content-Type": "application/octet-stream"}
        elif body is not None:
            try:
                text = json.dumps(body, allow_nan=False)
            except ValueError:
                from runwright.values import spell_numbers

                text = json.dumps(spell_numbers(body), allow_nan=False)
            data = text.encode("utf-8")
            headers = {"Content-Type": "application/json"}
        status, _, answer = self.request(method, path, query, data, headers, timeout, idempotent)
        if status >= 400:
            raise errors.from_response(status, answer, "%s %s" % (method, path))
        if not answer:
            return None
        try:
            return json.loads(answer.decode("utf-8"))
        except ValueError:
            raise errors.InternalError("%s %s: the answer of %s is not JSON" % (method, path, self.url))

    def download(self, path, query=None, target=None, progress=None, timeout=60):
        """Writes the body of a GET into ``target`` and returns its size.

        target: a path (replaced whole: a failed download leaves what was there) or a binary file object.
        progress: called with (bytes so far, bytes in all or None). The bytes must hash to the header
        X-Runwright-Digest where the server sends one, else CorruptError.
        """
        response = self.open("GET", path, query, timeout=timeout)
        if response.status >= 400:
            raise errors.from_response(response.status, response.read(), "GET " + path)
        if hasattr(target, "write"):
            return self._copy(response, target, path, progress)
        part = "%s.%d.part" % (target, os.getpid())
        try:
            with open(part, "wb") as out:
                size = self._copy(response, out, path, progress)
            os.replace(part, target)
            return size
        except BaseException:
            response.close()
            try:
                os.unlink(part)
            except OSError:
                pass
            raise

    def _copy(self, response, out, path, progress):
        import hashlib

        wanted = response.headers.get("x-runwright-digest")
        total = response.headers.get("content-length")
        total = int(total) if total else None
        digest, size = hashlib.sha256(), 0
        try:
            while True:
                data = response.read_some()
                if not data:
                    break
                digest.update(data)
                out.write(data)
                size += len(data)
                if progress:
                    progress(size, total)
        except _Dropped as error:
            raise self._broken("GET", path, error)
        if wanted and wanted.rpartition(":")[2] != digest.hexdigest():
            raise errors.CorruptError("GET %s: the bytes received do not match their SHA-256 %s" % (path, wanted))
        return size

    def events(self, path, query=None, timeout=60):
        """Server-sent events: yields ``(event, id, data)`` as they arrive; ends when the server closes the stream.

        timeout: seconds without a byte (the server pings every 15 s). Raises UnavailableError when the connection
        breaks; the caller goes on with the offsets that it has.
        """
        headers = {"Accept": "text/event-stream"}
        response = self.open("GET", path, query, headers=headers, timeout=timeout)
        if response.status >= 400:
            raise errors.from_response(response.status, response.read(), "GET " + path)
        try:
            yield from parse_events(response.read_some)
        except socket.timeout:
            raise errors.UnavailableError("GET %s: %s is silent since %g s" % (path, self.url, timeout))
        except (OSError, _Dropped) as error:
            raise errors.UnavailableError("GET %s: the stream of %s broke: %s" % (path, self.url, _reason(error)))
        finally:
            response.close()


def parse_events(read_some):
    """Yields ``(event, id, data)`` of a text/event-stream; ``read_some()`` gives bytes, b"" at the end."""
    pending = b""
    event, event_id, data = "message", None, []
    while True:
        piece = read_some()
        if not piece:
            return
        lines = (pending + piece).split(b"\n")
        pending = lines.pop()
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if not line:
                if data:
                    yield event, event_id, b"\n".join(data).decode("utf-8", "replace")
                event, data = "message", []
                continue
            name, _, value = line.partition(b":")
            if value.startswith(b" "):
                value = value[1:]
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value.decode("utf-8", "replace")
            elif name == b"id":
                event_id = value.decode("utf-8", "replace")


def _reason(error):
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
