"""What a script does to its environment is its own: builds and the installer's cache stay as they are."""
import hashlib
import os
import subprocess
import zipfile

import pytest
from test_environments import METADATA, WHEEL, ended, links, text_of  # noqa: F401
from waiting import wait_for

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NO_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c", 'for what in mnt user; do echo 0 > /proc/sys/user/max_${what}_namespaces; done; exec "$@"', "sh"]
LOOK = "import rwtiny\nprint('value', rwtiny.VALUE)\n"
EDIT = "import rwtiny\nopen(rwtiny.__file__, 'a').write('VALUE = 0\\n')\nprint('lines', len(open(rwtiny.__file__).readlines()))\n"
INSTALL = """
import subprocess, sys
subprocess.run(["uv", "pip", "install", "--quiet", "--no-index", "--find-links", %r, "--python", sys.executable, "rwother"], check=True)
import rwother
print("installed", rwother.VALUE)
"""


def works(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def tree(folder):
    """Every file below, as anybody could see a change of it."""
    found = {}
    for parent, folders, files in os.walk(str(folder)):
        for name in folders + files:
            path = os.path.join(parent, name)
            info = os.lstat(path)
            text = open(path, "rb").read() if name in files and os.path.isfile(path) else b""
            found[path] = (info.st_mode, info.st_size if text else 0, hashlib.sha256(text).hexdigest())
    return found


def wait_for_bytecode(installation):
    folder = installation.data / "env" / "bytecode"
    wait_for(lambda: folder.exists() and any(not name.startswith(".") for name in os.listdir(str(folder))), 30, "the byte code")
    wait_for(lambda: not any(name.startswith(".") for name in os.listdir(str(folder))), 30, "the end of its making")


def shared(installation):
    return dict(tree(installation.data / "env" / "builds"), **tree(installation.home / "cache" / "uv"))


def run(installation, script, text):
    installation.write(script, text)
    run_id = installation.json("submit", "--pip", "rwtiny", script)["id"]
    details = ended(installation, run_id)
    assert details["status"] == "Completed", details
    return details, text_of(installation, run_id, "azureml-logs/70_driver_log.txt")


def other_package(folder):
    with zipfile.ZipFile(str(folder / "rwother-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("rwother.py", "VALUE = 7\n")
        wheel.writestr("rwother-1.0.dist-info/METADATA", METADATA % "rwother")
        wheel.writestr("rwother-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("rwother-1.0.dist-info/RECORD", "rwother.py,,\n")


def check_that_changes_vanish(installation, folder):
    other_package(folder)
    assert "value 42" in run(installation, "look.py", LOOK)[1]
    before = shared(installation)
    details, log = run(installation, "change.py", EDIT + INSTALL % str(folder))
    assert "lines 2" in log and "installed 7" in log
    assert details["warnings"] == []
    assert shared(installation) == before
    assert not (installation.run_dir(details["id"]) / "overlay").exists()
    assert "value 42" in run(installation, "look.py", LOOK)[1]


def test_a_script_that_installs_and_edits_changes_nothing_that_is_shared(installation, links):  # noqa: F811
    check_that_changes_vanish(installation, links)


def test_byte_code_is_made_once_beside_the_build(installation, links):  # noqa: F811
    text = "import os, sys\nsys.dont_write_bytecode = True\nimport rwtiny\nprint('compiled', os.path.exists(rwtiny.__cached__))\n"
    run(installation, "look.py", text)
    folder = installation.data / "env" / "bytecode"
    wait_for_bytecode(installation)
    before = tree(installation.data / "env" / "builds")
    assert "compiled True" in run(installation, "look.py", text)[1]
    assert tree(installation.data / "env" / "builds") == before
    assert not any("rwtiny" in path and path.endswith(".pyc") for path in before)
    installation.cli("env", "gc", "--unused-days", "0")
    wait_for(lambda: os.listdir(str(folder)) == [], 30, "the removal with its build")


def test_the_same_on_a_server_of_a_user_without_rights(installation, links):  # noqa: F811
    if os.geteuid() != 0 or not works(NOBODY + ["unshare", "--user", "--mount", "true"]):
        pytest.skip("SKIPPED: needs root, setpriv (util-linux) and user namespaces to run a server as another user")
    if not works(NOBODY + ["bin/runwright", "--version"]):
        pytest.skip("SKIPPED: another user cannot reach bin/runwright here")
    installation.cli("server", "stop")
    subprocess.run(["chown", "-R", "65534:65534", str(installation.home)], check=True)
    installation.before = NOBODY
    installation.start_server()
    check_that_changes_vanish(installation, links)


def test_without_namespaces_a_changed_build_is_found_named_and_made_anew(installation, links):  # noqa: F811
    if not works(NO_NAMESPACES + ["true"]):
        pytest.skip("SKIPPED: needs user namespaces, to run a server that has none")
    installation.cli("server", "stop")
    installation.before = NO_NAMESPACES
    installation.start_server()
    assert "value 42" in run(installation, "look.py", LOOK)[1]
    cache = tree(installation.home / "cache" / "uv")
    details, log = run(installation, "edit.py", EDIT)
    assert "lines 2" in log
    assert tree(installation.home / "cache" / "uv") == cache, "a build shares no file with the cache"
    (warning,) = details["warnings"]
    assert warning["source"] == "environment" and "rwtiny.py" in warning["message"], warning
    findings = installation.json("doctor")["findings"]
    assert any(one["subject"] == "builds" and "rwtiny.py" in one["text"] for one in findings), findings
    again, log = run(installation, "look.py", LOOK)
    assert "value 42" in log and again["warnings"] == []
    findings = installation.json("doctor")["findings"]
    assert not any(one["subject"] == "builds" for one in findings), findings
