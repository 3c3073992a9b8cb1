"""A target whose nodes do not build: what the server builds they fetch by content, once, whole or not at all."""
import json
import os
import pathlib
import signal
import subprocess

import pytest
from test_environments import ended, links, text_of  # noqa: F401
from test_protection import EDIT, tree, wait_for_bytecode
from waiting import wait_for

LOOK = "import sys, rwtiny\nprint('value', rwtiny.VALUE)\nprint('prefix', sys.prefix)\n"


@pytest.fixture
def node(installation, links):  # noqa: F811
    """The folder of builds of a target's nodes."""
    folder = installation.home / "node"
    installation.cli("compute", "create", "nodes", "--vm-size", "STANDARD_D2_V2", "--max-nodes", "4", "--env-root", str(folder))
    installation.write("look.py", LOOK)
    return folder


def submit(installation, script="look.py", package="rwtiny", target="nodes"):
    return installation.json("submit", "--pip", package, "--target", target, script)["id"]


def completed(installation, run_id):
    run = ended(installation, run_id)
    assert run["status"] == "Completed", run
    return text_of(installation, run_id, "azureml-logs/70_driver_log.txt")


def published(node):
    folder = node / "builds"
    return [name for name in os.listdir(str(folder)) if not name.startswith(".")] if folder.exists() else []


def executor_log(installation, run_id):
    return (installation.run_dir(run_id) / "state" / "executor.log").read_text()


def fetched(installation, run_id):
    return "build.fetched" in executor_log(installation, run_id)


def test_a_node_fetches_a_build_once_and_then_nothing(installation, node):
    first = submit(installation)
    log = completed(installation, first)
    assert "value 42" in log
    build = published(node)
    assert log.split("prefix ")[1].strip() == str(node / "builds" / build[0]) and len(build) == 1
    assert fetched(installation, first)
    wait_for(lambda: not any(n.startswith(".unsynced") for n in os.listdir(str(node / "builds"))), 30, "the sync")
    before = tree(node / "builds")
    second = submit(installation)
    assert "value 42" in completed(installation, second)
    assert not fetched(installation, second)
    assert tree(node / "builds") == before
    run = installation.json("runs", "show", second)
    assert run["environment"]["interpreter"] == str(node / "builds" / build[0] / "bin" / "python")


def test_what_a_script_does_to_a_fetched_build_is_its_own(installation, node):
    completed(installation, submit(installation))
    before = tree(node / "builds" / published(node)[0])
    installation.write("change.py", EDIT)
    run_id = submit(installation, "change.py")
    assert "lines 2" in completed(installation, run_id)
    assert installation.json("runs", "show", run_id)["warnings"] == []
    assert tree(node / "builds" / published(node)[0]) == before


def test_two_runs_at_once_fetch_once(installation, node):
    installation.cli("env", "build", "--pip", "rwtiny")
    both = [submit(installation) for _ in range(2)]
    for run_id in both:
        assert "value 42" in completed(installation, run_id)
    assert [fetched(installation, run_id) for run_id in both].count(True) == 1
