"""The SDK against the real server: the road from a folder to metrics, files and a model."""

import io
import os
import sys
import threading

import pytest
import runwright
from runwright import errors, stream
from sdk_support import INTERPRETERS

SCRIPT = """
import os, sys, runwright
run = runwright.current()
print("hello from", sys.version.split()[0], flush=True)
for i in range(20):
    run.log("i", i)
run.log("nan", float("nan"))
run.log("flag", True)
run.log("name", "text")
run.log_row("row", {"x": 1, "y": 2.5})
run.log_table("table", {"x": [1, 2]})
run.log_list("list", range(3))
run.tag("stage", "training")
run.add_properties({"kind": "test"})
assert run.get_metrics()["i"] == list(range(20))
assert run.get_tags()["stage"] == "training"
with open("outputs/model.txt", "w") as file:
    file.write("weights")
run.upload_file("notes/note.txt", b"a note")
model = run.register_model("m", "outputs/model.txt", tags={"by": "script"})
assert model["version"] >= 1
with run.child("inner") as child:
    child.log("c", 1.5)
print("done")
"""


def environment(interpreter=None):
    return {"kind": "interpreter", "interpreter_path": interpreter or sys.executable}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A source folder; files are given as keywords, `__` for the dot."""
    folder = tmp_path / "src"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)

    def make(**files):
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)
        return str(folder)

    return make


def failure(run):
    logs = io.StringIO()
    stream.wait(run.api, run.id, show_output=True, out=logs)
    return "%s\n%s" % (run.document(refresh=True).get("error"), logs.getvalue())


@pytest.mark.parametrize("version", sorted({min(INTERPRETERS, key=lambda v: int(v[2:])), max(INTERPRETERS, key=lambda v: int(v[2:]))}))
def test_the_road(workspace, source, tmp_path, version):
    folder = source(train__py=SCRIPT)
    run = workspace.submit("road", folder, script="train.py", environment=environment(INTERPRETERS[version]), tags={"t": "1"})
    out = io.StringIO()
    document = run.wait(show_output=True, out=out)
    assert document["status"] == "Completed", failure(run)
    assert "Streaming azureml-logs/70_driver_log.txt" in out.getvalue() and "hello from " + version in out.getvalue()
    metrics = run.get_metrics()
    assert metrics["i"] == list(range(20)) and metrics["nan"] != metrics["nan"]
    assert metrics["flag"] is True and metrics["name"] == "text"
    assert metrics["row"] == {"x": 1, "y": 2.5} and metrics["table"] == {"x": [1, 2]} and metrics["list"] == [0, 1, 2]
    assert run.get_tags() == {"t": "1", "stage": "training"} and run.get_properties()["kind"] == "test"
    assert {"outputs/model.txt", "notes/note.txt", "azureml-logs/70_driver_log.txt"} <= set(run.files())
    path = run.download_file("outputs/model.txt", str(tmp_path / "down") + "/")
    with open(path) as file:
        assert file.read() == "weights"
    (child,) = run.children()
    assert child.get_metrics() == {"c": 1.5} and child.status == "Completed"
    model = workspace.model("m")
    assert model.document["run_id"] == run.id and model.document["tags"] == {"by": "script"}
    with open(model.download(str(tmp_path / "models"))) as file:
        assert file.read() == "weights"
    run.log("after", 2.5)
    assert run.get_metrics("after") == {"after": 2.5}
    assert [one.id for one in workspace.runs("road")] == [run.id]


def test_a_failed_run_tells_why(workspace, source):
    folder = source(train__py="import sys\nprint('before')\nraise ValueError('no data')\n")
    run = workspace.submit("fails", folder, script="train.py", environment=environment())
    document = run.wait()
    assert document["status"] == "Failed"
    error = document["error"]
    assert error["exception_type"] == "ValueError" and "no data" in error["exception_message"]
    assert error["exit_code"] == 1 and error["line"] == 3


def test_a_run_that_a_client_logs_to(workspace):
    parent = workspace.submit("interactive")
    with parent.child("inner") as child:
        for i in range(1500):
            child.log("i", i)
        child.log("nan", float("nan"))
    assert child.get_metrics("i") == {"i": list(range(1500))}
    with pytest.raises(ValueError, match="boom"):
        with parent:
            raise ValueError("boom")
    assert child.get_status() == "Completed" and parent.get_status() == "Failed"
    assert "boom" in parent.document()["error"]["message"]
    assert [one.id for one in parent.children()] == [child.id]


def test_cancel(workspace, source):
    folder = source(train__py="import time\nprint('up', flush=True)\ntime.sleep(600)\n")
    run = workspace.submit("cancel", folder, script="train.py", environment=environment())
    seen = []

    def cancel_when_up(event, data):
        seen.append(event)
        if event == "log" and b"up" in data["bytes"]:
            run.cancel()

    assert run.follow(cancel_when_up) == "Canceled" and "log" in seen


def test_an_unchanged_folder_is_not_sent_again(workspace, source, monkeypatch):
    from runwright import snapshot

    folder = source(train__py="print(1)\n")
    first = workspace.submit("again", folder, script="train.py", environment=environment())
    monkeypatch.setattr(snapshot.Snapshot, "upload", None)
    second = workspace.submit("again", folder, script="train.py", environment=environment())
    assert first.document()["snapshot_id"] == second.document()["snapshot_id"]
    assert first.wait()["status"] == second.wait()["status"] == "Completed"
    assert (first.document()["number"], second.document()["number"]) == (1, 2)


def test_following_survives_a_restart_of_the_server(server, workspace, source):
    folder = source(
        train__py="import os, time\nprint('first', flush=True)\nwhile not os.path.exists(%r): time.sleep(0.01)\nprint('last', flush=True)\n"
        % os.path.join(server.data, "go")
    )
    run = workspace.submit("restart", folder, script="train.py", environment=environment())
    text = []

    def restart_after_the_first_line(event, data):
        if event != "log" or "70_driver_log" not in data["name"]:
            return
        text.append(data["bytes"])
        if b"first" in data["bytes"]:
            server.kill()
            threading.Thread(target=come_back).start()

    def come_back():
        server.start()
        with open(os.path.join(server.data, "go"), "w"):
            pass

    assert run.follow(restart_after_the_first_line) == "Completed"
    assert b"".join(text) == b"first\nlast\n"


def test_errors_say_what_and_how(workspace, source):
    folder = source(train__py="print(1)\n")
    for members, field in (
        ({"script": "missing.py"}, "script"),
        ({"script": "train.py", "target": "nowhere"}, "target"),
        ({"script": "train.py", "command": "true"}, "command"),
    ):
        with pytest.raises(errors.RunwrightError) as caught:
            workspace.submit("errors", folder, environment=environment(), **members)
        assert caught.value.message and caught.value.field == field
    with pytest.raises(errors.InvalidArgumentError):
        workspace.submit("a", folder, script="train.py", environment=environment())
    with pytest.raises(errors.NotFoundError):
        workspace.run("nothing_1")
    with pytest.raises(errors.NotFoundError):
        workspace.model("nothing")


def test_a_wrong_token_is_refused(server, workspace, monkeypatch):
    from runwright import _session

    _session.forget()
    monkeypatch.setenv("RUNWRIGHT_SERVER", server.url)
    monkeypatch.setenv("RUNWRIGHT_TOKEN", "wrong")
    with pytest.raises(errors.UnauthenticatedError):
        runwright.open_workspace("tests")


def test_computes(workspace):
    compute = workspace.api.create_compute(workspace.id, {"name": "cpu", "vm_size": "STANDARD_D2_V2", "max_nodes": 2})
    assert compute["provisioning_state"] == "Succeeded"
    names = {one.name for one in workspace.computes()}
    assert {"local", "cpu"} <= names
    (cpu,) = [one for one in workspace.computes() if one.name == "cpu"]
    assert cpu.wait()["max_nodes"] == 2 and cpu.update(max_nodes=3)["max_nodes"] == 3
    cpu.delete()
    with pytest.raises(errors.NotFoundError):
        cpu.refresh()
    with pytest.raises(errors.InvalidArgumentError, match="(?i)standard_d2"):
        workspace.api.create_compute(workspace.id, {"name": "cpu", "vm_size": "STANDARD_D2_V99"})


def test_models_of_local_files(workspace, tmp_path):
    from runwright import models

    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "a").write_bytes(b"A" * 3000000)
    first = models.register_from_path(workspace.api, workspace.id, "local", str(tmp_path / "weights"), {"description": "d"})
    second = models.register_from_path(workspace.api, workspace.id, "local", str(tmp_path / "weights" / "a"))
    assert (first["version"], second["version"]) == (1, 2)
    path = models.download(workspace.api, workspace.id, first, str(tmp_path / "down"))
    assert os.path.getsize(os.path.join(path, "a")) == 3000000
    assert workspace.model("local").version == 2 and workspace.model("local", 1).document["description"] == "d"
