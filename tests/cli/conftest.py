"""A home, a project folder and a server for the tests of the command line."""

import shutil

import cli_support
import pytest


@pytest.fixture
def cli(tmp_path):
    if cli_support.binary() is None:
        pytest.skip("runwright is not built")
    one = cli_support.Cli(tmp_path)
    yield one
    one.stop()
    shutil.rmtree(str(tmp_path), ignore_errors=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One home and server for all tests of a file that do not change the server itself."""
    if cli_support.binary() is None:
        pytest.skip("runwright is not built")
    one = cli_support.Cli(tmp_path_factory.mktemp("cli"))
    one("init")
    yield one
    one.stop()
