"""`make sim` as users call it: mutants are caught, a replay has the same hash, an unknown mutant is an error."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sim(**variables):
    done = subprocess.run(["make", "-s", "sim"] + ["%s=%s" % v for v in variables.items()], cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode()


def test_mutants_are_caught_and_replayed():
    code, listed = sim(MUTANT="list")
    names = listed.split()
    assert code == 0 and len(names) >= 10 and {"ack_before_commit", "no_fence"} <= set(names)
    for mutant in names:
        code, out = sim(SEEDS=1000, MUTANT=mutant)
        assert code != 0, "%s was not caught" % mutant
        found = re.search(r"violated: (\w+) seed=(\d+) trace=([0-9a-f]+)", out)
        assert found, out
    _, again = sim(SEED=found.group(2), MUTANT=mutant)
    assert found.group(0) in again


def test_seeds_hold_and_reach_every_fault_point():
    code, out = sim()
    assert code == 0, out
    assert "1000 seeds, 0 with violations" in out and "fault points:" in out and "NEVER HIT" not in out


def test_an_unknown_mutant_is_an_error():
    code, _ = sim(MUTANT="nonsense")
    assert code != 0
