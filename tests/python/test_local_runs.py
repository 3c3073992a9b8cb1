"""Interactive and offline runs on disk, and `runwright sync`: what programs leave behind arrives, once and whole."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sdk_support import INTERPRETERS, SDK, binary


class Lab:
    """Programs and the command line in a project folder whose config.json names a real server."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.env = dict(server.env(), PYTHONPATH=SDK, PYTHONDONTWRITEBYTECODE="1")
        self.env.pop("RUNWRIGHT_BIN", None)

    def python(self, text, *arguments, python=sys.executable, **env):
        """A finished program: ``(exit status, output)``."""
        done = subprocess.run([python, "-c", text] + list(arguments), env=dict(self.env, **env), cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout.decode()

    def start(self, text):
        return subprocess.Popen([sys.executable, "-c", text], env=self.env, cwd=self.folder, stdout=subprocess.PIPE,
                                stdin=subprocess.PIPE)

    def sync(self, *arguments, status=0, **env):
        done = subprocess.run([binary(), "sync", "--json"] + list(arguments), env=dict(self.env, **env),
                              cwd=self.folder, stdout=subprocess.PIPE, timeout=60)
        assert done.returncode == status, done.stdout
        return json.loads(done.stdout.decode())

    def folders(self, root=None):
        root = root or os.path.join(self.env["HOME"], ".local", "state", "runwright", "runs")
        return sorted(os.path.join(root, name) for name in os.listdir(root)) if os.path.isdir(root) else []


@pytest.fixture
def lab(server, workspace, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    workspace.write_config(str(folder))
    return Lab(server, str(folder))


OFFLINE = """
import os, sys
from azureml.core import Run
run = Run.get_context()
print(run.id)
for i in range(100):
    run.log("loss", i / 10, step=i)
run.log("nan", float("nan"))
run.log_row("row", x=1, y=2)
run.log_row("row", x=3, y=4)
run.log_table("table", {"a": [1, 2]})
run.tag("kind", "offline")
run.add_properties({"p": "1"})
with open("file.txt", "w") as file:
    file.write("content")
run.upload_file("results/file.txt", "file.txt")
run.log_confusion_matrix("matrix", {"schema_type": "confusion_matrix", "data": {"matrix": [[1]]}})
with run.child_run("fold") as child:
    child.log("fold", 1)
    child.upload_file("c.txt", "file.txt")
    child.tag("t")
    assert child.parent is run
with run.child_run("none") as other:
    other.log("fold", 2)
metrics = run.get_metrics(populate=True)
assert metrics["loss"] == [i / 10 for i in range(100)] and metrics["row"] == {"x": [1, 3], "y": [2, 4]}
assert metrics["table"] == {"a": [1, 2]} and metrics["matrix"]["data"] == {"matrix": [[1]]}
assert run.get_metrics(recursive=True)[child.id] == {"fold": 1}
assert run.get_tags() == {"kind": "offline"} and run.get_properties() == {"p": "1"} and child.get_tags() == {"t": None}
assert sorted(run.get_file_names())[-1] == "results/file.txt" and run.get_status() == "Running"
assert [one.id for one in run.get_children()] == [other.id, child.id] and child.get_status() == "Completed"
assert [one.id for one in run.get_children(tags="t")] == [child.id]
run.download_file("results/file.txt", "again.txt")
assert open("again.txt").read() == "content" and dict(run.input_datasets) == {} and run.experiment.name == "offline"
assert run.get_details()["status"] == "Running"
if "raise" in sys.argv:
    raise ValueError("bad lr")
if "kill" in sys.argv:
    os.kill(os.getpid(), 9)
"""


def test_an_offline_run_is_sent_later(lab, workspace):
    status, out = lab.python(OFFLINE)
    assert status == 0, out
    run_id = out.splitlines()[0]
    assert "Attempted to log scalar metric loss:\n0.0\n" in out
    (folder,) = lab.folders()
    assert os.path.basename(folder) == run_id and os.stat(folder).st_mode & 0o777 == 0o700
    (report,) = lab.sync("--all")
    assert report["created"] and report["complete"] and report["status"] == "Completed" and report["files"] == 3
    run = workspace.run(run_id)
    metrics = run.get_metrics(populate=True)
    assert metrics["loss"] == [i / 10 for i in range(100)] and metrics["nan"] != metrics["nan"]
    assert metrics["row"] == {"x": [1, 3], "y": [2, 4]} and metrics["matrix"]["data"] == {"matrix": [[1]]}
    document = run.document()
    with open(os.path.join(folder, "run.json")) as file:
        began = json.load(file)["start_us"]
    assert document["start_time"].endswith("%06dZ" % (began % 1000000)) and document["start_time"] < document["created_time"]
    assert run.get_tags() == {"kind": "offline"} and run.get_properties()["p"] == "1"
    names = {child.document()["display_name"]: child for child in run.children()}
    assert set(names) == {"fold", "none"} and names["fold"].get_metrics() == {"fold": 1}
    assert names["fold"].files() == ["c.txt"] and "results/file.txt" in run.files()

    (again,) = lab.sync(folder)
    assert again == dict(report, created=False, bytes=0, files=0)
    assert len(run.get_metrics()["loss"]) == 100
    assert lab.sync("--delete")[0]["complete"] and lab.folders() == [] and lab.sync() == []


def test_how_a_program_ended_is_how_its_offline_run_ended(lab, workspace):
    for word, text in (("raise", "ValueError: bad lr"), ("kill", "ended without complete() or fail()")):
        _, out = lab.python(OFFLINE, word)
        run_id = out.splitlines()[0] if out else os.path.basename(lab.folders()[0])
        (report,) = [one for one in lab.sync() if one["created"]]
        assert report["status"] == "Failed" and report["complete"]
        run = workspace.run(report["run_id"])
        assert text in run.document()["error"]["message"] and len(run.get_metrics()["loss"]) == 100, run_id


def test_a_program_that_logs_nothing_leaves_nothing(lab):
    assert lab.python("from azureml.core import Run; run = Run.get_context(); print(run.get_metrics())") == (0, "{}\n")
    assert lab.folders() == []


def test_offline_runs_in_a_folder_of_ones_own(lab, tmp_path, workspace):
    code = "import runwright.offline as o; run = o.offline_run('field'); run.log('x', 1); run.complete(); run.log('late', 2)"
    assert lab.python(code, RUNWRIGHT_OFFLINE_DIR=str(tmp_path / "stick"))[0] == 0
    assert lab.folders() == [] and len(lab.folders(str(tmp_path / "stick"))) == 1
    (report,) = lab.sync(str(tmp_path / "stick"))
    run = workspace.run(report["run_id"])
    assert run.document()["experiment"] == "field" and run.get_metrics() == {"x": 1, "late": 2}
    assert lab.sync(str(tmp_path / "stick"), "-e", "other")[0]["bytes"] == 0


def test_a_run_of_another_machine_is_ended_when_asked(lab, workspace):
    code = "import os; from azureml.core import Run; Run.get_context().log('x', 1); os._exit(0)"
    assert lab.python(code)[0] == 0
    (folder,) = lab.folders()
    path = os.path.join(folder, "run.json")
    with open(path) as file:
        info = json.load(file)
    with open(path, "w") as file:
        json.dump(dict(info, host="elsewhere"), file)
    assert lab.sync()[0]["status"] == "Running"
    (report,) = lab.sync("--ended")
    assert report["status"] == "Failed" and report["bytes"] == 0 and report["complete"]


NOTEBOOK = """
import sys
from azureml.core import Experiment, Workspace
ws = Workspace.from_config()
run = Experiment(ws, "notebook").start_logging(snapshot_directory=None)
run.log("before", 1)
child = run.child_run("open")
run.flush()
with open("outputs/model.txt", "w") as file:
    file.write("weights")
sys.stdout.write(run.id + "\\n")
sys.stdout.flush()
for line in sys.stdin:
    for i in range(1000):
        run.log("x", i)
        child.log("y", i)
    sys.stdout.write("logged\\n")
    sys.stdout.flush()
"""


def test_what_a_dead_notebook_left_arrives(lab, server, workspace):
    notebook = lab.start(NOTEBOOK)
    run_id = notebook.stdout.readline().decode().strip()
    assert workspace.run(run_id).status == "Running"
    server.kill()
    notebook.stdin.write(b"go\n")
    notebook.stdin.flush()
    assert notebook.stdout.readline() == b"logged\n"
    notebook.send_signal(signal.SIGKILL)
    notebook.wait()
    server.start()
    (report,) = lab.sync()
    assert report["run_id"] == run_id and not report["created"] and report["complete"] and report["files"] == 1
    run = workspace.run(run_id)
    assert run.status == "Failed" and "ended without complete()" in run.document()["error"]["message"]
    assert run.get_metrics() == {"before": 1, "x": list(range(1000))} and run.files() == ["outputs/model.txt"]
    (child,) = run.children()
    assert child.get_metrics() == {"y": list(range(1000))} and child.status == "Failed"
    assert lab.sync()[0]["bytes"] == 0


def ended(workspace, run_id):
    """The run once the server has ended it; nobody syncs."""
    deadline = time.time() + 30
    while True:
        run = workspace.run(run_id)
        if run.status in ("Completed", "Failed", "Canceled"):
            return run
        assert time.time() < deadline, run.status
        time.sleep(0.05)


def test_a_killed_notebook_is_failed_by_the_server(lab, workspace):
    notebook = lab.start(NOTEBOOK)
    run_id = notebook.stdout.readline().decode().strip()
    process = workspace.run(run_id).document()["process"]
    assert process["pid"] == notebook.pid and process["folder"].endswith(run_id) and process["boot_id"]
    notebook.stdin.write(b"go\n")
    notebook.stdin.flush()
    assert notebook.stdout.readline() == b"logged\n"
    notebook.send_signal(signal.SIGKILL)
    notebook.wait()
    run = ended(workspace, run_id)
    error = run.document()["error"]
    assert run.status == "Failed" and "pid %d" % notebook.pid in error["message"] and "complete()" in error["message"]
    assert "`runwright sync %s`" % run_id in error["next_step"]
    assert run.get_metrics() == {"before": 1, "x": list(range(1000))}
    (child,) = run.children()
    assert child.get_metrics() == {"y": list(range(1000))} and child.status == "Failed"
    (report,) = lab.sync(run_id)
    assert report["bytes"] == 0 and report["files"] == 1 and run.files() == ["outputs/model.txt"]


def test_a_notebook_that_ended_while_the_server_was_away(lab, server, workspace):
    """Killed, and ended by its own word: the next server finds both out by itself."""
    killed, done = lab.start(NOTEBOOK), lab.start(NOTEBOOK.replace("logged", "logged again"))
    runs = [notebook.stdout.readline().decode().strip() for notebook in (killed, done)]
    server.kill()
    for notebook in (killed, done):
        notebook.stdin.write(b"go\n")
        notebook.stdin.flush()
        assert notebook.stdout.readline().startswith(b"logged")
    killed.send_signal(signal.SIGKILL)
    done.stdin.close()
    assert killed.wait() != 0 and done.wait(60) == 0
    server.start()
    for run_id, status in zip(runs, ("Failed", "Completed")):
        run = ended(workspace, run_id)
        assert run.status == status and run.get_metrics() == {"before": 1, "x": list(range(1000))}


def test_sync_beside_a_living_notebook(lab, workspace):
    notebook = lab.start(NOTEBOOK)
    run_id = notebook.stdout.readline().decode().strip()
    (report,) = lab.sync()
    assert report["status"] == "Running" and not report["complete"]
    notebook.stdin.write(b"go\n")
    notebook.stdin.close()  # its program ends, without complete()
    assert notebook.wait() == 0
    run = workspace.run(run_id)
    assert run.status == "Completed" and run.files() == ["outputs/model.txt"] and len(run.get_metrics()["x"]) == 1000
    assert [child.status for child in run.children()] == ["Completed"] and lab.folders() == []


def test_a_journal_that_is_damaged_is_named(lab, workspace):
    code = "from azureml.core import Run\nfor i in range(100): Run.get_context().log('x', i)"
    assert lab.python(code)[0] == 0
    (folder,) = lab.folders()
    (name,) = os.listdir(os.path.join(folder, "journal"))
    path = os.path.join(folder, "journal", name)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\0" * 16)
    (report,) = lab.sync(status=1)
    assert path in report["problems"][0] and "damaged at byte" in report["problems"][0]
    values = workspace.run(report["run_id"]).get_metrics()["x"]
    assert 20 < len(values) < 100 and values == list(range(len(values)))


def test_folders_that_are_none_of_ours_are_refused(lab, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted" / "run.json").write_text('{"run_id": "x"}')

    def say(folder):
        done = subprocess.run([binary(), "sync", str(folder)], env=lab.env, cwd=lab.folder, stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE)
        return done.returncode, done.stderr.decode()

    assert say(tmp_path / "nothing")[0] == 4 and "holds no run" in say(tmp_path / "empty")[1]
    assert "its executor ships" in say(tmp_path / "submitted")[1]


def test_every_interpreter_logs_offline(interpreter, clean_env, tmp_path):
    env = clean_env(RUNWRIGHT_OFFLINE_DIR=str(tmp_path / "runs"))
    env["HOME"] = str(tmp_path)
    code = OFFLINE.replace(' and run.experiment.name == "offline"', "")
    subprocess.run([interpreter, "-W", "error", "-c", code], check=True, env=env, cwd=str(tmp_path), timeout=60,
                   stdout=subprocess.DEVNULL)
    (name,) = os.listdir(str(tmp_path / "runs"))
    assert name.startswith("OfflineRun_")


def test_native_interactive_runs_and_what_one_can_do_with_them(workspace, tmp_path, monkeypatch):
    from runwright import errors

    monkeypatch.chdir(tmp_path)
    run = workspace.start_logging("native", snapshot_directory=None, display_name="first")
    for i in range(1000):
        run.log("x", i, step=i)
    series = run.series("x", buckets=10)
    assert series["count"] == [100] * 10 and series["min"][0] == 0 and series["last"] == list(range(99, 1000, 100))
    with pytest.raises(errors.FailedPreconditionError):
        run.delete()
    run.complete()
    assert [one.id for one in workspace.runs(filter="metrics.x > 998", sort="-metrics.x")] == [run.id]
    run.archive()
    assert list(workspace.runs()) == [] and [one.id for one in workspace.runs(view="archived")] == [run.id]
    run.unarchive()
    run.delete()
    assert list(workspace.runs()) == []
    with pytest.raises(errors.NotFoundError):
        run.get_status()
    run.restore()
    assert run.get_status() == "Completed" and run.get_metrics()["x"][-1] == 999


def test_a_state_folder_that_cannot_be_written(workspace, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").write_text("a file")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with workspace.start_logging("native", snapshot_directory=None) as run:
        run.log("x", 1)
        with run.child("c") as child:
            child.log("y", 2)
    assert run.get_status() == "Completed" and run.get_metrics(recursive=True) == {run.id: {"x": 1}, child.id: {"y": 2}}
    assert "cannot be written" in capfd.readouterr().err


LOGGER = """
import os, sys, runwright
ws = runwright.open_workspace()
run = ws.start_logging("native", snapshot_directory=None)
print(run.id, flush=True)
with run.child("c") as child:
    for i in range(20000):
        run.log("x", i)
        child.log("y", -i)
        if i % 4000 == 0:
            run.tag("at", str(i))
            sys.stdin.readline()
run.complete()
"""


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(lab, server, workspace):
    program = lab.start(LOGGER)
    run_id = program.stdout.readline().decode().strip()
    for _ in range(5):
        server.kill()
        program.stdin.write(b"go\n")
        program.stdin.flush()
        server.start()
    program.stdin.close()
    assert program.wait(60) == 0
    run = workspace.run(run_id)
    assert run.status == "Completed" and run.get_tags() == {"at": "16000"}
    assert run.get_metrics()["x"] == list(range(20000)) and lab.folders() == []
    (child,) = run.children()
    assert child.get_metrics() == {"y": [-i for i in range(20000)]} and child.status == "Completed"


@pytest.mark.parametrize("version", sorted({min(INTERPRETERS, key=lambda v: int(v[2:])), max(INTERPRETERS, key=lambda v: int(v[2:]))}))
def test_interactive_runs_of_every_age(lab, workspace, version):
    code = """
import os, warnings
warnings.simplefilter("error")
from azureml.core import Experiment, Workspace
with Experiment(Workspace.from_config(), "notebook").start_logging() as run:
    print(run.id)
    for i in range(10): run.log("x", i)
    with run.child_run() as child: child.log("y", 1)
    pid = os.fork()
    if pid == 0:
        run.log("forked", 1)
        os._exit(0)
    os.waitpid(pid, 0)
    open("outputs/o.txt", "w").close()
    assert run.restore_snapshot().endswith(".zip")
run.log("late", 1)
run.flush()
"""
    status, out = lab.python(code, python=INTERPRETERS[version])
    assert status == 0, out
    run = workspace.run(out.split()[0])
    assert run.get_metrics() == {"x": list(range(10)), "forked": 1, "late": 1} and run.files() == ["outputs/o.txt"]


def test_a_full_disk_does_not_keep_a_run_open(workspace, tmp_path, monkeypatch, capfd):
    import errno

    monkeypatch.chdir(tmp_path)
    run = workspace.start_logging("native", snapshot_directory=None)
    run.log("x", 1)
    run.flush()
    write = os.write

    def full(fd, data):
        if data[:4] == b"RWJ1" or os.readlink("/proc/self/fd/%d" % fd).endswith(".rwj"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", full)
    run.log("x", 2)
    run.fail("no room")
    assert workspace.run(run.id).status == "Failed" and workspace.run(run.id).get_metrics() == {"x": 1}
    monkeypatch.setattr(os, "write", write)
    run.flush()
    assert workspace.run(run.id).get_metrics() == {"x": [1, 2]}
    assert "cannot be written" in capfd.readouterr().err


@pytest.mark.parametrize("ending", ["run.cancel()", "raise KeyboardInterrupt"])
def test_a_canceled_offline_run_is_canceled_everywhere(lab, workspace, ending):
    code = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('x', 1)\nchild = run.child_run()\n" + ending
    lab.python(code + "\nassert run.get_status() == 'Canceled'\nrun.log('late', 2)")
    (report,) = lab.sync()
    assert report["status"] == "Canceled" and report["complete"]
    (child,) = workspace.run(report["run_id"]).children()
    assert child.status in ("Canceled", "Completed") and "x" in workspace.run(report["run_id"]).get_metrics()
