"""Server start on an empty folder, idle memory, binary size, import times."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from common import BIN, environment, percentile, real_python, row


def start_once():
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-start-"))
    env = environment(home)
    begin = time.perf_counter()
    server = subprocess.Popen([str(BIN / "runwright"), "server", "--data", str(home / "d"), "--listen", "127.0.0.1:0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        line = server.stdout.readline()
        seconds = time.perf_counter() - begin
        assert b"http" in line, line
        deadline = time.perf_counter() + 1
        while time.perf_counter() < deadline:
            time.sleep(0.1)  # idle memory is memory after a second of doing nothing
        status = pathlib.Path("/proc/%d/status" % server.pid).read_text()
        rss = int([l for l in status.splitlines() if l.startswith("VmRSS")][0].split()[1]) / 1024
        return seconds * 1000, rss
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(str(home), ignore_errors=True)


def seconds_of(code, env, rounds=15):
    out = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([real_python(), "-c", code], env=env, check=True)
        out.append((time.perf_counter() - begin) * 1000)
    return percentile(out, 0.5)


def run():
    starts = [start_once() for _ in range(5)]
    yield row("server start -> serving", percentile([s for s, _ in starts], 0.5), "ms", target="25 ms")
    yield row("server memory, idle", percentile([m for _, m in starts], 0.5), "MiB", target="25 MB")
    yield row("bin/runwright", os.path.getsize(str(BIN / "runwright")) / 2**20, "MiB")
    with tempfile.TemporaryDirectory() as home:
        env = environment(pathlib.Path(home))
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTHONPYCACHEPREFIX"] = home + "/pyc"
        bare = seconds_of("pass", env)
        yield row("import runwright", seconds_of("import runwright", env), "ms", bare, "bare python", "bare + 25 ms")
        yield row("import azureml.core", seconds_of("import azureml.core", env), "ms", bare, "bare python", "bare + 25 ms")
