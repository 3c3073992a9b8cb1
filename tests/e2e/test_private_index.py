"""A package index that wants a password, which the secret store holds: used, and seen by nobody."""
import base64
import http.server
import os
import threading

import pytest
from package_places import Server, wheel
from test_environments import ended, text_of

USER, PASSWORD = "team", "hunter2-p@ss/word"
TRACES = [text.encode() for text in ("hunter2", "hunter2-p%40ss%2Fword", base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode())]


class Index:
    """An index that asks for the password, and files elsewhere that ask for nothing."""

    def __init__(self, folder):
        self.folder = folder
        self.files, self.files_port = self.serve(self.file)
        self.index, self.port = self.serve(self.page)
        self.seen_by_files = []
        self.opened = 0

    def serve(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server, server.server_address[1]

    def page(self, request):
        expected = "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
        if request.headers.get("Authorization") != expected:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="index"')
            request.end_headers()
            return
        self.opened += 1
        if request.path.startswith("/team/simple/rwpriv"):
            body = b'<a href="/team/files/rwpriv-1.0-py3-none-any.whl">rwpriv-1.0-py3-none-any.whl</a>'
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        elif request.path.startswith("/team/files/"):
            request.send_response(302)
            request.send_header("Location", "http://localhost:%d/%s" % (self.files_port, os.path.basename(request.path)))
            request.end_headers()
        else:
            request.send_error(404)

    def file(self, request):
        self.seen_by_files.append(dict(request.headers))
        with open(os.path.join(str(self.folder), os.path.basename(request.path)), "rb") as file:
            body = file.read()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)

    def close(self):
        for server in (self.files, self.index):
            server.shutdown()
            server.server_close()


@pytest.fixture
def index(installation):
    folder = installation.home / "wheels"
    folder.mkdir()
    wheel(folder, "rwpriv", "1.0")
    one = Index(folder)
    try:
        yield one
    finally:
        one.close()


class Watch(threading.Thread):
    """Looks at every argument list of the machine for the password."""

    def __init__(self):
        super().__init__(daemon=True)
        self.found, self.done, self.looks = [], threading.Event(), 0

    def run(self):
        while not self.done.is_set():
            self.looks += 1
            for entry in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open("/proc/%s/cmdline" % entry, "rb") as file:
                        argv = file.read()
                except OSError:
                    continue
                if any(trace in argv for trace in TRACES):
                    self.found.append(argv)


def traces_below(folder):
    found = []
    for where, _, names in os.walk(str(folder)):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    text = file.read()
                found += [path for trace in TRACES if trace in text]
    return found


def test_a_build_without_a_run_takes_the_secrets_of_a_workspace(installation, index):
    server = Server(installation)
    spec = {"kind": "pip", "requirements": ["rwpriv"], "index_url": "http://127.0.0.1:%d/team/simple" % index.port,
            "credentials": [{"url": "http://127.0.0.1:%d/team" % index.port, "secret": "pypi-team"}]}
    workspace = server.workspace()
    secret = "/api/v1/workspaces/%s/secrets/pypi-team" % workspace
    assert server.call("PUT", secret, {"value": "%s:%s" % (USER, PASSWORD)})[0] in (200, 201)
    build = server.build(spec)
    assert build["state"] == "Failed" and "none was named: give `workspace`" in build["error"], build
    status, refused = server.call("POST", "/api/v1/builds", {"spec": spec, "workspace": "no-such"})
    assert status in (403, 404), refused
    assert index.opened == 0
    # The command line has a workspace: that of config.json.
    registered = {"name": "private", "definition": {}, "spec": spec}
    assert server.call("POST", "/api/v1/workspaces/%s/environments" % workspace, registered)[0] == 201
    assert b"rwpriv==1.0" in installation.cli("env", "lock", "private").stdout
    assert installation.cli("env", "build", "private").stdout.startswith(b"ready: env_id")
    assert index.opened > 0
    installation.cli("server", "stop")
    assert traces_below(installation.home) == []


def test_the_secret_opens_the_index_and_is_seen_by_nobody(installation, index):
    server = Server(installation)
    url = "http://127.0.0.1:%d/team/simple" % index.port
    spec = {"kind": "pip", "requirements": ["rwpriv"], "index_url": url,
            "credentials": [{"url": "http://127.0.0.1:%d/team" % index.port, "secret": "pypi-team"}]}
    show = "python -c 'import os, rwpriv; print(\"value\", rwpriv.VALUE); print(os.environ)'"
    # Without the secret: told which one is missing. With a wrong one: told who refused.
    run = ended(installation, server.submit(spec, show))
    assert run["status"] == "Failed" and "no secret 'pypi-team'" in run["error"]["message"], run["error"]
    secret = "/api/v1/workspaces/%s/secrets/pypi-team" % server.workspace()
    assert server.call("PUT", secret, {"value": "team:wrong"})[0] in (200, 201)
    run = ended(installation, server.submit(spec, show))
    assert run["status"] == "Failed" and ("401" in run["error"]["message"] or "unauthorized" in run["error"]["message"].lower()), run["error"]
    assert index.opened == 0
    assert server.call("PUT", secret, {"value": "%s:%s" % (USER, PASSWORD)})[0] == 200
    watch = Watch()
    watch.start()
    run_id = server.submit(spec, show)
    run = ended(installation, run_id)
    watch.done.set()
    watch.join()
    assert run["status"] == "Completed", run["error"]
    assert index.opened > 0 and watch.looks > 3 and watch.found == []
    log = text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
    assert "value 1.0" in log and "hunter2" not in log
    # Where the index sends elsewhere, the password does not go along.
    assert index.seen_by_files and not [h for h in index.seen_by_files if "Authorization" in h]
    installation.cli("server", "stop")
    assert traces_below(installation.home) == []
