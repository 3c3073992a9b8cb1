"""What every benchmark shares: a server in a scratch folder, percentiles, rows of the table."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("RUNWRIGHT_BIN", str(ROOT / "bin")))
CACHE = pathlib.Path(os.environ.get("RUNWRIGHT_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "runwright-build"))


def real_python():
    """The interpreter itself, never a version manager's shim."""
    return os.path.realpath(sys.executable)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name, ours, unit, peer=None, peer_name="", target="", better="lower"):
    """One line of the table. ratio: how many times better ours is than the peer (above 1 is better)."""
    ratio = None
    if peer is not None and ours and peer:
        ratio = peer / ours if better == "lower" else ours / peer
    return {"name": name, "ours": ours, "unit": unit, "peer": peer, "peer_name": peer_name, "ratio": ratio, "target": target}


def environment(home):
    """Nothing of the user's configuration reaches a benchmark."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RUNWRIGHT_", "AZUREML_", "MLFLOW_"))}
    env.update(XDG_CONFIG_HOME=str(home / "config"), XDG_DATA_HOME=str(home / "data"), XDG_CACHE_HOME=str(home / "cache"), PYTHONPATH=str(ROOT / "python"))
    return env


@contextlib.contextmanager
def workspace():
    """A folder with config.json of a fresh server; yields (folder, env)."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-bench-"))
    env = environment(home)
    project = home / "project"
    project.mkdir()
    try:
        subprocess.run([str(BIN / "runwright"), "init", str(project), "--workspace", "bench"], env=env, check=True, stdout=subprocess.DEVNULL)
        yield project, env
    finally:
        subprocess.run([str(BIN / "runwright"), "server", "stop"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(str(home), ignore_errors=True)


def python_json(code, env, cwd, arguments=()):
    """Runs a piece of client code in its own interpreter; its last output line is JSON."""
    done = subprocess.run([real_python(), "-c", code] + list(arguments), env=env, cwd=str(cwd), stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit("benchmark client failed with exit code %d" % done.returncode)
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def venv(name, requirements):
    """A cached environment of a peer; None (said loudly) where it cannot be made."""
    folder = CACHE / "peers" / name
    python = folder / "bin" / "python"
    if python.exists():
        return python
    uv = BIN / "uv"
    env = dict(os.environ, UV_SYSTEM_CERTS="1")
    made = subprocess.run([str(uv), "venv", "-q", "--python", real_python(), str(folder)], env=env)
    if made.returncode == 0:
        made = subprocess.run([str(uv), "pip", "install", "-q", "--python", str(python)] + requirements, env=env)
    if made.returncode != 0:
        shutil.rmtree(str(folder), ignore_errors=True)
        print("SKIPPED: peer %s could not be installed" % name, file=sys.stderr)
        return None
    return python


def now_ns():
    return time.time_ns()
