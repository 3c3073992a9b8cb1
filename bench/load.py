"""Fills a server quickly: many requests at once over kept connections, from two processes."""
import json
import os
import socket
import sys
import urllib.parse


def access(project, env):
    """(host, port, token, workspace id) of the server behind a project folder."""
    with open(os.path.join(env["XDG_CONFIG_HOME"], "runwright", "credentials.json")) as file:
        entry = json.load(file)["servers"][0]
    url = urllib.parse.urlsplit(entry["server"])
    connection = Connection((url.hostname, url.port, entry["token"]))
    workspace = connection.ask("GET", "/api/v1/workspaces")["items"][0]["id"]
    connection.close()
    return url.hostname, url.port, entry["token"], workspace


class Connection:
    """HTTP over one socket with no more Python than needed."""

    def __init__(self, where):
        host, port, token = where[:3]
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = "Host: %s:%d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n" % (host, port, token)
        self.rest = b""

    def close(self):
        self.socket.close()

    def send(self, method, path, body=None):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = "%s %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (method, path, self.head, len(data))
        self.socket.sendall(head.encode() + data)

    def receive(self):
        """(status, body bytes)"""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        size = int(lower[at:].split(b"\r\n", 1)[0])
        parts, have = [self.rest], len(self.rest)
        while have < size:
            part = self.socket.recv(1 << 20)
            if not part:
                raise SystemExit("the server closed the connection")
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self.rest = whole[size:]
        return int(head.split(b" ", 2)[1]), whole[:size]

    def ask(self, method, path, body=None):
        self.send(method, path, body)
        status, answer = self.receive()
        if status >= 300:
            raise SystemExit("%s %s: %d %s" % (method, path, status, answer.decode()))
        return json.loads(answer)

    def _more(self):
        part = self.socket.recv(1 << 20)
        if not part:
            raise SystemExit("the server closed the connection")
        self.rest += part


def pump(where, requests, width=64):
    """Sends (method, path, body) with `width` under way at once; every answer must be good."""
    connections = [Connection(where) for _ in range(width)]
    waiting = []
    for number, request in enumerate(requests):
        connection = connections[number % width]
        if len(waiting) >= width:
            _check(waiting.pop(0))
        connection.send(*request)
        waiting.append(connection)
    for connection in waiting:
        _check(connection)
    for connection in connections:
        connection.close()


def _check(connection):
    status, answer = connection.receive()
    if status >= 300:
        raise SystemExit("loading: %d %s" % (status, answer.decode()))


def in_two(work):
    """work(0) and work(1), each in a process of its own."""
    children = []
    for part in range(2):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work(part)
                code = 0
            except SystemExit as end:
                print(end, file=sys.stderr)
            finally:
                os._exit(code)
        children.append(pid)
    for pid in children:
        if os.waitpid(pid, 0)[1] != 0:
            raise SystemExit("loading failed")
