"""A data folder of 64 MB that runs full: writes are refused with 507 and leave nothing behind, reads work, and when there is room again all goes on."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import pytest
from installation import Installation
from waiting import wait_for

SCRIPT = """
import os, sys, time
from azureml.core import Run
run = Run.get_context()
i = 0
while not os.path.exists('outputs/stop'):
    run.log('i', i)
    print(i, flush=True)
    i += 1
    time.sleep(0.005)
open('outputs/count', 'w').write(str(i))
"""


@pytest.fixture
def small(tmp_path):
    """An installation whose data folder, but for the run folders, is a tmpfs of 64 MB."""
    one = Installation(tmp_path)
    one.data.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(one.data)], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("mounting a tmpfs needs root")
    try:
        (tmp_path / "runs").mkdir()
        (one.data / "runs").symlink_to(tmp_path / "runs")
        one.cli("init", ".", "--workspace", "ws")
        yield one
    finally:
        one.cli("server", "stop", check=False)
        for pid, _, _ in one.processes():
            os.kill(pid, 9)
        subprocess.run(["umount", "-l", str(one.data)], check=True)


def ask(one, method, path, body=None):
    headers = {"Authorization": "Bearer " + one.token()}
    if isinstance(body, dict):
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(one.config()["server"] + path, body, headers, method=method), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def fill(one):
    """To the last page: a file that is grown until nothing more goes in."""
    with open(str(one.data / "ballast"), "ab", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                pass


def put_blob(one, data):
    return ask(one, "PUT", "/api/v1/blobs/" + hashlib.sha256(data).hexdigest(), data)


def error_of(body):
    return json.loads(body)["error"]


def test_a_full_disk_refuses_writes_and_loses_nothing(small):
    small.write("train.py", SCRIPT)
    run_id = small.json("submit", "train.py")["id"]
    run = "/api/v1/runs/" + run_id
    points = lambda: len((json.loads(ask(small, "GET", run + "/metrics")[1])["metrics"] or [{"values": []}])[0]["values"])  # noqa: E731
    wait_for(lambda: points() > 20, what="the first points")
    kept = os.urandom(300000)
    assert put_blob(small, kept)[0] == 201

    def refused():
        """The database too: free pages of its files may still take some small writes."""
        fill(small)
        status, body = ask(small, "POST", run + "/metrics", {"metrics": [{"name": "other", "value": "x" * 100000, "type": "text"}]})
        return status == 507 and error_of(body)

    error = wait_for(refused, what="507 from the database")
    assert error["code"] == "NoSpace" and str(small.data / "runwright.db") in error["message"] and "bytes needed" in error["message"], error
    for size in (200000, 3000000):  # held in memory, and spooled to a file
        status, body = put_blob(small, os.urandom(size))
        message = error_of(body)["message"]
        assert status == 507 and str(small.data) in message and "bytes needed" in message, (status, message)
    assert ask(small, "GET", run)[0] == 200
    assert ask(small, "GET", "/api/v1/blobs/" + hashlib.sha256(kept).hexdigest())[1] == kept
    at_full = points()
    assert at_full > 20
    assert small.cli("logs", run_id).stdout.startswith(b"0\n1\n")
    assert [p for folder in ("blobs/tmp", "spool") for p in (small.data / folder).glob("*")] == [], "a refused write left something"

    work = small.run_dir(run_id) / "work" / "outputs"
    logged = small.home / "runs" / run_id / "azureml-logs/70_driver_log.txt"
    before = logged.stat().st_size
    wait_for(lambda: logged.stat().st_size > before + 400, what="the script to go on over a full disk")
    (small.data / "ballast").unlink()
    wait_for(lambda: points() > at_full, what="new points after space was freed")
    (work / "stop").write_text("")
    ended = wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed") and r)(json.loads(ask(small, "GET", run)[1])), what="the run's end")
    assert ended["status"] == "Completed", ended
    count = int((work / "count").read_text())
    metrics = {m["name"]: m["values"] for m in json.loads(ask(small, "GET", run + "/metrics")[1])["metrics"]}
    assert metrics["i"] == list(range(count))
    assert ask(small, "GET", run + "/artifacts/content?name=azureml-logs/70_driver_log.txt")[1].decode().split() == [str(i) for i in range(count)]


def test_a_run_submitted_to_a_full_disk_is_refused_or_runs_when_there_is_room(small):
    small.write("ok.py", "print('ok')\n")
    first = small.json("submit", "ok.py")["id"]
    wait_for(lambda: small.json("runs", "show", first)["status"] == "Completed", what="the first run")
    (small.project / "big.bin").write_bytes(os.urandom(2000000))
    fill(small)
    done = small.cli("submit", "ok.py", check=False)
    assert done.returncode == 74, (done.returncode, done.stderr)
    assert b"bytes needed" in done.stderr or b"full" in done.stderr, done.stderr
    (small.data / "ballast").unlink()
    again = small.json("submit", "ok.py")["id"]
    wait_for(lambda: small.json("runs", "show", again)["status"] == "Completed", what="the run after space was freed")


SYNC = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
static int Refuse(void) {
  FILE* file = fopen(getenv("SYNC_ERRNO"), "r");
  int number = 0;
  if (file == NULL) return 0;
  if (fscanf(file, "%d", &number) != 1) number = 0;
  fclose(file);
  errno = number;
  return number != 0;
}
static int Real(const char* name, int fd) { return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd); }
int fsync(int fd) { return Refuse() ? -1 : Real("fsync", fd); }
int fdatasync(int fd) { return Refuse() ? -1 : Real("fdatasync", fd); }
int syncfs(int fd) { return Refuse() ? -1 : Real("syncfs", fd); }
"""


@pytest.fixture
def syncless(tmp_path):
    """A server whose syncs fail with the errno in a file."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    (tmp_path / "sync.c").write_text(SYNC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(tmp_path / "sync.so"), str(tmp_path / "sync.c"), "-ldl"], check=True)
    one = Installation(tmp_path)
    one.errno = tmp_path / "errno"

    def start():
        env = dict(one.env, LD_PRELOAD=str(tmp_path / "sync.so"), SYNC_ERRNO=str(one.errno))
        one.server = subprocess.Popen([shutil.which("runwright", path=one.env["PATH"]), "server"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert one.server.stdout.readline()
        one.cli("init", ".", "--workspace", "ws")

    one.start = start
    start()
    yield one
    one.server.kill()
    one.server.wait()


@pytest.mark.parametrize("number", [28, 122])
def test_no_room_that_only_fsync_tells_of(syncless, number):
    """ENOSPC and EDQUOT may come as late as that: refused, discarded, and fine when there is room again."""
    experiments = "/api/v1/workspaces/%s/experiments" % json.loads(ask(syncless, "GET", "/api/v1/workspaces")[1])["items"][0]["id"]
    assert ask(syncless, "POST", experiments, {"name": "before"})[0] == 201
    syncless.errno.write_text(str(number))
    for _ in range(3):
        status, body = ask(syncless, "POST", experiments, {"name": "refused"})
        assert status == 507 and "runwright.db" in error_of(body)["message"], body
        status, body = put_blob(syncless, b"refused")
        assert status == 507 and "blobs" in error_of(body)["message"], body
    names = lambda: [e["name"] for e in json.loads(ask(syncless, "GET", experiments)[1])["items"]]  # noqa: E731
    assert names() == ["before"]
    syncless.errno.unlink()
    assert ask(syncless, "POST", experiments, {"name": "after"})[0] == 201
    assert put_blob(syncless, b"refused")[0] == 201
    assert names() == ["before", "after"]


def test_any_other_failed_fsync_ends_the_server(syncless):
    """Nobody knows what is on the disk then; the next start begins from what is."""
    experiments = "/api/v1/workspaces/%s/experiments" % json.loads(ask(syncless, "GET", "/api/v1/workspaces")[1])["items"][0]["id"]
    assert ask(syncless, "POST", experiments, {"name": "before"})[0] == 201
    syncless.errno.write_text("5")
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        ask(syncless, "POST", experiments, {"name": "lost"})
    assert syncless.server.wait(10) == -signal.SIGABRT
    syncless.errno.unlink()
    syncless.start()
    assert "before" in [e["name"] for e in json.loads(ask(syncless, "GET", experiments)[1])["items"]]
