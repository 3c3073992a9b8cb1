"""init, server status|stop, and the look-up of server and workspace."""

import json
import os
import shutil
import sqlite3
import subprocess

import cli_support
import pytest


def test_init_makes_all_and_is_repeatable(cli):
    first = cli.json("init", "--workspace", "vision")
    assert first["started"] and first["workspace"]["name"] == "vision"
    config = cli.config()
    assert set(config) == {"subscription_id", "resource_group", "workspace_name", "server"}
    assert os.stat(cli.credentials).st_mode & 0o777 == 0o600
    entry = json.load(open(cli.credentials))["servers"]
    assert len(entry) == 1 and entry[0]["server"] == config["server"] and entry[0]["host"] == os.uname().nodename
    assert entry[0]["workspaces"][0]["workspace_name"] == "vision"
    assert cli.token() not in open(os.path.join(cli.project, "config.json")).read()

    again = cli.json("init")
    assert not again["started"] and again["workspace"] == first["workspace"]
    assert cli.config() == config


def test_another_config_is_left_alone(cli):
    cli("init", "--workspace", "one")
    before = open(os.path.join(cli.project, "config.json")).read()
    cli("init", "--workspace", "two", code=5)
    assert "'one' and not 'two'" in cli.err
    cli.write("config.json", '{"learning_rate": 0.1}')
    cli("init", code=5)
    assert cli.config() == {"learning_rate": 0.1}
    cli.write("config.json", before)
    cli("init", "sub/deeper", "--workspace", "two")
    assert cli.config(os.path.join(cli.project, "sub/deeper"))["workspace_name"] == "two"


def test_the_background_server_knows_no_token(cli):
    cli("init", env={"RUNWRIGHT_TOKEN": "must-not-leak-0123456789"})
    for name in ("environ", "cmdline"):
        content = open("/proc/%d/%s" % (cli.server_pid(), name), "rb").read()
        assert b"must-not-leak" not in content and cli.token().encode() not in content


def test_server_status_stop_and_the_same_address_again(cli):
    cli("server", "status", code=69)
    cli("server", "stop")
    cli("init")
    url = cli.config()["server"]
    status = cli.json("server", "status")
    assert status["running"] and status["url"] == url and status["data"] == cli.data
    assert status["counts"]["workspaces"] == 1
    pid = cli.server_pid()
    cli("server", "stop")
    assert not cli_support.alive(pid)
    cli("runs", "list", code=69)
    assert "runwright init" in cli.err
    cli("init")
    assert cli.config()["server"] == url and cli.json("runs", "list") == []


def test_a_second_server_on_the_folder_is_refused(cli):
    cli("init")
    cli("server", "--data", cli.data, "--listen", "127.0.0.1:0", code=5)
    assert cli.data in cli.err and str(cli.server_pid()) in cli.err
    assert cli.json("server", "status")["running"]


def test_exclusive_locking_serves_alone(cli):
    """What --allow-network-fs does, on any file system: nobody else opens the database, and runs run."""
    server = cli.popen("server", "--data", cli.data, "--allow-network-fs", stdout=subprocess.PIPE)
    try:
        url = server.stdout.readline().strip()
        cli("init", "--data", cli.data)
        assert cli.config()["server"] == url
        other = sqlite3.connect(os.path.join(cli.data, "runwright.db"), timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("SELECT count(*) FROM runs").fetchone()
        other.close()
        cli.write("hello.py", "print('hello')\n")
        run = json.loads(cli("submit", "--json", "hello.py"))["id"]
        cli_support.wait_until(lambda: cli.json("runs", "show", run)["status"] == "Completed", "the run's end")
        assert cli("logs", run) == "hello\n"
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def test_a_data_folder_on_a_network_file_system_is_refused(cli, tmp_path):
    """A FUSE file system stands for all of them: what is behind it nobody knows."""
    below, mounted = str(tmp_path / "below"), str(tmp_path / "mounted")
    os.mkdir(below), os.mkdir(mounted)
    if not shutil.which("unionfs") or subprocess.run(["unionfs", below + "=RW", mounted], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("needs unionfs-fuse and /dev/fuse")
    try:
        data = os.path.join(mounted, "data")
        cli("server", "--data", data, code=5)
        assert "network file system (fuse.unionfs" in cli.err and "--allow-network-fs" in cli.err
        assert os.listdir(data) == [], "nothing is written where nothing may be"
        server = cli.popen("server", "--data", data, "--allow-network-fs", stdout=subprocess.PIPE)
        assert server.stdout.readline().startswith("http://")
        server.terminate()
        assert server.wait(30) == 0
        server.stdout.close()
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


def test_a_foreign_server_takes_a_token_from_stdin_or_the_environment(cli, tmp_path):
    cli("init")
    url, token = cli.config()["server"], cli.token()
    guest = cli_support.Cli(tmp_path / "guest")
    guest("init", "--server", url, "--workspace", "project", stdin="\n", code=3)
    guest("init", "--server", url, stdin="wrong\n", code=3)
    assert not os.path.exists(guest.credentials)
    guest("init", "--server", url, "--workspace", "project", stdin=token + "\n")
    assert guest.config() == cli.config()
    assert guest.token() == token
    third = cli_support.Cli(tmp_path / "third")
    third("init", "--server", url, env={"RUNWRIGHT_TOKEN": token})
    assert third.token() == token
    guest("init", "x", "--server", "http://127.0.0.1:9", stdin=token + "\n", code=69)


def test_the_look_up_of_the_server(cli, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    os.makedirs(nowhere)
    cli("runs", "list", cwd=nowhere, code=5)
    assert "runwright init" in cli.err
    cli("init")
    url, token = cli.config()["server"], cli.token()
    below = os.path.join(cli.project, "a/b")
    os.makedirs(below)
    assert cli.json("runs", "list", cwd=below) == []  # config.json in a parent
    assert cli.json("runs", "list", cwd=nowhere) == []  # the only entry
    cli("init", "other", "--data", os.path.join(cli.home, "second"))
    try:
        cli("runs", "list", cwd=nowhere, code=5)  # two entries
        assert url in cli.err and "workspaces: project" in cli.err
        assert cli.json("runs", "list", "--server", url, cwd=nowhere) == []
        assert cli.json("runs", "list", cwd=nowhere, env={"RUNWRIGHT_SERVER": url}) == []
        azure = {key: value for key, value in cli.config().items() if key != "server"}
        os.makedirs(os.path.join(nowhere, "aml_config"))
        with open(os.path.join(nowhere, "aml_config/config.json"), "w") as file:
            json.dump(azure, file)
        assert cli.json("runs", "list", cwd=nowhere) == []  # Azure's three keys
    finally:
        cli("server", "stop", "--data", os.path.join(cli.home, "second"))
    bare = cli_support.Cli(tmp_path / "bare")
    bare("runs", "list", "--server", url, code=3)
    bare("runs", "list", env={"RUNWRIGHT_SERVER": url, "RUNWRIGHT_TOKEN": "wrong"}, code=3)
    bare("runs", "list", env={"RUNWRIGHT_SERVER": url, "RUNWRIGHT_TOKEN": token})


def test_completion_is_what_shells_understand(cli):
    script = cli("completion", "bash")
    ask = script + (
        '\nCOMP_WORDS=(runwright runs "") COMP_CWORD=2; _runwright; echo "${COMPREPLY[@]}"'
        '\nCOMP_WORDS=(runwright --json com) COMP_CWORD=2; _runwright; echo "${COMPREPLY[@]}"'
        '\nCOMP_WORDS=(runwright submit --f) COMP_CWORD=2; _runwright; echo "${COMPREPLY[@]}"'
    )
    lines = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "list show cancel metrics files get" in lines[0]
    assert lines[1] == "compute completion" and lines[2] == "--follow"
    assert "bashcompinit" in cli("completion", "zsh")
    assert "__fish_seen_subcommand_from" in cli("completion", "fish")


def test_inits_at_once_share_one_server(cli):
    folders = [os.path.join(cli.project, "part%d" % i) for i in (0, 1, 1, 2)]
    inits = [cli.popen("init", folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for folder in folders]
    for init in inits:
        _, err = init.communicate(timeout=60)
        assert init.returncode == 0, err
    assert len({cli.config(folder)["subscription_id"] for folder in folders}) == 3
    assert len({cli.config(folder)["server"] for folder in folders}) == 1
    known = json.load(open(cli.credentials))["servers"]
    assert len(known) == 1 and len(known[0]["workspaces"]) == 3
