"""A small HTTP/1.1 client over sockets.

`http.client` is not used because importing it costs 27 ms, which every submission and every script that asks for its
metrics would pay. Connections are kept alive, pooled, shared by threads and left behind by ``fork()``.
"""

import os
import socket
import time

from runwright import errors
from runwright._http_connection import CHUNK, Dropped, Response, connect_tcp, connect_unix
from runwright._url import encode_query, parse_url, quote

_LONG_ANSWER = 64 * 1024


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
            return connect_unix(self._socket_path, timeout)
        return connect_tcp(self._host, self._port, timeout, self._scheme == "https")

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
        except (OSError, Dropped) as error:
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
            except (OSError, Dropped) as caught:
                error = caught
                if connection is not None:
                    connection.close()
                if isinstance(error, socket.timeout):
                    raise errors.DeadlineExceededError(
                        "%s %s: no answer from %s within %g s" % (method, path, self.url, timeout)
                    )
                partial = isinstance(error, Dropped) and error.partial
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
                data = body.read(CHUNK)
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
        data = headers = None
        if isinstance(body, (bytes, bytearray)) or hasattr(body, "read"):
            data, headers = body, {"Content-Type": "application/octet-stream"}
        elif body is not None:
            import json

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
            return _parse(answer)
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
        except Dropped as error:
            raise self._broken("GET", path, error)
        if wanted and wanted.rpartition(":")[2] != digest.hexdigest():
            raise errors.CorruptError("GET %s: the bytes received do not match their SHA-256 %s" % (path, wanted))
        return size

    def events(self, path, query=None, timeout=60):
        """Server-sent events: yields ``(event, id, data)`` as they arrive; ends when the server closes the stream.

        timeout: seconds without a byte (the server pings every 15 s). Raises UnavailableError when the connection
        breaks; the caller goes on with the offsets that it has.
        """
        from runwright._http_events import parse_events

        headers = {"Accept": "text/event-stream"}
        response = self.open("GET", path, query, headers=headers, timeout=timeout)
        if response.status >= 400:
            raise errors.from_response(response.status, response.read(), "GET " + path)
        try:
            yield from parse_events(response.read_some)
        except socket.timeout:
            raise errors.UnavailableError("GET %s: %s is silent since %g s" % (path, self.url, timeout))
        except (OSError, Dropped) as error:
            raise errors.UnavailableError("GET %s: the stream of %s broke: %s" % (path, self.url, _reason(error)))
        finally:
            response.close()


def _parse(answer):
    """The document in ``answer``. A page of runs makes 10,000 objects and no garbage: looking for it, again and again
    over all pages that the caller keeps, takes as long as the parsing itself."""
    import gc
    import json

    pause = len(answer) > _LONG_ANSWER and gc.isenabled()
    if pause:
        gc.disable()
    try:
        return json.loads(answer.decode("utf-8"))
    finally:
        if pause:
            gc.enable()


def _reason(error):
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
