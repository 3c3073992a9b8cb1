"""Cells of the SDK's tutorials, as they stand there, against a real server; packages come from an index made here.

A cell that takes a name as given gets it from the few lines before it (PRELUDES).
"""

import os
import subprocess
import sys

import pytest
from azureml_support import forget_warnings

BLOCKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks")
PYTORCH_TRAIN = """
import argparse, os
from azureml.core.run import Run
import torch, PIL
parser = argparse.ArgumentParser()
parser.add_argument("--num_epochs", type=int, default=25)
parser.add_argument("--output_dir", type=str, default="outputs")
args = parser.parse_args()
run = Run.get_context()
for epoch in range(args.num_epochs):
    run.log("best_val_acc", epoch / args.num_epochs)
print("torch", torch.__version__, "PIL", PIL.__version__)
os.makedirs(args.output_dir, exist_ok=True)
with open(os.path.join(args.output_dir, "model.pt"), "w") as file:
    file.write("weights")
"""
CHAINER_TRAIN = """
import argparse, os
import chainer, numpy as np, pytest
from azureml.core.run import Run
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", "-e", type=int)
parser.add_argument("--batchsize", "-b", type=int)
parser.add_argument("--output_dir", "-o", default="./outputs")
args = parser.parse_args()
print("chainer", chainer.__version__, "numpy", np.__version__)
Run.get_context().log("accuracy", np.float(0.9))
with open(os.path.join(args.output_dir, "model.npz"), "w") as file:
    file.write("weights")
"""
OWN_TRAIN = """
import argparse, os, sklearn
parser = argparse.ArgumentParser()
parser.add_argument("--data-folder")
parser.add_argument("--regularization", type=float)
args = parser.parse_args()
print("sklearn", sklearn.__version__, os.listdir(args.data_folder), args.regularization)
with open("outputs/my_output_file", "w") as file:
    file.write("mine")
"""
NUMPY = "__version__ = '1.23.5'\nfloat = float\n"


def stand_in(version, module):
    return version, {module + "/__init__.py": "__version__ = %r\n" % version}


PACKAGES = {
    "torch": stand_in("1.13.1", "torch"), "torchvision": stand_in("0.14.1", "torchvision"), "pillow": stand_in("9.5.0", "PIL"),
    "chainer": stand_in("5.1.0", "chainer"), "numpy": ("1.23.5", {"numpy/__init__.py": NUMPY}), "pytest": stand_in("7.0.0", "pytest"),
    "scikit-learn": stand_in("1.2.2", "sklearn"),
}


@pytest.fixture
def project(package_index, request, tmp_path, monkeypatch):
    """A folder with config.json; the server knows an index of stand-ins."""
    package_index(PACKAGES)
    server = request.getfixturevalue("server")
    import runwright

    forget_warnings()
    monkeypatch.chdir(tmp_path)
    runwright.create_workspace("lab", server=server.url).write_config(str(tmp_path))
    return tmp_path


@pytest.fixture
def cells(project, clean_env):
    """Runs the cells of a file of blocks, with ``preludes`` ({cell: text before it}), as one program; its output."""

    def run(name, preludes):
        with open(os.path.join(BLOCKS, name)) as file:
            parts = file.read().split("# %%\n")[1:]
        program = "".join("%s\n%s\n" % (preludes.get(i, ""), part) for i, part in enumerate(parts))
        (project / "program.py").write_text(program + preludes.get("end", ""))
        done = subprocess.run([sys.executable, "program.py"], cwd=str(project), env=clean_env(HOME=os.environ["HOME"]),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=300)
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def only_run(experiment):
    from azureml.core import Workspace

    (run,) = Workspace.from_config().experiments[experiment].get_runs()
    return run


def warnings_of(run):
    return "\n".join(one["message"] for one in run.get_details()["warnings"])


def test_the_pytorch_tutorial(project, cells):
    (project / "pytorch_train.py").write_text(PYTORCH_TRAIN)
    out = cells("pytorch_birds.py", {})
    assert "Creating a new compute target" in out and "torch 1.13" in out and "PIL " in out
    assert "Downloading from outputs/model.pt to ./model/model.pt ..." in out
    run = only_run("pytorch-birds")
    assert run.get_metrics()["best_val_acc"][-1] == 29 / 30 and run.get_details()["target"] == "gpucluster"
    told = warnings_of(run)
    printed = out.split("\nWarnings:\n")[1]
    assert "pillow==5.4.1" in told and all(printed.count(line) == 1 for line in told.splitlines())
    from azureml.core import Workspace

    assert Workspace.from_config().models["pt-dnn"].version == 1


def test_the_chainer_tutorial(project, cells):
    (project / "chainer_mnist.py").write_text(CHAINER_TRAIN)
    out = cells("chainer_mnist.py", {1: "from azureml.core import Workspace", 7: "exp = experiment; est = estimator"})
    assert "chainer 5.1.0 numpy 1.23.5" in out and "'currentNodeCount': 0" in out and "Downloading from outputs/model.npz" in out
    assert only_run("chainer-mnist").get_details()["runDefinition"]["arguments"] == [
        "--epochs", "10", "--batchsize", "128", "--output_dir", "./outputs"]


def test_the_estimator_page_of_2018(project, cells):
    (project / "my-sklearn-proj").mkdir()
    (project / "my-sklearn-proj" / "train.py").write_text(OWN_TRAIN)
    (project / "data").mkdir()
    (project / "data" / "one.csv").write_text("1")
    prelude = """
from azureml.core import Experiment, Workspace
ws = Workspace.from_config()
experiment, compute_target = Experiment(ws, "own-proj"), "local"
class ds:
    as_mount = staticmethod(lambda: %r)
""" % str(project / "data")
    out = cells("estimator_2018.py", {0: prelude, "end": "run.wait_for_completion(show_output=True)\n"
                                      "run.download_file(name='outputs/my_output_file', output_file_path='my_destination_path')\n"})
    assert "sklearn 1.2.2 ['one.csv'] 0.8" in out and (project / "my_destination_path").read_text() == "mine"
    assert out.splitlines()[0] in ("Starting", "Preparing", "Queued", "Running")
    assert "scikit-learn" in warnings_of(only_run("own-proj"))


def test_a_cell_that_takes_a_name_as_given_raises_a_plain_name_error(project, clean_env):
    with open(os.path.join(BLOCKS, "chainer_mnist.py")) as file:
        (project / "program.py").write_text("".join(file.read().split("# %%\n")[:3]))
    done = subprocess.run([sys.executable, "program.py"], cwd=str(project), env=clean_env(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    assert done.returncode == 1 and done.stdout.splitlines()[-1].startswith("NameError: name 'Workspace' is not defined")
