"""A backup taken while the server writes, taken again, and restored to a server of its own."""
import hashlib
import json
import os
import pathlib
import subprocess
import threading
import urllib.parse
import urllib.request

from installation import BIN, Installation
from waiting import wait_for


class Api:
    """The REST API of one installation's server."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def __call__(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token}
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/api/v1" + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def json(self, *arguments):
        return json.loads(self(*arguments))


class Load:
    """Threads that log points, lines and files into a run each, and know what was acknowledged."""

    def __init__(self, api, ws, count):
        self.api, self.stopping, self.acked, self.errors = api, threading.Event(), {}, []
        self.threads = [threading.Thread(target=self._work, args=(ws, "load-%d" % i)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _work(self, ws, run):
        try:
            self.api("POST", "/workspaces/%s/runs" % ws, {"experiment": "load", "run_id": run})
            log = b""
            i = 0
            while not self.stopping.is_set():
                self.api("POST", "/runs/%s/metrics" % run, {"metrics": [{"name": "i", "value": i}]})
                line = b"line %d\n" % i
                self.api("POST", "/runs/%s/logs?name=log.txt&offset=%d" % (run, len(log)), line)
                log += line
                self.api("PUT", "/runs/%s/artifacts/content?name=outputs/%d" % (run, i), os.urandom(500 + i))
                i += 1
                self.acked[run] = i
        except Exception as error:
            self.errors.append(error)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors[0]


def api_of(installation):
    return Api(installation.config()["server"], installation.token())


def check_run(api, run, at_least):
    """All that was acknowledged before is there, whole and in order."""
    values = api.json("GET", "/runs/%s/metrics" % run)["metrics"][0]["values"]
    assert values == list(range(len(values))) and len(values) >= at_least
    lines = api("GET", "/runs/%s/artifacts/content?name=log.txt" % run).decode().splitlines()
    assert lines == ["line %d" % i for i in range(len(lines))] and len(lines) >= at_least
    files = api.json("GET", "/runs/%s/artifacts?prefix=outputs/" % run)["items"]
    assert len(files) >= at_least
    for file in files:
        content = api("GET", "/runs/%s/artifacts/content?name=%s" % (run, file["name"]))
        assert hashlib.sha256(content).hexdigest() == file["digest"]


def test_a_backup_under_load_restores_to_a_server_that_has_everything(installation, tmp_path):
    api = api_of(installation)
    ws = api.json("GET", "/workspaces")["items"][0]["id"]
    api("PUT", "/workspaces/%s/secrets/db-password" % ws, {"value": "s3cret"})
    installation.write("train.py", "import os\nopen('outputs/m', 'w').write('m')\nprint('hello')\n")
    installation.cli("submit", "--follow", "--experiment", "digits", "train.py")
    load = Load(api, ws, 3)
    dest = tmp_path / "backup"
    try:
        wait_for(lambda: len(load.acked) == 3 and min(load.acked.values()) > 20, what="some load")
        installation.json("backup", dest)
        wait_for(lambda: min(load.acked.values()) > 60, what="more load")
        before = dict(load.acked)
        report = installation.json("backup", dest)
    finally:
        load.stop()
    assert report["problems"] == [] and 0 < report["new_blobs"] < report["blobs"]["count"]
    assert sum(load.acked.values()) > sum(before.values()), "the server stood still during the backup"

    restored = Installation(tmp_path / "other")
    out = restored.cli("restore", dest, "--data", restored.data).stdout.decode()
    assert "Every hash was verified" in out
    process = subprocess.Popen([str(BIN / "runwright"), "server", "--listen", "127.0.0.1:0"], env=restored.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        url = process.stdout.readline().decode().strip()
        entries = json.loads((restored.home / "config/runwright/credentials.json").read_text())["servers"]
        again = Api(url, next(entry["token"] for entry in entries if entry["server"] == url))
        for run, count in before.items():
            check_run(again, run, count)
        run = again.json("GET", "/workspaces/%s/runs?experiment=digits" % ws)["items"][0]
        assert run["status"] == "Completed"
        assert again("GET", "/runs/%s/artifacts/content?name=outputs/m" % run["id"]) == b"m"
        snapshot = again.json("GET", "/snapshots/" + run["snapshot_id"])
        for entry in snapshot["entries"]:
            if entry["mode"] != "040000":
                assert hashlib.sha256(again("GET", "/blobs/" + entry["digest"])).hexdigest() == entry["digest"]
        assert again.json("GET", "/workspaces/%s/secrets/db-password" % ws)["value"] == "s3cret"
        healthy = json.loads(restored.cli("doctor", "--data", restored.data, "--deep", "--json").stdout)
        assert healthy["healthy"] and any("every hash verified" in one["text"] for one in healthy["findings"])
        # Tokens that others hold are valid there too, and the first server's own is untouched.
        assert Api(url, api.token).json("GET", "/workspaces")["items"][0]["id"] == ws
        assert api_of(installation).json("GET", "/workspaces")["items"][0]["id"] == ws
    finally:
        process.terminate()
        process.wait(30)
    assert pathlib.Path(dest / "backup.json").exists()


def test_a_backup_of_a_stopped_server_and_its_errors(installation, tmp_path):
    installation.cli("server", "stop")
    dest = tmp_path / "backup"
    assert installation.json("backup", dest)["problems"] == []
    refused = installation.cli("restore", dest, "--data", installation.data, check=False)
    assert refused.returncode == 5 and b"is not empty" in refused.stderr
    nothing = installation.cli("backup", "--data", installation.project, dest, check=False)
    assert nothing.returncode == 4 and b"no data folder" in nothing.stderr
    inside = installation.cli("backup", installation.data / "backup", check=False)
    assert inside.returncode == 2 and b"outside of the data folder" in inside.stderr
