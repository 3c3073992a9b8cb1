"""Time, health and death of runs over the real server: limits, silence, out of memory, what a killed supervisor left."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

import pytest
from waiting import wait_for

PROGRAM = os.path.join(os.environ.get("RUNWRIGHT_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "bin")), "runwright")
SDK = str(pathlib.Path(__file__).resolve().parents[2] / "python")
TERMINAL = ("Completed", "Failed", "Canceled")


def restart_server(installation, *flags):
    """The server anew, with flags of `runwright server` (which it remembers)."""
    installation.cli("server", "stop")
    program = [PROGRAM, "server"] + list(flags)
    server = subprocess.Popen(program, env=installation.env, cwd=str(installation.project), stdout=subprocess.PIPE)
    assert server.stdout.readline()
    return server


def ask(installation, path):
    request = urllib.request.Request(installation.config()["server"] + path, headers={"Authorization": "Bearer " + installation.token()})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def show(installation, run_id):
    return json.loads(ask(installation, "/api/v1/runs/" + run_id))


def wait_end(installation, run_id, seconds=60):
    return wait_for(lambda: (lambda r: r["status"] in TERMINAL and r)(show(installation, run_id)), seconds, "the run's end")


def submit(installation, code, *arguments, name="train.py"):
    installation.write(name, code)
    return installation.json("submit", *arguments, name)["id"]


def processes_of(installation, word):
    """Pids of executors or shims of this installation."""
    return [pid for pid, argv, _ in installation.processes() if word in argv.split(b"\0")[0] + b"\0" + (argv.split(b"\0") + [b""])[1]]


def test_the_time_limit_is_named_and_survives_restarts(installation):
    run_id = submit(installation, "import time, signal\nsignal.signal(15, signal.SIG_DFL)\nprint('on', flush=True)\ntime.sleep(600)\n", "--max-seconds", "6")
    begun = time.monotonic()
    wait_for(lambda: show(installation, run_id)["status"] == "Running", what="the run's start")
    for pid in processes_of(installation, b"executor"):
        os.kill(pid, signal.SIGKILL)
    installation.kill_server()
    installation.start_server()
    run = wait_end(installation, run_id)
    assert run["status"] == "Failed"
    assert "max_run_duration_seconds (6)" in run["error"]["message"]
    assert 5 < time.monotonic() - begun < 20


def test_a_silent_executor_is_not_responding_until_it_is_heard(installation):
    server = restart_server(installation, "--silent-limit", "3")
    run_id = submit(installation, "import time\nfor i in range(600): print(i, flush=True); time.sleep(0.05)\n")
    wait_for(lambda: show(installation, run_id)["status"] == "Running", what="the run's start")
    (executor,) = wait_for(lambda: [p for p in processes_of(installation, b"runwright") if p != installation.server_pid() and b"executor" in pathlib.Path("/proc/%d/cmdline" % p).read_bytes().split(b"\0")[:2]], what="the executor")
    os.kill(executor, signal.SIGSTOP)
    wait_for(lambda: show(installation, run_id)["status"] == "NotResponding", what="NotResponding")
    os.kill(executor, signal.SIGCONT)
    wait_for(lambda: show(installation, run_id)["status"] == "Running", what="Running again")
    for _ in range(20):  # a heartbeat that waits for commands is no silence
        assert show(installation, run_id)["status"] == "Running"
        time.sleep(0.25)
    installation.cli("runs", "cancel", run_id)
    assert wait_end(installation, run_id)["status"] == "Canceled"
    installation.cli("server", "stop")
    server.wait()


def memory_group(megabytes):
    """A memory control group with a limit; None where this user may make none."""
    own = [line.split(":", 2) for line in open("/proc/self/cgroup").read().splitlines()]
    path = next((p for _, names, p in own if names == "memory"), None)
    if path is None:
        return None
    group = "/sys/fs/cgroup/memory%s/rw-test-%d" % (path, os.getpid())
    try:
        os.mkdir(group)
        with open(group + "/memory.limit_in_bytes", "w") as file:
            file.write(str(megabytes << 20))
    except OSError:
        return None
    return group


def test_the_oom_killer_is_named(installation):
    group = memory_group(300)
    if group is None:
        pytest.skip("this user may make no memory control group")
    installation.cli("server", "stop")
    enter = "echo $$ > %s/cgroup.procs; exec %s server" % (group, PROGRAM)
    server = subprocess.Popen(["/bin/sh", "-c", enter], env=installation.env, stdout=subprocess.PIPE)
    try:
        assert server.stdout.readline()
        run_id = submit(installation, "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(100): run.log('i', i)\nprint('eats', flush=True)\nx = bytearray(b'x') * (400 << 20)\n")
        run = wait_end(installation, run_id)
        assert run["status"] == "Failed" and run["error"]["signal"] == 9
        assert "killed by SIGKILL; the machine's OOM killer ended it at 0." in run["error"]["message"], run["error"]
        assert run["summary"]["peak_memory_bytes"] > 100 << 20
        assert run["summary"]["oom_kills"] >= 1
        metrics = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id))["metrics"]
        assert metrics[0]["values"] == [float(i) for i in range(100)]
        assert b"eats" in installation.cli("logs", run_id).stdout
    finally:
        installation.cli("server", "stop", check=False)
        server.wait()
        for pid in open(group + "/cgroup.procs").read().split():
            os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: not os.path.exists(group) or try_rmdir(group), what="the group's end")


def try_rmdir(path):
    try:
        os.rmdir(path)
        return True
    except OSError:
        return False


def test_what_a_killed_supervisor_left_is_shipped(installation):
    run_id = submit(installation, """
import os, subprocess, time
from azureml.core import Run
run = Run.get_context()
child = subprocess.Popen(['sleep', '600'], start_new_session=True)
os.makedirs('outputs/deep')
run.log('i', 0)
run.flush()
open('child', 'w').write(str(child.pid))
while not os.path.exists('go'): time.sleep(0.01)
for i in range(1, 1000): run.log('i', i); print(i, flush=True)
open('outputs/deep/model', 'w').write('weights')
open('logs/events', 'w').write('tensorboard')
open('said', 'w').close()
time.sleep(600)
""")
    work = installation.run_dir(run_id) / "work"
    wait_for(lambda: (work / "child").exists() and show(installation, run_id)["status"] == "Running", what="the script")
    pids = [int((installation.run_dir(run_id) / "state" / name).read_text().split()[0]) for name in ("shim",)]
    executors = [p for p, argv, _ in installation.processes() if argv.split(b"\0")[1:2] == [b"executor"]]
    for pid in executors:
        os.kill(pid, signal.SIGSTOP)  # so that it ships nothing more
    (work / "go").touch()
    wait_for(lambda: (work / "said").exists(), what="the points")
    child = int((work / "child").read_text())
    for pid in pids + executors:
        os.kill(pid, signal.SIGKILL)
    run = wait_end(installation, run_id)
    assert run["status"] == "Failed" and "supervisor" in run["error"]["message"].lower()
    metrics = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id))["metrics"]
    assert metrics[0]["values"] == [float(i) for i in range(1000)]
    assert installation.cli("logs", run_id).stdout.split() == [b"%d" % i for i in range(1, 1000)]
    files = json.loads(ask(installation, "/api/v1/runs/%s/artifacts" % run_id))["items"]
    assert {(one["name"], one["size"]) for one in files} >= {("outputs/deep/model", 7), ("logs/events", 11)}
    assert ask(installation, "/api/v1/runs/%s/artifacts/content?name=outputs/deep/model" % run_id) == b"weights"
    (told,) = [one["message"] for one in run["warnings"] if one["source"] == "salvage"]
    assert "bytes of journals" in told and "2 files (18 bytes) of outputs and logs" in told
    server = installation.server_pid()
    wait_for(lambda: [p for p in installation.processes() if p[0] != server] == [], what="the end of the run's processes")
    wait_for(lambda: not alive(child), what="the end of the child")


def alive(pid):
    try:
        return "Z" not in open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_files_below_logs_stream_while_they_grow(installation):
    run_id = submit(installation, """
import os, time
print('begin', flush=True)
os.makedirs('logs/tb')
with open('logs/tb/events.out.tfevents.1', 'ab') as events, open('logs/train.log', 'a') as text:
    for step in range(1000000):
        events.write(bytes([step % 256]) * 1000); events.flush()
        text.write('step %d\\n' % step); text.flush()
        if os.path.exists('stop'): break
        time.sleep(0.02)
""")
    work = installation.run_dir(run_id) / "work"
    path = "/api/v1/runs/%s/artifacts/content?name=" % run_id

    def content(name):
        try:
            return ask(installation, path + name)
        except OSError:
            return b""

    first = wait_for(lambda: content("logs/tb/events.out.tfevents.1"), what="the first bytes")
    more = wait_for(lambda: (lambda now: len(now) > len(first) and now)(content("logs/tb/events.out.tfevents.1")), what="more bytes")
    assert more.startswith(first)
    assert b"step" not in installation.cli("logs", run_id).stdout
    (work / "stop").touch()
    run = wait_end(installation, run_id)
    assert run["status"] == "Completed"
    assert run["log_files"] == ["azureml-logs/70_driver_log.txt"]
    for name in ("logs/tb/events.out.tfevents.1", "logs/train.log"):
        assert content(name) == (work / name).read_bytes()
    system = json.loads(ask(installation, "/api/v1/runs/%s/system_metrics" % run_id))["metrics"]
    by_name = {one["name"]: one for one in system}
    assert by_name["memory_bytes"]["values"][0] > 1 << 20
    assert len(by_name["memory_bytes"]["times"]) == len(by_name["memory_bytes"]["values"])
    assert json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id))["metrics"] == []
    assert run["summary"]["peak_memory_bytes"] > 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """64 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0755", "tmpfs", str(folder)], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_training_goes_on_while_the_run_folder_s_disk_is_full(installation, small_disk):
    server = restart_server(installation, "--run-root", str(small_disk / "runs"))
    run_id = submit(installation, """
import os, time
from azureml.core import Run
run = Run.get_context()
lost = 0
for i in range(3000):
    run.log('i', i)
    print('line', i)
    if i == 100:
        for n in range(100):
            try:
                with open('outputs/%d.bin' % n, 'wb') as file: file.write(os.urandom(1 << 20))
            except OSError as error:
                lost += 1
        print('could not write', lost)
    time.sleep(0.0005)
print('end of training')
""")
    run = wait_end(installation, run_id, 120)
    assert run["status"] == "Completed", run["error"]
    log = installation.cli("logs", run_id).stdout.decode()
    assert "end of training" in log and "line 2999" in log
    metrics = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id))["metrics"]
    assert metrics[0]["values"] == [float(i) for i in range(3000)]
    warnings = {one["source"]: one["message"] for one in run["warnings"]}
    assert "outputs" in warnings.get("disk", ""), run["warnings"]
    assert (small_disk / "runs" / run_id / "work").exists() and not installation.run_dir(run_id).exists()
    installation.cli("server", "stop")
    server.wait()


TRAINING = """
import json, os, resource, time
from azureml.core import Run
run = Run.get_context()
clock, step, windows = time.thread_time, 0, []

def waits():
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

while len(windows) < 12:
    open('ready_%d' % len(windows), 'w').close()
    while not os.path.exists('go_%d' % len(windows)): time.sleep(0.005)
    waited, begun, said = waits(), clock(), 0.0
    for _ in range(200):
        sum(range(200000))
        before = clock()
        run.log('i', step)
        print('line', step)
        said += clock() - before
        step += 1
    windows.append((clock() - begun, said, waits() - waited))
json.dump(windows, open('outputs/windows.json', 'w'))
"""


def test_training_does_not_feel_that_the_server_is_away(installation):
    """Windows of training with and without a server by turns. The training itself is the same in all of them: what may differ is what
    it takes to log and print, so that is compared: the time of its own thread, and how often it waited. A busy machine blurs neither."""
    run_id = submit(installation, TRAINING)
    work = installation.run_dir(run_id) / "work"
    for window in range(12):
        away = window % 2 == 1
        wait_for((work / ("ready_%d" % window)).exists, 60, "window %d" % window)
        if away:
            installation.kill_server()
        elif window:
            installation.start_server()
            wait_for(lambda: show(installation, run_id)["status"] == "Running", what="the server")
        (work / ("go_%d" % window)).touch()
    wait_for(lambda: (work / "outputs/windows.json").exists(), 60, "the last window")
    installation.start_server()
    assert wait_end(installation, run_id)["status"] == "Completed"
    windows = json.loads((work / "outputs/windows.json").read_text())
    whole = statistics.median(took for took, _, _ in windows)
    there, gone = (statistics.median(said for _, said, _ in windows[first::2]) for first in (0, 1))
    waits = [statistics.median(waited for _, _, waited in windows[first::2]) for first in (0, 1)]
    assert gone - there < 0.01 * whole and waits[1] - waits[0] < 10, windows
    metrics = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id))["metrics"]
    assert metrics[0]["values"] == [float(i) for i in range(2400)]
    assert installation.cli("logs", run_id).stdout.split() == [w for i in range(2400) for w in (b"line", b"%d" % i)]
    print("window %.3f s, of it logging with a server %.5f s, without %.5f s; it waited %d and %d times" % (whole, there, gone, *waits))


NOTEBOOK = """
import sys
import runwright
run = runwright.open_workspace().start_logging("notebook", snapshot_directory=None)
print(run.id, flush=True)
for line in sys.stdin:
    run.log("x", 1)
    run.flush()
    print("logged", flush=True)
"""


def test_a_notebook_that_stands_still_is_not_responding_until_it_goes_on(installation):
    server = restart_server(installation, "--silent-limit", "2")
    notebook = subprocess.Popen([sys.executable, "-c", NOTEBOOK], env=dict(installation.env, PYTHONPATH=SDK), cwd=str(installation.project),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        run_id = notebook.stdout.readline().decode().strip()
        os.kill(notebook.pid, signal.SIGSTOP)
        run = wait_for(lambda: (lambda r: r["status"] == "NotResponding" and r)(show(installation, run_id)), 30, "NotResponding")
        assert "pid %d" % notebook.pid in run["reason"]["text"] and "stopped or cut off" in run["reason"]["text"]
        os.kill(notebook.pid, signal.SIGCONT)
        run = wait_for(lambda: (lambda r: r["status"] == "Running" and r)(show(installation, run_id)), 30, "Running again")
        assert run["reason"] is None
        notebook.stdin.write(b"go\n")
        notebook.stdin.close()
        assert notebook.stdout.readline() == b"logged\n" and notebook.wait(30) == 0
        assert wait_end(installation, run_id)["status"] == "Completed"
    finally:
        notebook.kill()
        installation.cli("server", "stop")
        server.wait(20)
