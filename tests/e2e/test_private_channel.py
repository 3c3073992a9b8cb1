"""A conda channel that wants a password, which the secret store holds: used, and seen by nobody."""
import base64
import functools
import http.server
import threading

import pytest
from conda_channel import Channel
from package_places import Server
from test_conda import conda, register  # noqa: F401
from test_private_index import PASSWORD, USER, Watch, traces_below

LOGIN = "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()


class _Guarded(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        if self.headers.get("Authorization") == LOGIN:
            self.server.opened += 1
            return super().send_head()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="channel"')
        self.end_headers()
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def channel(conda):  # noqa: F811
    folder = Channel(conda.home / "guarded")
    folder.add("rwours", "1.0", {"share/ours.txt": "ours"})
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Guarded, directory=str(folder.folder)))
    one.opened, one.url = 0, "http://127.0.0.1:%d/" % one.server_address[1]
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


def test_the_secret_opens_the_channel_and_is_seen_by_nobody(conda, channel):  # noqa: F811
    server = Server(conda)
    secret = "/api/v1/workspaces/%s/secrets/channel" % server.workspace()
    credentials = [{"url": channel.url, "secret": "channel"}]
    register(conda, "ours", conda_packages=["rwours"], channels=[channel.url], credentials=credentials)
    failed = conda.cli("env", "build", "ours", check=False)
    assert failed.returncode == 1 and b"no secret 'channel'" in failed.stderr, failed.stderr
    assert server.call("PUT", secret, {"value": USER + ":wrong"})[0] in (200, 201)
    failed = conda.cli("env", "build", "ours", check=False)
    assert failed.returncode == 1 and channel.opened == 0, failed.stderr
    assert channel.url.encode() in failed.stderr and b"401" in failed.stderr, failed.stderr
    assert server.call("PUT", secret, {"value": "%s:%s" % (USER, PASSWORD)})[0] == 200
    watch = Watch()
    watch.start()
    built = conda.cli("env", "build", "ours")
    watch.done.set()
    watch.join()
    assert built.stdout.startswith(b"ready") and channel.opened > 0
    assert watch.looks > 3 and watch.found == []
    assert conda.json("env", "show", "ours")["lock"].splitlines()[1].startswith("rwours=1.0=0 " + channel.url)
    assert traces_below(conda.home) == []
