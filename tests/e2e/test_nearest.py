"""What cannot be installed as written: the nearest that can, or the reason; builds that fail, hang and print without end."""
import os
import pathlib
import urllib.request

import pytest
from package_places import Server, source, wheel
from test_environments import ended, text_of

FAILS = "import sys\ndef build_wheel(folder, settings=None, metadata=None):\n    print('the compiler is not there', file=sys.stderr)\n    raise SystemExit(3)\n"
LOUD = """
import sys
def build_wheel(folder, settings=None, metadata=None):
    line = 'x' * 99 + chr(10)
    for _ in range(1000):
        sys.stderr.write(line * 1000)
    sys.stderr.write('the last words' + chr(10))
    raise SystemExit(3)
"""
HANGS = "import time\ndef build_wheel(folder, settings=None, metadata=None):\n    time.sleep(600)\n"


@pytest.fixture
def server(installation):
    return Server(installation)


@pytest.fixture
def links(installation):
    folder = installation.home / "links"
    folder.mkdir()
    config = installation.home / "config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nno-index = true\nfind-links = %s\n" % folder)
    return folder


def restart(installation, **env):
    installation.cli("server", "stop")
    installation.env.update(env)
    installation.start_server()


def pip(*lines, **more):
    return dict(more, kind="pip", requirements=list(lines))


def test_a_source_that_does_not_build_gives_way_to_the_nearest_wheel(server, links):
    source(links, "rwold", "1.0", FAILS)
    wheel(links, "rwold", "2.0")
    wheel(links, "rwold", "3.0")
    build = server.build(pip("rwold==1.0"))
    assert build["state"] == "Ready", build
    assert build["packages"] == ["rwold==2.0"]
    reason, = build["warnings"]
    assert reason.startswith("rwold==1.0 → rwold==2.0: no wheel for Python 3.") and reason.endswith("and its source does not build")
    refused = server.build(pip("rwold==1.0", resolver="exact"))
    assert refused["state"] == "Failed"
    assert "the compiler is not there" in refused["error"]
    assert "resolver exact takes nothing else; nearest would take rwold==1.0 → rwold==2.0" in refused["error"]


def test_what_others_need_gives_way_too(server, links):
    wheel(links, "rwtop", "1.0", requires=["rwlow"])
    wheel(links, "rwlow", "1.0")
    source(links, "rwlow", "2.0", FAILS)
    build = server.build(pip("rwtop"))
    assert build["state"] == "Ready", build
    assert build["packages"] == ["rwlow==1.0", "rwtop==1.0"]
    assert build["warnings"][0].startswith("rwlow==2.0 → rwlow==1.0: ")


def test_where_nothing_newer_is_the_older_is_taken(server, links):
    wheel(links, "rwold", "1.0")
    source(links, "rwold", "2.0", FAILS)
    assert server.build(pip("rwold==2.0"))["packages"] == ["rwold==1.0"]


def test_a_conflict_is_explained_in_the_solvers_words(server, links):
    wheel(links, "rwtop", "1.0", requires=["rwlow<2"])
    wheel(links, "rwlow", "1.0")
    wheel(links, "rwlow", "2.0")
    build = server.build(pip("rwtop==1.0", "rwlow==2.0"))
    assert build["state"] == "Failed"
    assert "depend on rwlow<2 and you require rwlow==2.0" in build["error"], build["error"]
    # A version that never was is nobody's to replace.
    build = server.build(pip("rwlow==9.9"))
    assert build["state"] == "Failed" and "there is no version of rwlow==9.9" in build["error"]


def test_constraints_bound_and_editables_stay_where_they_are(installation, server, links):
    wheel(links, "rwlow", "1.0")
    wheel(links, "rwlow", "2.0")
    folder = installation.home / "tool"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "rwtool"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
    (folder / "rwtool.py").write_text("VALUE = 1\n")
    (folder / "backend.py").write_text(EDITABLE)
    spec = pip("rwlow", "-e %s" % folder, constraints=["rwlow<2"])
    run = server.submit(spec, "python -c 'import rwlow, rwtool; print(rwlow.VALUE, rwtool.VALUE, rwtool.__file__)'")
    assert ended(installation, run)["status"] == "Completed"
    (folder / "rwtool.py").write_text("VALUE = 'changed'\n")  # of another size: bytecode is told by seconds and size
    again = server.submit(spec, "python -c 'import rwtool; print(rwtool.VALUE)'")
    assert ended(installation, again)["status"] == "Completed"
    assert "1.0 1 %s/rwtool.py" % folder in text_of(installation, run, "azureml-logs/70_driver_log.txt")
    assert text_of(installation, again, "azureml-logs/70_driver_log.txt").strip() == "changed"


EDITABLE = """
import os, zipfile
HERE = os.path.dirname(os.path.abspath(__file__))
def build_editable(folder, settings=None, metadata=None):
    name = 'rwtool-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('rwtool.pth', HERE)
        wheel.writestr('rwtool-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: rwtool\\nVersion: 1.0\\n')
        wheel.writestr('rwtool-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr('rwtool-1.0.dist-info/RECORD', 'rwtool.pth,,')
    return name
build_wheel = build_editable
"""


def test_a_build_that_prints_without_end_keeps_its_last_lines(installation, server, links):
    source(links, "rwloud", "1.0", LOUD)
    build = server.build(pip("rwloud"))
    assert build["state"] == "Failed"
    assert "rwloud" in build["error"].split("\n")[0] and "the last words" in build["error"]
    assert len(build["error"]) < 20000 and len(build["log"]) < 500000
    assert ended(installation, server.submit(None, "true"))["status"] == "Completed"


def test_a_build_that_hangs_is_ended_and_named(installation, server, links):
    source(links, "rwhang", "1.0", HANGS)
    restart(installation, RUNWRIGHT_BUILD_SECONDS="2")
    build = server.build(pip("rwhang"))
    assert build["state"] == "Failed"
    assert build["error"].startswith("cannot resolve rwhang: ") and "longer than 2 s" in build["error"], build["error"]
    assert not [argv for _, argv, _ in installation.processes() if b"rwhang" in argv]
    # A wheel takes its place as that of any source that does not build.
    wheel(links, "rwhang", "2.0")
    assert server.build(pip("rwhang==1.0"))["packages"] == ["rwhang==2.0"]


def test_a_profile_of_the_users_own(installation, server, links):
    wheel(links, "rwlow", "1.0")
    profiles = installation.data / "profiles"
    (profiles / "frameworks").mkdir(parents=True)
    (profiles / "frameworks" / "rwlow.json").write_text('{"name": "rwlow", "default": "1.0.0", "package": "rwlow", "shims": ["tf1"]}')
    (profiles / "packages.json").write_text('{"rules": [{"package": "rwgone", "use": ["rwlow"], "reason": "it was renamed"}]}')
    restart(installation)
    build = server.build({"kind": "pip", "framework": {"name": "rwlow"}, "resolver": "nearest", "requirements": ["rwgone==3"]})
    assert build["packages"] == ["rwlow==1.0"] and build["warnings"] == ["rwgone==3 → rwlow: it was renamed"], build
    (profiles / "packages.json").write_text('{"rules": [{"package": "rwgone", "use": ["--pre"], "reason": "x"}]}')
    installation.cli("server", "stop")
    failed = installation.cli("init", ".", check=False)
    assert failed.returncode != 0 and b"packages.json: rules[0].use[0]" in failed.stdout + failed.stderr + log_of(installation)


def log_of(installation):
    return b"".join(p.read_bytes() for p in pathlib.Path(installation.data).glob("*.log"))


@pytest.fixture
def index(installation):
    """The package index of this machine, with the cache that all tests share."""
    for name in ("UV_CACHE_DIR", "PIP_CERT", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        if name in os.environ:
            installation.env[name] = os.environ[name]
    try:
        urllib.request.urlopen("https://pypi.org/simple/six/", timeout=20).close()
    except OSError as error:
        pytest.skip("SKIPPED: the package index is not reached (%s): old pins were not tried" % error)
    restart(installation)


OLD = """
import PIL, joblib
from PIL import Image
import io
stream = io.BytesIO()
Image.new('RGB', (8, 8)).save(stream, 'JPEG')
joblib.dump({'a': 1}, 'a.pkl')
print('works', joblib.load('a.pkl'), Image.open(io.BytesIO(stream.getvalue())).size)
"""


def test_pins_of_2019_run_on_the_python_of_today(installation, server, index):
    installation.write("train.py", OLD)
    pins = ["pillow==5.4.1", "joblib==0.13.2"]
    run_id = installation.json("submit", "--pip", pins[0], "--pip", pins[1], "train.py")["id"]
    run = ended(installation, run_id)
    assert run["status"] == "Completed", run
    assert "works {'a': 1} (8, 8)" in text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
    told = [w["message"] for w in run["warnings"]]
    assert [t.split(":")[0].split(" → ")[0] for t in sorted(told)] == sorted(pins), told
    refused = server.build(pip(*pins, resolver="exact"))
    assert refused["state"] == "Failed"
    for pin in pins:
        assert pin + " → " in refused["error"], refused["error"]
    assert "do not work on Python 3.10 and later" in refused["error"]


def test_chainer_gets_the_numpy_that_it_needs(installation, server, index):
    spec = {"kind": "pip", "framework": {"name": "chainer", "gpu": True}, "requirements": ["numpy", "azureml-defaults"]}
    build = server.build(spec)
    assert build["state"] == "Ready", build["error"]
    versions = dict(line.split("==") for line in build["packages"])
    assert versions["chainer"] == "5.1.0"
    assert tuple(map(int, versions["numpy"].split(".")[:2])) < (1, 24)
    assert any(w.startswith("numpy → numpy<1.24") for w in build["warnings"])
    run = server.submit(spec, "python -c 'import chainer, numpy; print(chainer.Variable(numpy.ones((2, 2), dtype=\"f\")).shape)'")
    assert ended(installation, run)["status"] == "Completed"
    assert "(2, 2)" in text_of(installation, run, "azureml-logs/70_driver_log.txt")
    refused = server.build(dict(spec, resolver="exact", framework={"name": "chainer"}))
    assert refused["state"] == "Failed" and "numpy has to be numpy<1.24" in refused["error"]


def test_torch_of_the_machine_answers_an_old_pin(installation, server, index):
    if not list(pathlib.Path("/usr/lib/python3/dist-packages").glob("torch-*")):
        pytest.skip("SKIPPED: /usr/bin/python3 has no torch: apt-get install python3-torch")
    spec = pip("tqdm", framework={"name": "pytorch", "version": "1.4"})
    run = server.submit(spec, "python -c 'import torch, tqdm; print(torch.__version__, tqdm.__file__)'")
    ending = ended(installation, run)
    assert ending["status"] == "Completed", ending
    log = text_of(installation, run, "azureml-logs/70_driver_log.txt")
    assert log.startswith("1.13") and "/env/builds/" in log
    assert any(w["message"].startswith("torch==1.4.* → torch 1.13") for w in ending["warnings"])


def test_tensorflow_one_is_locked_as_the_last_with_its_interface(server, index):
    build = server.build(pip(framework={"name": "tensorflow", "version": "1.13"}, resolver="exact"))
    assert build["state"] == "Failed"
    assert "nearest would take tensorflow==1.13.* → tensorflow-cpu==2.15.*" in build["error"]
