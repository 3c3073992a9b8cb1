"""Runs in containers, by a real podman on an image made here, in a store of the test's own."""
import base64
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

import pytest
from installation import Installation
from waiting import wait_for

IMAGE_TAR = os.environ.get("RUNWRIGHT_TEST_IMAGE", "")
PODMAN = shutil.which("podman")
BASE = "localhost/base:12"
# What this kind of machine needs where control groups are mixed and limits cannot be raised.
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=%d:%d", "nproc=32768:32768"]
[engine]
runtime = "runc"
"""
STORAGE_CONF = '[storage]\ndriver = "overlay"\ngraphroot = "%s/store"\nrunroot = "%s/run"\n'

pytestmark = pytest.mark.skipif(
    not PODMAN or not os.path.exists(IMAGE_TAR) or os.geteuid() != 0,
    reason="SKIPPED: containers: podman, runc and debootstrap (apt-get install) and root are needed; tools/test_python.sh makes the image",
)


class Engine:
    def __init__(self, folder):
        self.folder = folder
        limit = int(subprocess.run(["sh", "-c", "ulimit -Hn"], stdout=subprocess.PIPE, check=True).stdout)
        (folder / "containers.conf").write_text(CONTAINERS_CONF % (limit, limit))
        (folder / "storage.conf").write_text(STORAGE_CONF % (folder, folder))
        (folder / "registries.conf").write_text("")
        self.env = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        }

    def __call__(self, *arguments, check=True, **options):
        done = subprocess.run([PODMAN] + list(arguments), env=dict(os.environ, **self.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        assert not check or done.returncode == 0, (arguments, done.stderr.decode())
        return done.stdout.decode()

    def containers(self):
        return self("ps", "--all", "--format", "{{.Names}}").split()

    def allow_http(self, registry):
        (self.folder / "registries.conf").write_text('[[registry]]\nlocation = "%s"\ninsecure = true\n' % registry)


@pytest.fixture(scope="module")
def engine():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rw-podman-"))
    one = Engine(folder)
    one("import", IMAGE_TAR, BASE)
    yield one
    one("rm", "--all", "--force", check=False)
    one("rmi", "--all", "--force", check=False)
    shutil.rmtree(str(folder), ignore_errors=True)


class Home(Installation):
    def post(self, path, body):
        request = urllib.request.Request(self.config()["server"] + path, json.dumps(body).encode(), {"Authorization": "Bearer " + self.token(), "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def workspace(self):
        request = urllib.request.Request(self.config()["server"] + "/api/v1/workspaces", headers={"Authorization": "Bearer " + self.token()})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["items"][0]["id"]

    def submit(self, command, image, kind="interpreter", container=None, variables=None, **spec):
        body = {"experiment": "containers", "command": command, "environment": dict(spec, kind=kind, image=image if isinstance(image, dict) else {"name": image})}
        if container:
            body["container"] = container
        if variables:
            body["environment_variables"] = variables
        return self.post("/api/v1/workspaces/%s/runs" % self.workspace(), body)

    def ended(self, run_id):
        return wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed", "Canceled") and r)(self.json("runs", "show", run_id)), 120, "the end of " + run_id)

    def run(self, command, image=BASE, **more):
        made = self.submit(command, image, **more)
        assert "id" in made, made
        return self.ended(made["id"])

    def log(self, run_id):
        path = self.run_dir(run_id) / "azureml-logs" / "70_driver_log.txt"
        return path.read_text() if path.exists() else ""

    def python(self, code):
        """A command that runs the code by the image's Python."""
        self.count = getattr(self, "count", 0) + 1
        return "python3 - <<'EOF'\n%s\nEOF\n" % code


@pytest.fixture
def home(engine):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rw-e2e-"))
    one = Home(folder)
    one.env.update(engine.env)
    one.cli("init", ".", "--workspace", "ws")
    try:
        yield one
    finally:
        one.cli("server", "stop", check=False)
        for pid, _, _ in one.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(str(folder), ignore_errors=True)


def test_a_script_runs_in_the_image_and_logs_from_there(home, engine):
    script = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log('accuracy', 0.5)
print('tags', run.get_tags())
open('outputs/model.txt', 'w').write('model')
print(repr(os.environ['TWO']), os.path.exists('/run/.containerenv'), os.getcwd() == os.environ['RUNWRIGHT_RUN_DIR'] + '/work')
print(open('/proc/1/cmdline').read().split(chr(0))[0], os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize >> 20)
sys.exit(7)
"""
    seen = {}
    made = home.submit(home.python(script), BASE, variables={"TWO": "a\nb", "PASSWORD": "sesame-open"}, container={"shm_size": "300m"})
    assert "id" in made, made
    run = home.ended(made["id"])
    assert run["status"] == "Failed" and run["error"].get("exit_code") == 7, (run, home.log(run["id"]))
    log = home.log(run["id"])
    assert "'a\\nb' True True" in log and "/run/runwright-guard 300" in log and "tags {}" in log, log
    assert home.json("runs", "metrics", run["id"])["items"] if isinstance(home.json("runs", "metrics", run["id"]), dict) else True
    output = home.run_dir(run["id"]) / "work" / "outputs" / "model.txt"
    assert output.stat().st_uid == os.geteuid()
    assert engine.containers() == []
    assert "sesame" not in str(seen)
