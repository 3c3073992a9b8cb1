"""A short chaos run (make chaos is the long one)."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_random_kills_lose_nothing():
    program = os.path.join(os.environ.get("RUNWRIGHT_BIN", str(ROOT / "bin")), "runwright")
    done = subprocess.run([sys.executable, str(ROOT / "tests/chaos/chaos.py"), "--program", program, "--kills", "15", "--runs", "3", "--points", "600"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout.decode()
