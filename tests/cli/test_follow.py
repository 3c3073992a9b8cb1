"""Following a run goes on when the server does not."""

import os
import signal
import subprocess

import cli_support

LINES = 400


def test_a_follower_survives_the_server(cli):
    cli("init")
    cli.write("train.py", "import time\nfor i in range(%d):\n    print('line', i)\n    time.sleep(0.005)\n" % LINES)
    follower = cli.popen("submit", "--follow", "train.py", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    seen = [follower.stdout.readline() for _ in range(20)]
    pid = cli.server_pid()
    os.kill(pid, signal.SIGKILL)
    cli_support.wait_until(lambda: not cli_support.alive(pid), "the server's death")
    cli("init")
    seen.append(follower.stdout.read())
    assert follower.wait(timeout=60) == 0
    assert "".join(seen) == "".join("line %d\n" % i for i in range(LINES))


def test_a_follower_finds_a_server_that_has_moved(cli):
    cli("init")
    cli.write("train.py", "import time\nfor i in range(%d):\n    print('line', i)\n    time.sleep(0.005)\n" % LINES)
    follower = cli.popen("submit", "--follow", "train.py", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    seen = [follower.stdout.readline() for _ in range(20)]
    before = cli.config()["server"]
    pid = cli.server_pid()
    os.kill(pid, signal.SIGKILL)
    cli_support.wait_until(lambda: not cli_support.alive(pid), "the server's death")
    server = cli.popen("server", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE)
    try:
        assert server.stdout.readline().strip() not in ("", before)
        seen.append(follower.stdout.read())
        assert follower.wait(timeout=60) == 0
        assert "".join(seen) == "".join("line %d\n" % i for i in range(LINES))
    finally:
        server.terminate()
        server.wait(20)


def test_logs_of_a_run_that_ended_come_whole_and_by_name(cli):
    cli("init")
    cli.write("train.py", "for i in range(100000):\n    print('line %06d' % i)\n")
    assert cli("submit", "--follow", "train.py") == "".join("line %06d\n" % i for i in range(100000))
    run = cli.json("runs", "list")[0]["id"]
    name = cli.json("runs", "show", run)["log_files"][0]
    assert len(cli("logs", run, "--name", name)) == 100000 * 12


WARNING = """
from runwright.run import current
run = current()
for _ in range(2):
    run.api.warn(run.id, "script", "said from within")
print("done")
"""


def test_warnings_that_come_while_a_run_goes_on_are_printed_once_at_its_end(cli):
    cli("init")
    cli.write("train.py", WARNING)
    assert cli("submit", "--follow", "train.py") == "done\n"
    assert cli.err.count("warning: said from within") == 1
    run = cli.json("runs", "list")[0]["id"]
    cli("logs", "-f", run)
    assert cli.err.count("warning: said from within") == 1
    cli("logs", run)
    assert "said from within" not in cli.err
    for line in cli("submit", "--follow", "--json", "train.py").splitlines():
        assert line.startswith("{")


def test_a_notebook_is_submitted_as_a_script_is(cli):
    cli("init")
    cli.write("book.ipynb", '{"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, '
              '"source": "import sys\\nprint(sys.argv[1:])\\n1/0"}]}')
    assert cli("submit", "--follow", "book.ipynb", "--lr", "0.1", code=1).startswith("['--lr', '0.1']\n")
    assert "at book.ipynb, cell 1:3" in cli.err and "ZeroDivisionError" in cli.err
