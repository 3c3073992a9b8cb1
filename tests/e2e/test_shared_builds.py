"""Servers of one machine that name one --env-root share their builds; a warm environment costs nothing."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from conda_channel import Channel
from installation import BIN, ROOT, Installation
from package_places import Server, wheel
from test_environments import ended, links, text_of  # noqa: F401
from test_protection import tree, wait_for_bytecode
from waiting import wait_for

LOOK = "import rwtiny\nprint('value', rwtiny.VALUE)\n"
# An installer that says that it installs, and waits to be let on.
SLOW_UV = """#!/bin/sh
case "$*" in "pip sync"*)
  echo once >> '%(folder)s/building'
  while [ ! -e '%(folder)s/go' ]; do sleep 0.02; done;;
esac
exec '%(uv)s' "$@"
"""
HOLD = "import os, time, rwtiny\nwhile not os.path.exists(%r):\n    time.sleep(0.01)\nprint('value', rwtiny.VALUE)\n"


def slow_programs(folder):
    """The programs of BIN with SLOW_UV."""
    programs = folder / "tools" / "bin"
    if not programs.exists():
        programs.mkdir(parents=True)
        for name in ("runwright", "runwright-shim", "runwright-guard"):
            if (BIN / name).exists():
                shutil.copy(str(BIN / name), str(programs / name))
        (programs / "uv").write_text(SLOW_UV % {"folder": folder, "uv": os.path.realpath(str(BIN / "uv"))})
        (programs / "uv").chmod(0o755)
        for name in ("python", "profiles"):
            (programs.parent / name).symlink_to(ROOT / name)
    return programs


def serve_from(installation, env_root, programs):
    """Its server, started anew with that folder of environments."""
    installation.cli("server", "stop")
    server = subprocess.Popen(
        [str(programs / "runwright"), "server", "--data", str(installation.data), "--env-root", str(env_root)], env=installation.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert server.stdout.readline().startswith(b"http")
    return server


@pytest.fixture
def pair(installation, links):  # noqa: F811
    """Two users' servers of one machine, with one folder of environments."""
    other = Installation(pathlib.Path(tempfile.mkdtemp(prefix="rw-e2e-")))
    other.env["PIP_CONFIG_FILE"] = str(installation.home / "config" / "pip" / "pip.conf")
    other.cli("init", ".", "--workspace", "ws")
    env_root = installation.home / "environments"
    programs = slow_programs(links)
    servers = [serve_from(one, env_root, programs) for one in (installation, other)]
    try:
        yield installation, other, env_root
    finally:
        for one, server in zip((installation, other), servers):
            one.cli("server", "stop", check=False)
            server.wait(30)
            server.stdout.close()
        for pid, _, _ in other.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        subprocess.run(["chmod", "-R", "u+w", str(other.home)], check=False)
        shutil.rmtree(str(other.home), ignore_errors=True)


def submit(installation, package, script, text):
    installation.write(script, text)
    return installation.json("submit", "--pip", package, script)["id"]


def log_of(installation, run_id):
    run = ended(installation, run_id)
    assert run["status"] == "Completed", run
    return text_of(installation, run_id, "azureml-logs/20_image_build_log.txt")


def wait_for_log(installation, run_id, text):
    """The log of its environment, while it grows."""
    name = "azureml-logs/20_image_build_log.txt"

    def there():
        done = installation.cli("runs", "get", run_id, name, "-o", "early", check=False)
        return done.returncode == 0 and text in (installation.project / "early" / name).read_text()

    wait_for(there, 30, "'%s' in the log of the environment" % text)


def published(env_root):
    return [name for name in os.listdir(str(env_root / "builds")) if not name.startswith(".")]


def test_two_servers_make_one_build(pair, links):  # noqa: F811
    first, second, env_root = pair
    one = submit(first, "rwtiny", "train.py", LOOK)
    wait_for(lambda: (links / "building").exists(), 60, "the build")
    two = submit(second, "rwtiny", "train.py", LOOK)
    wait_for_log(second, two, "Making a virtual environment")
    (links / "go").touch()
    assert "Published build" in log_of(first, one)
    log = log_of(second, two)
    assert "Another server of this machine is making this build" in log and "Published build" in log
    assert (links / "building").read_text() == "once\n"
    assert len(published(env_root)) == 1
    assert "value 42" in text_of(second, two, "azureml-logs/70_driver_log.txt")


def test_what_a_killed_server_was_making_another_makes(pair, links):  # noqa: F811
    first, second, env_root = pair
    submit(first, "rwtiny", "train.py", LOOK)
    wait_for(lambda: (links / "building").exists(), 60, "the build")
    two = submit(second, "rwtiny", "train.py", LOOK)
    wait_for_log(second, two, "Another server of this machine is making this build")
    first.kill_server()
    (links / "go").touch()
    assert "The other server did not come to the end of it: making it here" in log_of(second, two)
    assert "value 42" in text_of(second, two, "azureml-logs/70_driver_log.txt")
    assert len(published(env_root)) == 1
    restarted = serve_from(second, env_root, BIN)
    wait_for(lambda: all(not name.startswith(".part-") for name in os.listdir(str(env_root / "builds"))), 30, "the removal of the half build")
    second.cli("server", "stop")
    restarted.wait(30)
    restarted.stdout.close()


def test_two_servers_make_one_environment_of_the_conda_solver(pair, links):  # noqa: F811
    """With a solver of our own, which solves nothing: it is made once, and found by both."""
    first, second, env_root = pair
    wheel(links, "py_rattler", "0.28.1")
    channel = Channel(links / "channel")
    channel.add("rwdata", "1.0", {"share/where.txt": "here"})
    spec = {"kind": "conda", "conda_packages": ["rwdata"], "channels": [channel.url]}

    def begin(one):
        status, answer = Server(one).call("POST", "/api/v1/builds", {"spec": spec})
        assert status == 202, answer
        return answer["env_id"]

    def now(one):
        return Server(one).call("GET", "/api/v1/builds/" + env_id)[1]

    env_id = begin(first)
    wait_for(lambda: (links / "building").exists(), 60, "the build")
    begin(second)
    wait_for(lambda: "Another server of this machine is making it: waiting" in now(second)["log"], 60, "the second to wait")
    (links / "go").touch()
    for one in (first, second):
        wait_for(lambda one=one: now(one)["state"] == "Failed", 60, "the solver's end")
        assert "No module named 'rattler'" in now(one)["error"], now(one)["error"]
    assert (links / "building").read_text() == "once\n"
    assert len(published(env_root)) == 1


def test_what_a_run_of_another_server_uses_is_not_collected(pair, links):  # noqa: F811
    first, second, env_root = pair
    go = first.home / "go"
    (links / "go").touch()
    run_id = submit(first, "rwtiny", "hold.py", HOLD % str(go))
    wait_for(lambda: first.json("runs", "show", run_id)["status"] == "Running", 60, "the run")
    second.cli("env", "gc", "--unused-days", "0")
    assert len(published(env_root)) == 1
    go.touch()
    assert "value 42" in (log_of(first, run_id) and text_of(first, run_id, "azureml-logs/70_driver_log.txt"))

    def collected():
        second.cli("env", "gc", "--unused-days", "0")
        return published(env_root) == []

    wait_for(collected, 30, "the removal of an unused build")


def foreign_connects(trace):
    lines = pathlib.Path(str(trace)).read_text(errors="replace").splitlines()
    calls = [line for line in lines if "connect(" in line or "sendto(" in line]
    return [line for line in calls if "AF_INET" in line and "127.0.0.1" not in line and '"::1"' not in line]


def test_a_warm_environment_needs_no_network_and_touches_no_file_of_it(installation, links):  # noqa: F811
    if shutil.which("strace") is None:
        pytest.skip("SKIPPED: apt-get install strace")
    text = "import rwtiny\nprint('value', rwtiny.VALUE)\n"
    assert "Published build" in log_of(installation, submit(installation, "rwtiny", "train.py", text))
    wait_for_bytecode(installation)
    before = tree(installation.data / "env")
    trace = installation.home / "trace"
    strace = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=network,execve", "-o", str(trace), "-p", str(installation.server_pid())])
    wait_for(lambda: "TracerPid:\t0" not in pathlib.Path("/proc/%d/status" % installation.server_pid()).read_text(), what="strace")
    try:
        run_id = submit(installation, "rwtiny", "train.py", text)
        assert ended(installation, run_id)["status"] == "Completed"
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait(30)
    traced = trace.read_text(errors="replace")
    assert "runwright-shim" in traced and "train.py" in traced, "the whole run is in the trace"
    assert foreign_connects(trace) == []
    assert '/uv"' not in traced, "no installer is started"
    assert tree(installation.data / "env") == before
