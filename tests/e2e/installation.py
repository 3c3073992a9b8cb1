"""A real server in a scratch folder, as a user has it: `runwright init`, then the SDK or the command line."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RUNWRIGHT_BIN", str(ROOT / "bin")))


class Installation:
    """One user's home, project folder and server."""

    def __init__(self, home):
        self.home = home
        self.data = home / "data" / "runwright"
        self.project = home / "project"
        self.project.mkdir(parents=True)
        self.before = []  # a command that executes what follows
        # As bare as `env -i`: what a user's shell exports must not be what makes this work.
        self.env = {
            "PATH": "%s:/usr/bin:/bin" % BIN,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "PYTHONPATH": str(ROOT / "python"),
        }

    def cli(self, *arguments, check=True, **options):
        done = subprocess.run(self.before + [str(BIN / "runwright")] + [str(a) for a in arguments], env=self.env, cwd=str(self.project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        if check:
            assert done.returncode == 0, "runwright %s: exit %d\n%s\n%s" % (" ".join(map(str, arguments)), done.returncode, done.stdout.decode(), done.stderr.decode())
        return done

    def json(self, *arguments):
        return json.loads(self.cli(arguments[0], "--json", *arguments[1:]).stdout if arguments[0] == "submit" else self.cli(*arguments, "--json").stdout)

    def python(self, code, *arguments, check=True, env=None):
        done = subprocess.run([sys.executable, "-c", code] + list(arguments), env=dict(self.env, **(env or {})), cwd=str(self.project), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check:
            assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return done

    def server_pid(self):
        return json.loads((self.data / "server.json").read_text())["pid"]

    def kill_server(self):
        pid = self.server_pid()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not os.path.exists("/proc/%d" % pid) or "Z" in pathlib.Path("/proc/%d/stat" % pid).read_text().split()[2], what="the server's death")

    def start_server(self):
        self.cli("init", ".")

    def config(self):
        return json.loads((self.project / "config.json").read_text())

    def token(self):
        entries = json.loads((self.home / "config" / "runwright" / "credentials.json").read_text())["servers"]
        return next(e["token"] for e in entries if e["server"] == self.config()["server"])

    def write(self, name, text):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_dir(self, run_id):
        return self.data / "runs" / run_id

    def processes(self):
        """Processes that live in this home, by argv or environment."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                argv = pathlib.Path("/proc/%s/cmdline" % entry).read_bytes()
                environ = pathlib.Path("/proc/%s/environ" % entry).read_bytes()
            except OSError:
                continue
            if str(self.home).encode() in argv + environ:
                found.append((int(entry), argv, environ))
        return found


@contextlib.contextmanager
def installed(variables=()):
    """An installation for the length of a `with`; `variables` are its server's too."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-e2e-"))
    one = Installation(home)
    one.env.update(variables)
    one.cli("init", ".", "--workspace", "ws")
    try:
        yield one
    finally:
        one.cli("server", "stop", check=False)
        for pid, _, _ in one.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)  # environments are read-only
        shutil.rmtree(str(home), ignore_errors=True)
