"""A registry that is down, or breaks off, at each step of an environment: named, tried again, and no matter to what is built."""
import functools
import http.server
import json
import os
import subprocess
import threading

import pytest
from conda_channel import Channel
from installation import BIN
from package_places import wheel
from test_conda import conda, register  # noqa: F401
from test_environments import ended, text_of
from test_nearest import pip, restart, server  # noqa: F401


class Flaky(http.server.ThreadingHTTPServer):
    """A folder whose files may answer 503: `failing` is {end of a path: how often, -1 for always}; `asked` counts requests by name."""

    def __init__(self, folder):
        self.failing, self.asked = {}, {}
        super().__init__(("127.0.0.1", 0), functools.partial(_Files, directory=str(folder)))
        self.url = "http://127.0.0.1:%d/" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class _Files(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        name = os.path.basename(self.path.rstrip("/").split("?")[0])
        self.server.asked[name] = self.server.asked.get(name, 0) + 1
        for end, left in self.server.failing.items():
            if self.path.endswith(end) and left != 0:
                self.server.failing[end] = left - 1
                self.send_error(503)
                return None
        return super().send_head()

    def log_message(self, *_):
        pass


@pytest.fixture
def index(installation):
    """rwlow and its files, over HTTP."""
    folder = installation.home / "index" / "rwlow"
    folder.mkdir(parents=True)
    wheel(folder, "rwlow", "1.0")
    one = Flaky(folder.parent)
    yield one
    one.close()


WHEEL = "rwlow-1.0-py3-none-any.whl"


def test_a_python_that_its_mirror_does_not_give(installation, server, index):  # noqa: F811
    there = json.loads(installation.python("import sys, json; print(json.dumps(sys.version_info[:2]))").stdout)
    asked = "3.13" if there != [3, 13] else "3.12"
    index.failing[".tar.gz"] = -1
    restart(installation, UV_PYTHON_INSTALL_MIRROR=index.url + "pythons")
    build = server.build(pip("rwlow", python=asked, index_url=index.url))
    assert build["state"] == "Ready", build
    told = [w for w in build["warnings"] if w.startswith("Python %s is not installed" % asked)]
    assert told and "503" in told[0], build["warnings"]
    tries = [count for name, count in index.asked.items() if name.endswith(".tar.gz")]
    assert tries == [2], index.asked


def test_an_index_that_is_down_while_resolving(installation, server, index):  # noqa: F811
    index.failing["/rwlow/"] = -1
    build = server.build(pip("rwlow", index_url=index.url))
    assert build["state"] == "Failed" and "503" in build["error"] and "network, proxy and package index" in build["error"], build
    assert index.asked["rwlow"] > 2 and build["log"].count("Trying again in ") == 2, build["log"]
    index.failing["/rwlow/"] = 1
    assert server.build(pip("rwlow", index_url=index.url))["state"] == "Ready"


def test_an_index_that_is_down_while_building(installation, server, index):  # noqa: F811
    spec = pip("rwlow", index_url=index.url)
    assert server.build(spec)["state"] == "Ready"
    # Locked, and neither built nor cached any more.
    installation.cli("env", "gc", "--unused-days", "0")
    subprocess.run([str(BIN / "uv"), "cache", "clean", "--quiet", "rwlow"], env=installation.env, check=True)
    index.failing[WHEEL] = -1
    build = server.build(spec)
    assert build["state"] == "Failed" and "503" in build["error"] and "rwlow" in build["error"], build
    assert "Using the lock of " in build["log"] and build["log"].count("Trying again in ") == 2, build["log"]
    index.failing[WHEEL] = 1
    assert server.build(spec)["state"] == "Ready"


def test_what_is_built_and_what_is_cached_need_no_index(installation, server, index):  # noqa: F811
    spec = pip("rwlow", index_url=index.url)
    show = "python -c 'import rwlow; print(\"version\", rwlow.VALUE)'"
    assert ended(installation, server.submit(spec, show))["status"] == "Completed"
    index.close()
    asked = dict(index.asked)
    warm = server.submit(spec, show)
    assert ended(installation, warm)["status"] == "Completed"
    assert "version 1.0" in text_of(installation, warm, "azureml-logs/70_driver_log.txt")
    # The build goes: it is made anew of its lock and uv's cache.
    installation.cli("env", "gc", "--unused-days", "0")
    again = server.build(spec)
    assert again["state"] == "Ready", again["error"]
    # Nothing was locked: the cause is the index, by its address.
    other = server.build(pip("rwelse", index_url=index.url))
    assert other["state"] == "Failed" and "Connection refused" in other["error"], other["error"]
    assert "trying uv's cache" in other["log"] and "Trying again in 1 s" in other["log"], other["log"]
    assert index.asked == asked


def test_a_channel_that_breaks_off(conda):  # noqa: F811
    channel = Channel(conda.home / "flaky")
    package = channel.add("rwflaky", "1.0", {"share/flaky": "1"})
    channel.add("rwgone", "1.0", {"share/gone": "1"}).unlink()
    flaky = Flaky(channel.folder)
    try:
        flaky.failing[package.name] = 1
        register(conda, "flaky", conda_packages=["rwflaky"], channels=[flaky.url])
        built = conda.cli("env", "build", "flaky")
        assert b"ready" in built.stdout and flaky.asked[package.name] >= 2, flaky.asked
        register(conda, "gone", conda_packages=["rwgone"], channels=[flaky.url])
        failed = conda.cli("env", "build", "gone", check=False)
        assert failed.returncode == 1 and b"cannot install the conda packages" in failed.stderr and b"rwgone" in failed.stderr, failed.stderr
        assert b"404" in failed.stderr, failed.stderr
    finally:
        flaky.close()
