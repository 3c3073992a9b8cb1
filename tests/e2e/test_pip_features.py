"""Requirements of other kinds, and Pythons that are not installed."""
import json
import subprocess

import pytest
from package_places import wheel
from test_environments import ended, text_of
from test_nearest import EDITABLE, links, pip, restart, server  # noqa: F401

PROJECT = '[project]\nname = "rwtool"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
WHEEL = EDITABLE.replace("wheel.writestr('rwtool.pth', HERE)", "wheel.write(os.path.join(HERE, 'rwtool.py'), 'rwtool.py')").replace("'rwtool.pth,,'", "'rwtool.py,,'")


def test_a_repository_at_a_commit(installation, server, links):  # noqa: F811
    folder = installation.home / "repository"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(WHEEL)
    (folder / "rwtool.py").write_text("VALUE = 'first'\n")

    def git(*arguments):
        done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t"] + list(arguments), cwd=str(folder), stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().strip()

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    first = git("rev-parse", "HEAD")
    (folder / "rwtool.py").write_text("VALUE = 'second'\n")
    git("commit", "-q", "-a", "-m", "second")
    show = "python -c 'import rwtool; print(rwtool.VALUE)'"
    for version, value in (("@" + first, "first"), ("@main", "second")):
        spec = pip("rwtool @ git+file://%s%s" % (folder, version))
        run = server.submit(spec, show)
        assert ended(installation, run)["status"] == "Completed"
        assert text_of(installation, run, "azureml-logs/70_driver_log.txt").strip() == value
    # A branch is locked to its commit.
    assert git("rev-parse", "HEAD") in text_of(installation, run, "azureml-logs/environment.lock")


def test_provided_takes_what_the_interpreter_has(installation, server, links):  # noqa: F811
    """The interpreter that runs this test has pytest, and is the server's."""
    there = subprocess.run(["python3", "-c", "import pytest; print(pytest.__version__, pytest.__file__)"], env=installation.env, stdout=subprocess.PIPE, check=False).stdout.decode().split()
    if not there:
        pytest.skip("SKIPPED: python3 on the bare PATH has no pytest: apt-get install python3-pytest")
    wheel(links, "rwtop", "1.0", requires=["pytest"])
    spec = pip("pytest==3.0", "rwtop", resolver="provided")
    run = server.submit(spec, "python -c 'import pytest, rwtop; print(pytest.__version__, pytest.__file__)'")
    ending = ended(installation, run)
    assert ending["status"] == "Completed", ending
    assert text_of(installation, run, "azureml-logs/70_driver_log.txt").split() == there
    assert [w["message"].split(" of ")[0] for w in ending["warnings"]] == ["pytest==3.0 → pytest " + there[0]]
    assert text_of(installation, run, "azureml-logs/environment.lock") == "#: site-packages\n#: provided pytest\nrwtop==1.0\n"


def test_a_python_that_is_not_installed(installation, server, links):  # noqa: F811
    wheel(links, "rwlow", "1.0")
    restart(installation, UV_PYTHON_INSTALL_MIRROR="http://127.0.0.1:9/pythons")
    there = json.loads(installation.python("import sys, json; print(json.dumps(sys.version_info[:2]))").stdout)
    asked = "3.13" if there != [3, 13] else "3.12"
    build = server.build(pip("rwlow", python=asked))
    assert build["state"] == "Ready", build
    told, = build["warnings"]
    assert told.startswith("Python %s is not installed; using 3." % asked)
    assert "; it could not be fetched: " in told and "refused" in told.lower(), told
    refused = server.build(pip("rwlow", python=asked, resolver="exact"))
    assert refused["state"] == "Failed" and "resolver exact takes no other; nearest would take 3." in refused["error"], refused


def test_curated_environments_and_frameworks_are_listed(server):  # noqa: F811
    status, answer = server.call("GET", "/api/v1/curated-environments")
    assert status == 200
    names = [item["name"] for item in answer["items"]]
    assert "AzureML-Minimal" in names and "AzureML-Chainer-5.1.0-GPU" in names and names == sorted(names)
    status, answer = server.call("GET", "/api/v1/frameworks")
    assert {item["name"]: item["default"] for item in answer["items"]}["chainer"] == "5.1.0"
    status, answer = server.call("POST", "/api/v1/builds", {"spec": {"kind": "pip", "framework": {"name": "mxnet"}}})
    assert status == 400 and answer["error"]["field"] == "environment.framework.name"
    assert "Known: chainer, pytorch, scikit-learn, tensorflow" in answer["error"]["message"]
