"""submit, runs, logs, compute, models, env, open against a server that runs real scripts."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

import cli_support
import pytest

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def submit(cli, text, *options, name="train.py", arguments=()):
    cli.write(name, text)
    return cli("submit", *options, name, *arguments).strip()


def ended(cli, run):
    cli_support.wait_until(
        lambda: cli.json("runs", "show", run)["status"] in ("Completed", "Failed", "Canceled"), "the end of " + run, 60
    )
    return cli.json("runs", "show", run)


def test_submit_and_follow(shared):
    shared.write("train.py", "import sys\nprint('arguments', sys.argv[1:])\nprint('to stderr', file=sys.stderr)\n")
    options = ["-e", "digits", "--tag", "kind=small", "--name", "first", "--follow"]
    out = shared("submit", *options, "train.py", "--lr", "0.1")
    assert out == "arguments ['--lr', '0.1']\nto stderr\n"
    run = shared.json("runs", "list", "--experiment", "digits", "--tag", "kind=small")[0]
    assert run["status"] == "Completed" and run["display_name"] == "first" and run["arguments"] == ["--lr", "0.1"]
    assert shared("logs", run["id"]) == out
    assert run["id"] in shared("runs", "list") and "first" in shared("runs", "show", run["id"])


def test_runs_are_found_and_sorted_by_metrics_and_parameters(shared):
    script = "import sys\nfrom azureml.core import Run\nRun.get_context().log('acc', float(sys.argv[2]))\n"
    runs = [submit(shared, script, "-e", "found", name="acc.py", arguments=("--acc", value)) for value in ("0.2", "0.9", "0.5")]
    for run in runs:
        assert ended(shared, run)["status"] == "Completed"
    ids = [run["id"] for run in shared.json("runs", "list", "-e", "found", "--sort", "-metrics.acc", "--limit", "2")]
    assert ids == [runs[1], runs[2]]
    found = shared.json("runs", "list", "--filter", "metrics.acc < 0.6 and params.acc != 0.2 and experiment = found")
    assert [run["id"] for run in found] == [runs[2]]
    table = shared("runs", "list", "-e", "found", "--sort", "max(metrics.acc)", "--param", "acc").splitlines()
    assert table[0].split()[-3:] == ["acc", "acc", "NAME"] and [line.split()[0] for line in table[1:]] == [runs[0], runs[2], runs[1]]
    shared("runs", "list", "--filter", "metrics.acc >> 1", code=2)
    assert "character 14" in shared.err


def test_a_series_in_buckets(shared):
    script = "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(1000):\n    run.log('loss', (i * 7) % 1000)\n"
    run = submit(shared, script, name="series.py")
    assert ended(shared, run)["status"] == "Completed"
    values = [(i * 7) % 1000 for i in range(1000)]
    buckets = shared.json("runs", "metrics", run, "--name", "loss", "--buckets", "10")["buckets"]
    assert buckets["min"] == [min(values[i : i + 100]) for i in range(0, 1000, 100)]
    assert buckets["max"] == [max(values[i : i + 100]) for i in range(0, 1000, 100)]
    assert buckets["last"] == values[99::100] and buckets["count"] == [100] * 10
    table = shared("runs", "metrics", run, "--name", "loss", "--buckets", "2").splitlines()
    assert len(table) == 3 and table[0].split() == ["TIME", "STEP", "VALUES", "MIN", "MAX", "LAST"]
    shared("runs", "metrics", run, "--buckets", "10", code=2)


def test_a_failing_script_ends_the_follower_with_1(shared):
    shared.write("fails.py", "print('before')\nraise ValueError('no such luck')\n")
    out = shared("submit", "--follow", "fails.py", code=1)
    assert "before" in out
    assert "no such luck" in shared.err and "Failed" in shared.err
    run = shared.json("runs", "list", "--status", "Failed")[0]
    assert "no such luck" in shared("runs", "show", run["id"])
    assert run["error"]["exit_code"] == 1


def test_files_of_a_run_are_listed_and_fetched(shared):
    script = "import os\nos.makedirs('outputs/deep')\nopen('outputs/z', 'w').close()\n"
    script += "open('outputs/deep/a b.txt', 'w').write('x' * 3000000)\n"
    run = submit(shared, script, name="files.py")
    assert ended(shared, run)["status"] == "Completed"
    names = [file["name"] for file in shared.json("runs", "files", run, "--prefix", "outputs/")]
    assert names == ["outputs/deep/a b.txt", "outputs/z"]
    assert "2.9 MiB" in shared("runs", "files", run)
    shared("runs", "get", run, "outputs/deep/", "-o", "got")
    assert os.path.getsize(os.path.join(shared.project, "got/outputs/deep/a b.txt")) == 3000000
    assert sorted(os.listdir(os.path.join(shared.project, "got/outputs"))) == ["deep"]
    shared("runs", "get", run, "outputs/y", code=4)
    assert "outputs/z" in shared.err


def test_cancel_while_followed(shared):
    shared.write("long.py", "import time\nprint('up')\ntime.sleep(600)\n")
    follower = shared.popen("submit", "--follow", "--tag", "long=1", "long.py", **PIPES)
    assert follower.stdout.readline() == "up\n"
    run = shared.json("runs", "list", "--tag", "long")[0]["id"]
    shared("runs", "cancel", run)
    follower.communicate(timeout=60)
    assert follower.returncode == 6
    assert ended(shared, run)["status"] == "Canceled"


def test_ctrl_c_ends_the_following_and_not_the_run(shared):
    shared.write("long.py", "import time\nprint('up')\ntime.sleep(600)\n")
    follower = shared.popen("submit", "--follow", "--tag", "goes-on", "long.py", **PIPES)
    assert follower.stdout.readline() == "up\n"
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)
    assert follower.returncode == 130 and "the run goes on" in err
    run = shared.json("runs", "list", "--tag", "goes-on")[0]
    assert run["status"] == "Running"
    shared("runs", "cancel", run["id"])
    ended(shared, run["id"])


def test_a_reader_that_goes_away(shared):
    for _ in range(2):
        process = shared.popen("runs", "list", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(timeout=30) in (0, 141)
        process.stderr.close()


def test_metrics(shared):
    script = (
        "from azureml.core import Run\nrun = Run.get_context()\n"
        "for i in range(3):\n    run.log('loss', 1.5 - i)\nrun.log('nan', float('nan'))\n"
    )
    run = submit(shared, script, name="metrics.py")
    assert ended(shared, run)["status"] == "Completed", shared("logs", run)
    assert shared("runs", "metrics", run, "--name", "loss").split() == ["1.5", "0.5", "-0.5"]
    table = shared("runs", "metrics", run)
    assert "loss" in table and "NaN" in table


def test_the_command_line_inside_of_a_run(shared):
    script = "import subprocess, sys\nif sys.argv[1:] == ['leaf']:\n    sys.exit(0)\n"
    script += "subprocess.run([%r, 'submit', 'parent.py', 'leaf'], check=True)\n" % cli_support.binary()
    run = submit(shared, script, name="parent.py")
    assert ended(shared, run)["status"] == "Completed", shared("logs", run)
    child = shared("logs", run).strip()
    assert ended(shared, child)["parent_id"] == run
    assert child in shared("runs", "list", "--children") and child not in shared("runs", "list")
    shared("logs", "nope", code=4)
    shared("logs", "-f", "nope", code=4)


def test_git_is_recorded(shared):
    folder = os.path.join(shared.project, "repository")
    os.makedirs(folder)
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write("print(1)\n")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@x"]
    for command in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(git + command, cwd=folder, check=True)
    subprocess.run(git + ["remote", "add", "origin", "https://me:secret@host/x.git"], cwd=folder, check=True)
    run = shared("submit", "train.py", cwd=folder).strip()
    properties = ended(shared, run)["properties"]
    assert properties["azureml.git.branch"] == properties["mlflow.source.git.branch"] == "trunk"
    assert properties["azureml.git.dirty"] == "False"
    assert properties["mlflow.source.git.repoURL"] == "https://host/x.git"
    assert len(properties["azureml.git.commit"]) == 40


def test_mistakes_before_anything_is_sent(shared):
    shared.write("train.py", "print(1)\n")
    for arguments, word in (
        (["submit"], "no script"),
        (["submit", "--nonsense", "train.py"], "--nonsense"),
        (["submit", "absent.py"], "absent.py"),
        (["submit", "/etc/hostname"], "--source"),
        (["submit", "--python", "no-such-python", "train.py"], "no-such-python"),
        (["submit", "--tag", "=x", "train.py"], "--tag"),
    ):
        shared(*arguments, code=2)
        assert word in shared.err, shared.err
    shared("submit", "--target", "locl", "train.py", code=4)
    assert "local" in shared.err
    shared("runs", "show", "nope", code=4)
    shared("runs", "show", "nope", "--json", code=4)
    assert json.loads(shared.err)["error"]["code"] == "NotFound"


def test_computes(shared):
    created = shared.json("compute", "create", "cpu-cluster", "--vm-size", "STANDARD_D2_V2", "--max-nodes", "2")
    assert created["name"] == "cpu-cluster" and created["max_nodes"] == 2
    shared("compute", "create", "bad", "--vm-size", "STANDARD_D2_V", code=2)
    assert "STANDARD_D2_V2" in shared.err
    assert shared.json("compute", "update", "local", "--max-nodes", "5")["max_nodes"] == 5
    shared("compute", "update", "local", code=2)
    assert {one["name"] for one in shared.json("compute", "list")} == {"cpu-cluster", "local"}
    assert "STANDARD_D2_V2" in shared("compute", "show", "cpu-cluster").upper()
    shared("compute", "delete", "cpu-cluster")
    shared("compute", "show", "cpu-cluster", code=4)
    shared("compute", "delete", "local", code=5)


def test_models(shared):
    shared.write("model/a.bin", "x" * 2000000)
    shared.write("model/sub/b.txt", "b")
    first = shared.json("models", "register", "digits", "--path", "model", "--tag", "k=v", "--description", "d")
    assert first["version"] == 1 and first["tags"] == {"k": "v"}
    assert [file["path"] for file in first["files"]] == ["model/a.bin", "model/sub/b.txt"]
    run = submit(shared, "open('outputs/m.pkl', 'w').write('m')\n", name="model.py")
    ended(shared, run)
    shared("models", "register", "digits", "--run", run, "--path", "outputs/m.pkl")
    shared("models", "register", "digits", "--run", run, "--path", "outputs/none", code=4)
    assert [one["version"] for one in shared.json("models", "list", "--name", "digits")] == [2, 1]
    assert run in shared("models", "show", "digits")
    shared("models", "download", "digits:1", "-o", "down")
    assert os.path.getsize(os.path.join(shared.project, "down/model/a.bin")) == 2000000
    shared("models", "download", "digits", "-o", "down")
    assert open(os.path.join(shared.project, "down/m.pkl")).read() == "m"
    shared("models", "show", "digits:9", code=4)
    shared("models", "show", "digits:x", code=2)


def test_environments(shared):
    shared("env", "list")
    assert set(shared.json("env", "list")) == {"environments", "builds"}
    shared("env", "show", "nope", code=4)
    shared("env", "show", "0" * 64, code=4)


def test_open_gives_a_link_that_works_once(shared):
    run = submit(shared, "print(1)\n")
    url = shared.json("open", run)["url"]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert run in opener.open(url).read().decode()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url)
    shared("open", "nope", code=4)
    ended(shared, run)
