"""Snapshot of 20,000 files, from Python and from the command line, beside `git add -A && git write-tree` and
`restic backup`. Every figure is a whole process, from start to exit."""
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from common import BIN, environment, percentile, real_python, row

FILES = 20000
PYTHON = "import sys; from runwright import snapshot; print(snapshot.build(sys.argv[1]).id)"


def make_source(folder):
    """200 folders of 100 files of 0.2 to 3 kB: a repository with its tests and a few vendored packages."""
    rnd = random.Random(1)
    for i in range(FILES):
        if i % 100 == 0:
            place = folder / ("package%02d" % (i // 1000)) / ("module%d" % (i // 100 % 10))
            place.mkdir(parents=True)
        text = "# %d\n" % i + "x = %d\n" % rnd.randrange(10 ** 9) * rnd.randint(15, 200)
        (place / ("file_%05d.py" % i)).write_text(text)
    (folder / ".gitignore").write_text("__pycache__/\n*.pyc\n*.log\n/build/\n.venv/\n*.egg-info/\n.DS_Store\n*.so\n")


class Tool:
    """One way to take a snapshot. `fresh` forgets everything, `take` is what is measured."""

    def __init__(self, home, source):
        self.home = home
        self.source = source
        self.env = environment(home)

    def fresh(self):
        shutil.rmtree(str(self.home / "cache"), ignore_errors=True)

    def take(self):
        for command in self.commands():
            done = subprocess.run(command, env=self.env, cwd=str(self.source), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if done.returncode != 0:
                raise SystemExit("%s failed: %s" % (command[0], done.stderr.decode()[-500:]))


class FromPython(Tool):
    def commands(self):
        return [[real_python(), "-c", PYTHON, str(self.source)]]


class FromCli(Tool):
    def commands(self):
        return [[str(BIN / "runwright"), "snapshot", str(self.source)]]


class Git(Tool):
    def __init__(self, home, source):
        super().__init__(home, source)
        self.env.update(GIT_DIR=str(home / "git"), GIT_WORK_TREE=str(source))

    def fresh(self):
        shutil.rmtree(str(self.home / "git"), ignore_errors=True)
        subprocess.run(["git", "init", "-q"], env=self.env, cwd=str(self.source), check=True)

    def commands(self):
        return [["git", "add", "-A"], ["git", "write-tree"]]


class Restic(Tool):
    def __init__(self, home, source):
        super().__init__(home, source)
        self.env.update(RESTIC_REPOSITORY=str(home / "restic"), RESTIC_PASSWORD="bench", RESTIC_CACHE_DIR=str(home / "restic-cache"))

    def fresh(self):
        for name in ("restic", "restic-cache"):
            shutil.rmtree(str(self.home / name), ignore_errors=True)
        subprocess.run(["restic", "init", "-q"], env=self.env, check=True)

    def commands(self):
        return [["restic", "backup", "-q", "."]]


def has_cli():
    if not (BIN / "runwright").exists():
        return False
    done = subprocess.run([str(BIN / "runwright"), "snapshot", "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def tools(home, source):
    out = {"Python": FromPython(home, source)}
    if has_cli():
        out["CLI"] = FromCli(home, source)
    else:
        print("SKIPPED: %s has no `snapshot` command" % (BIN / "runwright"), file=sys.stderr)
    for name, program, kind in (("git add, write-tree", "git", Git), ("restic backup", "restic", Restic)):
        if shutil.which(program):
            out[name] = kind(home, source)
        else:
            print("SKIPPED: %s is not installed, its columns stay empty" % program, file=sys.stderr)
    return out


def milliseconds(tool):
    begin = time.perf_counter()
    tool.take()
    return (time.perf_counter() - begin) * 1000


def settle(since):
    """No tool trusts the times of files that were written in its last two seconds."""
    while time.time() < since + 2.2:
        time.sleep(0.05)


def measure(tool, source, rounds):
    figures = {"first": [], "unchanged": [], "one changed": []}
    for _ in range(max(1, rounds // 8)):
        tool.fresh()
        figures["first"].append(milliseconds(tool))
    for _ in range(rounds):
        figures["unchanged"].append(milliseconds(tool))
    changed = source / "package03" / "module4" / "file_03450.py"
    for i in range(rounds):
        changed.write_text("changed = %d\n" % i)
        figures["one changed"].append(milliseconds(tool))
    written = time.time()
    tool.take()
    settle(written)
    return {what: percentile(values, 0.5) for what, values in figures.items()}


TARGETS = {("Python", "unchanged"): "150 ms", ("CLI", "unchanged"): "60 ms"}


def run(rounds=11):
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-snapshot-"))
    try:
        source = home / "source"
        source.mkdir()
        make_source(source)
        settle(time.time())
        figures = {}
        for name, tool in tools(home, source).items():
            slow = name == "restic backup"
            figures[name] = measure(tool, source, 3 if slow else rounds)
        ours = [name for name in ("Python", "CLI") if name in figures]
        peers = [name for name in figures if name not in ours]
        for what in ("first", "unchanged", "one changed"):
            for mine in ours:
                for peer in peers or [None]:
                    yield row("snapshot, %s, from %s" % (what, mine), figures[mine][what], "ms", figures[peer][what] if peer else None, peer or "", TARGETS.get((mine, what), ""))
    finally:
        shutil.rmtree(str(home), ignore_errors=True)


if __name__ == "__main__":
    import json

    for line in run():
        print(json.dumps(line), flush=True)
