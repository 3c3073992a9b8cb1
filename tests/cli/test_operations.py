"""gc, doctor, secrets, deleting and archiving runs, /metrics: what an operator does."""

import json
import os
import pathlib
import urllib.error
import urllib.request

import pytest
from cli_support import wait_until


def submit(cli, text="open('outputs/m', 'w').write('model')\nprint('done')\n", code=0):
    cli.write("train.py", text)
    cli("submit", "--follow", "-e", "digits", "train.py", code=code)
    return cli.json("runs", "list")[0]["id"]


def findings(cli, *arguments, code=0):
    report = json.loads(cli("doctor", "--json", *arguments, code=code))
    assert report["healthy"] == (code == 0)
    return report["findings"]


def blob_of(cli, run, name):
    digest = next(file["digest"] for file in cli.json("runs", "files", run) if file["name"] == name)
    return pathlib.Path(cli.data, "blobs", digest[:2], digest)


def test_runs_are_deleted_restored_and_archived(shared):
    run = submit(shared)
    assert "brings it back until" in shared("runs", "delete", run)
    shared("runs", "show", run, code=4)
    assert "was deleted" in shared.err and "runs restore" in shared.err
    assert run not in shared("runs", "list") and run in shared("runs", "list", "--view", "deleted")
    shared("runs", "restore", run)
    assert run in shared("runs", "list")
    shared("runs", "archive", run)
    assert run not in shared("runs", "list") and run in shared("runs", "list", "--view", "archived")
    shared("runs", "archive", "--undo", run)
    assert run in shared("runs", "list")


def test_secrets_come_from_standard_input(shared):
    shared("secrets", "set", "db-password", stdin="s3cret word\n")
    assert shared("secrets", "get", "db-password") == "s3cret word\n"
    shared.write("key.pem", "line 1\nline 2\n")
    shared("secrets", "set", "pem", "--file", "key.pem")
    assert shared.json("secrets", "get", "pem")["value"] == "line 1\nline 2\n"
    listed = shared("secrets", "list")
    assert "db-password" in listed and "s3cret" not in listed
    shared("secrets", "delete", "pem")
    shared("secrets", "get", "pem", code=4)
    shared("secrets", "set", "not_allowed", stdin="x", code=2)
    for path in pathlib.Path(shared.data).rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"s3cret word" not in path.read_bytes(), path


def test_downloads_come_from_the_source_map(shared):
    shared.write("mnist/a.txt", "alpha")
    shared.write("more/b.txt", "beta")
    folder = os.path.join(shared.project, "mnist")
    assert shared.json("sources", "add", "http://dead.invalid/exdb/mnist/", "mnist") == [{"prefix": "http://dead.invalid/exdb/mnist", "folder": folder}]
    shared.write("rules/sources.json", json.dumps({"rules": [{"prefix": "http://dead.invalid/exdb", "folder": "../more"}]}))
    shared("sources", "add", "--from", "rules/sources.json")
    assert [rule["prefix"] for rule in shared.json("sources", "list")] == ["http://dead.invalid/exdb/mnist", "http://dead.invalid/exdb"]
    shared("sources", "add", "http://h/", "/no/such/folder", code=2)
    assert "'/no/such/folder' is no folder" in shared.err
    shared("sources", "add", code=2)
    run = submit(shared, """
import os, signal, urllib.request
print(urllib.request.urlopen('http://dead.invalid/exdb/mnist/a.txt').read(), urllib.request.urlopen('http://dead.invalid/exdb/b.txt').read())
print('cache', os.environ['TORCH_HOME'])
os.kill(os.getpid(), signal.SIGKILL)
""", code=1)
    log = shared("logs", run)
    assert "b'alpha' b'beta'" in log and "cache " + os.path.join(shared.data, "cache", "data", "torch") in log
    told = [warning["message"] for warning in shared.json("runs", "show", run)["warnings"] if warning["source"] == "sources"]
    assert told[0] == "http://dead.invalid/exdb/mnist/a.txt was read from %s/a.txt (rule http://dead.invalid/exdb/mnist)" % folder
    assert len(told) == 2
    shared("sources", "rm", "http://dead.invalid/exdb/mnist/")
    shared("sources", "rm", "http://dead.invalid/exdb/mnist/", code=4)
    shared("sources", "rm", "http://dead.invalid/exdb")
    assert shared.json("sources", "list") == []


def test_gc_shows_what_takes_space_and_keeps_what_is_named(shared):
    run = submit(shared)
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    config = shared.config()
    request = urllib.request.Request(
        config["server"] + "/api/v1/blobs/" + digest, b"test", {"Authorization": "Bearer " + shared.token()}, method="PUT"
    )
    urllib.request.urlopen(request).close()
    orphan = pathlib.Path(shared.data, "blobs", digest[:2], digest)
    assert shared.json("gc")["removed"]["blobs"]["count"] == 0, "a fresh blob was removed"
    shared("gc", "--set", "blob_days=0")
    assert "WOULD GO" in shared("gc", "--dry-run") and orphan.exists()
    report = shared.json("gc")
    assert report["removed"]["blobs"] == {"count": 1, "bytes": 4} and not orphan.exists()
    assert report["space"]["run_folders"]["bytes"] > 0 and report["space"]["database"]["bytes"] > 0
    shared("runs", "get", run, "outputs/m", "-o", "got")
    assert findings(shared, "--data", shared.data, "--deep")


def test_retention_rules(shared):
    assert shared.json("gc", "--rules")["deleted_run_days"] == 14
    rules = shared.json("gc", "--set", "run_folder_days=0", "--set", "run_days=never")
    assert rules["run_folder_days"] == 0 and rules["run_days"] is None
    run = submit(shared)
    folder = pathlib.Path(shared.data, "runs", run)
    assert folder.exists()
    wait_until(lambda: shared.json("gc") and not folder.exists(), "the folder of the ended run to go")
    assert shared.json("runs", "show", run)["status"] == "Completed"
    assert shared("logs", run) == "done\n"
    shared("gc", "--set", "run_days", code=2)
    shared("gc", "--set", "days=3", code=2)


def test_a_deleted_run_is_removed_for_good_after_its_grace(cli):
    cli("init")
    run = submit(cli, "import random\nopen('outputs/m', 'w').write(str(random.random()))\n")
    blob = blob_of(cli, run, "outputs/m")
    cli("gc", "--set", "deleted_run_days=0", "--set", "blob_days=0")
    cli("runs", "delete", run)
    report = cli.json("gc")
    assert report["removed"]["runs"]["count"] == 1 and not blob.exists()
    assert not os.path.exists(os.path.join(cli.data, "logs", run))
    cli("runs", "restore", run, code=4)
    assert findings(cli, "--data", cli.data, "--deep")


def test_doctor_finds_a_healthy_installation_healthy(shared):
    submit(shared)
    subjects = {one["subject"] for one in findings(shared)}
    assert {"programs", "disk", "database", "blobs", "logs", "server", "credentials", "config.json", "workspace"} <= subjects
    run = shared.json("runs", "list")[0]["id"]
    assert findings(shared, run, "--deep")[0]["text"] == "Completed"


def test_doctor_names_what_is_wrong_and_the_fix(cli):
    cli("init")
    run = submit(cli)
    blob = blob_of(cli, run, "outputs/m")
    blob.write_bytes(b"MODEL")
    assert findings(cli, "--data", cli.data), "without --deep no blob is read"
    wrong = [one for one in findings(cli, "--data", cli.data, "--deep", code=1) if one["health"] == "error"]
    assert len(wrong) == 1 and "'outputs/m' of run " + run in wrong[0]["text"] and "backup" in wrong[0]["fix"]
    wrong = [one for one in findings(cli, run, "--deep", code=1) if one["health"] == "error"]
    assert "outputs/m" in wrong[0]["text"]
    blob.unlink()
    log = next(pathlib.Path(cli.data, "logs", run).iterdir())
    os.truncate(log, 1)
    os.chmod(cli.credentials, 0o644)
    texts = [one["text"] + one["fix"] for one in findings(cli, code=1) if one["health"] == "error"]
    assert any("outputs/m" in text for text in texts) and any("bytes of" in text for text in texts)
    assert any("chmod 600" in text for text in texts)
    assert "error" in cli("doctor", code=1)


def test_doctor_of_a_killed_server_a_wrong_token_and_no_data(cli):
    cli("init")
    os.kill(cli.server_pid(), 9)
    wait_until(lambda: "was killed" in json.dumps(findings(cli, code=1)), "the server's death")
    cli("init")
    with open(cli.credentials) as file:
        entries = json.load(file)
    entries["servers"][0]["token"] = "0" * 64
    with open(cli.credentials, "w") as file:
        json.dump(entries, file)
    assert "does not know this token" in json.dumps(findings(cli, code=1))
    assert "no runwright.db" in json.dumps(findings(cli, "--data", cli.project, code=1))


def test_doctor_of_a_damaged_database(cli):
    cli("init")
    submit(cli)
    cli("server", "stop")
    path = os.path.join(cli.data, "runwright.db")
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        for page in range(2, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 100)
    assert "backup" in json.dumps(findings(cli, "--data", cli.data, code=1))


def test_metrics_for_prometheus(shared):
    submit(shared)
    url = shared.config()["server"] + "/metrics"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    assert refused.value.code == 401
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + shared.token()})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = answer.read().decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(values['runwright_runs{status="Completed"}']) >= 1
    assert 1e6 < float(values["process_resident_memory_bytes"]) < 1e9
    assert float(values["runwright_data_disk_free_bytes"]) > 0
    assert float(values["runwright_write_duration_seconds_count"]) > 0
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))


