"""Kills -9 at random under load: the server, executors, scripts, now and then a supervisor, with several runs going on.

Checked at the end: every acked point, tag and line is there, in order; no script was started twice; every run ended as
its own fate says; no process and no slot is left. Exit status 0 when all of it holds; else 1 with what does not.

    python3 tests/chaos/chaos.py --kills 100 --seed 7
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TERMINAL = ("Completed", "Failed", "Canceled")
TARGETS = collections.OrderedDict([("server", 30), ("executor", 45), ("script", 20), ("supervisor", 5)])


class World:
    """A home with a server that is started again whenever it died, and the runs that were submitted to it."""

    def __init__(self, program, seed, points):
        self.program, self.points = program, points
        self.random = random.Random(seed)
        self.home = tempfile.mkdtemp(prefix="rw-chaos-")
        self.data = os.path.join(self.home, "data/runwright")
        project = os.path.join(self.home, "project")
        os.makedirs(project)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.home, "XDG_CONFIG_HOME": self.home + "/config",
                    "XDG_DATA_HOME": self.home + "/data", "XDG_CACHE_HOME": self.home + "/cache"}
        subprocess.run([program, "init", ".", "--workspace", "ws"], env=self.env, cwd=project, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(project, "config.json")) as file:
            self.url = json.load(file)["server"]
        with open(self.home + "/config/runwright/credentials.json") as file:
            self.token = json.load(file)["servers"][0]["token"]
        self.workspace = self.ask("GET", "/api/v1/workspaces")["items"][0]["id"]
        self.server = None  # of ours; the first one was started by init
        self.runs = {}  # id → who killed it: set of targets
        self.kills = collections.Counter()
        self.problems = []

    # Talking to the server.

    def once(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Authorization": "Bearer " + self.token}, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read()

    def ask(self, method, path, body=None, raw=False):
        """Until it is answered: the server may be dead. Requests here may be repeated."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.once(method, path, body)
                return answer if raw else json.loads(answer or b"null")
            except urllib.error.HTTPError as error:
                if error.code < 500 or time.monotonic() > deadline:
                    raise AssertionError("%s %s: %d %s" % (method, path, error.code, error.read().decode()))
            except (OSError, EOFError, ValueError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError("%s %s: %s" % (method, path, error))
            time.sleep(0.01)

    def show(self, run_id):
        return self.ask("GET", "/api/v1/runs/" + run_id)

    def submit(self):
        run_id = "chaos_%d" % (len(self.runs) + 1)
        self.runs[run_id] = set()
        body = {"experiment": "chaos", "run_id": run_id, "command": "exec %s %s %d" % (sys.executable, os.path.join(HERE, "script.py"), self.points),
                "environment": {"kind": "interpreter", "interpreter_path": sys.executable}}
        self.ask("POST", "/api/v1/workspaces/%s/runs" % self.workspace, body)
        return run_id

    def active(self):
        return [run_id for run_id in self.runs if self.show(run_id)["status"] not in TERMINAL]

    # Processes.

    def folder(self, run_id):
        return os.path.join(self.data, "runs", run_id)

    def processes(self):
        """(pid, argv, run id or "") of all that live in this home."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as file:
                    argv = file.read().decode(errors="replace").split("\0")
                with open("/proc/%s/environ" % entry, "rb") as file:
                    environ = file.read().decode(errors="replace")
            except OSError:
                continue
            text = "\0".join(argv) + environ
            if self.home in text:
                run_id = next((one for one in self.runs if self.folder(one) + "\0" in text + "\0" or self.folder(one) + "/" in text), "")
                found.append((int(entry), argv, run_id))
        return found

    def server_pid(self):
        try:
            with open(os.path.join(self.data, "server.json")) as file:
                return json.load(file)["pid"]
        except (OSError, ValueError):
            return 0

    def start_server(self):
        self.server = subprocess.Popen([self.program, "server"], env=self.env, stdout=subprocess.PIPE, stderr=open(os.path.join(self.home, "server.log"), "ab"))
        if not self.server.stdout.readline():
            self.problems.append("the server did not start after a kill: see server.log")

    def kill(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
            return True
        except OSError:
            return False

    def kill_one(self, target):
        """True when something of that kind was there and is dead now."""
        if target == "server":
            pid = self.server_pid()
            if not pid or not self.kill(pid):
                return False
            if self.server is not None:
                self.server.wait()
            self.start_server()
            return True
        kinds = {"executor": lambda argv: argv[1:2] == ["executor"], "supervisor": lambda argv: argv[0].endswith("runwright-shim"),
                 "script": lambda argv: any(one.endswith("/script.py") for one in argv)}
        found = [(pid, run_id) for pid, argv, run_id in self.processes() if run_id and kinds[target](argv)]
        if not found:
            return False
        pid, run_id = self.random.choice(found)
        if target == "script" and not os.path.exists(os.path.join(self.folder(run_id), "state/started")):
            return False
        self.runs[run_id].add(target)
        return self.kill(pid)

    # What must hold.

    def expect(self, holds, text):
        if not holds:
            self.problems.append(text)

    def lines(self, run_id, name):
        try:
            with open(os.path.join(self.folder(run_id), "work", name)) as file:
                return file.read().split()
        except OSError:
            return []

    def check_run(self, run_id):
        run, killed_by = self.show(run_id), self.runs[run_id]
        starts, acked = self.lines(run_id, "starts"), self.lines(run_id, "acked")
        self.expect(len(starts) <= 1, "%s: started %d times" % (run_id, len(starts)))
        metrics = self.ask("GET", "/api/v1/runs/%s/metrics" % run_id)["metrics"]
        values = metrics[0]["values"] if metrics else []
        self.expect(values == [float(i) for i in range(len(values))], "%s: points are not in order" % run_id)
        least = int(acked[-1]) if acked else 0
        self.expect(len(values) >= least, "%s: %d points were acked, %d are there" % (run_id, least, len(values)))
        try:
            log = self.once("GET", "/api/v1/runs/%s/artifacts/content?name=azureml-logs/70_driver_log.txt" % run_id)
        except urllib.error.HTTPError:
            log = b""
        with open(os.path.join(self.folder(run_id), "azureml-logs/70_driver_log.txt"), "rb") as file:
            local = file.read()
        self.expect(log == local, "%s: %d bytes of the log are there of %d" % (run_id, len(log), len(local)))
        said = "%s (%s)" % (run["status"], (run["error"] or {}).get("message"))
        if not killed_by & {"script", "supervisor"}:
            self.expect(run["status"] == "Completed", "%s: %s, and only %s were killed" % (run_id, said, sorted(killed_by)))
            self.expect(len(values) == self.points, "%s: completed with %d points" % (run_id, len(values)))
        elif run["status"] == "Failed":
            words = ("SIGKILL", "supervisor", "Supervisor", "outcome of a launch")
            self.expect(any(word in said for word in words), "%s: its death is not named: %s" % (run_id, said))
        else:
            self.expect(run["status"] == "Completed" and len(values) == self.points, "%s: %s with %d points" % (run_id, said, len(values)))

    def check_left(self):
        """No process but the server, no slot but free ones; after stop, nothing at all."""
        def others():
            return [(pid, argv) for pid, argv, _ in self.processes() if pid != self.server_pid()]

        self.expect(wait(lambda: not others(), 30), "left behind: %s" % others())
        nodes = self.ask("GET", "/api/v1/workspaces/%s/computes/local" % self.workspace)["nodes"]
        self.expect(not [node for node in nodes if node.get("run_id")], "slots are still taken: %s" % nodes)


def wait(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Tagger(threading.Thread):
    """A client that changes a run from outside, one acked change after another."""

    def __init__(self, world, run_id):
        threading.Thread.__init__(self, daemon=True)
        self.world, self.run_id, self.stop, self.acked = world, run_id, threading.Event(), 0

    def run(self):
        number = 0
        while not self.stop.wait(0.002):
            try:
                self.world.once("PATCH", "/api/v1/runs/" + self.run_id, {"tags": {"n": str(number + 1), "k%d" % (number % 100): str(number + 1)}})
            except (OSError, ValueError):
                continue
            number += 1
            self.acked = number


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.path.join(os.environ.get("RUNWRIGHT_BIN", os.path.join(ROOT, "bin")), "runwright"))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--runs", type=int, default=4, help="at once")
    parser.add_argument("--points", type=int, default=1500, help="logged by each run")
    parser.add_argument("--seed", type=int, default=None, help="of what is killed when; default: another each time")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    print("chaos: %d kills, seed %d" % (options.kills, seed), flush=True)
    world = World(options.program, seed, options.points)
    begun = time.monotonic()
    try:
        return drive(world, options, begun)
    finally:
        for pid, _, _ in world.processes():
            world.kill(pid)
        if options.keep or world.problems:
            print("kept: " + world.home)
        else:
            subprocess.run(["chmod", "-R", "u+w", world.home], check=False)
            shutil.rmtree(world.home, ignore_errors=True)


def drive(world, options, begun):
    first = world.submit()
    tagger = Tagger(world, first)
    tagger.start()
    while sum(world.kills.values()) < options.kills:
        while len(world.active()) < options.runs:
            world.submit()
        target = world.random.choices(list(TARGETS), list(TARGETS.values()))[0]
        if world.kill_one(target):
            world.kills[target] += 1
        time.sleep(world.random.uniform(0.02, 0.5))
    world.expect(wait(lambda: not world.active(), 180), "runs that do not end: %s" % [(one, world.show(one)["status"]) for one in world.active()])
    tagger.stop.set()
    tagger.join()
    tags = world.show(first)["tags"]
    world.expect(int(tags.get("n", 0)) >= tagger.acked, "tag n is %s, %d was acked" % (tags.get("n"), tagger.acked))
    world.check_left()
    for run_id in world.runs:
        world.check_run(run_id)
    print("chaos: %d runs, killed %s, %d acked changes from outside, %.0f s" % (len(world.runs), dict(world.kills), tagger.acked, time.monotonic() - begun))
    for problem in world.problems:
        print("chaos: PROBLEM: " + problem)
    print("chaos: %s" % ("%d problems" % len(world.problems) if world.problems else "nothing lost"))
    return 1 if world.problems else 0


if __name__ == "__main__":
    sys.exit(main())
