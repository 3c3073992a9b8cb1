"""Kills servers, executors, scripts and shims at random while runs come and go; then looks for what was lost.

python tests/chaos/chaos.py [--kills 100] [--seed N] [--at-once 6]
Ends with 1 and a list when an acked point, line, file, state or run is missing, a script was started twice, or a process or slot is left.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
import victims  # noqa: E402
from installation import Installation  # noqa: E402
from verdict import Notes, violations  # noqa: E402
from waiting import wait_for  # noqa: E402

WEIGHTS = {"server": 3, "executor": 4, "script": 2, "shim": 1}
OVER = ("Completed", "Failed", "Canceled")


class Chaos:
    def __init__(self, home, seed, at_once=6, steps=250):
        self.dice = victims.make_dice(seed)
        self.one = Installation(home)
        self.at_once, self.steps = at_once, steps
        self.codes = {}  # run id → what its script ends with
        self.killed = {}  # run id → "script" or "shim"
        self.restarts = []  # seconds
        self.counts = dict.fromkeys(WEIGHTS, 0)
        self.refused = 0
        self.notes = Notes(home / "notes")
        self.notes.folder.mkdir()
        shutil.copy(str(HERE / "work.py"), str(self.one.project / "work.py"))
        self.one.cli("init", ".", "--workspace", "ws")
        self.settings = dict(self.one.config(), token=self.one.token())
        self.workspace = self.get("workspaces")["items"][0]["id"]

    def get(self, path, raw=False):
        request = urllib.request.Request(self.settings["server"] + "/api/v1/" + path, headers={"Authorization": "Bearer " + self.settings["token"]})
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return text if raw else json.loads(text)

    def submit(self):
        code = self.dice.choice([0, 0, 3])
        done = self.one.cli("submit", "--json", "work.py", self.notes.folder, self.steps, code, check=False)
        if done.returncode != 0:
            self.refused += 1  # the server was just killed; nothing was promised
            return
        self.codes[json.loads(done.stdout)["id"]] = code

    def alive(self):
        return [run for run in self.codes if self.get("runs/" + run)["status"] not in OVER]

    def strike(self):
        victim = victims.choose(self.one, self.dice, WEIGHTS)
        if victim is None or not victims.kill(victim):
            return False
        self.counts[victim.role] += 1
        if victim.role in ("script", "shim"):
            self.killed.setdefault(victim.run_id, victim.role)
        if victim.role == "server":
            wait_for(lambda: not victims.is_alive(victim.pid), what="the server's death")
            begin = time.monotonic()
            self.one.start_server()
            self.restarts.append(time.monotonic() - begin)
        return True

    def rage(self, kills):
        struck = 0
        while struck < kills:
            for _ in range(self.at_once - len(self.alive())):
                self.submit()
            # The load itself is what is waited for: runs must get somewhere between two kills.
            time.sleep(self.dice.uniform(0.02, 0.4))
            for _ in range(self.dice.choice([1, 1, 1, 2])):  # sometimes two at once
                struck += self.strike()
            if sys.stderr.isatty():
                print("\r%d of %d kills, %d runs" % (struck, kills, len(self.codes)), end="", file=sys.stderr)

    def settle(self):
        wait_for(lambda: not self.alive(), 180, "every run's end")

    def look(self, run_id):
        run = self.get("runs/" + run_id)
        metric = self.get("runs/%s/metrics" % run_id)["metrics"]
        run["points"] = [int(v) for m in metric if m["name"] == "i" for v in m["values"]]
        run["log"] = self.file(run_id, "azureml-logs/70_driver_log.txt")
        run["result"] = self.file(run_id, "outputs/result.txt")
        written = self.one.run_dir(run_id) / "azureml-logs" / "70_driver_log.txt"
        run["written"] = written.read_text() if written.exists() else ""
        return run

    def file(self, run_id, name):
        try:
            return self.get("runs/%s/artifacts/content?name=%s" % (run_id, urllib.parse.quote(name)), raw=True)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return ""

    def violations(self):
        for run_id, code in self.codes.items():
            for found in violations(self.look(run_id), code, self.killed.get(run_id), self.notes):
                yield "run %s: %s" % (run_id, found)
        # An ended run's shim goes when its executor has said goodbye.
        try:
            wait_for(lambda: {v.role for v in victims.find(self.one)} <= {"server"}, 10, "the end of every process")
        except AssertionError:
            for victim in victims.find(self.one):
                if victim.role != "server":
                    yield "process %d is left: %s of run %s" % (victim.pid, victim.role, victim.run_id)
        nodes = self.get("workspaces/%s/computes/local" % self.workspace)["nodes"]
        for node in nodes:
            if node.get("run_id"):
                yield "slot %s is still taken by run %s" % (node["id"], node["run_id"])
        # Every slot can be had: as many runs as there are slots start at once, and end.
        before = set(self.codes)
        self.steps = 1
        for _ in range(2 * (os.cpu_count() or 1) + 4):
            self.submit()
        self.settle()
        for run_id in set(self.codes) - before:
            if not self.notes.number(run_id, "done"):
                yield "run %s after the kills did not start" % run_id

    def report(self):
        slowest = max(self.restarts) * 1000 if self.restarts else 0
        return {"kills": self.counts, "runs": len(self.codes), "submissions_refused": self.refused, "slowest_start_ms": round(slowest, 1)}

    def end(self):
        self.one.cli("server", "stop", check=False)
        for victim in victims.find(self.one):
            victims.kill(victim)


def run(kills, seed, at_once=6, steps=250):
    """(report, violations)"""
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-chaos-"))
    chaos = Chaos(home, seed, at_once, steps)
    try:
        chaos.rage(kills)
        chaos.settle()
        found = list(chaos.violations())
        return chaos.report(), found
    finally:
        chaos.end()
        shutil.rmtree(str(home), ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--at-once", type=int, default=6)
    arguments = parser.parse_args()
    print("seed %d" % arguments.seed)
    report, found = run(arguments.kills, arguments.seed, arguments.at_once)
    print(json.dumps(report))
    for violation in found:
        print("LOST: " + violation)
    print("%d violations" % len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
