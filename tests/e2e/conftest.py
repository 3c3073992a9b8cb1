"""The installation that the tests of this folder work with."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from installation import Installation  # noqa: E402


@contextlib.contextmanager
def installed(variables=()):
    """An installation for the length of a `with`; `variables` are its server's too."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-e2e-"))
    one = Installation(home)
    one.env.update(variables)
    one.cli("init", ".", "--workspace", "ws")
    try:
        yield one
    finally:
        one.cli("server", "stop", check=False)
        for pid, _, _ in one.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)  # environments are read-only
        shutil.rmtree(str(home), ignore_errors=True)


@pytest.fixture
def installation():
    with installed() as one:
        yield one
