"""Conda environments: a channel in a folder solved and installed by py-rattler, and the pip index in its place where no channel answers."""
import json
import os
import subprocess
import urllib.error
import urllib.request
import zipfile

import pytest
from conda_channel import PREFIX, Channel
from installation import installed
from package_places import source, wheel
from waiting import wait_for

WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
NOBODY = "http://127.0.0.1:9/channel"  # the discard port: refused at once


def make_wheel(folder):
    """rwpip needs rwpure, which the channel has: 1.5 there, 2.0 here."""
    files = {"rwpip.py": "def main():\n    print('from pip')\n", "rwpip-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: rwpip\nVersion: 1.0\nRequires-Dist: rwpure\n", "rwpip-1.0.dist-info/WHEEL": WHEEL, "rwpip-1.0.dist-info/entry_points.txt": "[console_scripts]\nrwpip = rwpip:main\n"}
    for name, content in (("rwpip-1.0", files), ("rwpure-1.5", {"rwpure.py": ""}), ("rwpure-2.0", {"rwpure.py": ""})):
        info = name + ".dist-info/"
        content.setdefault(info + "METADATA", "Metadata-Version: 2.1\nName: rwpure\nVersion: %s\n" % name[7:])
        content.setdefault(info + "WHEEL", WHEEL)
        with zipfile.ZipFile(str(folder / (name + "-py3-none-any.whl")), "w") as wheel:
            for path, text in content.items():
                wheel.writestr(path, text)
            wheel.writestr(info + "RECORD", "".join(path + ",,\n" for path in content))


@pytest.fixture(scope="module")
def conda(tmp_path_factory):
    """A server, a channel with a Python, a package of data, a module and some that clash."""
    # What is downloaded is kept for the next time.
    cache = {name: os.environ[name] for name in ("UV_CACHE_DIR",) if name in os.environ}
    with installed(cache) as one:
        channel = Channel(one.home / "channel")
        one.python_version = channel.add_python()
        channel.add("rwdata", "1.0", {"share/rwdata/where.txt": "at %s/share\n" % PREFIX, "bin/rwtool": "#!/bin/sh\necho tool of %s\n" % PREFIX})
        channel.add_module("rwpure", "1.5", "VALUE = 42\n", ["rwdata"])
        channel.add("rwclash", "1.0", {"share/clash": ""}, ["rwdata <1.0"])
        one.channel = channel
        links = one.home / "links"
        links.mkdir()
        make_wheel(links)
        one.links = str(links)
        if one.cli("env", "build", "--pip", "py-rattler==0.28.*", check=False).returncode != 0:
            pytest.skip("SKIPPED: py-rattler cannot be installed here: the package index must have py-rattler 0.28")
        yield one


def post(one, path, body):
    config = one.config()
    request = urllib.request.Request(config["server"] + path, json.dumps(body).encode(), {"Authorization": "Bearer " + one.token(), "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read().decode())


def register(one, name, **spec):
    workspaces = json.loads(urllib.request.urlopen(urllib.request.Request(one.config()["server"] + "/api/v1/workspaces", headers={"Authorization": "Bearer " + one.token()})).read().decode())
    return post(one, "/api/v1/workspaces/%s/environments" % workspaces["items"][0]["id"], {"name": name, "definition": {}, "spec": dict(spec, kind="conda")})


def run(one, env, text):
    """The ended run of a script in a registered environment, and what it printed."""
    one.write("train.py", text)
    run_id = one.json("submit", "--env", env, "train.py")["id"]

    def ended():
        document = one.json("runs", "show", run_id)
        return document["status"] in ("Completed", "Failed", "Canceled") and document

    document = wait_for(ended, 300, "the end of " + run_id)
    return document, one.cli("logs", run_id).stdout.decode()


def test_a_channel_gives_python_packages_and_programs(conda):
    register(conda, "whole", conda_packages=["rwpure=1.5"], channels=[conda.channel.url], requirements=["rwpip"], find_links=[conda.links])
    script = "import os, rwpip, rwpure, subprocess, sys\nprint('value', rwpure.VALUE, 'prefix', sys.prefix)\nprint(open(os.path.join(sys.prefix, 'share/rwdata/where.txt')).read())\nprint(subprocess.check_output(['rwtool']).decode(), subprocess.check_output(['rwpip']).decode())\n"
    document, said = run(conda, "whole", script)
    assert document["status"] == "Completed", said
    shown = conda.json("env", "show", "whole")
    folder = shown["build"]["folder"]
    assert "value 42 prefix %s\n" % folder in said and "at %s/share" % folder in said
    assert "tool of " + folder in said and "from pip" in said
    lock = shown["lock"].splitlines()
    assert lock[0].startswith("# conda packages by URL") and lock[-1] == "rwpip==1.0"
    assert [line.split(" ")[0] for line in lock[1:-1]] == ["python=%s=0" % conda.python_version, "rwdata=1.0=0", "rwpure=1.5=0"]
    assert all("#sha256=" in line and line.split(" ")[1].startswith(conda.channel.url) for line in lock[1:-1])
    assert shown["python"] == conda.python_version and not shown["warnings"]
    assert not [w for w in document["warnings"] if w["source"] == "environment"]
    assert "rwpure=1.5=0" in conda.json("env", "list")["builds"][0]["packages"]
    exported = conda.cli("env", "export", "whole", "--format", "conda").stdout.decode()
    assert '- "rwpure=1.5=0"' in exported and conda.channel.url in exported and '  - "rwpip==1.0"' in exported
    findings = json.loads(conda.cli("env", "doctor", "--deep", "--json").stdout.decode())
    assert findings["healthy"], findings
    again, _ = run(conda, "whole", "print(1)\n")
    assert again["environment"]["build_id"] == document["environment"]["build_id"]


def test_a_channel_without_python_gets_the_machines(conda):
    register(conda, "data", conda_packages=["rwdata"], channels=[conda.channel.url])
    document, said = run(conda, "data", "import os, sys\nprint(sys.prefix != sys.base_prefix, os.path.exists(sys.prefix + '/share/rwdata/where.txt'))\n")
    assert document["status"] == "Completed" and "True True" in said
    assert [line.split("=")[0] for line in conda.json("env", "show", "data")["lock"].splitlines()[1:]] == ["rwdata"]


def test_a_conflict_is_explained_in_the_solvers_words(conda):
    register(conda, "clash", conda_packages=["rwpure", "rwclash"], channels=[conda.channel.url, NOBODY])
    failed = conda.cli("env", "build", "clash", check=False)
    words = failed.stderr.decode()
    assert failed.returncode == 1
    assert "rwclash" in words and "rwdata <1.0" in words and "not reached: " + NOBODY in words


def test_a_changed_package_is_not_installed(conda):
    channel = Channel(conda.home / "tampered")
    package = channel.add("rwfrozen", "1.0", {"share/frozen": "1"})
    register(conda, "frozen", conda_packages=["rwfrozen"], channels=[channel.url])
    repodata = channel.folder / "noarch" / "repodata.json"
    repodata.write_text(repodata.read_text().replace(json.loads(repodata.read_text())["packages"][package.name]["sha256"], "0" * 64))
    failed = conda.cli("env", "build", "frozen", check=False)
    assert failed.returncode == 1 and b"rwfrozen" in failed.stderr and b"hash" in failed.stderr, failed.stderr


def test_without_a_channel_the_pip_index_has_the_packages(conda):
    """The packages of the SDK's first estimator sample."""
    register(conda, "mapped", conda_packages=["scikit-learn", "mkl"], channels=[NOBODY])
    script = "from sklearn.datasets import load_digits\nfrom sklearn.linear_model import LogisticRegression\nx, y = load_digits(return_X_y=True)\nprint('score', LogisticRegression(max_iter=50).fit(x / 16, y).score(x / 16, y) > 0.9)\n"
    document, said = run(conda, "mapped", script)
    assert document["status"] == "Completed" and "score True" in said
    texts = [w["message"] for w in document["warnings"] if w["source"] == "environment"]
    assert any(NOBODY in text and "pip index" in text for text in texts), texts
    assert "conda package scikit-learn → scikit-learn" in texts and any(t.startswith("conda package mkl is left out") for t in texts)
    lock = conda.json("env", "show", "mapped")["lock"]
    assert lock.startswith("# conda packages are those of the pip index\n") and "scikit-learn==" in lock
    assert "scikit-learn==" in conda.cli("env", "export", "mapped").stdout.decode()


def test_mapped_pins_go_through_the_rules_of_packages(conda):
    """A pin of another year in a conda file, resolved as one of a requirements file is."""
    for version in ("5.4.1", "9.5.0"):
        wheel(conda.links, "pillow", version)
    wheel(conda.links, "rwolder", "2.0")
    source(conda.links, "rwolder", "1.0", "def build_wheel(*_):\n    raise SystemExit('no compiler')\n")
    config = conda.home / "config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nno-index = true\nfind-links = %s\n" % conda.links)
    try:
        register(conda, "older", conda_packages=["pillow=5.4.1", "rwolder=1.0"], channels=[NOBODY])
        conda.cli("env", "build", "older")
        shown = conda.json("env", "show", "older")
        assert shown["lock"].splitlines()[1:] == ["pillow==9.5.0", "rwolder==2.0"], shown["lock"]
        texts = [w["message"] for w in shown["warnings"]]
        assert "pillow==5.4.1.* → pillow==9.5.0: versions before 8.4 do not work on Python 3.10 and later" in texts, texts
        assert any(t.startswith("rwolder==1.0.* → rwolder==2.0: no wheel for Python 3.") for t in texts), texts
    finally:
        config.unlink()


def test_frameworks_of_the_machine_are_taken_beside_mapped_packages(conda):
    """An estimator with conda packages: its framework comes from where its profile says, as it does without them."""
    if subprocess.run(["/usr/bin/python3", "-c", "import torch"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("SKIPPED: /usr/bin/python3 has no torch: apt-get install python3-torch")
    register(conda, "torch", conda_packages=["tqdm"], framework={"name": "pytorch"}, channels=[NOBODY])
    document, said = run(conda, "torch", "import sys, torch, tqdm\nprint('torch', torch.__version__, torch.__file__.startswith('/usr/lib'), tqdm.__file__.startswith(sys.prefix))\n")
    assert document["status"] == "Completed" and said.splitlines()[-1].startswith("torch 1.13") and said.splitlines()[-1].endswith("True True"), said


def test_exact_takes_no_mapping(conda):
    register(conda, "exact", conda_packages=["scikit-learn"], channels=[NOBODY], resolver="exact")
    failed = conda.cli("env", "build", "exact", check=False)
    assert failed.returncode == 1 and b"resolver exact" in failed.stderr and NOBODY.encode() in failed.stderr


def test_hostile_packages_and_channels_are_refused(conda):
    for spec in ({"conda_packages": ["--help"]}, {"conda_packages": ["../../etc/passwd"]}, {"conda_packages": ["a\nb"]}, {"conda_packages": ["numpy; rm -rf /"]}, {"channels": ["../up"]}, {"channels": ["ftp://host/c"]}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(conda, "/api/v1/builds", {"spec": dict({"kind": "conda", "conda_packages": ["numpy"]}, **spec)})
        assert refused.value.code == 400, spec
    left = [name for name in os.listdir(str(conda.data / "env")) if name.startswith(".conda-job")]
    assert not left, "requests to the solver are removed when they are read"
