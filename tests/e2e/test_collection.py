"""Collections while the same contents are uploaded, named and deleted again and again: whatever was answered with 201 stays whole."""
import hashlib
import json
import random
import threading
import urllib.error

from test_backup import Api

COLLECTIONS = 60


def api_of(installation):
    return Api(installation.config()["server"], installation.token())


class Churn:
    """Runs that name blobs by digest; most of them are deleted, so that their blobs become nobody's."""

    def __init__(self, api, ws):
        self.api, self.ws, self.stopping = api, ws, threading.Event()
        self.kept, self.refused, self.errors = {}, 0, []

    def work(self, number):
        choice = random.Random(number)
        try:
            for i in range(1_000_000):
                if self.stopping.is_set():
                    return
                self.one("run-%d-%d" % (number, i), choice, i // 12, keep=i % 12 == 0)
        except Exception as error:  # shown by the test
            self.errors.append(error)

    def one(self, run, choice, generation, keep):
        self.api("POST", "/workspaces/%s/runs" % self.ws, {"experiment": "load", "run_id": run})
        files = {}
        for name in ("a", "b", "c"):
            content = b"content %d of %d" % (choice.randrange(40), generation)
            digest = hashlib.sha256(content).hexdigest()
            self.api("PUT", "/blobs/" + digest, content)
            try:
                self.api("POST", "/runs/%s/artifacts" % run, {"name": name, "digest": digest, "size": len(content)})
                files[name] = content
            except urllib.error.HTTPError as error:
                # Collected between the two requests: the client is told to upload it again.
                assert error.code == 412, error.read()
                self.refused += 1
        self.api("POST", "/runs/%s/end" % run, {"status": "Completed"})
        if keep:
            self.kept[run] = files
        else:
            self.api("DELETE", "/runs/" + run)


def test_what_is_named_is_never_collected(installation):
    api = api_of(installation)
    api("PATCH", "/server/retention", {"blob_days": 0, "deleted_run_days": 0})
    churn = Churn(api, api.json("GET", "/workspaces")["items"][0]["id"])
    threads = [threading.Thread(target=churn.work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    removed = 0
    try:
        for _ in range(COLLECTIONS):
            removed += api.json("POST", "/server/gc", {})["removed"]["blobs"]["count"]
        while removed == 0 and not churn.errors:
            removed += api.json("POST", "/server/gc", {})["removed"]["blobs"]["count"]
    finally:
        churn.stopping.set()
        for thread in threads:
            thread.join()
    assert not churn.errors, churn.errors[0]
    assert churn.kept and removed > 0
    for run, files in churn.kept.items():
        for name, content in files.items():
            assert api("GET", "/runs/%s/artifacts/content?name=%s" % (run, name)) == content
    report = json.loads(installation.cli("doctor", "--data", installation.data, "--deep", "--json").stdout)
    assert report["healthy"]
