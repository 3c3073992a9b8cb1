"""Training scripts of 2019 through their own estimators, on real pictures: each must learn, and say what was put in another's place."""
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import zipfile
import zlib

import pytest
from installation import installed

SCRIPTS = pathlib.Path(__file__).parent / "frameworks"
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
UV_CACHE = os.environ.get("UV_CACHE_DIR") or os.path.expanduser("~/.cache/uv")
SUBMIT = """
import json, sys
from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.train.dnn import Chainer, PyTorch, TensorFlow
from azureml.train.estimator import Estimator
from azureml.train.sklearn import SKLearn
kind, keywords = sys.argv[1], json.loads(sys.argv[2])
ws = Workspace.from_config()
try:
    target = ComputeTarget(workspace=ws, name='gpucluster')
except ComputeTargetException:
    target = ComputeTarget.create(ws, 'gpucluster', AmlCompute.provisioning_configuration(vm_size='STANDARD_NC6', max_nodes=4))
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
estimator = globals()[kind](source_directory='scripts', compute_target=target, **keywords)
run = Experiment(ws, 'frameworks').submit(estimator)
try:
    run.wait_for_completion(show_output=True)
except Exception as error:
    print(error)
print('RESULT ' + json.dumps({'id': run.id, 'status': run.get_status(), 'metrics': run.get_metrics(), 'files': run.get_file_names(),
                              'warnings': run.get_details().get('warnings', []), 'error': str(run.get_details().get('error'))}))
"""


def ones(path, magic):
    """The content of an idx file: its numbers, an example each."""
    data = gzip.open(str(path)).read()
    assert struct.unpack_from(">I", data)[0] == magic
    count, size = struct.unpack_from(">I", data, 4)[0], 784 if magic == 2051 else 1
    start = 16 if magic == 2051 else 8
    return [data[start + i * size:start + (i + 1) * size] for i in range(count)]


def write_idx(path, magic, items):
    head = struct.pack(">4I", magic, len(items), 28, 28) if magic == 2051 else struct.pack(">2I", magic, len(items))
    with gzip.open(str(path), "wb", 1) as file:
        file.write(head + b"".join(items))


def png(pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[i:i + 28] for i in range(0, 784, 28))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 28, 28, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_data(folder):
    """What the dead hosts had: MNIST's four files (6,000 and 1,000 pieces of clothing) and a zip of three classes as pictures."""
    folder.mkdir()
    for name, most in (("train", 6000), ("t10k", 1000)):
        images = ones(FASHION / (name + "-images-idx3-ubyte.gz"), 2051)
        labels = ones(FASHION / (name + "-labels-idx1-ubyte.gz"), 2049)
        write_idx(folder / (name + "-images-idx3-ubyte.gz"), 2051, images[:most])
        write_idx(folder / (name + "-labels-idx1-ubyte.gz"), 2049, labels[:most])
        with zipfile.ZipFile(str(folder / "pictures.zip"), "a") as archive:
            for label, thing, part in ((1, "trousers", 100), (8, "bag", 100), (9, "boot", 100)):
                some = [image for image, its in zip(images, labels) if its[0] == label][:part if name == "train" else 40]
                for i, image in enumerate(some):
                    archive.writestr("pictures/%s/%s/%d.png" % ("train" if name == "train" else "val", thing, i), png(image))


@pytest.fixture(scope="module")
def site():
    """One installation for all of them: scripts, the data behind dead hosts, rules that say where it is."""
    if not FASHION.is_dir():
        pytest.skip("SKIPPED LOUDLY: no real pictures: apt-get install dataset-fashion-mnist")
    # Packages of a gigabyte are fetched once a machine.
    with installed({"UV_CACHE_DIR": UV_CACHE}) as one:
        shutil.copytree(str(SCRIPTS), str(one.project / "scripts"))
        make_data(one.home / "hosts")
        rules = [{"prefix": prefix, "folder": str(one.home / "hosts")}
                 for prefix in ("http://yann.lecun.com/exdb/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist", "https://samples.invalid/temp")]
        one.write("sources.json", json.dumps({"rules": rules}))
        one.cli("sources", "add", "--from", "sources.json")
        yield one


def train(site, kind, **keywords):
    out = site.python(SUBMIT, kind, json.dumps(keywords)).stdout.decode()
    result = json.loads(out.split("RESULT ")[1])
    result["log"] = out
    result["told"] = [warning["message"] if isinstance(warning, dict) else warning for warning in result["warnings"]]
    return result


def completed(result):
    assert result["status"] == "Completed", result["error"] + "\n" + result["log"][-6000:]
    assert "CPU" in " ".join(result["told"]) or "no GPU" in " ".join(result["told"]), result["told"]  # STANDARD_NC6 has one
    return result


def says(result, *words):
    assert any(all(word in line for word in words) for line in result["told"]), "no warning with %s in:\n%s" % (words, "\n".join(result["told"]))


def last(value):
    return value[-1] if isinstance(value, list) else value


def test_pytorch_fine_tunes_a_pretrained_model(site):
    if subprocess.run(["/usr/bin/python3", "-c", "import torchvision"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("SKIPPED LOUDLY: /usr/bin/python3 has no torchvision: apt-get install python3-torch python3-torchvision libopenblas0-pthread")
    weights = site.data / "cache" / "data" / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    weights.parent.mkdir(parents=True, exist_ok=True)
    make = "import sys, torch, torchvision; torch.manual_seed(1); torch.save(torchvision.models.resnet18().state_dict(), sys.argv[1])"
    subprocess.run(["/usr/bin/python3", "-c", make, str(weights)], check=True)
    params = {"--num_epochs": 3, "--output_dir": "./outputs", "--data_url": "https://samples.invalid/temp/pictures.zip"}
    result = completed(train(site, "PyTorch", script_params=params, entry_script="pytorch_train.py", use_gpu=True, pip_packages=["pillow==5.4.1"],
                             environment_variables={"OMP_NUM_THREADS": "1"}))
    assert last(result["metrics"]["best_val_acc"]) > 0.8
    assert "outputs/model.pt" in result["files"]
    assert "Downloading:" not in result["log"]  # the weights lay in the data cache
    says(result, "pillow==5.4.1")
    says(result, "https://samples.invalid/temp/pictures.zip was read from")
    says(result, "torch")
    says(result, "np.float")


def test_a_tensorflow_1_graph(site):
    result = completed(train(site, "TensorFlow", script_params={"--epochs": 3}, entry_script="tf_mnist.py", use_gpu=True, framework_version="1.13"))
    assert last(result["metrics"]["validation_acc"]) > 0.75
    assert "outputs/model/mnist-tf.model.meta" in result["files"]
    says(result, "TensorFlow 2.15", "version 1 API")
    says(result, "tensorflow", "2.15")
    says(result, "tensorflow.examples.tutorials.mnist.input_data")
    says(result, "cvdf-datasets/mnist/train-images-idx3-ubyte.gz was read from")


@pytest.mark.parametrize("version, runs", [(None, "Chainer 5.1.0"), ("7.0.0", "Chainer 7.")])
def test_chainer_in_a_loop_of_ones_own(site, version, runs):
    shutil.rmtree(str(site.data / "cache" / "data" / "chainer"), ignore_errors=True)
    keywords = {"framework_version": version} if version else {}
    result = completed(train(site, "Chainer", script_params={"--epochs": 2, "--batchsize": 100, "--output_dir": "./outputs"},
                             pip_packages=["numpy", "pytest"], entry_script="chainer_mnist.py", use_gpu=True, **keywords))
    assert last(result["metrics"]["Accuracy"]) > 0.7
    assert runs in result["log"] and "outputs/model.npz" in result["files"]
    says(result, "Chainer's device 0 asked for a GPU")
    says(result, "http://yann.lecun.com/exdb/mnist/t10k-labels-idx1-ubyte.gz was read from")
    if version:
        says(result, "SerialIterator.epoch was assigned")


def test_scikit_learn_with_pins_of_its_year(site):
    result = completed(train(site, "SKLearn", script_params={"--regularization": 0.8}, entry_script="sklearn_digits.py",
                             pip_packages=["joblib==0.13.2", "pillow==5.4.1"]))
    assert last(result["metrics"]["accuracy"]) > 0.9
    assert "outputs/sklearn_mnist_model.pkl" in result["files"]
    for words in (("joblib==0.13.2",), ("pillow==5.4.1",), ("sklearn.externals.joblib is gone",)):
        says(result, *words)


def test_numpy_names_that_are_gone(site):
    result = completed(train(site, "Estimator", entry_script="floats.py", pip_packages=["numpy>=1.24"]))
    assert result["metrics"]["sum"] == 6.0
    says(result, "np.float is gone from NumPy " + result["metrics"]["version"])


STRICT = """
import json, sys
import runwright
run = runwright.open_workspace().submit('strict', folder='scripts', script='floats.py', environment=json.loads(sys.argv[1]))
run.wait()
print('RESULT ' + json.dumps(run.api.get_run(run.id)))
"""


@pytest.mark.parametrize("spec, word", [
    ({"requirements": ["pillow==5.4.1"]}, "pillow"),
    ({"requirements": ["joblib==0.13.2"]}, "joblib"),
    ({"framework": {"name": "tensorflow", "version": "1.13"}}, "tensorflow"),
    ({"framework": {"name": "chainer", "version": "5.1.0"}, "requirements": ["numpy"]}, "numpy"),
])
def test_strict_mode_refuses_with_the_reason(site, spec, word):
    out = site.python(STRICT, json.dumps(dict(spec, kind="pip", resolver="exact"))).stdout.decode()
    run = json.loads(out.split("RESULT ")[1])
    assert run["status"] == "Failed" and word in run["error"]["message"], run["error"]


def test_strict_mode_has_no_shims(site):
    out = site.python(STRICT, json.dumps({"kind": "pip", "requirements": ["numpy>=1.24"], "resolver": "exact"})).stdout.decode()
    run = json.loads(out.split("RESULT ")[1])
    assert run["status"] == "Failed" and "no attribute 'float'" in run["error"]["message"], run["error"]
