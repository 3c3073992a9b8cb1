"""Fixtures of the Python tests: isolation from the user's files, scripted servers, the real server, interpreters."""

import glob
import json
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sdk_support import (  # noqa: E402
    ABSENT,
    INTERPRETERS,
    SDK,
    WANTED,
    RawServer,
    RealServer,
    ScriptedServer,
    binary,
)

sys.path.insert(0, SDK)
if os.environ.get("RUNWRIGHT_TEST_PACKAGES"):
    sys.path.append(os.environ["RUNWRIGHT_TEST_PACKAGES"])  # last: nothing there hides what is installed


def pytest_report_header(config):
    lines = ["interpreters: " + ", ".join("%s (%s)" % one for one in sorted(INTERPRETERS.items()))]
    if ABSENT:
        lines.append("INTERPRETERS ABSENT HERE, NOT TESTED: " + ", ".join(ABSENT))
    return lines


def pytest_terminal_summary(terminalreporter):
    if ABSENT:
        terminalreporter.write_line("Not tested for want of an interpreter: Python " + ", ".join(ABSENT))


@pytest.fixture(params=WANTED)
def interpreter(request):
    """Path of each interpreter in turn; one that is absent is a skip that names it."""
    if request.param not in INTERPRETERS:
        pytest.skip("Python %s is not installed here" % request.param)
    return INTERPRETERS[request.param]


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory, monkeypatch):
    """The user's home, settings and variables stay out of every test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in list(os.environ):
        if name.startswith(("RUNWRIGHT_", "AZUREML_", "XDG_")) and name != "RUNWRIGHT_BIN":
            monkeypatch.delenv(name)
    from runwright import _session, run

    _session.forget()
    run._current = None
    yield
    _session.forget()
    run._current = None


@pytest.fixture
def clean_env():
    """Environment for child interpreters: the SDK and nothing of ours."""

    def make(**more):
        env = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")}
        env.update(PYTHONPATH=SDK, PYTHONDONTWRITEBYTECODE="1")
        env.update(more)
        return env

    return make


@pytest.fixture
def scripted():
    """Factory of `ScriptedServer`s."""
    made = []

    def make(path=None):
        made.append(ScriptedServer(path))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def raw_server():
    """Factory of `RawServer`s."""
    made = []

    def make(script, path=None):
        made.append(RawServer(script, path))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def run_folder(tmp_path, monkeypatch, scripted):
    """A run folder as an executor makes it, RUNWRIGHT_RUN_DIR set, with a scripted exec.sock (`.server`)."""

    class Folder:
        pass

    folder = Folder()
    folder.path = str(tmp_path / "run")
    os.makedirs(os.path.join(folder.path, "journal"))
    os.makedirs(os.path.join(folder.path, "work", "outputs"))
    folder.info = {
        "version": 1,
        "run_id": "exp_1700000000_0a1b2c3d",
        "run_number": 3,
        "experiment": "exp",
        "experiment_id": "e1",
        "workspace": {
            "id": "w1",
            "name": "ws",
            "subscription_id": "00000000-0000-0000-0000-000000000001",
            "resource_group": "runwright",
            "location": "local",
        },
        "parent_id": None,
        "root_id": "exp_1700000000_0a1b2c3d",
        "target": "local",
        "server_url": "http://127.0.0.1:1",
        "portal_url": "http://127.0.0.1:1/runs/exp_1700000000_0a1b2c3d",
        "attempt": 1,
    }
    with open(os.path.join(folder.path, "run.json"), "w") as file:
        json.dump(folder.info, file)
    monkeypatch.setenv("RUNWRIGHT_RUN_DIR", folder.path)
    folder.server = scripted(os.path.join(folder.path, "exec.sock"))
    folder.server.on("POST", "/api/v1/runs/%s/flush" % folder.info["run_id"], {"acked": 1})

    def records():
        from runwright import journal

        found = []
        for path in sorted(glob.glob(os.path.join(folder.path, "journal", "*.rwj"))):
            with open(path, "rb") as file:
                found.append(journal.read_records(file.read()))
        return found

    folder.records = records
    return folder


@pytest.fixture
def server(tmp_path_factory, isolated):
    """A running `RealServer`; a skip where nothing is built (an error where $RUNWRIGHT_BIN says that it is)."""
    program = binary()
    if program is None:
        if os.environ.get("RUNWRIGHT_BIN"):
            pytest.fail("there is no runwright in RUNWRIGHT_BIN=%s" % os.environ["RUNWRIGHT_BIN"])
        pytest.skip("runwright is not built: make build")
    real = RealServer(program, str(tmp_path_factory.mktemp("data")), os.environ["HOME"])
    yield real
    real.stop()


@pytest.fixture
def workspace(server):
    """A fresh `runwright.Workspace` on the real server."""
    import runwright

    return runwright.create_workspace("tests", server=server.url)


@pytest.fixture
def package_index(tmp_path_factory, monkeypatch):
    """Factory of the one `PackageIndex` that the server's uv knows; to be made before the server starts."""
    program = binary()
    beside = os.path.join(os.path.dirname(program), "uv") if program else ""
    if program and not os.path.exists(beside) and not shutil.which("uv"):
        pytest.skip("uv is neither beside runwright nor on PATH: make build")
    from package_index import PackageIndex

    made = []

    def make(packages):
        made.append(PackageIndex(str(tmp_path_factory.mktemp("index")), packages))
        for name in list(os.environ):
            if name.startswith(("PIP_", "UV_")) and name != "UV_CACHE_DIR":
                monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_INDEX_URL", made[-1].url)
        return made[-1]

    yield make
    for index in made:
        index.close()
