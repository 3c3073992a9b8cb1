"""What packaging/ installs starts the server that we have, and stopping it as systemd does leaves runs alone."""
import configparser
import os
import pathlib
import shlex
import signal
import subprocess

import pytest
from installation import ROOT
from waiting import wait_for

UNITS = sorted((ROOT / "packaging").glob("*.service"))


def unit(path):
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("path", UNITS, ids=[path.name for path in UNITS])
def test_a_unit_stops_the_server_alone(path):
    service = unit(path)["Service"]
    assert service["KillMode"] == "process", "systemd would end every run with the server"
    assert service["OOMPolicy"] == "continue", "one run out of memory would stop the unit"
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/runwright") and arguments[0] == "server"


def test_the_options_of_the_units_are_known(installation):
    known = installation.cli("server", "--help").stdout.decode()
    for path in UNITS:
        for word in shlex.split(unit(path)["Service"]["ExecStart"]):
            assert not word.startswith("--") or word in known


def test_a_restart_as_systemd_does_it_leaves_a_run_alone(installation):
    """SIGTERM to the main process, nothing to the rest of its processes; then a new one."""
    script = "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('outputs/stop'):\n    time.sleep(0.02)\nprint('down')\n"
    installation.write("train.py", script)
    run = installation.cli("submit", "train.py").stdout.decode().strip()
    wait_for(lambda: installation.json("runs", "show", run)["status"] == "Running", what="the run")
    before = {pid for pid, argv, _ in installation.processes() if b"runwright-shim" in argv or b"train.py" in argv}
    assert len(before) >= 2
    server = installation.server_pid()
    os.kill(server, signal.SIGTERM)
    wait_for(lambda: not os.path.exists("/proc/%d" % server) or "Z" in pathlib.Path("/proc/%d/stat" % server).read_text().split()[2], what="the server's end")
    installation.start_server()
    assert before <= {pid for pid, _, _ in installation.processes()}
    assert installation.json("runs", "show", run)["status"] == "Running"
    (pathlib.Path(subprocess.check_output(["find", str(installation.run_dir(run)), "-type", "d", "-name", "outputs"]).decode().split()[0]) / "stop").touch()
    wait_for(lambda: installation.json("runs", "show", run)["status"] == "Completed", what="the run's end")
    assert installation.cli("logs", run).stdout == b"up\ndown\n"
