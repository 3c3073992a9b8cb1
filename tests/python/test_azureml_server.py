"""SDK v1 programs against a real server: submission to model, failures, packages."""

import os
import shutil
import subprocess
import sys
import time

import pytest
from azureml_support import forget_warnings
from sdk_support import ROOT

TRAIN = """
import argparse, os, sys
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int)
parser.add_argument("--fail", action="store_true")
args = parser.parse_args()
run = Run.get_context()
assert run.id == os.environ["AZUREML_RUN_ID"] and run.experiment.name == os.environ["AZUREML_ARM_PROJECT_NAME"]
for i in range(args.steps):
    run.log("i", i)
    run.log("half", i / 2)
run.log("name", "text")
run.tag("phase", "done")
run.add_properties({"p": "1"})
print("read back", run.get_metrics("half")["half"])
with open("outputs/model.pt", "w") as file:
    file.write("weights")
print("variable", os.environ.get("MINE"))
if args.fail:
    raise ValueError("bad learning rate")
"""


@pytest.fixture
def ws(server, tmp_path, monkeypatch):
    """A workspace that config.json in the current folder names."""
    import runwright
    from azureml.core import Workspace

    forget_warnings()
    monkeypatch.chdir(tmp_path)
    runwright.create_workspace("lab", server=server.url).write_config(str(tmp_path))
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    return Workspace.from_config()


@pytest.fixture
def interpreter_environment():
    from azureml.core import Environment

    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    environment.environment_variables["MINE"] = "yes"
    return environment


def config(environment, *arguments, **kwargs):
    from azureml.core import ScriptRunConfig

    return ScriptRunConfig(source_directory="src", script="train.py", arguments=list(arguments), environment=environment, **kwargs)


def test_a_run_from_submission_to_model(ws, interpreter_environment, capsys):
    from azureml.core import Experiment, Model
    from azureml.core.run import Run

    experiment = Experiment(workspace=ws, name="first")
    run = experiment.submit(config(interpreter_environment, "--steps", 4), tags={"who": None})
    assert run.id.startswith("first_") and run.number == 1
    details = run.wait_for_completion(show_output=True)
    out = capsys.readouterr().out
    assert details["status"] == "Completed" and details["endTimeUtc"] and details["logFiles"]
    assert out.startswith("RunId: %s\nWeb View: %s\n\nStreaming azureml-logs/70_driver_log.txt\n" % (run.id, run.get_portal_url()))
    assert "\nread back [0.0, 0.5, 1.0, 1.5]\nvariable yes\n" in out and "Execution Summary\n=================\nRunId: " + run.id in out

    metrics = run.get_metrics()
    assert metrics["i"] == list(range(4)) and metrics["half"] == [i / 2 for i in range(4)] and metrics["name"] == "text"
    assert run.get_tags() == {"who": None, "phase": "done"} and run.get_properties()["p"] == "1"
    assert details["properties"]["ContentSnapshotId"] == run.get_snapshot_id()
    assert details["runDefinition"]["arguments"] == ["--steps", "4"]
    assert {"outputs/model.pt", "azureml-logs/70_driver_log.txt"} <= set(run.get_file_names())
    run.download_file(name="outputs/model.pt", output_file_path="here.pt")
    assert open("here.pt").read() == "weights"
    assert "read back [0.0, 0.5" in run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]

    model = run.register_model(model_name="m", model_path="./outputs/model.pt", tags={"a": "b"})
    assert (model.name, model.version, model.run_id) == ("m", 1, run.id)
    folder = run.register_model(model_name="whole", model_path="outputs/")
    assert Model(ws, "m").download(target_dir="down") == os.path.join("down", "model.pt")
    assert open(os.path.join("down", "model.pt")).read() == "weights"
    assert os.listdir(folder.download(target_dir="all")) == ["model.pt"]
    assert open(Model.get_model_path("m", _workspace=ws)).read() == "weights"
    assert set(ws.models) == {"m", "whole"} and list(ws.experiments) == ["first"]

    run.log("late", 1.5)
    run.upload_file("notes.txt", "here.pt")
    run.add_properties({"q": "1"})
    again = Run(experiment, run.id)
    assert again.get_metrics("late") == {"late": 1.5} and "notes.txt" in again.get_file_names()
    assert [one.id for one in experiment.get_runs(tags="who")] == [run.id] and ws.get_run(run.id) == run
    assert "Status: Completed)" in str(again)


INSIDE = """
import os, sys
from azureml.core import Dataset, Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
run = Run.get_context(allow_offline=False)
ws = run.experiment.workspace
with open("outputs/inner.txt", "w") as file:
    file.write("inner")
model = run.register_model("inner", model_path="outputs/inner.txt")
assert open(Model.get_model_path("inner")).read() == "inner" and Model(ws, "inner").run_id == run.id
run.upload_file("named.txt", "outputs/inner.txt")
run.download_file("named.txt", "back.txt")
assert "named.txt" in run.get_file_names()
with run.child_run("child") as child:
    child.log("x", 1)
assert child.get_metrics() == {"x": 1.0} and [one.id for one in run.get_children()] == [child.id]
environment = Environment("child")
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
with open("small.py", "w") as file:
    file.write("from azureml.core import Run; Run.get_context().log('y', 2); print(Run.get_context().parent.id)")
small = run.submit_child(ScriptRunConfig(".", "small.py", environment=environment))
small.wait_for_completion()
assert small.get_metrics() == {"y": 2.0} and small.parent.id == run.id
assert Workspace.from_config(os.environ["CONFIG"]).name == ws.name == "lab"
assert not [name for name, value in os.environ.items() if os.environ["TOKEN_PART"] in value and name != "TOKEN_PART"]
run.log("done", True)
run.complete()
"""


def test_what_a_script_does_inside_of_its_run(ws, interpreter_environment, tmp_path):
    from azureml.core import Experiment, ScriptRunConfig
    from runwright import config as settings

    (tmp_path / "src" / "inside.py").write_text(INSIDE)
    interpreter_environment.environment_variables["CONFIG"] = str(tmp_path / ".azureml" / "config.json")
    interpreter_environment.environment_variables["TOKEN_PART"] = settings.token_of(ws._api.url)[:12]
    run = Experiment(ws, "inside").submit(ScriptRunConfig("src", "inside.py", environment=interpreter_environment))
    run.wait_for_completion(show_output=True)
    assert len(list(run.get_children())) == 2 and run.get_metrics("done")["done"]
    assert {one.type for one in run.get_children()} and ws.models["inner"].run_id == run.id
    from azureml.core.authentication import InteractiveLoginAuthentication

    assert InteractiveLoginAuthentication().get_authentication_header()["Authorization"].startswith("Bearer ")


def test_a_run_that_fails_says_why(ws, interpreter_environment):
    from azureml.core import Experiment
    from azureml.exceptions import ActivityFailedException

    run = Experiment(ws, "failing").submit(config(interpreter_environment, "--steps", 1, "--fail"))
    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()
    assert "User program failed with ValueError: bad learning rate" in caught.value.message
    details = run.get_details()
    assert details.status == "Failed" and details["error"]["error"]["exitCode"] == 1
    assert "outputs/model.pt" in run.get_file_names()


def test_canceling(ws, interpreter_environment, tmp_path):
    from azureml.core import Experiment, ScriptRunConfig

    (tmp_path / "src" / "wait.py").write_text("import signal\nprint('up', flush=True)\nsignal.pause()\n")
    run = Experiment(ws, "canceled").submit(ScriptRunConfig("src", "wait.py", environment=interpreter_environment))
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"


def test_a_cluster(ws, interpreter_environment, capsys):
    from azureml.core import ComputeTarget, Experiment
    from azureml.core.compute import AmlCompute
    from azureml.core.compute_target import ComputeTargetException

    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        ComputeTarget(workspace=ws, name="gpucluster")
    settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", max_nodes=4)
    target = ComputeTarget.create(ws, "gpucluster", settings)
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "Succeeded", "AmlCompute wait for completion finished", "Minimum number of nodes requested have been provisioned"]
    run = Experiment(ws, "on-cluster").submit(config(interpreter_environment, "--steps", 1, compute_target=target))
    assert run.wait_for_completion()["target"] == "gpucluster"
    status = ComputeTarget(ws, "gpucluster").get_status().serialize()
    assert status["scaleSettings"] == {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT1800S"}
    assert status["currentNodeCount"] == 1 and status["vmSize"].upper() == "STANDARD_NC6"
    with pytest.raises(ComputeTargetException, match="STANDARD_NC6|Standard_NC6"):
        ComputeTarget.create(ws, "odd", AmlCompute.provisioning_configuration(vm_size="STANDARD_NC66"))
    assert "gpucluster" in ws.compute_targets and "local" in ws.compute_targets


def test_a_wrong_compute_name_at_submit(ws, interpreter_environment):
    from azureml.core import Experiment
    from azureml.core.compute_target import ComputeTargetException

    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound.*Did you mean local"):
        Experiment(ws, "wrong").submit(config(interpreter_environment, compute_target="locall"))
    assert list(Experiment(ws, "wrong").get_runs()) == []


NOTEBOOK = """{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [
 {"cell_type": "code", "metadata": {}, "source": "from azureml.core import Run\\nrun = Run.get_context()\\n%matplotlib inline"},
 {"cell_type": "code", "metadata": {}, "source": "run.log('x', 1)\\n%odd magic\\nraise_at_end = __import__('sys').argv[1:]"},
 {"cell_type": "code", "metadata": {}, "source": "if raise_at_end:\\n    raise KeyError('last')"}]}"""


def test_a_notebook_as_entry_script(ws, interpreter_environment, tmp_path):
    from azureml.core import Experiment, ScriptRunConfig
    from azureml.exceptions import ActivityFailedException

    (tmp_path / "src" / "book.ipynb").write_text(NOTEBOOK)
    run = Experiment(ws, "notebook").submit(ScriptRunConfig("src", "book.ipynb", environment=interpreter_environment))
    details = run.wait_for_completion()
    assert run.get_metrics() == {"x": 1} and "outputs/book.ipynb" in run.get_file_names()
    assert [one["source"] for one in details["warnings"] if "%odd" in one["message"]] == ["notebook"]
    run = Experiment(ws, "notebook").submit(ScriptRunConfig("src", "book.ipynb", ["--x"], environment=interpreter_environment))
    with pytest.raises(ActivityFailedException, match="KeyError"):
        run.wait_for_completion()
    error = run.get_details()["error"]["error"]
    assert (error["file"], error["line"], error["exitCode"]) == ("book.ipynb, cell 3", 2, 1)
    assert "outputs/book.ipynb" in run.get_file_names()


RESUMING = """
import os, sys
place = os.environ.get("AZUREML_DATAREFERENCE_MODEL_LOCATION")
assert sys.argv[1:] == (["--resume-from", place] if place else []), sys.argv
count = int(open(os.path.join(place, "sub", "count")).read()) if place else 0
os.makedirs("outputs/sub")
with open("outputs/sub/count", "w") as file:
    file.write(str(count + 1))
"""


def test_a_run_goes_on_from_the_outputs_of_another(ws, interpreter_environment, tmp_path):
    from azureml.core import Experiment, ScriptRunConfig

    (tmp_path / "src" / "resuming.py").write_text(RESUMING)
    run = None
    for _ in range(2):
        config = ScriptRunConfig("src", "resuming.py", environment=interpreter_environment,
                                 resume_from=run._get_outputs_datapath() if run else None)
        run = Experiment(ws, "resuming").submit(config)
        run.wait_for_completion(show_output=True)
    assert run.get_file_names().count("outputs/sub/count") == 1
    run.download_file("outputs/sub/count", "count")
    assert open("count").read() == "2"


def test_a_cluster_for_one_run_goes_with_it(ws, interpreter_environment):
    from azureml.core import Experiment
    from azureml.train.estimator import Estimator

    run = Experiment(ws, "once").submit(Estimator("src", entry_script="train.py", script_params={"--steps": 1}, vm_size="STANDARD_D2_V2",
                                                  environment_definition=interpreter_environment))
    assert run.wait_for_completion()["target"].startswith("once-")
    deadline = time.time() + 30
    while list(ws.compute_targets) != ["local"]:
        assert time.time() < deadline, "the cluster is still there"
        time.sleep(0.02)


def test_registered_environments(ws, interpreter_environment):
    from azureml.core import Environment

    made = Environment("train")
    made.python.conda_dependencies.add_pip_package("pandas==1.1")
    assert made.register(ws).version == "1" and made.register(ws).version == "1"
    made.python.conda_dependencies.add_pip_package("numpy")
    assert made.register(ws).version == "2"
    assert "numpy" not in list(Environment.get(ws, "train", "1").python.conda_dependencies.pip_packages)
    assert [name for name in Environment.list(ws) if not name.lower().startswith("azureml")] == ["train"]


# Packages: from an index made here, so that no network is needed.


@pytest.fixture
def index(package_index):
    """The server's uv knows an index with a scikit-learn and a joblib, and nothing else."""
    package_index({
        "scikit-learn": ("1.2.2", {"sklearn/__init__.py": "__version__ = '1.2.2'\n"}),
        "joblib": ("1.4.0", {"joblib/__init__.py": "def dump(value, path):\n    open(path, 'w').write(repr(value))\n"}),
    })


def test_the_blocks_of_a_tutorial(index, ws, tmp_path, clean_env):
    for name in ("train_and_download.py", "pytorch_train.py"):
        shutil.copy(os.path.join(ROOT, "examples", "blocks", name), str(tmp_path))
    (tmp_path / "pytorch_train.py").write_text(
        "import sys, joblib, sklearn\nfrom azureml.core.run import Run\nrun = Run.get_context()\n"
        "run.log('best_val_acc', 0.5)\nrun.log('best_val_acc', 0.75)\nprint(sklearn.__version__, sys.argv[1:])\n"
        "joblib.dump([1], sys.argv[4] + '/model.pt')\n")
    for attempt in ("Creating a new compute target...", "Found existing compute target"):
        out = subprocess.run([sys.executable, "train_and_download.py"], cwd=str(tmp_path), env=clean_env(HOME=os.environ["HOME"]),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        assert out.returncode == 0, out.stdout
        assert attempt in out.stdout and "1.2.2 ['--num_epochs', '30', '--output_dir', './outputs']" in out.stdout
        assert "Downloading from outputs/model.pt to ./model/model.pt ..." in out.stdout
        assert (tmp_path / "model" / "model.pt").read_text() == "[1]"
    assert ws.models["pt-dnn"].version == 2
    run = next(ws.experiments["pytorch-birds"].get_runs())
    assert run.get_metrics() == {"best_val_acc": [0.5, 0.75]}
    assert any("no GPU" in one["message"] for one in run.get_details()["warnings"])


def test_a_package_that_does_not_exist_fails_the_run_with_its_name(index, ws, tmp_path):
    from azureml.core import Experiment
    from azureml.exceptions import ActivityFailedException
    from azureml.train.sklearn import SKLearn

    estimator = SKLearn(source_directory="src", entry_script="train.py", pip_packages=["no-such-package==1"])
    run = Experiment(ws, "packages").submit(estimator)
    with pytest.raises(ActivityFailedException, match="no-such-package"):
        run.wait_for_completion(show_output=True)
