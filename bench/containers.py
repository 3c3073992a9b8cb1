"""A run in a container on an image that is there, beside bare `podman run`."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from common import BIN, CACHE, ROOT, environment, now_ns, percentile, row

ROUNDS = 20
IMAGE = "localhost/bench:1"
FIRST_LINE = "import time; print(time.time_ns(), flush=True)"
CONTAINERS_CONF = '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=32768:32768"]\n[engine]\nruntime = "runc"\n'
STORAGE_CONF = '[storage]\ndriver = "overlay"\ngraphroot = "%s/store"\nrunroot = "%s/run"\n'


def engine_variables(folder):
    (folder / "containers.conf").write_text(CONTAINERS_CONF)
    (folder / "storage.conf").write_text(STORAGE_CONF % (folder, folder))
    return {"CONTAINERS_CONF": str(folder / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}


class Client:
    def __init__(self, project, env):
        self.server = json.loads((project / "config.json").read_text())["server"]
        entries = json.loads(pathlib.Path(env["XDG_CONFIG_HOME"], "runwright", "credentials.json").read_text())["servers"]
        self.token = next(e["token"] for e in entries if e["server"] == self.server)
        self.workspace = self.ask("/api/v1/workspaces")["items"][0]["id"]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def first_line_ms(self, runs):
        start = now_ns()
        made = self.ask("/api/v1/workspaces/%s/runs" % self.workspace, {
            "experiment": "containers", "command": "exec python3 -c '%s'" % FIRST_LINE,
            "environment": {"kind": "interpreter", "image": {"name": IMAGE}}})
        while self.ask("/api/v1/runs/" + made["id"])["status"] not in ("Completed", "Failed"):
            time.sleep(0.02)  # a look at the end, not what is measured
        return (int((runs / made["id"] / "azureml-logs" / "70_driver_log.txt").read_text()) - start) / 1e6


def bare_ms(env):
    start = now_ns()
    done = subprocess.run(["podman", "run", "--rm", "--network=host", IMAGE, "python3", "-c", FIRST_LINE], env=env, stdout=subprocess.PIPE, check=True)
    return (int(done.stdout) - start) / 1e6


def measure(home):
    env = environment(home)
    env.update(engine_variables(home))
    project = home / "project"
    project.mkdir()
    subprocess.run(["podman", "import", "--quiet", str(CACHE / "container-base-bookworm.tar"), IMAGE], env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([str(BIN / "runwright"), "init", str(project), "--workspace", "bench"], env=env, check=True, stdout=subprocess.DEVNULL)
    try:
        client = Client(project, env)
        runs = home / "data" / "runwright" / "runs"
        both = [(client.first_line_ms(runs), bare_ms(env)) for _ in range(ROUNDS + 2)][2:]
    finally:
        subprocess.run([str(BIN / "runwright"), "server", "stop"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["podman", "rmi", "--all", "--force"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for share in (0.5, 0.9):
        ours, peer = (percentile([pair[i] for pair in both], share) for i in (0, 1))
        yield row("container run -> first line, p%d" % (share * 100), ours, "ms", peer, "bare podman run", "bare + 50 ms")


def run():
    made = subprocess.run([str(ROOT / "tools" / "container_image.sh"), str(CACHE / "container-base-bookworm.tar")])
    if os.geteuid() != 0 or not shutil.which("podman") or made.returncode != 0:
        print("SKIPPED: containers need root, podman, runc and debootstrap", file=sys.stderr)
        return
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-bench-"))
    try:
        yield from measure(home)
    finally:
        shutil.rmtree(str(home), ignore_errors=True)
