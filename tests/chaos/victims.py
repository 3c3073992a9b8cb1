"""The processes of one installation, by role, and their deaths."""
import os
import pathlib
import random
import signal
from collections import namedtuple

Victim = namedtuple("Victim", "role pid run_id")


def _run_id(text):
    """The run whose folder is named in an argument or in the environment."""
    _, _, after = text.partition("/runs/")
    return after.split("/")[0].split("\0")[0] if after else None


def find(installation):
    victims = []
    for pid, argv, environ in installation.processes():
        words = argv.decode("utf-8", "replace").split("\0")
        program = os.path.basename(words[0])
        if program == "runwright" and words[1:2] == ["server"]:
            victims.append(Victim("server", pid, None))
        elif program == "runwright-shim":
            victims.append(Victim("shim", pid, _run_id(argv.decode("utf-8", "replace"))))
        elif program == "runwright" and words[1:2] == ["executor"]:
            victims.append(Victim("executor", pid, _run_id(argv.decode("utf-8", "replace"))))
        elif "work.py" in argv.decode("utf-8", "replace") and b"RUNWRIGHT_RUN_DIR=" in environ:
            variable = next(v for v in environ.split(b"\0") if v.startswith(b"RUNWRIGHT_RUN_DIR="))
            victims.append(Victim("script", pid, _run_id(variable.decode())))
    return victims


def choose(installation, dice, weights):
    """One of those that live, its role chosen by weight; None when there is none of that role."""
    role = dice.choices(list(weights), list(weights.values()))[0]
    those = [victim for victim in find(installation) if victim.role == role]
    return dice.choice(sorted(those)) if those else None


def kill(victim):
    """False where it ended by itself before."""
    try:
        os.kill(victim.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def make_dice(seed):
    return random.Random(seed)


def is_alive(pid):
    try:
        return "Z" != pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
