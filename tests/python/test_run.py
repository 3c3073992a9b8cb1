"""Runs from inside (journal and exec.sock) and from outside (the server)."""

import hashlib
import math
import os
import subprocess
import sys

import pytest
import runwright
from runwright import _session, errors, journal
from runwright._http import Client
from runwright.client import Api
from runwright.run import Run
from sdk_support import SDK

ID = "exp_1700000000_0a1b2c3d"
RUN = "/api/v1/runs/" + ID


def said(run_folder):
    (records,) = run_folder.records()
    return [r.number() if r.kind == journal.NUMBER else (r.kind, r.document()) for r in records[1:]]


def test_outside_of_a_run_the_error_says_so():
    with pytest.raises(errors.FailedPreconditionError, match="not part of a run"):
        runwright.log("loss", 1)


def test_a_run_folder_that_cannot_be_read_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNWRIGHT_RUN_DIR", str(tmp_path))
    with pytest.raises(errors.FailedPreconditionError, match="run.json cannot be read"):
        runwright.current()


def test_logging_says_it_to_the_journal_and_asks_nobody(run_folder):
    run = runwright.current()
    assert runwright.current() is run and run.id == ID and run.info["experiment"] == "exp"
    run.log("float", 0.1)
    run.log("int", 3, step=7)
    run.log("big", 2 ** 60)
    run.log("flag", True)
    run.log("text", "ž")
    run.log("list", [1, float("nan")])
    run.log_row("row", {"a": 1})
    run.log_table("table", {"a": [1, 2]}, description="d")
    run.log_list("gen", (i for i in range(2)))
    run.log_artifact("image", "aml://artifactId/x")
    run.set_tags({"a": 1, "b": None})
    run.remove_tags("a")
    run.add_properties({"p": 1})
    run.fail("no data", "UserError", {"rows": 0})
    with pytest.raises(errors.InvalidArgumentError):
        run.log_table("table", [1])
    records = said(run_folder)
    assert records[:2] == [("float", 0.1, None), ("int", 3.0, 7)]
    metrics = [document for kind, document in records[2:10]]
    assert metrics[0] == {"name": "big", "type": "scalar", "value": 2 ** 60}
    assert metrics[1] == {"name": "flag", "type": "scalar", "value": True}
    assert metrics[2] == {"name": "text", "type": "scalar", "value": "ž"}
    assert metrics[3]["type"] == "list" and math.isnan(metrics[3]["value"][1])
    assert metrics[4] == {"name": "row", "type": "row", "value": {"a": 1}}
    assert metrics[5] == {"name": "table", "type": "table", "value": {"a": [1, 2]}, "description": "d"}
    assert metrics[6]["value"] == [0, 1] and metrics[7]["type"] == "artifact"
    assert records[10:] == [
        (journal.TAG, {"set": {"a": "1", "b": None}, "remove": []}),
        (journal.TAG, {"set": {}, "remove": ["a"]}),
        (journal.PROPERTY, {"set": {"p": "1"}}),
        (journal.END, {"status": "Failed", "error": {"message": "no data", "code": "UserError", "details": {"rows": 0}}}),
    ]
    assert run_folder.server.requests == []


def test_a_property_is_written_once_inside_a_run(run_folder):
    run = runwright.current()
    run.add_properties({"p": 1})
    run.add_properties({"p": 1, "q": 2})
    with pytest.raises(errors.ConflictError, match="'p' is '1' already"):
        run.add_properties({"r": 3, "p": 2})
    assert [document["set"] for kind, document in said(run_folder) if kind == journal.PROPERTY] == [{"p": "1"}, {"p": "1", "q": "2"}]


def test_numpy_numbers_take_the_short_way(run_folder):
    numpy = pytest.importorskip("numpy")
    run = runwright.current()
    run.log("a", numpy.float32(0.5), step=numpy.int64(3))
    run.log("b", numpy.float64(0.1))
    run.log("c", numpy.int32(4))
    assert said(run_folder)[:2] == [("a", 0.5, 3), ("b", 0.1, None)]


def test_a_process_reads_its_own_writes(run_folder):
    server = run_folder.server
    server.on("GET", RUN + "/metrics", {"metrics": [{"name": "loss", "type": "scalar", "values": [0.5, "NaN"]}]})
    run = runwright.current()
    run.log("loss", 0.5)
    metrics = run.get_metrics()
    assert metrics["loss"][0] == 0.5 and math.isnan(metrics["loss"][1])
    flush, get = server.requests
    writer = _session.run_session().writer
    assert flush.path == RUN + "/flush" and flush.json() == {"writer": writer.writer, "offset": writer.offset}
    assert get.path == RUN + "/metrics"
    run.get_metrics()
    assert len(server.requests) == 3  # nothing was said since: no second flush
    server.on("GET", RUN + "/metrics", {"runs": {"c1": [{"name": "a", "type": "scalar", "values": [1]}]}})
    assert run.get_metrics(recursive=True) == {"c1": {"a": 1}}


def test_children_need_no_server(run_folder):
    run = runwright.current()
    with pytest.raises(ValueError, match="boom"):
        with run.child("first", tags={"i": 0}) as child:
            child.log("loss", 1.0)
            run.log("loss", 2.0)
            raise ValueError("boom")
    with run.child() as other:
        pass
    records = said(run_folder)
    assert records[0] == (journal.CHILD, {"run_id": child.id, "parent_id": ID, "name": "first", "tags": {"i": "0"}})
    assert records[1] == (journal.RUN, {"run_id": child.id}) and records[2] == ("loss", 1.0, None)
    assert records[3] == (journal.RUN, {"run_id": ID}) and records[4] == ("loss", 2.0, None)
    assert records[5] == (
        journal.END, {"status": "Failed", "error": {"message": "ValueError: boom"}, "run_id": child.id},
    )
    assert records[-1] == (journal.END, {"status": "Completed", "run_id": other.id})
    assert child.id.startswith("exp_") and child.id != other.id


def test_nobody_answering_in_a_run_is_an_error(run_folder, monkeypatch):
    monkeypatch.setattr(_session, "RETRY_SECONDS", 0.1)
    os.unlink(os.path.join(run_folder.path, "exec.sock"))
    run = runwright.current()
    run.log("loss", 1.0)
    with pytest.raises(errors.UnavailableError, match="Nobody answers"):
        run.get_metrics()


def test_models_of_files_that_were_written_this_moment(run_folder, monkeypatch):
    server = run_folder.server
    monkeypatch.chdir(os.path.join(run_folder.path, "work"))
    with open("outputs/model.pkl", "wb") as file:
        file.write(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    stored = {}
    server.on("POST", "/api/v1/blobs/missing", lambda request: {"missing": request.json()["digests"]})
    server.on("PUT", "/api/v1/blobs/" + digest, lambda request: stored.update({digest: request.body}) or (201, {}))
    server.on("POST", RUN + "/artifacts", lambda request: (201, request.json()))
    server.on("POST", "/api/v1/workspaces/w1/models", lambda request: (201, dict(request.json(), version=1)))
    document = runwright.current().register_model("m", "./outputs/model.pkl", tags={"a": "b"}, description=None)
    assert document == {"name": "m", "run_id": ID, "model_path": "./outputs/model.pkl", "tags": {"a": "b"}, "version": 1}
    assert stored == {digest: b"weights"}
    (artifact,) = [request.json() for request in server.requests if request.path == RUN + "/artifacts"]
    assert artifact == {"name": "outputs/model.pkl", "digest": digest, "size": 7, "source": "scan"}


@pytest.fixture
def outside(scripted):
    server = scripted()
    run = Run(Api(Client(server.url, "t")), ID)
    run.server = server
    return run


class Journals:
    """Takes journals as the server does: bytes that it has are passed over, a gap is refused."""

    def __init__(self, server):
        self.bytes, self.drop = {}, 0
        server.on("POST", RUN + "/journal", self.take)

    def take(self, request):
        writer, offset = [one.partition("=")[2] for one in sorted(request.query.split("&"), reverse=True)]
        have = self.bytes.setdefault(writer, b"")
        if int(offset) > len(have):
            return 409, {"error": {"code": "Conflict", "message": "a gap"}, "acked": len(have)}
        self.bytes[writer] = have[: int(offset)] + request.body
        if self.drop:
            self.drop -= 1
            return 503, {"error": {"code": "Unavailable", "message": "the answer is lost"}}
        return {"acked": len(self.bytes[writer])}

    def values(self):
        return [record.document()["value"] for data in self.bytes.values() for record in journal.read_records(data)[1:]]


def test_outside_metrics_are_sent_in_order_and_before_any_question(outside):
    journals = Journals(outside.server)
    outside.server.on("GET", RUN + "/metrics", lambda request: {"metrics": []})
    for i in range(2500):
        outside.log("i", i)
    outside.log("nan", float("nan"))
    outside.get_metrics()
    got = journals.values()
    assert got[:-1] == list(range(2500)) and math.isnan(got[-1]) and len(journals.bytes) == 1


def test_an_answer_that_is_lost_doubles_nothing(outside):
    journals = Journals(outside.server)
    outside.log("i", 1)
    journals.drop = 1
    with pytest.raises(errors.UnavailableError):
        outside.flush()
    outside.log("i", 2)
    outside.flush()
    assert journals.values() == [1, 2]


def test_what_waits_for_a_server_is_bounded(outside, monkeypatch):
    from runwright import _outbox

    monkeypatch.setattr(_outbox, "_MOST_BYTES", 10000)
    outside.server.on("POST", RUN + "/journal", lambda request: (503, {"error": {"code": "Unavailable", "message": "away"}}))
    with pytest.raises(errors.UnavailableError):
        for i in range(10000):
            outside.log("i", i)
    journals = Journals(outside.server)
    outside.flush()
    assert journals.values() == list(range(i))


def test_metrics_of_a_process_that_ends_are_sent(scripted, clean_env):
    server = scripted()
    journals = Journals(server)
    code = (
        "from runwright.client import Api; from runwright._http import Client; from runwright.run import Run\n"
        "Run(Api(Client(%r)), %r).log('a', 1)" % (server.url, ID)
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=clean_env(), timeout=60)
    assert journals.values() == [1] and len(server.requests) == 1


def test_outside_tags_properties_and_the_end(outside):
    server = outside.server
    patches = []
    server.on("PATCH", RUN, lambda request: patches.append(request.json()) or {"id": ID, "status": "Running"})
    server.on("POST", RUN + "/end", lambda request: dict(request.json(), id=ID))
    server.on("POST", RUN + "/cancel", {"id": ID, "status": "CancelRequested"})
    server.on("GET", RUN, {"id": ID, "status": "Running", "tags": {"a": None}, "properties": {"p": "1"}, "workspace_id": "w"})
    outside.tag("a")
    outside.remove_tags(["b"])
    outside.add_properties({"p": 1})
    assert patches == [{"tags": {"a": None}}, {"remove_tags": ["b"]}, {"properties": {"p": "1"}}]
    assert outside.get_tags() == {"a": None} and outside.get_properties() == {"p": "1"}
    assert outside.get_status() == "Running"
    outside.cancel()
    assert outside.status == "CancelRequested"
    outside.complete()
    assert outside.status == "Completed"
    outside.fail("why")
    assert outside.document()["error"] == {"message": "why"}


def test_a_child_from_outside_is_a_run_without_a_script(outside):
    server = outside.server
    server.on("GET", RUN, {"id": ID, "status": "Running", "workspace_id": "w", "experiment": "exp"})
    server.on("POST", "/api/v1/workspaces/w/runs", lambda request: (201, dict(request.json(), id=request.json()["run_id"])))
    child = outside.child("first", tags={"a": 1})
    body = server.requests[-1].json()
    assert body == {"experiment": "exp", "run_id": child.id, "parent_id": ID, "display_name": "first", "tags": {"a": "1"}}


def test_files(outside, tmp_path, monkeypatch):
    server = outside.server
    monkeypatch.chdir(tmp_path)
    stored = {}

    def put(request):
        name = request.query.partition("=")[2]
        stored[name] = request.body
        return 201, {"name": name}

    server.on("PUT", RUN + "/artifacts/content", put)
    server.on("GET", RUN + "/artifacts/content", lambda r: (200, stored[r.query.partition("=")[2]], {}))
    server.on("GET", RUN + "/artifacts", lambda r: {"items": [{"name": name} for name in sorted(stored)]})
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_bytes(b"A")
    (tmp_path / "in" / "sub" / "b.txt").write_bytes(b"B")
    outside.upload_file("./outputs//a.txt", "in/a.txt")
    with open(str(tmp_path / "in" / "a.txt")) as text:
        outside.upload_file("text", text)
    outside.upload_files(["x"], [tmp_path / "in" / "sub" / "b.txt"])
    assert outside.upload_folder("dir", "in") == ["dir/a.txt", "dir/sub/b.txt"]
    assert stored == {"outputs/a.txt": b"A", "text": b"A", "x": b"B", "dir/a.txt": b"A", "dir/sub/b.txt": b"B"}
    assert outside.files() == sorted(stored)
    assert outside.download_file("outputs/a.txt") == "a.txt" and (tmp_path / "a.txt").read_bytes() == b"A"
    assert outside.download_file("x", "new/") == "new/x"
    assert outside.download_file("x", str(tmp_path / "in")) == str(tmp_path / "in" / "x")
    assert outside.download_file("x", "deep/er/name") == "deep/er/name" and os.path.isfile("deep/er/name")
    paths = outside.download_files(output_directory="all")
    assert sorted(paths) == sorted(os.path.join("all", name) for name in stored)
    with pytest.raises(errors.InvalidArgumentError, match="cannot be uploaded"):
        outside.upload_file("a", "missing")
    with pytest.raises(errors.InvalidArgumentError):
        outside.upload_file("../a", b"")
    with pytest.raises(errors.InvalidArgumentError):
        outside.upload_files(["a", "b"], ["in/a.txt"])


def test_a_file_cannot_be_written_outside_of_the_folder(outside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outside.server.on("GET", RUN + "/artifacts", {"items": [{"name": "../../evil"}]})
    with pytest.raises(errors.InvalidArgumentError):
        outside.download_files(output_directory="all")


def test_download_files_with_a_prefix(outside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outside.server.on("GET", RUN + "/artifacts", {"items": [{"name": "outputs/m/a"}, {"name": "outputs/m/b/c"}]})
    outside.server.on("GET", RUN + "/artifacts/content", lambda request: (200, b"x", {}))
    assert outside.download_files("outputs/m", append_prefix=False) == ["./a", "./b/c"]
    assert outside.download_files("outputs/m", output_paths=["p", "q"]) == ["p", "q"]
    with pytest.raises(errors.InvalidArgumentError):
        outside.download_files("outputs/m", output_paths=["p"])


def test_children_are_listed_over_all_pages(outside):
    server = outside.server
    server.on("GET", RUN, {"id": ID, "workspace_id": "w", "status": "Running"})
    pages = {"": {"items": [{"id": "c1"}, {"id": "c2"}], "next_cursor": "n"}, "n": {"items": [{"id": "c3"}]}}
    server.on("GET", "/api/v1/workspaces/w/runs", lambda r: pages["n" if "cursor=n" in r.query else ""])
    assert [child.id for child in outside.children(status=["Running"])] == ["c1", "c2", "c3"]
    assert "parent=" + ID in server.requests[-1].query and "status=Running" in server.requests[-1].query


def test_models_from_local_files(scripted, tmp_path, monkeypatch):
    from runwright import models

    server = scripted()
    api = Api(Client(server.url))
    stored = {}
    server.on("POST", "/api/v1/blobs/missing", lambda request: {"missing": request.json()["digests"]})
    server.on("POST", "/api/v1/workspaces/w/models", lambda r: (201, dict(r.json(), version=2, id="m:2")))
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for path, data in (("a", b"A"), ("sub/b", b"B")):
        (folder / path).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        server.on("PUT", "/api/v1/blobs/" + digest, lambda r: stored.update({r.path[-64:]: r.body}) or (201, {}))
    document = models.register_from_path(api, "w", "m", str(folder) + "/", {"description": "d"})
    assert [one["path"] for one in document["files"]] == ["model/a", "model/sub/b"]
    assert sorted(stored.values()) == [b"A", b"B"]
    contents = {"model/a": b"A", "model/sub/b": b"B"}
    server.on("GET", "/api/v1/workspaces/w/models/m/content", lambda r: (200, contents[r.query.partition("path=")[2]], {}))
    target = str(tmp_path / "down")
    assert models.download(api, "w", document, target) == os.path.join(target, "model")
    with pytest.raises(errors.ConflictError, match="exist_ok"):
        models.download(api, "w", document, target)
    models.download(api, "w", document, target, exist_ok=True)
    with pytest.raises(errors.NotFoundError):
        models.register_from_path(api, "w", "m", str(tmp_path / "none"))


def test_a_log_call_costs_little_over_a_write(run_folder):
    """A loose bound that holds on a busy machine; bench/log.py has the real figure."""
    code = (
        "import os, time, runwright\n"
        "run = runwright.current(); run.log('loss', 0.1)\n"
        "def p50(call):\n"
        "    times = []\n"
        "    for i in range(20000):\n"
        "        t = time.perf_counter(); call(); times.append(time.perf_counter() - t)\n"
        "    return sorted(times)[10000] * 1e6\n"
        "fd = os.open(os.environ['RUNWRIGHT_RUN_DIR'] + '/x', os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
        "data = b'x' * 46\n"
        "print(p50(lambda: run.log('loss', 0.1)) - p50(lambda: os.write(fd, data)))\n"
    )
    env = dict(os.environ, PYTHONPATH=SDK)
    out = subprocess.run([sys.executable, "-c", code], check=True, env=env, stdout=subprocess.PIPE, timeout=60).stdout
    assert float(out) < 8.0


