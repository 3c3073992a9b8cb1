"""A short round of `make chaos`, and proof that its verdict can be bad."""
import chaos
import pytest
from verdict import Notes, violations


def test_a_round_of_kills_loses_nothing():
    report, found = chaos.run(kills=10, seed=5, at_once=4, steps=150)
    assert found == []
    assert sum(report["kills"].values()) >= 10


GOOD = {"id": "r", "status": "Completed", "points": [0, 1, 2], "log": "line 0\nline 1\nline 2\n", "written": "line 0\nline 1\nline 2\n", "result": "result of r"}


@pytest.fixture
def notes(tmp_path):
    for name, text in {"start.7": "", "acked": "2", "done": "3"}.items():
        (tmp_path / ("r." + name)).write_text(text)
    return Notes(tmp_path)


def test_a_whole_run_is_fine(notes):
    assert list(violations(GOOD, 0, None, notes)) == []


@pytest.mark.parametrize("change,words", [
    ({"points": [0, 2]}, "not in order"),
    ({"points": [0]}, "2 points were acked, 1 are there"),
    ({"points": [0, 1]}, "3 points were logged"),
    ({"log": "line 0\nline 2\n"}, "lines are not in order"),
    ({"log": "line 0\nline 1\n"}, "3 lines were printed, 2 are there"),
    ({"written": "line 0\nline 1\nline 2\nline 3"}, "of the log were written"),
    ({"status": "Failed", "error": {"message": "supervisor lost"}}, "ended with 0, but it is Failed"),
    ({"result": ""}, "outputs/result.txt"),
])
def test_what_is_missing_is_found(notes, change, words):
    assert any(words in found for found in violations(dict(GOOD, **change), 0, None, notes))


def test_a_second_start_is_found(notes, tmp_path):
    (tmp_path / "r.start.8").write_text("")
    assert list(violations(GOOD, 0, None, notes)) == ["its script was started 2 times"]


def test_a_killed_script_is_named(notes, tmp_path):
    (tmp_path / "r.done").unlink()
    killed = dict(GOOD, status="Failed", result="", error={"message": "The script was killed by SIGKILL"})
    assert list(violations(killed, 0, "script", notes)) == []
    assert list(violations(dict(killed, error={"message": "it broke"}), 0, "script", notes))
    assert list(violations(dict(killed, status="Completed"), 0, "script", notes))
