"""`make sim` as users call it: mutants are caught, a replay has the same hash, an unknown mutant is an error."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sim(**variables):
    done = subprocess.run(["make", "-s", "sim"] + ["%s=%s" % v for v in variables.items()], cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode()


def test_mutants_are_caught_and_replayed():
    code, names = sim(MUTANT="list")
    assert code == 0 and names.split() == ["ack_before_commit", "no_fence"]
    for mutant in names.split():
        code, out = sim(SEEDS=200, MUTANT=mutant)
        assert code != 0, out
        found = re.search(r"violated: (\w+) seed=(\d+) trace=([0-9a-f]+)", out)
        assert found, out
        _, again = sim(SEED=found.group(2), MUTANT=mutant)
        assert found.group(0) in again


def test_seeds_hold():
    code, out = sim(SEEDS=60)
    assert code == 0, out


def test_an_unknown_mutant_is_an_error():
    code, _ = sim(MUTANT="nonsense")
    assert code != 0
