"""runwright env …: what is there, made, compared, exported, collected and examined, with packages from a folder."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest
from cli_support import binary, wait_until

METADATA = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(folder, name, version, requires=""):
    metadata = METADATA % (name, version) + ("Requires-Dist: %s\n" % requires if requires else "")
    info = "%s-%s.dist-info/" % (name, version)
    files = {name + ".py": "VERSION = %r\n" % version, info + "METADATA": metadata, info + "WHEEL": WHEEL}
    record = info + "RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text))
    with zipfile.ZipFile(os.path.join(folder, "%s-%s-py3-none-any.whl" % (name, version)), "w") as wheel:
        for path, text in dict(files, **{info + "RECORD": record}).items():
            wheel.writestr(path, text)


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """A server whose packages come from a folder; one run that used rwtiny 1.0."""
    import cli_support

    if binary() is None:
        pytest.skip("runwright is not built")
    one = cli_support.Cli(tmp_path_factory.mktemp("env"))
    links = os.path.join(one.home, "links")
    os.makedirs(links)
    make_wheel(links, "rwtiny", "1.0")
    make_wheel(links, "rwtiny", "2.0", "rwdep")
    make_wheel(links, "rwdep", "0.5")
    one.links = links
    # Of the server that init starts.
    one("init", env={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links})
    one.write("train.py", "import rwtiny\nprint('version', rwtiny.VERSION)\n")
    one("submit", "--follow", "--var", "MODE=slow", "--pip", "rwtiny==1.0", "train.py")
    one.run = one.json("runs", "list")[0]["id"]
    yield one
    one.stop()


def register(env, name, **spec):
    code = (
        "import json, sys, urllib.request\n"
        "server, token, ws, body = sys.argv[1:]\n"
        "request = urllib.request.Request('%s/api/v1/workspaces/%s/environments' % (server, ws), body.encode(),"
        " {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json'})\n"
        "print(urllib.request.urlopen(request).read().decode())\n"
    )
    config = env.config()
    workspace = env.json("runs", "show", env.run)["workspace_id"]
    body = {"name": name, "definition": {"environmentVariables": {"MODE": "fast"}}, "spec": dict(spec, kind="pip")}
    return json.loads(subprocess.check_output([sys.executable, "-c", code, config["server"], env.token(), workspace, json.dumps(body)]))


def builds_folder(env):
    return pathlib.Path(env.data, "env", "builds")


def test_build_shows_the_log_and_the_second_time_is_warm(env):
    register(env, "tiny", requirements=["rwtiny==2.0"])
    assert "not built" in env("env", "list")
    out = env("env", "build", "tiny")
    assert out.startswith("ready: env_id ") and "Published build" in env.err and "Resolving 1 requirement" in env.err
    env("env", "build", "tiny")
    assert env.err == "", "nothing is built again"
    listed = env("env", "list")
    assert "Ready" in listed and "not built" not in listed and "in all" in listed
    shown = env("env", "show", "tiny")
    for text in ("rwtiny==2.0", "rwdep==0.5", "tiny:1", "where", str(builds_folder(env)), "MODE"):
        assert text in shown
    one = env.json("env", "show", "tiny")
    assert one["lock"] == "rwdep==0.5\nrwtiny==2.0\n" and one["build"]["state"] == "Ready"
    assert env.json("env", "show", one["build_id"][:10])["env_id"] == one["env_id"]
    assert env.json("env", "show", env.run)["lock"] == "rwtiny==1.0\n"


def test_a_build_that_fails_says_why(env):
    env("env", "build", "--pip", "rwtiny==9", code=1)
    assert "failed: " in env.err and "rwtiny==9" in env.err
    env("env", "build", code=2)
    env("env", "build", "tiny", "--pip", "x", code=2)
    env("env", "show", "no-such", code=4)
    assert "env list" in env.err


def test_lock_of_what_was_and_was_not_resolved(env):
    assert env("env", "lock", env.run) == "rwtiny==1.0\n"
    path = os.path.join(env.project, "lock.txt")
    env("env", "lock", "--pip", "rwdep", "-o", path)
    assert open(path).read() == "rwdep==0.5\n"
    assert env.json("env", "lock", "--pip", "rwdep")["packages"] == [{"name": "rwdep", "version": "0.5", "from": "pip"}]
    env("env", "lock", "--pip", "rwnone", code=1)
    assert env("env", "lock", "--pip", "rwdep", "--upgrade") == "rwdep==0.5\n"


def test_diff_says_what_changed_since_the_run_that_worked(env):
    register(env, "newer", requirements=["rwtiny"])
    env("env", "build", "newer")
    diff = env.json("env", "diff", env.run, "newer")
    assert diff["compared"] == "locks" and not diff["same"]
    assert diff["packages"] == {
        "added": [{"name": "rwdep", "version": "0.5"}],
        "removed": [],
        "changed": [{"name": "rwtiny", "from": "1.0", "to": "2.0"}],
    }
    assert diff["variables"]["changed"] == [{"name": "MODE", "from": "slow", "to": "fast"}]
    text = env("env", "diff", env.run, "newer")
    assert "~ rwtiny 1.0 → 2.0" in text and "+ rwdep 0.5" in text and "~ $MODE=slow → fast" in text
    assert "They are the same." in env("env", "diff", env.run, env.run)
    assert env.json("env", "diff", "newer", "newer")["same"]


def test_exports_rebuild_it_elsewhere(env):
    register(env, "out", requirements=["rwtiny==2.0"], find_links=[env.links])
    env("env", "build", "out")
    path = os.path.join(env.project, "requirements.txt")
    env("env", "export", "out", "-o", path)
    uv = os.path.join(os.path.dirname(binary()), "uv")
    if not os.access(uv, os.X_OK):
        uv = "uv"
    venv = os.path.join(env.home, "elsewhere")
    clean = dict(env.env(), UV_OFFLINE="1", UV_CACHE_DIR=os.path.join(env.home, "uv-cache"))
    subprocess.check_call([uv, "venv", "-q", "--python", sys.executable, venv], env=clean)
    subprocess.check_call([uv, "pip", "sync", "-q", "--no-index", "--python", venv + "/bin/python", path], env=clean)
    said = subprocess.check_output([venv + "/bin/python", "-c", "import rwtiny, rwdep; print(rwtiny.VERSION, rwdep.VERSION)"])
    assert said.split() == [b"2.0", b"0.5"]
    conda = env("env", "export", "out", "--format", "conda")
    assert '- "rwtiny==2.0"' in conda and "- python=3" in conda and '"MODE": "fast"' in conda
    image = env("env", "export", "out", "--format", "containerfile")
    assert "'rwdep==0.5'" in image and image.count("FROM ") == 1 and 'ENV MODE="fast"' in image
    env("env", "export", "out", "--format", "docker", code=2)


def test_doctor_names_changed_builds_and_gc_removes_them(env):
    env("env", "build", "--pip", "rwdep==0.5")
    report = env.json("env", "doctor", "--deep")
    assert report["healthy"], report
    one = env.json("env", "show", env.run)
    folder = pathlib.Path(one["build"]["folder"])
    module = next(folder.glob("lib/*/site-packages/rwtiny.py"))
    os.chmod(str(module.parent), 0o755)
    module.unlink()
    module.write_text("VERSION = 'changed'\n")
    report = env.json("env", "doctor", code=1)
    wrong = [f for f in report["findings"] if f["health"] == "error"]
    assert len(wrong) == 1 and "rwtiny.py" in wrong[0]["text"] and "env gc" in wrong[0]["fix"]
    assert "error" in env("env", "doctor", code=1)
    dry = env.json("env", "gc", "--dry-run", "--unused-days", "0")
    assert dry["removed"]["builds"]["count"] >= 1 and folder.exists()
    assert "kept" in env("env", "gc")
    assert "removed" in env("env", "gc", "--unused-days", "0")
    wait_until(lambda: not folder.exists(), "the build to go")
    assert env.json("env", "doctor", "--deep")["healthy"]
    env("submit", "--follow", "--pip", "rwtiny==1.0", "train.py")
    assert folder.exists(), "the next run builds it anew"


def test_help_and_completion_know_every_command(env):
    script = env("completion", "bash")
    for command in ("list", "show", "build", "lock", "diff", "export", "gc", "doctor"):
        assert "Examples:" in env("env", command, "--help")
        assert '"env|%s")' % command in script
