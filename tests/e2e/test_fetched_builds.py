"""A target whose nodes do not build: what the server builds they fetch by content, once, whole or not at all."""
import os
import shutil
import signal
import subprocess
import zipfile

import pytest
from test_environments import METADATA, WHEEL, ended, links, text_of  # noqa: F401
from test_protection import EDIT, tree, wait_for_bytecode, works
from waiting import wait_for

LOOK = "import sys, rwtiny\nprint('value', rwtiny.VALUE)\nprint('prefix', sys.prefix)\n"
EDITABLE = """
import os, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = 'rwedit-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('rwedit.pth', %r)
        wheel.writestr('rwedit-1.0.dist-info/METADATA', %r)
        wheel.writestr('rwedit-1.0.dist-info/WHEEL', %r)
        wheel.writestr('rwedit-1.0.dist-info/RECORD', 'rwedit.pth,,')
    return name
"""


# Root of a namespace mounts no images.
FILE_BY_FILE = ["unshare", "--user", "--map-root-user"]


@pytest.fixture(params=["image", "files"])
def node(request, installation, links):  # noqa: F811
    """The folder of builds of a target's nodes, which get them as an image (where they can) or file by file."""
    folder = installation.home / "node"
    if request.param == "files":
        if not works(FILE_BY_FILE + ["true"]):
            pytest.skip("SKIPPED: no user namespaces here")
        installation.cli("server", "stop")
        installation.before = FILE_BY_FILE
        installation.start_server()
    installation.cli("compute", "create", "nodes", "--vm-size", "STANDARD_D2_V2", "--max-nodes", "4", "--env-root", str(folder))
    installation.write("look.py", LOOK)
    return folder


def submit(installation, script="look.py", package="rwtiny", target="nodes"):
    return installation.json("submit", "--pip", package, "--target", target, script)["id"]


def completed(installation, run_id):
    run = ended(installation, run_id)
    assert run["status"] == "Completed", run
    return text_of(installation, run_id, "azureml-logs/70_driver_log.txt")


def published(node):
    folder = node / "builds"
    return [name for name in os.listdir(str(folder)) if not name.startswith(".")] if folder.exists() else []


def kernel_mounts_files():
    """EROFS from a file: Linux 6.12."""
    return "\terofs\n" in open("/proc/filesystems").read() and tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 12)


def remove(folder):
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    shutil.rmtree(str(folder))


def executor_log(installation, run_id):
    return (installation.run_dir(run_id) / "state" / "executor.log").read_text()


def fetched(installation, run_id):
    return "build.fetched" in executor_log(installation, run_id)


def test_a_node_fetches_a_build_once_and_then_nothing(installation, node):
    first = submit(installation)
    log = completed(installation, first)
    assert "value 42" in log
    build = published(node)
    assert log.split("prefix ")[1].strip() == str(node / "builds" / build[0]) and len(build) == 1
    assert fetched(installation, first)
    wait_for(lambda: not any(n.startswith(".unsynced") for n in os.listdir(str(node / "builds"))), 30, "the sync")
    before = tree(node / "builds")
    second = submit(installation)
    assert "value 42" in completed(installation, second)
    assert not fetched(installation, second)
    assert tree(node / "builds") == before
    run = installation.json("runs", "show", second)
    assert run["environment"]["interpreter"] == str(node / "builds" / build[0] / "bin" / "python")


def test_what_a_script_does_to_a_fetched_build_is_its_own(installation, node):
    completed(installation, submit(installation))
    before = tree(node / "builds" / published(node)[0])
    installation.write("change.py", EDIT)
    run_id = submit(installation, "change.py")
    assert "lines 2" in completed(installation, run_id)
    assert installation.json("runs", "show", run_id)["warnings"] == []
    assert tree(node / "builds" / published(node)[0]) == before


def test_two_runs_at_once_fetch_once(installation, node):
    installation.cli("env", "build", "--pip", "rwtiny")
    both = [submit(installation) for _ in range(2)]
    for run_id in both:
        assert "value 42" in completed(installation, run_id)
    assert [fetched(installation, run_id) for run_id in both].count(True) == 1


def executors(installation, run_id):
    """Its executor, not the supervisor that starts it, nor a child of its own that has not executed anything yet."""
    folder = str(installation.run_dir(run_id)).encode()
    found = [pid for pid, argv, _ in installation.processes() if argv.split(b"\0")[1:3] == [b"executor", folder]]
    return [pid for pid in found if parent(pid) not in found]


def parent(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


@pytest.fixture
def large(installation, node, links):  # noqa: F811
    """A package that takes a while to fetch, made by the server before a run asks for it."""
    with zipfile.ZipFile(str(links / "rwlarge-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("rwlarge.py", "VALUE = 7\n")
        wheel.writestr("rwlarge.data/platlib/rwlarge.bin", os.urandom(96_000_000))
        wheel.writestr("rwlarge-1.0.dist-info/METADATA", METADATA % "rwlarge")
        wheel.writestr("rwlarge-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("rwlarge-1.0.dist-info/RECORD", "rwlarge.py,,\n")
    installation.cli("env", "build", "--pip", "rwlarge")
    installation.write("large.py", "import rwlarge\nprint('value', rwlarge.VALUE)\n")
    return node


def stopped_in_mid_fetch(installation, node):
    """A run whose executor stands still with a part of the build."""
    run_id = submit(installation, "large.py", "rwlarge")

    def arriving():
        large = [p for p in node.glob("builds/.part-*/environment/**/*") if not p.is_symlink() and p.is_file() and p.stat().st_size > 0]
        return large and executors(installation, run_id)

    (pid,) = wait_for(arriving, 60, "bytes of the build")
    os.kill(pid, signal.SIGSTOP)
    assert published(node) == []
    return run_id, pid


def parts(node):
    return [name for name in os.listdir(str(node / "builds")) if name.startswith(".part-")]


def test_a_server_killed_in_mid_fetch_is_waited_for(installation, large):
    run_id, pid = stopped_in_mid_fetch(installation, large)
    reason = installation.json("runs", "show", run_id)["reason"]["text"]
    assert reason.startswith("fetching build ") and reason.endswith("/96 MB"), reason
    installation.kill_server()
    os.kill(pid, signal.SIGCONT)
    installation.start_server()
    assert "value 7" in completed(installation, run_id)
    assert executors(installation, run_id) in ([], [pid])
    assert len(published(large)) == 1 and parts(large) == []


def test_an_executor_killed_in_mid_fetch_leaves_nothing_and_another_fetches(installation, large):
    run_id, pid = stopped_in_mid_fetch(installation, large)
    os.kill(pid, signal.SIGKILL)
    assert "value 7" in completed(installation, run_id)
    assert len(published(large)) == 1 and parts(large) == []


def test_a_canceled_run_fetches_no_further(installation, large):
    run_id, pid = stopped_in_mid_fetch(installation, large)
    installation.cli("runs", "cancel", run_id)
    os.kill(pid, signal.SIGCONT)
    assert ended(installation, run_id)["status"] == "Canceled"
    assert published(large) == []


def test_a_changed_byte_is_refused_by_build_and_file_and_mended(installation, node):
    completed(installation, submit(installation))
    (build,) = published(node)
    remove(node)
    packs = installation.data / "env" / "packs"
    image = (packs / (build + ".image")).exists()
    assert image or installation.before or os.geteuid() != 0 or not kernel_mounts_files()
    pack = packs / (build + ".image" if image else build)
    whole = pack.read_bytes()
    pack.write_bytes(whole.replace(b"VALUE = 42", b"VALUE = 43"))
    run_id = submit(installation)
    assert "value 42" in completed(installation, run_id)
    (warning,) = [w["message"] for w in installation.json("runs", "show", run_id)["warnings"]]
    assert "build " + build[:12] in warning
    assert "%s arrived with other bytes" % (".runwright-image" if image else "rwtiny.py") in warning
    assert pack.read_bytes() == whole


def test_byte_code_that_was_made_later_comes_beside_a_run(installation, node, links):  # noqa: F811
    completed(installation, submit(installation))
    wait_for_bytecode(installation)
    (build,) = published(node)
    bytecode = node / "bytecode" / build
    installation.write("wait.py", "import os, time\nwhile not os.path.isdir(%r):\n    time.sleep(0.01)\nimport rwtiny\nprint('value', rwtiny.VALUE)\n" % str(bytecode))
    assert "value 42" in completed(installation, submit(installation, "wait.py"))
    before = bytecode.stat()
    assert "value 42" in completed(installation, submit(installation))
    assert bytecode.stat() == before, "nothing comes twice"


def test_what_does_not_travel_is_told_before_anything_is_fetched(installation, node, links):  # noqa: F811
    source = installation.home / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text('[project]\nname = "rwedit"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
    (source / "backend.py").write_text(EDITABLE % (str(source), METADATA % "rwedit", WHEEL))
    (source / "rwedit.py").write_text("VALUE = 3\n")
    installation.write("edit.py", "import rwedit\nprint('value', rwedit.VALUE)\n")
    assert "value 3" in completed(installation, submit(installation, "edit.py", "-e %s" % source)), "the node sees the folder"
    remove(node)
    source.rename(str(source) + "-gone")
    run = ended(installation, submit(installation, "edit.py", "-e %s" % source))
    assert run["status"] == "Failed" and run["error"]["code"] == "UserError"
    assert str(source) in run["error"]["message"] and "without '-e'" in run["error"]["message"]


def test_a_collection_removes_packs_with_their_build(installation, node):
    completed(installation, submit(installation))
    packs = installation.data / "env" / "packs"
    assert os.listdir(str(packs)) != []

    def collected():
        installation.cli("env", "gc", "--unused-days", "0")
        return os.listdir(str(packs)) == []

    wait_for(collected, 30, "the removal of the packs")
    assert "value 42" in completed(installation, submit(installation)), "the node's own stays"
