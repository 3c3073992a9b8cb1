"""Run history as the SDK's sample programs use it, against a real server: metrics of every form, interactive runs,
children, tags, files."""

import math
import os
import struct
import sys

import pytest
from azureml_support import forget_warnings


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
    run.upload_file(name="results/myfile.txt", path_or_stream="best.png")
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


class Scalar:
    """As NumPy's scalars and tensors of one element are."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


class Array:
    def __init__(self, *values):
        self.values = values

    def tolist(self):
        return list(self.values)


def test_values_of_every_kind(run):
    values = {"int": 3, "float": 0.1, "bool": True, "text": "abc", "unicode": "名 🚀", "empty": "", "scalar": Scalar(0.25),
              "big": 2 ** 62, "negative zero": -0.0, "tiny": 5e-324, "huge": 1.7976931348623157e308}
    for name, value in values.items():
        run.log(name, value)
    for name, value in (("nan", float("nan")), ("inf", float("inf")), ("-inf", float("-inf"))):
        run.log(name, value)
    run.log("array", Array(1.5, 2.5))
    run.log_list("generator", (i * i for i in range(4)))
    run.log_list("array list", Array(1, 2))
    run.log_list("mixed", [1, "a", float("nan"), Scalar(2.5)])
    run.log_list("nothing", [])
    run.log_table("numbers", {"a": Array(1, 2), "b": [float("inf"), None]})
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


assert sys.version_info >= (3, 6)
