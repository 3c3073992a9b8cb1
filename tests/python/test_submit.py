"""Submission: what is sent, when the snapshot is sent, and what git says."""

import re
import subprocess

import pytest
from runwright import errors, gitinfo
from runwright._http import Client
from runwright.client import Api
from runwright.submit import submit

RUNS = "/api/v1/workspaces/w/runs"


class Snapshot:
    id = "s" * 64

    def __init__(self):
        self.uploads = 0

    def upload(self, api, progress=None):
        self.uploads += 1


@pytest.fixture
def snapshot(monkeypatch):
    from runwright import snapshot as snapshots

    made = Snapshot()
    monkeypatch.setattr(snapshots, "build", lambda folder: made)
    return made


def missing(request):
    return 412, {"error": {"code": "FailedPrecondition", "message": "the snapshot is not here", "field": "snapshot_id"}}


def accept(request):
    return 201, dict(request.json(), id=request.json()["run_id"], status="Starting")


def test_an_unchanged_snapshot_costs_one_request(scripted, snapshot, tmp_path):
    server = scripted()
    server.on("POST", RUNS, accept)
    document = submit(Api(Client(server.url)), "w", "exp", str(tmp_path), script="a.py", arguments=["x"], target=None)
    (request,) = server.requests
    body = request.json()
    assert re.match(r"^exp_\d{10}_[0-9a-f]{8}$", body.pop("run_id"))
    assert body == {"experiment": "exp", "snapshot_id": snapshot.id, "script": "a.py", "arguments": ["x"], "properties": {}}
    assert document["status"] == "Starting" and snapshot.uploads == 0


def test_a_new_snapshot_is_sent_and_the_run_submitted_again(scripted, snapshot, tmp_path):
    server = scripted()
    answers = [missing, accept]
    server.on("POST", RUNS, lambda request: answers.pop(0)(request))
    submit(Api(Client(server.url)), "w", "exp", str(tmp_path), script="a.py")
    assert snapshot.uploads == 1
    first, second = server.requests
    assert first.body == second.body


def test_a_server_that_never_has_the_snapshot_is_an_error(scripted, snapshot, tmp_path):
    server = scripted()
    server.on("POST", RUNS, missing)
    with pytest.raises(errors.FailedPreconditionError):
        submit(Api(Client(server.url)), "w", "exp", str(tmp_path), script="a.py")
    assert snapshot.uploads == 2


def test_errors_of_the_server_pass_through(scripted, snapshot, tmp_path):
    server = scripted()
    server.on("POST", RUNS, (400, {"error": {"code": "InvalidArgument", "message": "bad name", "field": "experiment"}}))
    with pytest.raises(errors.InvalidArgumentError) as caught:
        submit(Api(Client(server.url)), "w", "!", str(tmp_path), script="a.py")
    assert caught.value.field == "experiment"


def git(folder, *arguments):
    command = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]
    subprocess.run(command + list(arguments), check=True, stdout=subprocess.DEVNULL)


def test_git(tmp_path, scripted, snapshot):
    assert gitinfo.GitQuery(str(tmp_path)).properties() == {}
    folder = tmp_path / "repo" / "sub"
    folder.mkdir(parents=True)
    git(tmp_path / "repo", "init", "-q")
    git(tmp_path / "repo", "remote", "add", "origin", "https://user:secret@host.example/x.git")
    (folder / "a").write_text("1")
    git(tmp_path / "repo", "add", "-A")
    git(tmp_path / "repo", "commit", "-q", "-m", "x")
    found = gitinfo.GitQuery(str(folder)).properties()
    assert re.match("^[0-9a-f]{40}$", found["azureml.git.commit"])
    assert found["azureml.git.branch"] == "main" and found["azureml.git.dirty"] == "False"
    assert found["azureml.git.repository_uri"] == "https://host.example/x.git" == found["mlflow.source.git.repoURL"]
    (folder / "a").write_text("2")
    assert gitinfo.GitQuery(str(folder)).properties()["azureml.git.dirty"] == "True"
    server = scripted()
    server.on("POST", RUNS, accept)
    document = submit(Api(Client(server.url)), "w", "exp", str(folder), script="a", properties={"k": "v"})
    assert document["properties"]["k"] == "v" and document["properties"]["azureml.git.branch"] == "main"


