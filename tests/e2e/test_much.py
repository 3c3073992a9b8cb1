"""Scripts that say very much: every byte and value is served, and no process grows with them."""
import hashlib
import json
import os
import pathlib
import threading
import time
import urllib.request

from waiting import wait_for

MEGABYTES = int(os.environ.get("RUNWRIGHT_TEST_MEGABYTES", 1100))  # of what one script prints; its first line has 100 of them
TERMINAL = ("Completed", "Failed", "Canceled")


class Watch(threading.Thread):
    """The most anonymous memory that each role had, in MiB."""

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.installation, self.most, self.over = installation, {}, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.2):
            for pid, argv, _ in self.installation.processes():
                words = argv.split(b"\0")
                role = "shim" if b"shim" in words[0] else words[1].decode() if words[0].endswith(b"runwright") and len(words) > 1 else None
                try:
                    text = pathlib.Path("/proc/%d/status" % pid).read_text()
                except OSError:
                    continue
                if role and "RssAnon:" in text:
                    self.most[role] = max(self.most.get(role, 0), int(text.partition("RssAnon:")[2].split()[0]) / 1024)

    def stop(self):
        self.over.set()
        self.join()
        return self.most


def open_url(installation, path):
    request = urllib.request.Request(installation.config()["server"] + path, headers={"Authorization": "Bearer " + installation.token()})
    return urllib.request.urlopen(request, timeout=120)


def finished(installation, run_id, seconds):
    def look():
        run = json.loads(open_url(installation, "/api/v1/runs/" + run_id).read())
        return run["status"] in TERMINAL and run

    return wait_for(look, seconds, "the run's end")


def bounded(most):
    """The server's bound is the one that the project promises; the others hold a few pieces of a MiB each."""
    assert most["server"] < 64 and most["executor"] < 64 and most.get("shim", 0) < 8, most


def test_a_line_of_100_megabytes_and_many_more(installation):
    installation.write("loud.py", """
import hashlib, os, sys
digest, out = hashlib.sha256(), sys.stdout.buffer
def say(data):
    digest.update(data)
    out.write(data)
for _ in range(100): say(b'x' * (1 << 20))
say(b'\\n')
line = b'y' * 1023 + b'\\n'
for _ in range(%d): say(line * 1024)
out.flush()
open('outputs/digest', 'w').write(digest.hexdigest())
""" % (MEGABYTES - 100))
    watch = Watch(installation)
    run_id = installation.json("submit", "loud.py")["id"]
    run = finished(installation, run_id, 300)
    digest, size = hashlib.sha256(), 0
    with open_url(installation, "/api/v1/runs/%s/artifacts/content?name=azureml-logs/70_driver_log.txt" % run_id) as answer:
        for piece in iter(lambda: answer.read(1 << 20), b""):
            digest.update(piece)
            size += len(piece)
    most = watch.stop()
    assert run["status"] == "Completed" and size == (MEGABYTES << 20) + 1, (run["error"], size)
    assert open_url(installation, "/api/v1/runs/%s/artifacts/content?name=outputs/digest" % run_id).read().decode() == digest.hexdigest()
    bounded(most)
    print(most)


def test_a_million_points_and_a_hundred_thousand_names(installation):
    installation.write("many.py", """
from azureml.core import Run
run = Run.get_context()
for i in range(1000000): run.log('i', i)
for i in range(100000): run.log('name %d' % i, i)
""")
    watch = Watch(installation)
    run_id = installation.json("submit", "many.py")["id"]
    run = finished(installation, run_id, 300)
    assert run["status"] == "Completed", run["error"]
    series = json.loads(open_url(installation, "/api/v1/runs/%s/metrics/series?name=i&buckets=1000" % run_id).read())
    assert series["count"] == 1000000 and series["buckets"]["last"] == list(range(999, 1000000, 1000))
    last = json.loads(open_url(installation, "/api/v1/runs/%s/metrics?name=name%%2099999" % run_id).read())["metrics"]
    assert last[0]["values"] == [99999]
    begun = time.monotonic()
    names = json.loads(open_url(installation, "/api/v1/runs/%s/metrics?recursive=false" % run_id).read())["metrics"]
    took = time.monotonic() - begun
    most = watch.stop()
    assert len(names) == 100001
    bounded(most)
    print(most, "all values of %d names in %.1f s" % (len(names), took))
