"""Names, documents, tokens and connections that mean no good: a 4xx that names the field, bounded memory and time, and nothing outside of its root."""
import hashlib
import json
import os
import pathlib
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from waiting import wait_for

# Never the name of a file of a run.
BAD_NAMES = ["../x", "a/../../x", "/etc/x", "a\nb", "a\0b", "x" * 10000, "a/" + "y" * 300, "", ".", "..", "a\x7fb"]
# Odd, and fine everywhere on Linux.
ODD_NAMES = ["CON", "nul.txt", "a b@c", "naïve ☃.txt", "trailing.", "-rf", "~", "$HOME", "a\\b", "%2e%2e%2fx", "a:b", "☃" * 80]


class Client:
    def __init__(self, one):
        self.url, self.token = one.config()["server"], one.token()
        self.host = self.url.split("://")[1]
        self.ws = json.loads(self("GET", "/api/v1/workspaces")[1])["items"][0]["id"]

    def __call__(self, method, path, body=None, token=None, content="application/json"):
        headers = {"Authorization": "Bearer " + (self.token if token is None else token), "Content-Type": content}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers, method=method), timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def refused(self, method, path, body=None, field=None, status=(400, 413), **more):
        """The error's document, which is short and names the field."""
        got, text = self(method, path, body, **more)
        assert got in (status if isinstance(status, tuple) else (status,)), (path[:200], got, text[:500])
        assert len(text) < 2000, "a long error: %r" % text[:300]
        error = json.loads(text)["error"]
        assert error["message"] and "\n" not in error["message"], error
        if field:
            assert error.get("field") == field, (path[:200], error)
        return error

    def raw(self, text, seconds=10):
        with socket.create_connection(self.host.split(":"), timeout=seconds) as s:
            s.sendall(text if isinstance(text, bytes) else text.encode())
            out = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    return out
                out += piece
                if out.endswith(b"}") and b"\r\n\r\n" in out:
                    return out


@pytest.fixture
def client(installation):
    return Client(installation)


@pytest.fixture
def run(installation, client):
    status, text = client("POST", "/api/v1/workspaces/%s/runs" % client.ws, {"experiment": "exp", "run_id": "hostile"})
    assert status == 201, text
    return "/api/v1/runs/hostile"


def tree_of(folder):
    return sorted(str(p) for p in pathlib.Path(str(folder)).rglob("*"))


def q(text):
    return urllib.parse.quote(text, safe="")


def test_names_of_files(installation, client, run):
    before = [p for p in tree_of(installation.home) if not p.startswith(str(installation.data))]
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert client("PUT", "/api/v1/blobs/" + digest, "bytes")[0] == 201
    for name in BAD_NAMES:
        client.refused("PUT", run + "/artifacts/content?name=" + q(name), "bytes", field="name")
        client.refused("POST", run + "/artifacts", {"name": name, "digest": digest, "size": 5}, field="name")
        client.refused("POST", run + "/logs?offset=0&name=" + q(name), "text", field="name")
        client.refused("GET", run + "/artifacts/content?name=" + q(name), field="name", status=(400, 404))
        client.refused("POST", "/api/v1/workspaces/%s/models" % client.ws, {"name": "m", "files": [{"path": name, "digest": digest, "size": 5}]})
    for raw in (b"a%ffb", b"%c3%28", b"%ed%a0%80"):  # no UTF-8
        client.refused("PUT", run + "/artifacts/content?name=" + raw.decode(), "bytes")
    for name in ODD_NAMES:
        status, text = client("PUT", run + "/artifacts/content?name=" + q(name), name)
        assert status in (200, 201), (name, text)
        assert client("GET", run + "/artifacts/content?name=" + q(name)) == (200, name.encode())
    listed = [a["name"] for a in json.loads(client("GET", run + "/artifacts?limit=1000")[1])["items"]]
    assert sorted(listed) == sorted(ODD_NAMES)
    assert [p for p in tree_of(installation.home) if not p.startswith(str(installation.data))] == before
    assert not os.path.exists("/etc/x")


def test_names_of_other_things(client, run):
    ws = "/api/v1/workspaces/" + client.ws
    for name in BAD_NAMES + ["CON/..", "a b", "☃☃☃", "x" * 37]:
        client.refused("POST", ws + "/experiments", {"name": name}, field="name" if not name else None)
        client.refused("POST", "/api/v1/workspaces", {"name": name})
        client.refused("POST", ws + "/computes", {"name": name, "vm_size": "STANDARD_D2_V2"})
        client.refused("POST", ws + "/runs", {"experiment": name}, field="experiment")
        if name:
            client.refused("POST", ws + "/runs", {"experiment": "exp", "run_id": name + "/"}, field="run_id")
            assert client("GET", "/api/v1/runs/" + q(name))[0] in (400, 404)
    for script in ("../x", "/etc/passwd", "a\0b", "x" * 10000):
        client.refused("POST", ws + "/runs", {"experiment": "exp", "script": script, "snapshot_id": "0" * 64}, field="script")
    # Names of metrics, tags and properties are anything at all, and come back as they went in.
    for name in [n for n in BAD_NAMES if n and len(n) < 1000] + ODD_NAMES:
        assert client("POST", run + "/metrics", {"metrics": [{"name": name, "value": 1.5}]})[0] == 200
        assert client("PATCH", run, {"tags": {name: name}, "properties": {name: "p"}})[0] == 200
    document = json.loads(client("GET", run)[1])
    for name in ODD_NAMES + ["../x", "a\nb", "a\0b"]:
        assert document["tags"][name] == name and document["properties"][name] == "p"
    metrics = {m["name"]: m["values"] for m in json.loads(client("GET", run + "/metrics")[1])["metrics"]}
    assert metrics["../x"] == [1.5] and metrics["a\0b"] == [1.5]


def test_documents(client, run):
    ws = "/api/v1/workspaces/" + client.ws
    submit = ws + "/runs"
    deep = "[" * 100000 + "]" * 100000
    for text in (deep, '{"experiment": ' * 70 + "1" + "}" * 70, '{"experiment": "exp"', '{"experiment": "exp",}', "[]", '"text"', "nonsense", '{"a": 1, "a": 2}', '{"experiment": "\ud800"}'.encode("utf-8", "surrogatepass"), b'{"experiment": "\xff"}', '{"experiment": "a\0b"}', "{} {}"):
        client.refused("POST", submit, text)
    wrong = [
        ({"experiment": 1}, "experiment"), ({"experiment": ["exp"]}, "experiment"), ({"experiment": {"a": 1}}, "experiment"), ({}, "experiment"),
        ({"experiment": "exp", "arguments": "x"}, "arguments"), ({"experiment": "exp", "command": "c", "arguments": [1]}, "arguments[0]"), ({"experiment": "exp", "command": 5}, "command"),
        ({"experiment": "exp", "tags": []}, "tags"), ({"experiment": "exp", "tags": {"a": {}}}, "tags"), ({"experiment": "exp", "properties": {"a": 1}}, None),
        ({"experiment": "exp", "command": "c", "max_run_duration_seconds": "1"}, "max_run_duration_seconds"), ({"experiment": "exp", "command": "c", "max_run_duration_seconds": -1}, "max_run_duration_seconds"), ({"experiment": "exp", "command": "c", "max_run_duration_seconds": 1e300}, "max_run_duration_seconds"),
        ({"experiment": "exp", "command": "c", "environment_variables": {"a=b": "c"}}, None), ({"experiment": "exp", "command": "c", "environment_variables": {"A": "b\0c"}}, "environment_variables.A"),
        ({"experiment": "exp", "command": "c", "environment": []}, None), ({"experiment": "exp", "command": "c", "environment": {"kind": 7}}, None), ({"experiment": "exp", "parent_id": 5}, "parent_id"), ({"experiment": "exp", "snapshot_id": "../../x", "command": "c"}, None),
    ]
    for body, field in wrong:
        error = client.refused("POST", submit, body, field=field, status=(400, 404, 412, 413))
        assert error.get("field"), (body, error)
    # Unknown members are for a client that is newer: taken, and of no effect.
    status, text = client("POST", submit, {"experiment": "exp", "run_id": "newer", "frobnicate": {"a": [1]}})
    assert status == 201 and "frobnicate" not in json.loads(text)
    huge = '{"experiment": "exp", "display_name": "%s"}' % ("x" * (65 << 20))
    client.refused("POST", submit, huge)
    for body, field in (({"metrics": 5}, "metrics"), ({"metrics": [{}]}, "metrics[0]"), ({"metrics": [5]}, "metrics[0]"), ({"metrics": [{"name": "a", "value": 1, "step": "x"}]}, "metrics[0].step"), ({"metrics": [{"name": 5, "value": 1}]}, None)):
        client.refused("POST", run + "/metrics", body, field=field)
    for offset in ("-1", "x", "9" * 30, "1.5", ""):
        client.refused("POST", run + "/logs?name=l&offset=" + offset, "x", field="offset")
        client.refused("POST", run + "/journal?writer=0123456789abcdef&offset=" + offset, "x", field="offset")
    client.refused("POST", run + "/journal?writer=../x&offset=0", "x", field="writer")
    client.refused("POST", run + "/journal?writer=0123456789abcdef&offset=0", os.urandom(5000), content="application/octet-stream")
    for limit in ("0", "-1", "x", "10000000"):
        client.refused("GET", submit + "?limit=" + limit, field="limit")
    client.refused("PUT", "/api/v1/blobs/nothex", "x", field="digest")
    client.refused("PUT", "/api/v1/blobs/" + "0" * 64, "x")
    client.refused("POST", "/api/v1/blobs/pack", b"\xff" * 100)
    assert client("GET", run)[0] == 200


def test_tokens(installation, client, run):
    for token in ("", "x", "0" * 64, "a" * 10000, client.token[:-1], client.token + "0", client.token.upper(), "☃".encode().decode("latin-1")):
        client.refused("GET", run, token=token, status=401)
    for header in ("Basic " + client.token, client.token, "Bearer", "Bearer  ", "bearer\t"):
        answer = client.raw("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nConnection: close\r\n\r\n" % (run, header))
        assert b" 401 " in answer.split(b"\r\n")[0], (header, answer[:100])
    # A run's own token opens its own run and no other.
    installation.write("wait.py", "import os, time\nwhile not os.path.exists('outputs/stop'):\n    time.sleep(0.01)\n")
    run_id = installation.json("submit", "wait.py")["id"]
    state = installation.run_dir(run_id) / "state" / "grant.json"
    wait_for(lambda: state.exists(), what="the grant")
    token = json.loads(state.read_text())["token"]
    client.refused("PATCH", run, {"tags": {"a": "b"}}, token=token, status=403)
    client.refused("POST", run + "/metrics", {"metrics": []}, token=token, status=403)
    client.refused("POST", "/api/v1/workspaces", {"name": "other"}, token=token, status=403)
    client.refused("POST", "/api/v1/server/stop", {}, token=token, status=403)
    client.refused("POST", "/api/v1/allocations/nonsense/claim", {"claimant": "c", "secret": "s", "protocol": 1}, status=(401, 404))
    wait_for(lambda: (installation.run_dir(run_id) / "work" / "outputs").exists(), what="the working folder")
    (installation.run_dir(run_id) / "work" / "outputs" / "stop").write_text("")
    wait_for(lambda: installation.json("runs", "show", run_id)["status"] == "Completed", what="the run's end")


def test_malformed_http(client, run):
    auth = "Authorization: Bearer " + client.token
    for text, wanted in (
        ("GARBAGE\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400), ("GET %s HTTP/1.1\r\n%s\r\nX: %s\r\n\r\n" % (run, auth, "y" * 100000), 413),
        ("POST %s/metrics HTTP/1.1\r\n%s\r\nContent-Length: -5\r\n\r\n" % (run, auth), 400), ("POST %s/metrics HTTP/1.1\r\n%s\r\nContent-Length: 99999999999999999999999\r\n\r\n" % (run, auth), 400),
        ("POST %s/metrics HTTP/1.1\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" % (run, auth), 400), ("GET /%%zz HTTP/1.1\r\n%s\r\n\r\n" % auth, (400, 404)), ("GET %s?a=%%zz HTTP/1.1\r\n%s\r\n\r\n" % (run, auth), 400),
        ("GET /../../etc/passwd HTTP/1.1\r\n%s\r\n\r\n" % auth, (400, 404)), ("GET /%%2e%%2e/%%2e%%2e/etc/passwd HTTP/1.1\r\n%s\r\n\r\n" % auth, (400, 404)),
    ):
        answer = client.raw(text)
        status = int(answer.split()[1])
        assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), (text[:80], answer[:300])
    assert client("GET", run)[0] == 200


def rss_mb(pid):
    for line in open("/proc/%d/status" % pid):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def test_slow_and_half_open_connections(installation, client, run):
    """A thousand connections that say little or nothing: the server serves, and its memory stays small."""
    pid = installation.server_pid()
    host, port = client.host.split(":")
    before = rss_mb(pid)
    held = []
    try:
        for i in range(1000):
            s = socket.create_connection((host, int(port)), timeout=10)
            if i % 3 == 0:
                s.sendall(b"GET /api/v1/runs/hostile HTTP/1.1\r\nX-Slow: ")
            elif i % 3 == 1:
                s.sendall(("POST /api/v1/runs/hostile/metrics HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Length: 1000000\r\n\r\n{" % client.token).encode())
            held.append(s)
        started = time.monotonic()
        for s in held[::10]:
            try:
                s.sendall(b"a")
            except OSError:
                pass
        assert client("GET", run)[0] == 200
        assert time.monotonic() - started < 5
        assert rss_mb(pid) - before < 48, "slow connections took %.0f MB" % (rss_mb(pid) - before)
        for _ in range(150):  # almost whole bodies, each just small enough to be held in memory
            s = socket.create_connection((host, int(port)), timeout=10)
            s.sendall(("POST /api/v1/runs/hostile/metrics HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Length: 1000000\r\n\r\n" % client.token).encode() + b" " * 999999)
            held.append(s)
        assert client("GET", run)[0] == 200
        assert rss_mb(pid) - before < 64, "bodies took %.0f MB" % (rss_mb(pid) - before)
    finally:
        for s in held:
            s.close()
    # Without a token a body is not even read.
    answer = client.raw("POST /api/v1/runs/hostile/metrics HTTP/1.1\r\nContent-Length: 5000000000\r\n\r\n")
    assert b" 401 " in answer.split(b"\r\n")[0]
    assert client("GET", run)[0] == 200


def test_odd_files_in_the_source_folder(installation):
    """Links go in as links and are followed by nobody; what is neither file nor folder is left out or refused in words; an unreadable file is named."""
    project = installation.project
    outside = installation.home / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    installation.write("ok.py", "import os\nprint(sorted(os.listdir('.')))\nprint(open('data/plain').read())\n")
    (project / "data").mkdir()
    (project / "data" / "plain").write_text("plain")
    (project / "data" / "loop").symlink_to(project / "data")
    (project / "data" / "self").symlink_to("self")
    (project / "data" / "dangling").symlink_to("nowhere")
    for name in ("CON", "a b", "naïve ☃", "-rf"):
        (project / "data" / name).write_text(name)
    run_id = installation.json("submit", "ok.py")["id"]
    wait_for(lambda: installation.json("runs", "show", run_id)["status"] in ("Completed", "Failed"), what="the run's end")
    assert installation.json("runs", "show", run_id)["status"] == "Completed", installation.cli("logs", run_id).stdout
    (project / "data" / "away").symlink_to(outside / "secret")
    (project / "data" / "loop2").mkdir()
    os.mkfifo(str(project / "data" / "fifo"))
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(str(project / "data"))
        try:
            listening.bind("sock")
        finally:
            os.chdir("/")
        done = installation.cli("submit", "ok.py", "--json", check=False, timeout=60)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, 2), text
    if done.returncode == 2:
        assert "fifo" in text or "sock" in text or "away" in text, text
    for name in ("fifo", "sock", "away"):
        (project / "data" / name).unlink()
    bad = os.path.join(os.fsencode(str(project / "data")), b"bad\xffname")
    open(bad, "w").close()
    done = installation.cli("submit", "ok.py", check=False)
    assert done.returncode == 2 and b"UTF-8" in done.stderr and b"Rename it" in done.stderr, done.stderr
    os.unlink(bad)


def test_odd_files_in_outputs(installation):
    """What a script leaves in outputs/: odd things become warnings, the others are stored."""
    installation.write("odd.py", """
import os, socket
os.symlink('self', 'outputs/self')
os.symlink('/etc/passwd', 'outputs/away')
os.symlink('..', 'outputs/up')
os.mkfifo('outputs/fifo')
s = socket.socket(socket.AF_UNIX); os.chdir('outputs'); s.bind('sock'); os.chdir('..')
open('outputs/CON', 'w').write('con')
open(b'outputs/bad\\xffname', 'w').close()
open('outputs/new\\nline', 'w').close()
open('outputs/fine', 'w').write('fine')
""")
    run_id = installation.json("submit", "odd.py")["id"]
    run = wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed") and r)(installation.json("runs", "show", run_id)), what="the run's end")
    assert run["status"] == "Completed", run
    client = Client(installation)
    names = {a["name"] for a in json.loads(client("GET", "/api/v1/runs/%s/artifacts?prefix=outputs" % run_id)[1])["items"]}
    assert names == {"outputs/CON", "outputs/fine"}, names
    warned = "\n".join(w["message"] for w in run["warnings"])
    for name in ("away", "fifo", "sock", "bad", "new"):
        assert name in warned, (name, warned)
