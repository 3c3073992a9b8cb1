"""Server and executor killed -9 in the middle of a run: nothing that the script said is lost."""
import datetime
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

from waiting import wait_for

SCRIPT = """
import hashlib, sys, time
from azureml.core import Run
run = Run.get_context()
digest = hashlib.sha256()
for i in range(5000):
    run.log('i', i)
    line = '%d\\n' % i
    digest.update(line.encode())
    sys.stdout.write(line)
    sys.stdout.flush()
    if i in (1000, 2500):
        open('outputs/at_%d' % i, 'w').close()
    time.sleep(0.001)
open('outputs/digest', 'w').write(digest.hexdigest())
sys.exit(7)
"""


def executor_pids(run_dir):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                argv = open("/proc/%s/cmdline" % entry, "rb").read().split(b"\0")
            except OSError:
                continue
            if b"executor" in argv and str(run_dir).encode() in argv and b"shim" not in argv[0]:
                found.append(int(entry))
    return found


def test_kills_lose_nothing(installation):
    installation.write("train.py", SCRIPT)
    run_id = installation.json("submit", "train.py")["id"]
    work = installation.run_dir(run_id) / "work" / "outputs"
    wait_for(lambda: (work / "at_1000").exists(), what="step 1000")
    executors = wait_for(lambda: executor_pids(installation.run_dir(run_id)), what="an executor")
    for pid in executors:
        os.kill(pid, signal.SIGKILL)
    installation.kill_server()
    wait_for(lambda: (work / "at_2500").exists(), what="step 2500 while the server is down")
    installation.start_server()
    wait_for(lambda: executor_pids(installation.run_dir(run_id)), what="a new executor")
    run = wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed", "Canceled") and r)(installation.json("runs", "show", run_id)), 60, "the run's end")
    assert run["status"] == "Failed"
    assert run["error"]["exit_code"] == 7
    values = json.loads(installation.python("import json, sys; from azureml.core import Workspace; print(json.dumps(Workspace.from_config().get_run(sys.argv[1]).get_metrics()['i']))", run_id).stdout)
    assert values == list(range(5000))
    installation.cli("runs", "get", run_id, "azureml-logs/70_driver_log.txt", "outputs/digest", "-o", "got")
    log = (installation.project / "got/azureml-logs/70_driver_log.txt").read_bytes()
    assert hashlib.sha256(log).hexdigest() == (installation.project / "got/outputs/digest").read_text()


def test_a_server_starts_right_after_a_kill(installation):
    """A killed server's threads that are in a system call keep its lock and port for a while."""
    stop, program = threading.Event(), shutil.which("runwright", path=installation.env["PATH"])
    url, headers = installation.config()["server"], {"Authorization": "Bearer " + installation.token()}

    def store():
        while not stop.is_set():
            data = os.urandom(200000)
            request = urllib.request.Request(url + "/api/v1/blobs/" + hashlib.sha256(data).hexdigest(), data, headers, method="PUT")
            try:
                urllib.request.urlopen(request, timeout=3).read()
            except OSError:
                stop.wait(0.005)

    threads = [threading.Thread(target=store) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            time.sleep(0.1)
            os.kill(installation.server_pid(), signal.SIGKILL)
            server = subprocess.Popen([program, "server"], env=installation.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert server.stdout.readline(), server.stderr.read().decode()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_no_process_remains_after_a_run(installation):
    installation.write("fork.py", "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\nprint('done')\n")
    run_id = installation.json("submit", "fork.py")["id"]
    wait_for(lambda: installation.json("runs", "show", run_id)["status"] == "Completed", what="the run's end")
    server = installation.server_pid()
    wait_for(lambda: [p for p in installation.processes() if p[0] != server] == [], what="the end of the run's processes")


def test_last_line_before_a_sigkill_is_kept(installation):
    installation.write("die.py", "import os, signal\nprint('the last words')\nos.kill(os.getpid(), signal.SIGKILL)\n")
    run_id = installation.json("submit", "die.py")["id"]
    run = wait_for(lambda: (lambda r: r["status"] == "Failed" and r)(installation.json("runs", "show", run_id)), what="the run's end")
    assert run["error"]["signal"] == 9
    assert "the last words" in installation.cli("logs", run_id).stdout.decode()


def test_clocks_that_are_set_while_a_script_runs(installation):
    """Back by a day and forward by a year, in two processes: each writer's order stays, writers are merged by what really came first, and the run lasts as
    long as it lasted."""
    installation.write("clock.py", """
import os, time
import runwright._journal_writer as writer
from azureml.core import Run
run = Run.get_context()
shift, real = 0, time.time
writer._clock = lambda: real() + shift
begun = time.monotonic()
for i in range(300):
    if i == 100: shift = -86400
    if i == 200: shift = 365 * 86400
    run.log('i', i)
pid = os.fork()
if pid == 0:
    shift = -7 * 86400
    for i in range(300, 400): run.log('i', i)
    os._exit(0)
os.waitpid(pid, 0)
for i in range(400, 500): run.log('i', i)
open('outputs/lasted', 'w').write(str(time.monotonic() - begun))
""")
    run_id = installation.json("submit", "clock.py")["id"]
    run = wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed") and r)(installation.json("runs", "show", run_id)), 60, "the run's end")
    assert run["status"] == "Completed", run["error"]
    values = json.loads(installation.python("import json, sys; from azureml.core import Workspace; print(json.dumps(Workspace.from_config().get_run(sys.argv[1]).get_metrics()['i']))", run_id).stdout)
    assert values == list(range(500))
    start, end = (datetime.datetime.strptime(run[key], "%Y-%m-%dT%H:%M:%S.%fZ") for key in ("start_time", "end_time"))
    lasted = float((installation.run_dir(run_id) / "work/outputs/lasted").read_text())
    assert lasted <= (end - start).total_seconds() < lasted + 30


def test_a_killed_executor_streams_again_soon(installation):
    installation.write("ticks.py", "import time\nfor i in range(6000):\n    print(i, flush=True)\n    time.sleep(0.005)\n")
    run_id = installation.json("submit", "ticks.py")["id"]
    url, headers = installation.config()["server"], {"Authorization": "Bearer " + installation.token()}

    def size():
        request = urllib.request.Request(url + "/api/v1/runs/%s/artifacts?prefix=azureml-logs/70" % run_id, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return sum(one["size"] for one in json.loads(answer.read())["items"])

    wait_for(lambda: size() > 100, what="the first lines")
    log, took = installation.run_dir(run_id) / "azureml-logs/70_driver_log.txt", []
    for _ in range(3):
        for pid in wait_for(lambda: executor_pids(installation.run_dir(run_id)), what="an executor"):
            os.kill(pid, signal.SIGKILL)
        killed, printed = time.monotonic(), log.stat().st_size
        wait_for(lambda least=printed: size() > least, what="what was printed after the kill")
        took.append(time.monotonic() - killed)
    installation.cli("runs", "cancel", run_id)
    assert sorted(took)[1] < 3, took  # about a second on a quiet machine
    print("streams again after", took)
