"""The compatibility shims as a script sees them: each in a process of its own, started by its sitecustomize."""

import ast
import glob
import gzip
import json
import os
import subprocess
import sys

import pytest
from sdk_support import SDK

COMPAT = os.path.join(SDK, "runwright", "_compat")
PACKAGES = os.environ.get("RUNWRIGHT_TEST_PACKAGES", "")
needs_numpy = pytest.mark.skipif(not os.path.isdir(os.path.join(PACKAGES, "numpy")), reason="RUNWRIGHT_TEST_PACKAGES has no numpy: run tools/test_python.sh")


class Script:
    """Runs code with shims on; keeps what it printed and what was told."""

    def __init__(self, folder):
        self.folder = folder
        self.packages = folder / "packages"
        self.packages.mkdir()

    def package(self, name, text):
        path = self.packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def __call__(self, code, *shims, sources=(), path=(), interpreter=sys.executable, fails=False):
        listed = self.folder / "compat.json"
        listed.write_text(json.dumps({"shims": list(shims), "sources": list(sources)}, separators=(",", ":")))
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([os.path.join(COMPAT, "site"), str(self.packages)] + list(path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUNWRIGHT_COMPAT": str(listed),
        }
        done = subprocess.run([interpreter, "-c", code], env=environment, cwd=str(self.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.errors = done.stderr.decode()
        assert (done.returncode != 0) == fails, self.errors
        return done.stdout.decode().split("\n")[:-1]

    def loads(self, *shims, **more):
        """What is imported for shims and sources, beside what the machine's Python imports anyway."""
        code = "import sys; print(' '.join(sys.modules))"
        with_them, = self(code, *shims, **more)
        without = subprocess.run([sys.executable, "-c", code], env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, check=True)
        return set(with_them.split()) - set(without.stdout.decode().split())

    def notes(self, source="compat"):
        path = self.folder / "compat.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [note["message"] for note in map(json.loads, lines) if note["source"] == source]


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def test_a_script_that_needs_none_pays_next_to_nothing(script):
    loaded = script.loads("numpy_aliases", "sklearn_externals", "torch_load", "tf1_fallback", "chainer_iterator_epoch")
    assert not [name for name in loaded if not name.startswith(("_runwright_compat", "importlib", "sitecustomize", "warnings"))], loaded
    assert "importlib.util" not in loaded


@pytest.mark.parametrize("text", [
    '{"shims": ["sklearn_externals"]}', '{"sources":[],"shims":["sklearn_externals"]}', '{"shims":["sklearn_externals"],"sources":[]}\n',
    '{"shims":["sklearn_externals"]}', '{"shims":["sklearn_externals"],"more":[]}', '{"shims":["sklearn\\u005fexternals"],"sources":[]}'])
def test_the_list_is_json(text):
    code = "import importlib, sys; sys.path.insert(0, %r); print(importlib.import_module('_compat').read(%r))" % (os.path.dirname(COMPAT), text)
    out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert ast.literal_eval(out)["shims"] == ["sklearn_externals"]


def test_the_syntax_is_that_of_python_3_6():
    files = glob.glob(os.path.join(COMPAT, "**", "*.py"), recursive=True)
    assert len(files) > 10
    for name in files:
        with open(name, encoding="utf-8") as file:
            ast.parse(file.read(), name, feature_version=(3, 6))


def test_without_the_variable_nothing_is_loaded():
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.path.join(COMPAT, "site")}
    code = "import sys; print([m for m in sys.modules if 'runwright' in m], [p for p in sys.path if 'compat' in p], 'json' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], env=environment) == b"[] [] False\n"


def test_the_users_sitecustomize_still_runs(script):
    script.package("sitecustomize.py", "import sys\nprint('mine', [p for p in sys.path if p.endswith('_compat/site')])\n")
    assert script("import sitecustomize; print(sitecustomize.__file__)", "collections_abc") == ["mine []", str(script.packages / "sitecustomize.py")]
    script.package("sitecustomize.py", "1 / 0\n")
    assert script("print('goes on')", "collections_abc") == ["goes on"]
    assert "Error in sitecustomize" in script.errors and "ZeroDivisionError" in script.errors


def test_an_error_in_a_shim_is_a_warning(script):
    script.package("torch/__init__.py", "from torch.serialization import nothing\n")
    script.package("torch/serialization.py", "nothing = 1\n")
    assert script("import torch; print('goes on')", "torch_load", "of another year") == ["goes on"]
    assert script.notes()[0] == "there is no compatibility shim 'of another year' in this version of Runwright"
    assert script.notes()[1].startswith("compatibility shim torch_load could not be applied: AttributeError: ")
    (script.folder / "compat.json").write_text("{")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.path.join(COMPAT, "site"), "RUNWRIGHT_COMPAT": str(script.folder / "compat.json")}
    done = subprocess.run([sys.executable, "-c", "print('goes on')"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.stdout == b"goes on\n" and b"shims were not started" in done.stderr


def test_modules_keep_their_loaders(script):
    script.package("torch/__init__.py", "from torch.serialization import load\n")
    script.package("torch/serialization.py", "loader = __spec__.loader\ndef load(f): pass\n")
    code = """if 1:
        import inspect, torch.serialization as s
        print('exec_module' in vars(s.__spec__.loader), s.loader is s.__loader__, len(inspect.getsource(s)) > 10)"""
    assert script(code, "torch_load") == ["False True True"]


@needs_numpy
def test_numpy_aliases(script):
    code = """if 1:
        import numpy as np
        print(np.float(2), np.int('3'), np.array([1], dtype=np.object).dtype, np.asscalar(np.array([5])), np.NaN, np.product([2, 3]))
        print(np.float is float, hasattr(np, 'nothing'))"""
    assert script(code, "numpy_aliases", path=[PACKAGES]) == ["2.0 3 object 5 nan 6", "True False"]
    notes = script.notes()
    assert len(notes) == 6 and notes[0].startswith("np.float is gone from NumPy ") and notes[0].endswith(": float was used. Write float.")
    assert script.errors.count("np.float is gone") == 1
    script(code, "numpy_aliases", path=[PACKAGES])  # another process of the run
    assert len(script.notes()) == 6 and script.errors == ""
    script("import numpy as np; np.float", path=[PACKAGES], fails=True)


def test_collections_abc(script):
    code = "import collections; print(issubclass(dict, collections.Mapping), collections.OrderedDict.__name__, hasattr(collections, 'nothing'))"
    assert script(code, "collections_abc") == ["True OrderedDict False"]
    if sys.version_info >= (3, 10):
        assert script.notes() == ["collections.Mapping is gone from Python 3.10 and later: collections.abc.Mapping was used. Write that."]


def test_sklearn_externals(script):
    script.package("sklearn/__init__.py", "")
    script.package("sklearn/externals/__init__.py", "")
    script.package("joblib/__init__.py", "def dump(x): return 'dumped'\n")
    script.package("joblib/parallel.py", "N = 4\n")
    code = """if 1:
        from sklearn.externals import joblib
        import joblib as today, sklearn.externals.joblib.parallel as p
        print(joblib.dump(1), joblib is today, p.N, joblib.__spec__.name)
        try: from sklearn.externals import six
        except ImportError as e: print(e)"""
    out = script(code, "sklearn_externals")
    assert out[0] == "dumped True 4 joblib"
    if len(out) > 1:  # six may be there for the interpreter
        assert "Add six to the packages" in out[1]
    assert "sklearn.externals.joblib is gone from scikit-learn: joblib was used. Write import joblib." in script.notes()


def test_old_scikit_learn_keeps_its_own(script):
    script.package("sklearn/__init__.py", "")
    script.package("sklearn/externals/__init__.py", "")
    script.package("sklearn/externals/joblib.py", "own = True\n")
    assert script("from sklearn.externals import joblib; print(joblib.own)", "sklearn_externals") == ["True"]
    assert script.notes() == []


TORCH_LOAD = """
def load(f, map_location=None, *, weights_only=True):
    if hasattr(f, 'read'):
        f.read()
    if weights_only and 'whole' in getattr(f, 'name', str(f)):
        raise RuntimeError('Weights only load failed: use weights_only=False')
    return f.tell() if hasattr(f, 'read') else (f, weights_only)
"""


def test_torch_load_of_whole_models(script):
    script.package("torch/__init__.py", "from torch.serialization import load\n")
    script.package("torch/serialization.py", TORCH_LOAD)
    (script.folder / "whole").write_text("12345")
    code = """if 1:
        import torch
        print(torch.load('weights.pt'), torch.load('whole.pt'))
        with open('whole', 'rb') as f: print(torch.load(f))
        try: torch.load('whole.pt', weights_only=True)
        except RuntimeError as e: print('refused')"""
    assert script(code, "torch_load") == ["('weights.pt', True) ('whole.pt', False)", "5", "refused"]
    assert len(script.notes()) == 1 and "weights_only=False was used" in script.notes()[0]


CHAINER_ITERATOR = """
import collections
State = collections.namedtuple('State', 'current_position epoch is_new_epoch order')
class SerialIterator(object):
    def __init__(self): self._state = State(3, 1, True, None)
    epoch = property(lambda self: self._state.epoch)
    current_position = property(lambda self: self._state.current_position)
    is_new_epoch = property(lambda self: self._state.is_new_epoch)
"""


def test_chainer_iterators_can_be_begun_anew(script):
    for name in ("chainer/__init__.py", "chainer/iterators/__init__.py"):
        script.package(name, "")
    script.package("chainer/iterators/serial_iterator.py", CHAINER_ITERATOR)
    code = """if 1:
        from chainer.iterators.serial_iterator import SerialIterator
        i = SerialIterator()
        i.epoch = 0; i.current_position = 0; i.is_new_epoch = False; i._pushed_position = None
        print(i._state)"""
    assert script(code, "chainer_iterator_epoch") == ["State(current_position=0, epoch=0, is_new_epoch=False, order=None)"]
    assert len(script.notes()) == 3 and "SerialIterator.epoch was assigned" in script.notes()[0]


TENSORFLOW = """
__version__ = '2.15.1'
def placeholder_of_v2(): pass
from . import compat
"""
TENSORFLOW_V1 = """
Session, __version__, off = 'session', '2.15.1', []
def disable_v2_behavior(): off.append(1)
class train: Saver = 'saver'
"""


@needs_numpy
def test_tensorflow_1(script):
    script.package("tensorflow/__init__.py", TENSORFLOW)
    script.package("tensorflow/compat/__init__.py", "")
    script.package("tensorflow/compat/v1/__init__.py", TENSORFLOW_V1)
    script.package("tensorflow/python/__init__.py", "x = 1\n")
    pictures, labels = bytes(range(8)) * 784 * 4, bytes([3, 1, 4, 1] * 8)
    for kind, count in (("train", 32), ("t10k", 4)):
        with gzip.open(str(script.folder / (kind + "-images-idx3-ubyte.gz")), "wb") as file:
            file.write(b"".join(n.to_bytes(4, "big") for n in (2051, count, 28, 28)) + pictures[: count * 784])
        with gzip.open(str(script.folder / (kind + "-labels-idx1-ubyte.gz")), "wb") as file:
            file.write(b"".join(n.to_bytes(4, "big") for n in (2049, count)) + labels[:count])
    code = """if 1:
        import tensorflow as tf
        from tensorflow.examples.tutorials.mnist import input_data
        import tensorflow.python
        print(tf.Session, tf.off, tf.train.Saver, tensorflow.python.x, tf.compat.v1.Session)
        try: tf.contrib.learn
        except AttributeError as e: print(e)
        m = input_data.read_data_sets('.', one_hot=True, validation_size=8)
        seen = [m.train.next_batch(10) for _ in range(3)]
        print([x.shape + y.shape for x, y in seen], m.train.epochs_completed, m.train.num_examples, m.test.images.dtype, m.validation.labels[0].argmax())
        """
    out = script(code, "tf1", path=[PACKAGES])
    assert out[0] == "session [1] saver 1 session"
    assert "no attribute 'contrib': it ended with TensorFlow 1.15" in out[1]
    assert out[-1] == "[(10, 784, 10, 10), (10, 784, 10, 10), (10, 784, 10, 10)] 1 24 float32 3"
    assert [note.split(" ")[0] for note in script.notes()] == ["TensorFlow", "tensorflow.examples.tutorials.mnist.input_data"]


def test_tensorflow_1_by_a_script_that_named_no_version(script):
    script.package("tensorflow/__init__.py", TENSORFLOW)
    script.package("tensorflow/compat/__init__.py", "")
    script.package("tensorflow/compat/v1/__init__.py", TENSORFLOW_V1)
    script.package("site-packages/probe.py", "import tensorflow\nseen = hasattr(tensorflow, 'Session')\n")
    code = """if 1:
        import tensorflow as tf, probe
        print(probe.seen, hasattr(tf, 'nothing_has_this'))
        {0}
        print('off' in vars(tf), probe.tensorflow is tf)
        """
    path = [str(script.packages / "site-packages")]
    assert script(code.format("pass"), "tf1_fallback", path=path) == ["False False", "False True"]
    assert script.notes() == []
    assert script(code.format("from tensorflow import Session; print(Session, tf.off)"), "tf1_fallback", path=path) == [
        "False False", "session [1]", "True True"]
    assert [note.split(" ")[0] for note in script.notes()] == ["TensorFlow"]
    # With the other shim there is nothing left to do.
    assert script("import tensorflow; print(tensorflow.Session)", "tf1", "tf1_fallback")[-1] == "session"


def has(module, interpreter):
    return os.access(interpreter, os.X_OK) and subprocess.run([interpreter, "-c", "import " + module], stderr=subprocess.DEVNULL).returncode == 0


def test_a_gpu_that_is_not_there_is_the_cpu(script):
    if not has("torch", "/usr/bin/python3"):
        pytest.skip("SKIPPED LOUDLY: /usr/bin/python3 has no torch: apt-get install python3-torch")
    code = """if 1:
        import torch
        assert not torch.cuda.is_available()
        net = torch.nn.Linear(3, 2).cuda().to('cuda:0').to(torch.device('cuda'))
        x = torch.ones(1, 3).cuda(0).to(device='cuda').to(torch.float64).to('cpu')
        print(net.double()(x).device, x.dtype)"""
    assert script(code, "gpu_to_cpu", interpreter="/usr/bin/python3") == ["cpu torch.float64"]
    assert script.notes()[0] == "PyTorch's cuda() asked for a GPU and this node has none: the CPU was used."
    assert all("the CPU was used" in note for note in script.notes())
