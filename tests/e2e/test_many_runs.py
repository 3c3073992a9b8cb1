"""More runs at once than the machine has inotify instances: each can be followed, and nothing is left of any."""
import concurrent.futures
import json
import os
import pathlib
import urllib.request

from waiting import wait_for

RUNS = int(os.environ.get("RUNWRIGHT_TEST_RUNS", 300))  # 128 inotify instances are a usual limit


def test_more_runs_at_once_than_inotify_instances(installation):
    gate = installation.home / "gate"
    os.mkfifo(str(gate))
    url, token = installation.config()["server"], installation.token()

    def ask(method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Authorization": "Bearer " + token}, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()

    workspace = json.loads(ask("GET", "/api/v1/workspaces"))["items"][0]["id"]
    installation.cli("compute", "update", "local", "--max-nodes", "300")

    def submit(number):
        body = {"experiment": "many", "run_id": "many_%d" % number, "command": "echo begin; : < %s; echo end" % gate,
                "environment": {"kind": "interpreter", "interpreter_path": "/usr/bin/python3"}}
        return json.loads(ask("POST", "/api/v1/workspaces/%s/runs" % workspace, body))["id"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(submit, range(RUNS)))

    def log(run_id):
        try:
            return ask("GET", "/api/v1/runs/%s/artifacts/content?name=azureml-logs/70_driver_log.txt" % run_id)
        except urllib.error.HTTPError:
            return b""

    def status(run_id):
        return json.loads(ask("GET", "/api/v1/runs/" + run_id))["status"]

    for run_id in ids:
        wait_for(lambda one=run_id: log(one) == b"begin\n", 120, "the log of %s while it runs" % run_id)
    assert [one for one in ids if status(one) != "Running"] == []
    for pid, argv, _ in installation.processes():
        held = pathlib.Path("/proc/%d/status" % pid).read_text()
        resident = int(held.partition("RssAnon:")[2].split()[0])
        limit = 64 << 10 if argv.split(b"\0")[1:2] == [b"server"] else 8 << 10
        assert resident < limit, (argv, resident)
    release = os.open(str(gate), os.O_RDWR)
    try:
        for run_id in ids:
            wait_for(lambda one=run_id: status(one) == "Completed", 120, "the end of %s" % run_id)
    finally:
        os.close(release)
    assert [one for one in ids if log(one) != b"begin\nend\n"] == []
    server = installation.server_pid()
    wait_for(lambda: [p for p in installation.processes() if p[0] != server] == [], what="the end of every process")
    nodes = json.loads(ask("GET", "/api/v1/workspaces/%s/computes/local" % workspace))["nodes"]
    assert [node for node in nodes if node.get("run_id")] == []
