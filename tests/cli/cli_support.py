"""The command line as a user has it: the real binary, a real server, a home folder of its own."""

import json
import os
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def binary():
    """$RUNWRIGHT_BIN (a folder), bin/, else the dev build."""
    for folder in (os.environ.get("RUNWRIGHT_BIN"), os.path.join(ROOT, "bin"), os.path.join(ROOT, "build/dev/bin")):
        path = os.path.join(folder or "", "runwright")
        if folder and os.access(path, os.X_OK):
            return path
    return None


class Cli:
    """Runs `runwright` in a home and a project folder; remembers nothing else."""

    def __init__(self, base):
        self.home = os.path.join(str(base), "home")
        self.project = os.path.join(str(base), "project")
        for folder in (self.home, self.project):
            os.makedirs(folder)
        self.data = os.path.join(self.home, ".local/share/runwright")
        self.credentials = os.path.join(self.home, ".config/runwright/credentials.json")

    def env(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RUNWRIGHT_", "XDG_", "AZUREML_"))}
        return dict(kept, HOME=self.home, **more)

    def popen(self, *arguments, cwd=None, env=None, **keywords):
        return subprocess.Popen(
            [binary()] + list(arguments), cwd=cwd or self.project, env=self.env(**(env or {})), text=True, **keywords
        )

    def __call__(self, *arguments, code=0, cwd=None, env=None, stdin=""):
        """Standard output (and .err, the last standard error); the exit code must be `code`."""
        process = self.popen(
            *arguments, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, self.err = process.communicate(stdin, timeout=120)
        assert process.returncode == code, "%s: exit %d\n%s%s" % (arguments, process.returncode, out, self.err)
        return out

    def json(self, *arguments, **keywords):
        return json.loads(self(*arguments, "--json", **keywords))

    def write(self, name, text):
        path = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def config(self, folder=None):
        with open(os.path.join(folder or self.project, "config.json")) as file:
            return json.load(file)

    def token(self):
        with open(self.credentials) as file:
            return json.load(file)["servers"][0]["token"]

    def server_pid(self):
        try:
            with open(os.path.join(self.data, "server.json")) as file:
                return json.load(file)["pid"]
        except OSError:
            return None

    def stop(self):
        pid = self.server_pid()
        if pid is None or not os.path.exists("/proc/%d" % pid):
            return
        if b"runwright" not in open("/proc/%d/cmdline" % pid, "rb").read():
            return
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), "the server's end")


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(done, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain for " + what
        time.sleep(0.01)
