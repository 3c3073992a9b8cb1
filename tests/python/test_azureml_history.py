"""Run history as the SDK's sample programs use it, against a real server: metrics of every form, interactive runs,
children, tags, files."""

import math
import os
import struct
import sys

import pytest
from azureml_support import forget_warnings
from lookalikes import Array, Scalar


@pytest.fixture
def ws(server, tmp_path, monkeypatch):
    import runwright
    from azureml.core import Workspace

    forget_warnings()
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    runwright.create_workspace("lab", server=server.url).write_config(".")
    return Workspace.from_config()


@pytest.fixture
def experiment(ws):
    from azureml.core import Experiment

    return Experiment(workspace=ws, name="logging-api-test")


@pytest.fixture
def run(experiment):
    started = experiment.start_logging(snapshot_directory=None)
    yield started
    started.complete()


class Figure:
    """What matplotlib's pyplot and its figures offer."""

    def savefig(self, target, format=None, **kwargs):
        target.write(b"\x89PNG figure as " + format.encode())


def local_folders():
    from runwright import local_runs

    return os.listdir(local_runs.root()) if os.path.isdir(local_runs.root()) else []


def test_the_logging_notebook(experiment, tmp_path):
    run = experiment.start_logging(outputs=None, snapshot_directory=".")
    assert run.get_status() == "Running" and os.path.isdir("outputs") and run.get_snapshot_id()
    fibonacci = [0, 1, 1, 2, 3, 5, 8, 13]
    sines = {"angle": [0.1, 0.2, 0.3], "sine": [math.sin(one) for one in (0.1, 0.2, 0.3)]}
    run.log_list(name="Fibonacci", value=fibonacci)
    for angle in sines["angle"]:
        run.log_row(name="Cosine Wave", angle=angle, cosine=math.cos(angle))
    run.log_table(name="Sine Wave", value=sines)
    run.log("once", 0.5, description="a scalar")
    run.log(name="twice", value=1)
    run.log(name="twice", value=2)
    run.log_row("one row", x=1, y="b")
    run.log_image(name="Hyperbolic Tangent", plot=Figure())
    with open("best.png", "wb") as file:
        file.write(b"\x89PNG")
    run.log_image("Best", path="best.png")
    with open(os.path.join("outputs", "kept.txt"), "w") as file:
        file.write("an output")
    run.tag("quality", "low")
    uploaded = run.upload_file(name="results/myfile.txt", path_or_stream="best.png")
    assert uploaded.serialize()["artifacts"]["results/myfile.txt"]["size"] == 4 and uploaded["size"] == 4
    metrics = run.get_metrics()
    assert metrics["Fibonacci"] == fibonacci and metrics["Sine Wave"] == sines
    assert metrics["Cosine Wave"] == {"angle": sines["angle"], "cosine": [math.cos(one) for one in sines["angle"]]}
    assert metrics["once"] == 0.5 and metrics["twice"] == [1, 2] and metrics["one row"] == {"x": 1, "y": "b"}
    assert metrics["Hyperbolic Tangent"].startswith("aml://artifactId/ExperimentRun/dcid.%s/" % run.id)
    assert run.get_metrics("twice") == {"twice": [1, 2]}
    run.complete()
    assert run.get_status() == "Completed" and run.status == "Completed" and local_folders() == []
    files = run.get_file_names()
    assert "outputs/kept.txt" in files and "results/myfile.txt" in files
    image = metrics["Best"].partition("dcid.%s/" % run.id)[2]
    run.download_file(image, output_file_path="down.png")
    assert open("down.png", "rb").read() == b"\x89PNG"
    run.log("after the end", 7)
    assert list(experiment.get_runs())[0].get_metrics("after the end") == {"after the end": 7}


def test_a_real_figure(run):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.plot([1, 2, 3])
    run.log_image("curve", plot=pyplot)
    assert run.get_metrics()["curve"].endswith(".png")


DOCUMENTS = {
    "log_accuracy_table": {"schema_type": "accuracy_table", "schema_version": "1.0.1", "data": {
        "probability_tables": [[[82, 118, 0, 0], [75, 31, 87, 7]]], "percentile_tables": [[[82, 118, 0, 0]]],
        "probability_thresholds": [0.0, 0.25, 0.5], "percentile_thresholds": [0.0, 0.01], "class_labels": ["0", "1"]}},
    "log_confusion_matrix": {"schema_type": "confusion_matrix", "schema_version": "v1", "data": {
        "class_labels": ["0", "1"], "matrix": [[3, 0], [1, 2]]}},
    "log_predictions": {"schema_type": "predictions", "schema_version": "v1", "data": {
        "bin_averages": [0.25, 0.75], "bin_errors": [0.013, 0.042], "bin_counts": [56, 34], "bin_edges": [0.0, 0.5, 1.0]}},
    "log_residuals": {"schema_type": "residuals", "schema_version": "v1", "data": {
        "bin_edges": [100, 200, 300], "bin_counts": [0.88, 20]}},
}


@pytest.mark.parametrize("form", sorted(DOCUMENTS))
def test_documents_are_files_with_an_address(run, form):
    import json

    from azureml.exceptions import UserErrorException

    getattr(run, form)("as dict", DOCUMENTS[form])
    getattr(run, form)(name="as text", value=json.dumps(DOCUMENTS[form]))
    metrics = run.get_metrics()
    assert all(metrics[name].startswith("aml://artifactId/") for name in ("as dict", "as text"))
    assert run.get_metrics(populate=True) == {"as dict": DOCUMENTS[form], "as text": DOCUMENTS[form]}
    with pytest.raises(UserErrorException, match="no JSON"):
        getattr(run, form)("wrong", "{")


NAMES = ["prec@1", "a name with spaces", "Ünïcödé 名前 🚀", "x" * 5000, "a/b\\c", "%41?&=#", "quote's \"", "tab\tline\nend", "."]


def test_names_are_kept_as_they_are(run):
    for i, name in enumerate(NAMES):
        run.log(name, i)
        run.log_row(name + " row", **{name: i})
        run.log_image(name + " image", plot=Figure())
    metrics = run.get_metrics()
    assert [metrics[name] for name in NAMES] == list(range(len(NAMES)))
    assert [metrics[name + " row"] for name in NAMES] == [{name: i} for i, name in enumerate(NAMES)]
    assert run.get_metrics(name=NAMES[2]) == {NAMES[2]: 2}
    assert len([name for name in run.get_file_names() if name.endswith(".png")]) == len(NAMES)


HOSTILE = ["", "\0", "a\0b", "\ud800", "x" * 10000, "../x", "CON", "new\nline", "\x7f", "é" * 9000, "$number", "a=b"]


def every_use(run, i, name):
    """Calls that use a name in every place that takes one."""
    return (
        lambda: run.log(name, i),
        lambda: run.log("text %d" % i, name),
        lambda: run.log_list(name + "L", [name]),
        lambda: run.log_row("row %d" % i, **{name: name}),
        lambda: run.tag(name, name),
        lambda: run.add_properties({name: name}),
        lambda: run.child_run(name).complete(),
        lambda: run.child_run(run_id=name or None).complete(),
        lambda: run.upload_file("%s" % name, __file__),
        run.flush,
    )


@pytest.mark.parametrize("how", ["journal", "server"])
def test_hostile_names_are_taken_or_refused_and_nothing_else_suffers(experiment, how):
    from azureml.exceptions import UserErrorException

    run = experiment.start_logging(snapshot_directory=None)
    run.log("before", 1)
    if how == "server":
        run.complete()
    refused = []
    for i, name in enumerate(HOSTILE):
        for call in every_use(run, i, name):
            try:
                call()
            except UserErrorException as error:
                refused.append(error)
    run.log("after", 2)
    metrics = run.get_metrics()
    assert metrics["before"] == 1 and metrics["after"] == 2
    for name in HOSTILE[4:9] + HOSTILE[10:]:
        assert metrics[name] == HOSTILE.index(name)
    assert len([name for name in metrics if name.startswith("é" * 8000)]) == 2
    assert run.get_tags()["a=b"] == "a=b" and run.get_properties()["new\nline"] == "new\nline"
    assert run.get_file_names() == ["$number", "CON", "a=b"] and refused


def test_values_of_every_kind(run):
    values = {"int": 3, "float": 0.1, "bool": True, "text": "abc", "unicode": "名 🚀", "empty": "", "scalar": Scalar(0.25),
              "big": 2 ** 62, "negative zero": -0.0, "tiny": 5e-324, "huge": 1.7976931348623157e308}
    for name, value in values.items():
        run.log(name, value)
    for name, value in (("nan", float("nan")), ("inf", float("inf")), ("-inf", float("-inf"))):
        run.log(name, value)
    run.log("array", Array([1.5, 2.5]))
    run.log_list("generator", (i * i for i in range(4)))
    run.log_list("array list", Array([1, 2]))
    run.log_list("mixed", [1, "a", float("nan"), Scalar(2.5)])
    run.log_list("nothing", [])
    run.log_table("numbers", {"a": Array([1, 2]), "b": [float("inf"), None]})
    metrics = run.get_metrics()
    for name, value in values.items():
        assert metrics[name] == (value.value if isinstance(value, Scalar) else value), name
    assert math.copysign(1, metrics["negative zero"]) == -1 and metrics["bool"] is True
    assert math.isnan(metrics["nan"]) and metrics["inf"] == float("inf") and metrics["-inf"] == -float("inf")
    assert metrics["array"] == [1.5, 2.5] and metrics["generator"] == [0, 1, 4, 9] and metrics["array list"] == [1, 2]
    assert metrics["mixed"][:2] == [1, "a"] and math.isnan(metrics["mixed"][2]) and metrics["mixed"][3] == 2.5
    assert metrics["nothing"] == [] and metrics["numbers"] == {"a": [1, 2], "b": [float("inf"), None]}


def test_numpy_values(run):
    numpy = pytest.importorskip("numpy")
    run.log("f32", numpy.float32(0.1))
    run.log("i64", numpy.int64(7))
    run.log("bool", numpy.bool_(True))
    run.log("0-d", numpy.array(2.5))
    run.log("long", numpy.longdouble(0.5))
    run.log_list("list", numpy.arange(3) / 2)
    assert run.get_metrics() == {"f32": float(numpy.float32(0.1)), "i64": 7, "bool": True, "0-d": 2.5, "long": 0.5,
                                 "list": [0.0, 0.5, 1.0]}


def test_doubles_come_back_bit_for_bit(run):
    raw = list(struct.unpack("<20000Q", os.urandom(160000)))
    raw += [0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001, 0x8000000000000000, 1]
    values = [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in raw]
    for value in values:
        run.log("x", value)
    got = run.get_metrics("x")["x"]
    assert len(got) == len(values)
    assert all(math.isnan(b) if math.isnan(a) else struct.pack("<d", a) == struct.pack("<d", b) for a, b in zip(values, got))


def test_steps_are_kept(run):
    for step in (3, 1, 2):
        run.log("loss", step / 2, step=step)
    run.log("loss", "text", step=9)
    metric = run._native.api.get_metrics(run.id, "loss") if run._native.flush() is None else None
    assert metric[0]["steps"] == [3, 1, 2, 9] and metric[0]["values"] == [1.5, 0.5, 1.0, "text"]


def test_the_run_management_notebook(experiment):
    from azureml.core import Run

    notebook_run = experiment.start_logging()
    notebook_run.log(name="message", value="Hello from run!")
    assert notebook_run.get_status() == "Running"
    notebook_run.complete()
    assert notebook_run.get_status() == "Completed"
    with experiment.start_logging() as second:
        second.log(name="message", value="Hello from second run!")
        assert second.get_status() == "Running"
    assert second.get_status() == "Completed"
    with pytest.raises(ValueError), experiment.start_logging(snapshot_directory=None) as failing:
        raise ValueError("bad lr")
    assert failing.get_status() == "Failed" and "ValueError: bad lr" in str(failing.get_details()["error"])
    to_cancel = experiment.start_logging(snapshot_directory=None)
    to_cancel.cancel()
    assert to_cancel.get_status() == "Canceled"
    to_fail = experiment.start_logging(snapshot_directory=None)
    to_fail.fail(error_details="no data", error_code="Bad")
    assert to_fail.get_details()["error"]["error"]["message"] == "no data"
    assert local_folders() == []

    notebook_run.add_properties({"author": "azureml-user"})
    from azureml.exceptions import UserErrorException

    with pytest.raises(UserErrorException, match="author"):
        notebook_run.add_properties({"author": "different-user"})
    assert notebook_run.get_properties()["author"] == "azureml-user"
    notebook_run.tag("quality", "great run")
    notebook_run.tag("quality", "fantastic run")
    second.tag("worth another look")
    assert notebook_run.get_tags() == {"quality": "fantastic run"} and second.get_tags() == {"worth another look": None}
    ids = lambda runs: [one.id for one in runs]  # noqa: E731
    assert ids(experiment.get_runs(properties={"author": "azureml-user"}, tags={"quality": "fantastic run"})) == [notebook_run.id]
    assert ids(experiment.get_runs(properties={"author": "azureml-user"}, tags="worth another look")) == []
    assert ids(experiment.get_runs(tags="worth another look")) == [second.id]
    assert ids(experiment.get_runs(type="azureml.scriptrun")) == []
    assert len(ids(experiment.get_runs())) == 5 and ids(Run.list(experiment, status="Failed")) == [to_fail.id, failing.id]
    second.set_tags({"a": 1, "b": None})
    second.remove_tags(["a", "worth another look"])
    assert second.get_tags() == {"b": None}
    assert Run(experiment, second.id).get_metrics() == {"message": "Hello from second run!"}


def test_integers_come_back_as_integers(experiment):
    with experiment.start_logging() as run:
        run.log("epoch", 3)
        for i in range(3):
            run.log("many", i, step=i)
        for value in (1, 2.5, 2, 2.0, float("inf")):
            run.log("mixed", value)
        run.log("most", -(2 ** 53))
        run.log("zero", -0.0)
        run.log_list("list", [1, 2.0])
    found = run.get_metrics()
    assert repr([found[name] for name in ("epoch", "many", "mixed", "most", "zero", "list")]) == \
        "[3, [0, 1, 2], [1, 2.5, 2, 2.0, inf], -9007199254740992, -0.0, [1, 2.0]]"


def test_children_of_an_interactive_run(experiment):
    root = experiment.start_logging(snapshot_directory=None)
    alphas = [0.1, 0.2]
    for alpha in alphas:
        with root.child_run("alpha%s" % alpha) as child:
            child.log("alpha", alpha)
            with child.child_run() as grandchild:
                grandchild.log("deep", alpha)
                grandchild.tag("depth", 2)
                assert grandchild.parent.id == child.id
    assert child.parent.id == root.id and child.number
    five = root.create_children(count=2)
    tagged = root.create_children(tag_key="fold", tag_values=["a", "b"])
    assert [one.get_tags() for one in tagged] == [{"fold": "a"}, {"fold": "b"}]
    for one in five + tagged:
        one.complete()
    children = list(root.get_children())
    assert len(children) == 6 and children[0].id == tagged[1].id  # newest first
    assert {one.name for one in children} >= {"alpha0.1", "alpha0.2"}
    assert len(list(root.get_children(recursive=True))) == 8
    deep = list(root.get_children(recursive=True, tags={"depth": "2"}))
    assert [one.get_metrics() for one in deep] == [{"deep": 0.2}, {"deep": 0.1}]
    assert {one.id for one in root.get_children(tags="fold")} == {one.id for one in tagged}
    recursive = root.get_metrics(recursive=True)
    assert recursive[child.id] == {"alpha": 0.2} and recursive[root.id] == {} and len(recursive) == 9
    assert root.get_metrics(recursive=True, run_type="nothing") == {}
    open_child = root.child_run("still open")
    open_child.display_name = "renamed"
    assert open_child.name == "renamed"
    root.complete()
    assert root.get_status() == "Completed" and open_child.get_status() == "Running"
    open_child.log("late", 1)
    open_child.complete()
    assert open_child.get_status() == "Completed" and local_folders() == []
    assert {one.get_status() for one in root.get_children(recursive=True)} == {"Completed"}
    assert len(list(experiment.get_runs())) == 1 and len(list(experiment.get_runs(include_children=True))) == 10


def test_forked_workers_log_to_one_run(run):
    workers, points = 4, 5000
    child = run.child_run("shared")
    pids = []
    for worker in range(workers):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for i in range(points):
                    run.log("worker %d" % worker, i)
                    child.log("child %d" % worker, -i)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * workers
    child.complete()
    assert run.get_metrics() == {"worker %d" % one: list(range(points)) for one in range(workers)}
    assert child.get_metrics() == {"child %d" % one: [-i for i in range(points)] for one in range(workers)}
    assert run.get_details()["warnings"] == []


def test_an_interactive_run_outlives_the_server(server, experiment, capfd):
    run = experiment.start_logging(snapshot_directory=None)
    run.log("x", 1)
    run.flush()
    server.kill()
    for i in range(1000):
        run.log("x", i)
    server.start()
    run.complete()
    assert run.get_metrics()["x"] == [1] + list(range(1000)) and local_folders() == []


def test_the_input_datasets_of_a_run(run):
    assert dict(run.input_datasets) == {} and run.input_datasets.get("x") is None
    with pytest.raises(KeyError, match="no input data set 'x'"):
        run.input_datasets["x"]



def test_folders_and_downloads_with_every_argument(run, tmp_path, monkeypatch):
    from azureml.exceptions import UserErrorException

    os.makedirs("data/deep")
    for name in ("a.txt", "b.txt", "deep/c.txt"):
        with open(os.path.join("data", name), "w") as file:
            file.write("content of " + name)
    os.mkfifo("data/pipe")
    os.symlink("..", "data/loop")
    os.symlink("nowhere", "data/dangling")
    run.upload_folder(name="up", path="data")
    run.upload_files(names=["x/1", "x/2"], paths=["data/a.txt", "data/b.txt"])
    assert run.get_file_names() == ["up/a.txt", "up/b.txt", "up/deep/c.txt", "x/1", "x/2"]
    with pytest.raises(UserErrorException, match="2 names for 1 paths"):
        run.upload_files(names=["1", "2"], paths=["data/a.txt"])
    with pytest.raises(UserErrorException, match="up/a.txt"):
        run.upload_file("up/a.txt", "data/b.txt")
    for name in ("../x", "", "a/../../b", "x" * 300, "new\nline"):
        with pytest.raises(UserErrorException):
            run.upload_file(name, "data/a.txt")
    run.upload_file("/absolute/x", "data/a.txt")

    def below(folder):
        return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)

    run.download_files(prefix="up", output_directory="all")
    assert below("all") == ["up/a.txt", "up/b.txt", "up/deep/c.txt"]
    run.download_files("up/", "short", append_prefix=False)
    assert below("short") == ["a.txt", "b.txt", "deep/c.txt"] and open("short/deep/c.txt").read() == "content of deep/c.txt"
    run.download_files("x/", output_paths=["one", "two"], batch_size=1)
    assert open("one").read() == "content of a.txt" and open("two").read() == "content of b.txt"
    monkeypatch.chdir(tmp_path)
    run.download_files("x")
    assert below("x") == ["1", "2"]
    with pytest.raises(UserErrorException, match="1 output_paths for 2 files"):
        run.download_files("x", output_paths=["one"])
    run.download_file("up/deep/c.txt")
    run.download_file("up/deep/c.txt", output_file_path="folder/")
    assert open("c.txt").read() == open("folder/c.txt").read() == "content of deep/c.txt"


def snapshot_of(run, folder):
    from runwright import snapshot

    return snapshot.send(run._native.api, folder).id


def test_snapshots_come_back_as_zip_files(experiment):
    import stat
    import zipfile

    from azureml.exceptions import UserErrorException

    os.makedirs("src/sub/empty")
    with open("src/train.py", "w") as file:
        file.write("print('hello')\n" * 1000)
    with open("src/run.sh", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod("src/run.sh", 0o755)
    os.symlink("train.py", "src/link")
    run = experiment.start_logging(snapshot_directory="src")
    path = run.restore_snapshot(path="restored")
    assert path == "restored/%s.zip" % run.get_snapshot_id()
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["link", "run.sh", "sub/", "sub/empty/", "train.py"]
        assert archive.read("train.py") == b"print('hello')\n" * 1000 and archive.read("link") == b"train.py"
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o100755
        assert stat.S_ISLNK(archive.getinfo("link").external_attr >> 16) and archive.testzip() is None
    of_file = run.take_snapshot("src/train.py")
    assert of_file in run.get_properties().values()
    run.complete()
    with open("src/train.py", "a") as file:
        file.write("more")
    of_nobody = snapshot_of(run, "src")
    run._native.api.set_retention(blob_days=0)
    run._native.api.collect_garbage()
    with zipfile.ZipFile(run.restore_snapshot(of_file, "one.zip")) as archive:
        assert archive.namelist() == ["train.py"]
    assert zipfile.is_zipfile(run.restore_snapshot())
    with pytest.raises(UserErrorException):
        run.restore_snapshot(of_nobody)


def test_the_keyvault(ws, run):
    from azureml.core import Keyvault
    from azureml.exceptions import UserErrorException

    vault = ws.get_default_keyvault()
    assert isinstance(vault, Keyvault)
    vault.set_secret(name="mysecret", value="påssword 名")
    vault.set_secrets({"second": "2", "mysecret": "new"})
    assert vault.get_secret("mysecret") == "new" and run.get_secret("mysecret") == "new"
    assert run.get_secrets(["mysecret", "nothing"]) == {"mysecret": "new", "nothing": None}
    assert [one["name"] for one in vault.list_secrets()] == ["mysecret", "second"]
    with pytest.raises(UserErrorException):
        vault.get_secret("nothing")
    with pytest.raises(UserErrorException, match="must be text"):
        vault.set_secret("number", 1)
    vault.delete_secret("second")
    assert [one["name"] for one in vault.list_secrets(max_results=5)] == ["mysecret"]


def test_experiments_are_archived_and_deleted(ws, experiment):
    from azureml.core import Experiment
    from azureml.exceptions import UserErrorException

    empty = Experiment(ws, "empty-one")
    assert empty.id
    with experiment.start_logging(snapshot_directory=None):
        pass
    Experiment.delete(ws, empty.id)
    assert [one.name for one in Experiment.list(ws)] == ["logging-api-test"]
    with pytest.raises(UserErrorException, match="run"):
        Experiment.delete(ws, experiment.id)
    experiment.archive()
    assert Experiment.list(ws) == [] and [one.name for one in Experiment.list(ws, view_type="ArchivedOnly")] == [experiment.name]
    experiment.reactivate()
    assert [one.name for one in Experiment.list(ws)] == [experiment.name]


SCRIPT = """
import os, sys
from azureml.core import Environment, Run, ScriptRunConfig
run = Run.get_context()
if "child" in sys.argv:
    run.log("inner", 1)
    sys.exit(0)
print(run.get_secret("token"))
children = run.create_children(tag_key="fold", tag_values=["0", "1"])
pids = []
for i, child in enumerate(children):
    pid = os.fork()
    if pid == 0:
        child.upload_file("early.txt", __file__)
        for k in range(1000):
            child.log("loss", k)
        child.log_row("row", i=i)
        os._exit(0)
    pids.append(pid)
for pid in pids:
    assert os.waitpid(pid, 0)[1] == 0
children[0].complete()
children[1].fail("diverged")
left_open = run.child_run("left open")
left_open.upload_file("early.txt", __file__)
left_open.log("x", 1)
environment = Environment("here")
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
submitted = run.submit_child(ScriptRunConfig(".", "train.py", arguments=["child"], environment=environment))
run.tag("submitted", submitted.id)
run.log_image("picture", plot=type("Figure", (), {"savefig": lambda self, out, format=None: out.write(b"PNG")})())
run.log_residuals("residuals", {"schema_type": "residuals", "data": {"bin_edges": [1, 2]}})
assert run.get_metrics("residuals", populate=True)["residuals"]["data"] == {"bin_edges": [1, 2]}
import zipfile
with zipfile.ZipFile(run.restore_snapshot(path="kept")) as archive:
    assert archive.namelist() == ["train.py"]
assert zipfile.is_zipfile(run.restore_snapshot(run.take_snapshot("train.py")))
with Run.get_context(used_for_context_manager=True) as same:
    assert same.id == run.id
run.log("after complete", 1)
print("still here")
"""


def test_a_script_with_children_that_completes_its_own_run(ws, experiment):
    from azureml.core import Environment, ScriptRunConfig
    from azureml.core.run import Run

    os.mkdir("src")
    with open("src/train.py", "w") as file:
        file.write(SCRIPT)
    ws.get_default_keyvault().set_secret("token", "s3cret")
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    run = experiment.submit(ScriptRunConfig("src", "train.py", environment=environment))
    details = run.wait_for_completion(raise_on_error=False)
    logs = run.get_all_logs(destination="logs")
    log = open(logs[0]).read()
    assert details["status"] == "Completed", log
    assert logs == ["logs/azureml-logs/70_driver_log.txt"] and log.endswith("s3cret\nstill here\n")
    assert run.get_metrics("after complete") == {"after complete": 1} and details["warnings"] == []
    submitted = Run(experiment, run.get_tags()["submitted"])
    assert submitted.wait_for_completion()["status"] == "Completed" and submitted.parent.id == run.id
    assert submitted.get_metrics() == {"inner": 1}
    by_fold = {child.get_tags()["fold"]: child for child in run.get_children(tags="fold")}
    assert by_fold["0"].get_metrics() == {"loss": list(range(1000)), "row": {"i": 0}}
    assert by_fold["1"].get_metrics() == {"loss": list(range(1000)), "row": {"i": 1}}
    assert by_fold["0"].get_status() == "Completed"
    assert by_fold["1"].get_details()["error"]["error"]["message"] == "diverged"
    statuses = {child.name: child.get_status() for child in run.get_children()}
    assert statuses["left open"] == "Completed" and len(statuses) == 4
    assert [child.id for child in run.get_children(status="Failed")] == [by_fold["1"].id]
    assert [child.id for child in run.get_children(type="azureml.scriptrun", recursive=True)] != []


def test_the_train_within_notebook(ws):
    """start_logging, a model per child run, the best of them registered."""
    import pickle

    from azureml.core import Experiment
    from azureml.core.model import Model
    from azureml.widgets import RunDetails

    experiment = Experiment(workspace=ws, name="train-within-notebook")
    run = experiment.start_logging(snapshot_directory=None)
    run.tag("Description", "My first run!")
    run.log("alpha", 0.03)
    run.log("mse", 3424.3166882137343)
    model_file_name = "outputs/model.pkl"
    with open(model_file_name, "wb") as file:
        pickle.dump({"coef": 1}, file)
    run.upload_file(name=model_file_name, path_or_stream=model_file_name)
    run.complete()
    assert run.get_portal_url().endswith(run.id) and run.get_file_names() == ["outputs/model.pkl"]

    os.remove(model_file_name)
    alphas = [0.0, 0.1, 0.2, 0.3]
    with experiment.start_logging() as root_run:
        root_run.log("alpha grid", len(alphas))
        for alpha in alphas:
            with root_run.child_run("alpha" + str(alpha)) as child:
                child.log(name="alpha", value=alpha)
                child.log(name="mse", value=(alpha - 0.2) ** 2)
                name = "model_alpha_" + str(alpha) + ".pkl"
                filename = os.path.join("outputs", name)
                with open(filename, "wb") as file:
                    pickle.dump({"alpha": alpha}, file)
                child.upload_file(name=name, path_or_stream=filename)
    child_runs, child_run_metrics = {}, {}
    for one in root_run.get_children():
        child_runs[one.id] = one
        child_run_metrics[one.id] = one.get_metrics()
    best_run_id = min(child_run_metrics, key=lambda k: child_run_metrics[k]["mse"])
    best_run = child_runs[best_run_id]
    assert best_run.get_metrics() == {"alpha": 0.2, "mse": 0.0} and best_run.get_file_names() == ["model_alpha_0.2.pkl"]
    os.makedirs("downloads", exist_ok=True)
    for name in best_run.get_file_names():
        best_run.download_file(name, output_file_path=os.path.join("downloads", name))
    assert os.listdir("downloads") == ["model_alpha_0.2.pkl"]
    model = best_run.register_model(model_name="best_model", model_path="model_alpha_0.2.pkl")
    assert (model.name, model.version, model.run_id) == ("best_model", 1, best_run.id)
    assert {one.name for one in Model.list(ws)} == {"best_model"}
    assert len(root_run.get_file_names()) == 4 and root_run.get_metrics() == {"alpha grid": 4}
    RunDetails(root_run).show()

    with experiment.start_logging(snapshot_directory=None) as early:
        with open("outputs/early.pkl", "wb") as file:
            file.write(b"1")
        assert early.register_model("early", "outputs/early.pkl").version == 1


def test_a_value_that_is_too_large_is_counted_and_long_lists_are_not(run):
    run.log("text", "x" * (17 << 20))
    run.log_list("long", range(1000000))
    run.log("after", 1)
    metrics = run.get_metrics()
    assert len(metrics["long"]) == 1000000 and metrics["long"][-1] == 999999 and metrics["after"] == 1
    (warning,) = run.get_details()["warnings"]
    assert "1 values could not be logged: a value of" in warning["message"]
