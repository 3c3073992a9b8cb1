"""Notebooks as entry scripts: cells, magics, parameters, failures, and what the executed notebook holds."""

import json
import os
import subprocess
import sys

import pytest
from sdk_support import SDK

PACKAGES = os.environ.get("RUNWRIGHT_TEST_PACKAGES")  # read before the tests' isolation takes it away

def book(*cells, **metadata):
    """A notebook of code cells; a tuple is (source, tags)."""
    made = []
    for cell in cells:
        source, tags = cell if isinstance(cell, tuple) else (cell, [])
        made.append({"cell_type": "code", "metadata": {"tags": tags}, "source": source.splitlines(True), "outputs": ["old"],
                     "execution_count": 7})
    made.insert(1, {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n"]})
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


class Ran:
    def __init__(self, process, executed):
        self.code, self.out, self.err, self.book = process.returncode, process.stdout, process.stderr, executed
        self.cells = [cell for cell in (executed or {"cells": []})["cells"] if cell["cell_type"] == "code"]

    def text(self, number):
        """What cell ``number`` shows, streams and values together."""
        return "".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in self.cells[number - 1]["outputs"])


@pytest.fixture
def run(tmp_path, clean_env):
    def make(content, *arguments, **more):
        (tmp_path / "book.ipynb").write_text(json.dumps(content))
        process = subprocess.run([more.pop("python", sys.executable), "-W", more.pop("warn", "error"), "-m", "runwright.notebook", "book.ipynb"]
                                 + list(arguments), cwd=str(tmp_path), env=clean_env(**more),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
        target = tmp_path / "outputs" / "book.ipynb"
        return Ran(process, json.loads(target.read_text()) if target.exists() else None)

    return make


def test_cells_share_their_variables_and_show_their_values(interpreter, run):
    ran = run(book("x = 20\nprint('one')", "import sys\nsys.stderr.write('two')\nx + 1", "x;", "_", "display({'a': x})"), python=interpreter)
    assert ran.code == 0 and ran.out == "one\n21\n21\n{'a': 20}\n" and "two" in ran.err
    assert [cell["execution_count"] for cell in ran.cells] == [1, 2, 3, 4, 5]
    assert ran.cells[0]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "one\n"}]
    assert ran.cells[1]["outputs"] == [
        {"output_type": "stream", "name": "stderr", "text": "two"},
        {"output_type": "execute_result", "execution_count": 2, "data": {"text/plain": "21"}, "metadata": {}}]
    assert ran.cells[2]["outputs"] == [] and ran.book["cells"][1]["cell_type"] == "markdown"
    assert ran.book["nbformat"] == 4 and ran.book["metadata"]["kernelspec"]["language"] == "python"


def test_the_cell_that_fails_is_named_and_the_ones_before_it_are_kept(run):
    ran = run(book("def deep():\n    raise ValueError('bad rate')", "y = 1\ndeep()", "print('never')"))
    assert ran.code == 1 and "never" not in ran.out
    lines = ran.err.splitlines()
    assert lines[0] == "Cell 2 of book.ipynb failed with ValueError." and lines[1] == "Traceback (most recent call last):"
    assert lines[2:6] == ['  File "book.ipynb, cell 2", line 2, in <module>', "    deep()",
                          '  File "book.ipynb, cell 1", line 2, in deep', "    raise ValueError('bad rate')"]
    assert lines[-1] == "ValueError: bad rate" and "runwright" not in ran.err
    (error,) = ran.cells[1]["outputs"]
    assert (error["output_type"], error["ename"], error["evalue"]) == ("error", "ValueError", "bad rate")
    assert ran.cells[2]["outputs"] == [] and ran.cells[2]["execution_count"] is None


@pytest.mark.parametrize("source, code, words", [
    ("import sys\nsys.exit()", 0, ""), ("import sys\nsys.exit(3)", 3, "Cell 1 of book.ipynb ended the notebook with exit code 3"),
    ("raise SystemExit('told')", 1, "told"), ("x = = 1", 1, 'File "book.ipynb, cell 1", line 1'), ("%%bash\nexit 4", 1, "cell 1"),
])
def test_other_ends(run, source, code, words):
    ran = run(book(source, "print('never')"))
    assert ran.code == code and words in ran.err and "never" not in ran.out


def test_a_cell_may_be_expected_to_fail(run):
    ran = run(book(("1/0", ["raises-exception"]), "print('on')"))
    assert ran.code == 0 and ran.out == "on\n" and ran.cells[0]["outputs"][0]["ename"] == "ZeroDivisionError"


def test_magics(interpreter, run):
    ran = run(book(
        "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\nprint('''\n%no magic\n''')",
        "who = 'x'\n!echo hello {who} $who $$HOME\nfiles = !printf 'a\\nb\\n'\nfiles",
        "%env MINE=1\nimport os\nos.environ['MINE']", "%%bash\necho in bash $((1+2))", "%%writefile made.py\nVALUE = 5\n",
        "%run made.py\nVALUE", "%%time\ntotal = sum(range(10))\ntotal", "%%capture kept\nprint('hidden')", "str(kept)",
        "%%html\n<b>x</b>", "%time 2 + 3", "for i in range(2):\n    !echo turn {i}", "x = 5 \\\n  % 3\nx",
    ), python=interpreter)
    assert ran.code == 0, ran.err
    assert "%no magic" in ran.text(1) and ran.text(2).startswith("hello x x ") and "['a', 'b']" in ran.text(2)
    assert ran.text(3) == "env: MINE=1\n'1'" and ran.text(4) == "in bash 3\n" and ran.text(5) == "Writing made.py\n"
    assert ran.text(6) == "5" and "45" in ran.text(7) and "Wall time" in ran.text(7)
    assert ran.text(8) == "" and "hidden" in ran.text(9)
    assert ran.cells[9]["outputs"][0]["data"]["text/html"] == "<b>x</b>"
    assert "5" in ran.text(11) and ran.text(12) == "turn 0\nturn 1\n" and ran.text(13) == "2"


def test_what_is_not_known_is_said_and_the_notebook_goes_on(run):
    ran = run(book("%sql select 1", "%%javascriptish\nalert()", "print?\nprint('on')"))
    assert ran.code == 0 and ran.out == "on\n"
    assert "%sql has no effect" in ran.err and "%%javascriptish has no effect" in ran.err and "nbclient" in ran.err


def test_arguments_are_argv_and_parameters(run):
    ran = run(book("import sys\nprint(sys.argv[1:])", ("lr = 0.1\nname = 'a'", ["parameters"]), "print(lr, name, on, more)"),
              "--lr", "0.5", "--name", "b c", "--on", "--more=[1, 2]")
    assert ran.code == 0, ran.err
    assert ran.out == "['--lr', '0.5', '--name', 'b c', '--on', '--more=[1, 2]']\n0.5 b c True [1, 2]\n"
    assert [cell["metadata"]["tags"] for cell in ran.cells][2] == ["injected-parameters"]


def test_classes_of_a_notebook_can_be_pickled_and_modules_beside_it_imported(run, tmp_path):
    (tmp_path / "beside.py").write_text("NAME = 'beside'")
    ran = run(book("import pickle, beside\nclass A:\n    pass", "print(type(pickle.loads(pickle.dumps(A()))), beside.NAME, __name__)"))
    assert ran.out == "<class '__main__.A'> beside __main__\n"


def test_values_show_themselves_as_jupyter_would(run):
    ran = run(book("class T:\n    def _repr_html_(self):\n        return '<i>t</i>'\n    def __repr__(self):\n        return 'T!'\nT()"))
    assert ran.cells[0]["outputs"][0]["data"] == {"text/plain": "T!", "text/html": "<i>t</i>"} and ran.out == "T!\n"


def test_figures_become_outputs(run):
    packages = PACKAGES or ""
    probe = subprocess.run([sys.executable, "-c", "import matplotlib.pyplot"], env=dict(os.environ, PYTHONPATH=packages),
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        pytest.skip("SKIPPED: figures of notebooks: matplotlib is not here; tools/test_python.sh installs it")
    ran = run(book("%matplotlib inline\nimport matplotlib.pyplot as plt", "plt.plot([1, 2])\nplt.show()\nprint('shown')"),
              PYTHONPATH=os.pathsep.join([SDK] + [packages] * bool(packages)), warn="ignore")
    assert ran.code == 0, ran.err
    assert [one.get("data", {}).get("image/png", "")[:4] for one in ran.cells[1]["outputs"] if one["output_type"] == "display_data"] == ["iVBO"]


@pytest.mark.parametrize("content, words", [
    ("{", "cannot be read"), ("[]", "is no notebook"), ('{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "only Python"),
])
def test_what_cannot_be_run(tmp_path, clean_env, content, words):
    (tmp_path / "book.ipynb").write_text(content)
    ran = subprocess.run([sys.executable, "-m", "runwright.notebook", "book.ipynb"], cwd=str(tmp_path), env=clean_env(),
                         stderr=subprocess.PIPE, universal_newlines=True)
    assert ran.returncode == 2 and words in ran.stderr


def test_what_cells_record_is_logged(run, run_folder, interpreter):
    source = (
        "def glue(name, data, encoder='json'):\n    display({'application/scrapbook.scrap.json+json': {\n"
        "        'name': name, 'data': data, 'encoder': encoder, 'version': 1}}, raw=True)\n"
        "glue('numbers', [0, 1, 1.5])\nglue('word', 'x', 'text')\nglue('frame', 'AAAA', 'arrow')")
    ran = run(book(source, "display({'application/papermill.record+json': {'acc': 0.5}}, raw=True)\n1 / 0"), python=interpreter,
              RUNWRIGHT_RUN_DIR=run_folder.path)
    assert ran.code == 1  # what was recorded before counts
    records, = run_folder.records()
    assert [one.document() for one in records[1:3]] == [
        {"name": "numbers", "type": "list", "value": [0, 1, 1.5]}, {"name": "word", "type": "scalar", "value": "x"}]
    assert records[3].number() == ("acc", 0.5, None) and len(records) == 4
    assert run(book(source)).code == 0  # without a run


def test_nbclient_runs_the_cells_where_it_is_installed(run, tmp_path):
    """Stand-ins for the three packages: which of them is asked, and what is made of their answer."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "ipykernel.py").write_text("")
    (packages / "nbformat.py").write_text(
        "class Node(dict):\n    __getattr__ = dict.__getitem__\n    __setattr__ = dict.__setitem__\n"
        "def wrap(v):\n    if isinstance(v, dict): return Node((k, wrap(x)) for k, x in v.items())\n"
        "    return [wrap(x) for x in v] if isinstance(v, list) else v\n"
        "from_dict = wrap\n")
    (packages / "nbclient").mkdir()
    (packages / "nbclient" / "exceptions.py").write_text(
        "class CellExecutionError(Exception):\n    pass\nclass DeadKernelError(Exception):\n    pass\n")
    (packages / "nbclient" / "__init__.py").write_text(
        "import contextlib\nfrom nbclient.exceptions import CellExecutionError\nfrom nbformat import wrap\n"
        "class NotebookClient:\n    count = 0\n    def __init__(self, nb, **kwargs):\n        self.nb = nb\n"
        "    def process_message(self, msg, cell, index):\n        cell.outputs.append(wrap(dict(msg['content'], output_type=msg['msg_type'])))\n"
        "    @contextlib.contextmanager\n    def setup_kernel(self):\n        yield\n"
        "    def execute_cell(self, cell, index, store_history=True):\n        self.count += store_history\n"
        "        cell.execution_count = self.count\n        if 'fail' in cell.source:\n"
        "            cell.outputs.append(wrap({'output_type': 'error', 'ename': 'KeyError', 'evalue': 'k',\n"
        "                'traceback': ['\\x1b[31mKeyError\\x1b[0m', '----> 2 fail']}))\n            raise CellExecutionError('x')\n"
        "        self.process_message({'msg_type': 'stream', 'content': {'name': 'stdout', 'text': cell.source}}, cell, index)\n")
    ran = run(book("one", "a\nfail"), "--x", PYTHONPATH=os.pathsep.join([SDK, str(packages)]))
    assert ran.code == 1 and "_sys.argv[:] = ['book.ipynb', '--x']" in ran.out and ran.out.endswith("one")
    assert 'File "book.ipynb, cell 2", line 2, in <module>\nKeyError: k\n' in ran.err
    assert [cell["execution_count"] for cell in ran.cells] == [1, 2] and len(ran.cells) == 2
