"""Helpers of the Python tests: interpreters of this machine, scripted servers, the real server."""

import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SDK = os.path.join(ROOT, "python")
WANTED = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]


def _version_of(path):
    try:
        out = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.stdout.decode().strip() if out.returncode == 0 else None


def find_interpreters():
    """``{version: path}`` of the CPythons that this machine has: on PATH, of pyenv, of uv, of the system."""
    roots = [os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")]
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    found = {}
    candidates = [sys.executable]
    for root in roots:
        candidates += sorted(glob.glob(os.path.join(root, "versions", "3.*", "bin", "python3")))
    candidates += sorted(glob.glob(os.path.join(data, "uv", "python", "cpython-3*", "bin", "python3")))
    candidates += [shutil.which("python" + version) or "" for version in WANTED] + ["/usr/bin/python3"]
    for path in candidates:
        if path and os.access(path, os.X_OK) and "shims" not in path:
            version = _version_of(path)
            if version in WANTED:
                found.setdefault(version, path)
    return found


INTERPRETERS = find_interpreters()
ABSENT = [version for version in WANTED if version not in INTERPRETERS]


class RawServer:
    """Accepts connections on a TCP port or a unix socket and gives each to ``script(connection socket, number)`` in a
    thread of its own."""

    def __init__(self, script, path=None):
        self.script = script
        self.connections = 0
        self.sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        if path:
            self.sock.bind(path)
            self.url = "unix:" + path
        else:
            self.sock.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % self.sock.getsockname()[1]
        self.sock.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        with connection:
            try:
                self.script(connection, number)
            except (OSError, EOFError):
                pass

    def close(self):
        self.sock.close()


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")

    def json(self):
        return json.loads(self.body.decode("utf-8"))


def read_request(file):
    """The next request of a connection's ``makefile("rb")``; EOFError at its end."""
    line = file.readline().decode("latin-1")
    if not line:
        raise EOFError
    method, target, _ = line.split(" ", 2)
    headers = {}
    while True:
        line = file.readline().decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length") or 0))
    return Request(method, target, headers, body)


def answer(status, body=b"", headers=()):
    """Bytes of a response with a Content-Length."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode("utf-8")
    head = "HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n" % (status, len(body))
    for name, value in dict(headers).items():
        head += "%s: %s\r\n" % (name, value)
    return head.encode() + b"\r\n" + body


class ScriptedServer:
    """Answers from a table ``{(method, path): handler}``; a handler takes the request and gives a JSON-able document,
    ``(status, document)`` or ``(status, bytes, headers)``. Every request is kept in ``requests``."""

    def __init__(self, path=None):
        self.routes = {}
        self.requests = []
        self._raw = RawServer(self._serve, path)
        self.url = self._raw.url

    def on(self, method, path, result):
        self.routes[(method, path)] = result if callable(result) else lambda request: result

    def _serve(self, connection, number):
        file = connection.makefile("rb")
        while True:
            request = read_request(file)
            request.connection = number
            self.requests.append(request)
            handler = self.routes.get((request.method, request.path))
            result = handler(request) if handler else (404, {"error": {"code": "NotFound", "message": "no " + request.path}})
            if not isinstance(result, tuple):
                result = (200, result)
            connection.sendall(answer(*result))

    def close(self):
        self._raw.close()


def binary(name="runwright"):
    """Path of a built program, or None: $RUNWRIGHT_BIN, bin/, the dev build."""
    places = [os.environ.get("RUNWRIGHT_BIN"), os.path.join(ROOT, "bin"), os.path.join(ROOT, "build/dev/bin")]
    places.append(os.path.join(ROOT, "build/dev/apps/runwright"))
    for place in places:
        path = os.path.join(place or "", name)
        if place and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


class RealServer:
    """`runwright server` in a folder of its own; its credential is in the test's home."""

    def __init__(self, program, data, home):
        self.program, self.data, self.home = program, data, home
        self.process = None
        self.url = None
        self.start()

    def env(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("RUNWRIGHT_", "XDG_"))}
        env["HOME"] = self.home
        return env

    def start(self):
        command = [self.program, "server", "--data", self.data]
        command += ["--listen", re.sub("^https?://", "", self.url) if self.url else "127.0.0.1:0"]
        self.process = subprocess.Popen(command, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        found = re.search(r"https?://\S+", line)
        assert found, "runwright server said %r" % line
        self.url = found.group(0).rstrip("/")

    def kill(self):
        """SIGKILL, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process.stdout.close()
