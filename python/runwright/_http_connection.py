"""One connection of the HTTP client, and the answers that are read from it piece by piece."""

import os
import socket

from runwright import errors

CHUNK = 256 * 1024
_HEAD_LIMIT = 64 * 1024
_SUN_PATH_MAX = 107  # bytes of a socket's path that the kernel takes, without the final NUL


def connect_tcp(host, port, timeout, tls):
    """A TCP connection, wrapped in TLS where asked for."""
    sock = socket.create_connection((host, port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        import ssl

        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    return Connection(sock)


def connect_unix(path, timeout):
    """A connection to a unix socket, however long its path is."""
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
    return Connection(sock)


class Connection:
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

    def read(self, size=CHUNK):
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
            more = self.sock.recv(CHUNK)
            if not more:
                self.ahead = b""
                raise Dropped(bool(data))
            data += more


class Dropped(Exception):
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

    def read_some(self, size=CHUNK):
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
            raise Dropped(True)
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
            raise Dropped(True)
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
