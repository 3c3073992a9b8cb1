"""How far the download of one large package is, seen in the run that waits for it."""
import http.server
import os
import pty
import re
import subprocess
import threading
import zipfile

import pytest
from installation import BIN
from package_places import WHEEL, Server
from test_environments import ended, text_of
from waiting import wait_for

SIZE = 6_000_000
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class SlowIndex:
    """Serves one wheel in three parts, each but the first when it is let on."""

    def __init__(self, folder):
        self.parts = [threading.Semaphore(0), threading.Semaphore(0)]
        name = "rwbig-1.0-py3-none-any.whl"
        with zipfile.ZipFile(str(folder / name), "w") as archive:
            archive.writestr("rwbig.py", "VALUE = 7\n")
            archive.writestr("rwbig.bin", os.urandom(SIZE))
            archive.writestr("rwbig-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: rwbig\nVersion: 1.0\n")
            archive.writestr("rwbig-1.0.dist-info/WHEEL", WHEEL)
            archive.writestr("rwbig-1.0.dist-info/RECORD", "rwbig.py,,\nrwbig.bin,,\n")
        body = (folder / name).read_bytes()
        metadata = b"Metadata-Version: 2.1\nName: rwbig\nVersion: 1.0\n"
        page = ('<a href="/files/%s" data-core-metadata="true">%s</a>' % (name, name)).encode()
        parts = self.parts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.endswith(".metadata"):
                    return self.answer(metadata, "text/plain")
                if self.path.startswith("/files/"):
                    self.answer(b"", "application/octet-stream", len(body))
                    third, at = len(body) // 3, 0
                    for part in parts:
                        at = self.send(body, at, max(at, third * (parts.index(part) + 1)))
                        # A trickle, as of a slow network: uv paints when bytes come, and not each time.
                        while not part.acquire(timeout=0.1):
                            at = self.send(body, at, at + 500)
                    return self.send(body, at, len(body))
                if self.path.startswith("/simple/rwbig"):
                    return self.answer(page, "text/html")
                return self.send_error(404)

            def send(self, body, at, end):
                self.wfile.write(body[at:end])
                return end

            def answer(self, text, kind, length=None):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text) if length is None else length))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/simple" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        for part in self.parts:
            part.release()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def index(installation):
    one = SlowIndex(installation.home)
    try:
        yield one
    finally:
        one.close()


class Follower:
    """The command line, whose status lines go to a terminal or to a pipe."""

    def __init__(self, installation, terminal, *arguments):
        ours, its = pty.openpty() if terminal else os.pipe()
        self.said, self.file = b"", ours
        self.process = subprocess.Popen([str(BIN / "runwright")] + list(arguments), env=dict(installation.env, TERM="xterm"), cwd=str(installation.project), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its)
        os.close(its)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            try:
                more = os.read(self.file, 65536)
            except OSError:  # of a terminal that nobody has open
                more = b""
            if not more:
                return
            self.said += more

    def ended(self):
        assert self.process.wait(60) == 0
        self.thread.join(60)
        os.close(self.file)
        return self.said.decode()


def test_the_runs_sub_step_goes_up_with_the_download(installation, index):
    server = Server(installation)
    run_id = server.submit({"kind": "pip", "requirements": ["rwbig"], "index_url": index.url}, "python -c 'import rwbig; print(\"value\", rwbig.VALUE)'")

    def fetched(least):
        def look():
            run = installation.json("runs", "show", run_id)
            assert run["status"] not in ("Failed", "Completed", "Canceled"), run
            found = re.fullmatch(r"downloading rwbig ([0-9.]+)/6\.0 MB", (run["reason"] or {}).get("text", ""))
            return found and float(found.group(1)) >= least and float(found.group(1))
        return look

    followers = [Follower(installation, terminal, "logs", "-f", run_id) for terminal in (False, True)]
    first = wait_for(fetched(1.5), 60, "the first third")
    assert first < 2.5
    for follower in followers:
        wait_for(lambda follower=follower: b"downloading rwbig" in follower.said, 60, "the follower")
    index.parts[0].release()
    second = wait_for(fetched(3.5), 60, "the second third")
    assert second < 4.5
    wait_for(lambda: len(set(re.findall(rb"rwbig [0-9.]+/", followers[1].said))) > 1, 60, "the line that is painted over")
    index.parts[1].release()
    assert ended(installation, run_id)["status"] == "Completed"
    assert "value 7" in text_of(installation, run_id, "azureml-logs/70_driver_log.txt")
    piped, painted = (follower.ended() for follower in followers)
    assert piped.count("downloading rwbig") == 1 and not CONTROL.search(piped), piped
    assert painted.count("downloading rwbig") == painted.count("\r\x1b[K") > 1, painted
    # The log is that of a pipe: a line a fact, nothing painted.
    log = text_of(installation, run_id, "azureml-logs/20_image_build_log.txt")
    assert not CONTROL.search(log), log
    assert log.count("Downloading rwbig (5.72MiB)") == 1 and log.count("rwbig==1.0") == 1, log
    assert "Preparing packages" not in log and "----" not in log, log


def test_a_build_without_a_run_shows_it_on_a_terminal(installation, index):
    links = installation.home / "config" / "pip" / "pip.conf"
    links.parent.mkdir(parents=True)
    links.write_text("[global]\nindex-url = %s\n" % index.url)
    builds = [Follower(installation, terminal, "env", "build", "--pip", "rwbig") for terminal in (False, True)]
    for told, part in enumerate(index.parts):
        wait_for(lambda told=told: len(set(re.findall(rb"downloading rwbig [0-9.]+/6.0 MB", builds[1].said))) > told, 60, "the line that is painted over")
        part.release()
    piped, painted = (build.ended() for build in builds)
    assert "downloading" not in piped and "Downloading rwbig (5.72MiB)" in piped and not CONTROL.search(piped), piped
    assert painted.count("downloading rwbig") == painted.count("\r\x1b[K") > 1, painted
    assert "Published build" in painted
