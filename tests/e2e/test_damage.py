"""Bytes that changed on the disk are found by their checksums and named with run and file; everything else stays readable."""
import json
import os
import pathlib
import sqlite3
import urllib.error
import urllib.request

from waiting import wait_for


def ask(one, path, method="GET", body=None):
    request = urllib.request.Request(one.config()["server"] + path, body, {"Authorization": "Bearer " + one.token()}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def ended(one, run_id):
    return wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed") and r)(one.json("runs", "show", run_id)), what="the run's end")


def flip(path, at):
    os.chmod(str(path), 0o600)
    with open(str(path), "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x20]))


def test_a_damaged_or_lost_blob_is_named_with_its_run_and_file(installation):
    installation.write("out.py", "for n, size in (('small', 1000), ('large', 300000), ('gone', 2000), ('fine', 5000)):\n    open('outputs/' + n, 'w').write(n * size)\n")
    run_id = installation.json("submit", "out.py")["id"]
    assert ended(installation, run_id)["status"] == "Completed"
    content = "/api/v1/runs/%s/artifacts/content?name=outputs/" % run_id
    files = {a["name"].split("/")[1]: a for a in json.loads(ask(installation, "/api/v1/runs/%s/artifacts?prefix=outputs" % run_id)[1])["items"]}
    blob = lambda name: installation.data / "blobs" / files[name]["digest"][:2] / files[name]["digest"]  # noqa: E731
    flip(blob("small"), 500)
    flip(blob("large"), 200000)
    blob("gone").unlink()
    for name in ("small", "large", "gone"):
        status, body = ask(installation, content + name)
        error = json.loads(body)["error"]
        assert status == 500 and error["code"] == "Corrupt", error
        assert run_id in error["message"] and "outputs/" + name in error["message"] and files[name]["digest"] in error["message"], error
    assert ask(installation, content + "fine") == (200, b"fine" * 5000)
    assert ask(installation, "/api/v1/runs/" + run_id)[0] == 200
    done = installation.cli("runs", "get", run_id, "outputs/small", "-o", "got", check=False)
    assert done.returncode == 70 and run_id in done.stderr.decode() and "outputs/small" in done.stderr.decode(), done.stderr
    assert not (installation.project / "got" / "outputs" / "small").exists()
    # Sent again, it is whole again.
    assert ask(installation, "/api/v1/blobs/" + files["small"]["digest"], "PUT", b"small" * 1000)[0] == 201
    assert ask(installation, content + "small") == (200, b"small" * 1000)


SCRIPT = """
import glob, os
from azureml.core import Run
run = Run.get_context()
for i in range(100):
    run.log('i', i)
run.flush()
journal = sorted(glob.glob(os.environ['RUNWRIGHT_RUN_DIR'] + '/journal/*.rwj'))[0]
with open(journal, 'ab') as file:
    file.write(%r)
print('the end')
"""


def journal_run(installation, tail):
    installation.write("log.py", SCRIPT % tail)
    run_id = installation.json("submit", "log.py")["id"]
    run = ended(installation, run_id)
    assert run["status"] == "Completed", run
    metrics = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id)[1])["metrics"]
    assert [m["values"] for m in metrics if m["name"] == "i"] == [list(range(100))]
    assert b"the end" in installation.cli("logs", run_id).stdout
    writer = next(p for p in (pathlib.Path(str(installation.run_dir(run_id))) / "journal").glob("*.rwj")).name[:16]
    return [w["message"] for w in run["warnings"] if writer in w["message"]]


def test_a_half_written_journal_record_is_told_and_the_rest_is_there(installation):
    torn = journal_run(installation, b"\x40\0\0\0" + b"x" * 20)
    assert len(torn) == 1 and "torn" in torn[0], torn
    damaged = journal_run(installation, b"\x30\0\0\0" + b"y" * 52)
    assert damaged and "damaged" in damaged[0] and "byte" in damaged[0], damaged


def test_a_damaged_metric_segment_is_named_and_the_others_are_read(installation):
    installation.write("metrics.py", "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(50):\n    run.log('loss', i)\n    run.log('accuracy', i)\n")
    run_id = installation.json("submit", "metrics.py")["id"]
    assert ended(installation, run_id)["status"] == "Completed"
    db = sqlite3.connect(str(installation.data / "runwright.db"), timeout=10)
    row, data = db.execute("SELECT s.row, s.data FROM metric_segments s JOIN metrics m ON m.id = s.metric_id WHERE m.name = 'loss' LIMIT 1").fetchone()
    db.execute("UPDATE metric_segments SET data = ? WHERE row = ?", (data[:40] + bytes([data[40] ^ 1]) + data[41:], row))
    db.commit()
    db.close()
    answer = json.loads(ask(installation, "/api/v1/runs/%s/metrics" % run_id)[1])
    metrics = {m["name"]: m["values"] for m in answer["metrics"]}
    assert metrics["accuracy"] == list(range(50)) and len(metrics.get("loss", [])) < 50
    assert [(d["run"], d["metric"]) for d in answer["damaged"]] == [(run_id, "loss")]
    wait_for(lambda: [w for w in installation.json("runs", "show", run_id)["warnings"] if "'loss'" in w["message"] and "damaged" in w["message"]], what="the run's warning")
