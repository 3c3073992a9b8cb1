"""Packages for a run, from a folder of our own in place of an index: built once, shared, kept, explained."""
import io
import os
import pathlib
import subprocess
import tarfile
import zipfile

import pytest
from waiting import wait_for

TRAIN = """
import os, sys
import azureml.core, runwright
import rwtiny
print('value', rwtiny.VALUE)
print('prefix', sys.prefix)
"""
METADATA = "Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
# A build that says that it began and waits to be let on.
BACKEND = """
import os, time, zipfile
HERE = %r
def build_wheel(folder, settings=None, metadata=None):
    with open(os.path.join(HERE, 'building'), 'a') as began:
        began.write('once\\n')
    while not os.path.exists(os.path.join(HERE, 'go')):
        time.sleep(0.01)
    name = 'rwslow-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('rwslow.py', 'VALUE = 7')
        wheel.writestr('rwslow-1.0.dist-info/METADATA', %r)
        wheel.writestr('rwslow-1.0.dist-info/WHEEL', %r)
        wheel.writestr('rwslow-1.0.dist-info/RECORD', 'rwslow.py,,')
    return name
"""


@pytest.fixture
def links(installation):
    """A folder with a wheel and a source package, which pip.conf makes the only place to look."""
    folder = installation.home / "links"
    folder.mkdir()
    with zipfile.ZipFile(str(folder / "rwtiny-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("rwtiny.py", "VALUE = 42\n")
        wheel.writestr("rwtiny-1.0.dist-info/METADATA", METADATA % "rwtiny")
        wheel.writestr("rwtiny-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("rwtiny-1.0.dist-info/RECORD", "rwtiny.py,,\n")
    files = {
        "pyproject.toml": '[project]\nname = "rwslow"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND % (str(folder), METADATA % "rwslow", WHEEL),
        "PKG-INFO": "Metadata-Version: 2.2\nName: rwslow\nVersion: 1.0\n",
    }
    with tarfile.open(str(folder / "rwslow-1.0.tar.gz"), "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo("rwslow-1.0/" + name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    config = installation.home / "config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nno-index = true\nfind-links = %s\n" % folder)
    return folder


def ended(installation, run_id):
    def look():
        run = installation.json("runs", "show", run_id)
        return run["status"] in ("Completed", "Failed", "Canceled") and run

    return wait_for(look, 120, "the end of " + run_id)


def text_of(installation, run_id, name):
    installation.cli("runs", "get", run_id, name, "-o", "got-" + run_id)
    return (installation.project / ("got-" + run_id) / name).read_text()


def builds(installation):
    folder = installation.data / "env" / "builds"
    return sorted(os.listdir(str(folder))) if folder.exists() else []


def test_runs_share_one_build_and_its_log(installation, links):
    installation.write("train.py", TRAIN)
    ids = [installation.json("submit", "--pip", "RWtiny >= 0.5", "--pip", "azureml-defaults", "train.py")["id"] for _ in range(5)]
    prefixes = set()
    for run_id in ids:
        assert ended(installation, run_id)["status"] == "Completed"
        log = text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
        assert "value 42" in log
        prefixes.add(log.split("prefix ")[1].strip())
        assert text_of(installation, run_id, "azureml-logs/environment.lock") == "rwtiny==1.0\n"
    assert len(prefixes) == 1
    wait_for(lambda: len(builds(installation)) == 1, what="one build and nothing beside it")
    log = text_of(installation, ids[0], "azureml-logs/20_image_build_log.txt")
    assert "Resolving 1 requirement for Python" in log and "Published build" in log
    assert "azureml-defaults is answered by Runwright's own SDK" in log


def test_a_missing_package_is_named_in_the_resolvers_words(installation, links):
    installation.write("train.py", TRAIN)
    run = ended(installation, installation.json("submit", "--pip", "no-such-package-rw-xyz", "--pip", "rwtiny", "train.py")["id"])
    assert run["status"] == "Failed"
    assert run["error"]["code"] == "UserError"
    assert "cannot resolve no-such-package-rw-xyz: Because no-such-package-rw-xyz was not found" in run["error"]["message"]
    refused = installation.cli("submit", "--pip=rwtiny --index-url=https://me:hunter2@host/simple", "train.py", check=False)
    assert refused.returncode == 2
    assert b"hunter2" not in refused.stderr and b"requirements[0]" in refused.stderr


def test_a_server_killed_while_building_leaves_nothing_and_builds_again(installation, links):
    installation.write("train.py", "import rwslow\nprint('value', rwslow.VALUE)\n")
    run_id = installation.json("submit", "--pip", "rwslow", "train.py")["id"]
    wait_for(lambda: (links / "building").exists(), 60, "the build")
    installation.kill_server()

    def uv_runs():
        return [pid for pid, argv, _ in installation.processes() if os.path.basename(argv.split(b"\0")[0]) == b"uv"]

    wait_for(lambda: not uv_runs(), what="the end of uv with its server")
    (links / "go").touch()
    installation.start_server()
    assert ended(installation, run_id)["status"] == "Completed"
    assert "value 7" in text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
    wait_for(lambda: len(builds(installation)) == 1, what="no leftovers of the killed build")


def test_a_virtual_environment_of_the_users_stays_itself(installation):
    venv = installation.home / "venv"
    installation.python("import sys, venv; venv.create(sys.argv[1])", str(venv))
    installation.write("train.py", "import sys, shutil, runwright, azureml.core\nprint(sys.prefix)\nprint(shutil.which('python'))\n")
    run_id = installation.json("submit", "--python", str(venv / "bin" / "python"), "train.py")["id"]
    assert ended(installation, run_id)["status"] == "Completed"
    lines = text_of(installation, run_id, "azureml-logs/70_driver_log.txt").split()
    assert lines == [str(venv), str(venv / "bin" / "python")]
    assert pathlib.Path(lines[0]).exists()


def test_a_build_that_finds_its_disk_full_goes_on_when_there_is_room(installation, links):
    with zipfile.ZipFile(str(links / "rwbig-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("rwbig.bin", os.urandom(8 << 20))
        wheel.writestr("rwbig.py", "VALUE = 43\n")
        wheel.writestr("rwbig-1.0.dist-info/METADATA", METADATA % "rwbig")
        wheel.writestr("rwbig-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("rwbig-1.0.dist-info/RECORD", "rwbig.bin,,\nrwbig.py,,\n")
    env = installation.data / "env"
    env.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(env)], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    try:
        installation.write("big.py", "import rwbig\nprint('value', rwbig.VALUE)\n")
        run_id = installation.json("submit", "--pip", "rwbig", "big.py")["id"]

        def waits():
            run = installation.json("runs", "show", run_id)
            assert run["status"] not in ("Failed", "Completed", "Canceled"), run
            return run["status"] == "Preparing" and "full" in (run["reason"] or {}).get("text", "") and run["reason"]["text"]

        reason = wait_for(waits, 120, "the reason that names the full disk")
        assert reason.startswith("disk of /") and "bytes free: free space; it goes on by itself" in reason
        subprocess.run(["mount", "-o", "remount,size=64m", str(env)], check=True)
        assert ended(installation, run_id)["status"] == "Completed"
        assert "value 43" in text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
        assert "Waiting: " + reason in text_of(installation, run_id, "azureml-logs/20_image_build_log.txt")
    finally:
        installation.cli("server", "stop", check=False)
        subprocess.run(["umount", "-l", str(env)], check=True)
