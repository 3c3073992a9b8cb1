"""Which server and workspace: config.json, the credential file, the environment, and the order of them."""

import json
import os

import pytest
from runwright import _session, config, errors, workspace

KEYS = {"subscription_id": "s1", "resource_group": "g1", "workspace_name": "w1"}


def write(path, document):
    os.makedirs(os.path.dirname(str(path)), exist_ok=True)
    with open(str(path), "w") as file:
        file.write(document if isinstance(document, str) else json.dumps(document))


def credentials(*entries):
    write(config.credentials_path(), {"version": 1, "servers": list(entries)})


def entry(url, *workspaces, **more):
    return dict({"server": url, "host": os.uname().nodename, "token": "t-" + url, "workspaces": list(workspaces)}, **more)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b"
    path.mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
@pytest.mark.parametrize("up", [".", "..", "../.."])
def test_config_is_found_here_and_above(folder, place, up):
    path = os.path.normpath(str(folder / up / place))
    write(path, KEYS)
    assert config.find_config()[0] == path
    assert config.read_config(path) == KEYS


def test_the_config_of_another_program_is_passed_over(folder):
    write(folder / "config.json", {"model_type": "bert"})
    write(folder / ".." / "config.json", KEYS)
    assert config.find_config()[0] == str(folder.parent / "config.json")


def test_where_config_was_looked_for(folder):
    found, looked = config.find_config()
    assert found is None and looked[0] == str(folder / "config.json") and "/config.json" in looked
    write(folder / "x" / "config.json", KEYS)
    assert config.find_config(str(folder / "x"))[0] == str(folder / "x" / "config.json")
    assert config.find_config(str(folder / "x" / "config.json"))[0] == str(folder / "x" / "config.json")


def test_a_config_that_is_wrong_says_how(folder):
    write(folder / "config.json", "{")
    with pytest.raises(errors.InvalidArgumentError, match="cannot be read"):
        config.read_config(str(folder / "config.json"))
    write(folder / "config.json", {"workspace_name": "w"})
    with pytest.raises(errors.InvalidArgumentError, match="lacks subscription_id, resource_group"):
        config.read_config(str(folder / "config.json"))


def test_write_config_is_found_again(folder):
    path = config.write_config(str(folder), KEYS, "http://127.0.0.1:1")
    assert path == str(folder / ".azureml" / "config.json") and config.find_config()[0] == path
    assert config.read_config(path) == dict(KEYS, server="http://127.0.0.1:1")
    assert os.listdir(os.path.dirname(path)) == ["config.json"]


def test_credentials_of_another_host_do_not_count_on_loopback(monkeypatch):
    credentials(
        entry("http://127.0.0.1:1", host="elsewhere"), entry("http://far.example:1", host="elsewhere"),
        entry("http://localhost:2"),
    )
    assert [one["server"] for one in config.load_credentials()] == ["http://far.example:1", "http://localhost:2"]
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    assert config.load_credentials() == []


def test_tokens(monkeypatch):
    credentials(entry("http://a"))
    assert config.token_of("http://a/") == "t-http://a" and config.token_of("http://b") is None
    monkeypatch.setenv("RUNWRIGHT_TOKEN", "env")
    assert config.token_of("http://a") == "t-http://a" and config.token_of("http://b") == "env"
    monkeypatch.setenv("RUNWRIGHT_SERVER", "http://a")
    assert config.token_of("http://a") == "env"
    assert config.token_of("http://b") is None  # the variable's token belongs to another server


def test_the_order_of_the_look_up(folder, monkeypatch, run_folder):
    credentials(entry("http://only"))
    monkeypatch.delenv("RUNWRIGHT_RUN_DIR")
    assert config.resolve().server == "http://only"
    write(folder / "config.json", dict(KEYS, server="http://config"))
    assert config.resolve().server == "http://config"
    _session.remember("http://loaded", "t")
    assert (config.resolve().server, config.resolve().token) == ("http://loaded", "t")
    assert config.resolve(config=dict(KEYS, server="http://given")).server == "http://given"
    monkeypatch.setenv("RUNWRIGHT_RUN_DIR", run_folder.path)
    assert config.resolve().session.run_id == run_folder.info["run_id"]
    monkeypatch.setenv("RUNWRIGHT_SERVER", "http://variable")
    assert config.resolve().server == "http://variable"
    assert config.resolve("http://named").server == "http://named"


def test_azures_three_keys_are_looked_up_in_the_credential_file(folder):
    credentials(entry("http://a"), entry("http://b", KEYS))
    write(folder / "config.json", KEYS)
    assert config.resolve().server == "http://b"
    assert config.resolve(workspace={"workspace_name": "w1", "subscription_id": None}).server == "http://b"
    credentials(entry("http://a", KEYS), entry("http://b", KEYS))
    with pytest.raises(errors.FailedPreconditionError):
        config.resolve()


def test_when_nothing_decides_the_choices_are_listed():
    with pytest.raises(errors.FailedPreconditionError, match="runwright init"):
        config.resolve()
    credentials(entry("http://a", KEYS), entry("http://b"))
    with pytest.raises(errors.FailedPreconditionError) as caught:
        config.resolve()
    assert "http://a  (workspaces: w1)" in str(caught.value) and "http://b" in str(caught.value)


def test_without_a_token_the_error_says_where_to_put_it():
    with pytest.raises(errors.UnauthenticatedError, match="RUNWRIGHT_TOKEN"):
        config.resolve("http://unknown").api()


def test_a_new_workspace_is_noted_beside_its_server():
    config.remember_workspace("http://a", KEYS)
    credentials(entry("http://a"))
    config.remember_workspace("http://a", KEYS)
    config.remember_workspace("http://a", KEYS)
    config.remember_workspace("http://other", KEYS)
    path = config.credentials_path()
    with open(path) as file:
        assert json.load(file)["servers"] == [entry("http://a", KEYS)]
    assert os.stat(path).st_mode & 0o777 == 0o600


WORKSPACE = {"id": "i1", "name": "w1", "subscription_id": "s1", "resource_group": "g1", "location": "local"}


def test_open_workspace(folder, scripted, monkeypatch):
    server = scripted()
    every = [WORKSPACE, dict(WORKSPACE, id="i2", name="w2")]

    def listed(request):
        return {"items": [one for one in every if "name=" not in request.query or "name=" + one["name"] in request.query]}

    server.on("GET", "/api/v1/workspaces", listed)
    credentials(entry(server.url))
    with pytest.raises(errors.FailedPreconditionError, match="holds 2 workspaces"):
        workspace.open_workspace()
    assert workspace.open_workspace("w2").id == "i2"
    with pytest.raises(errors.NotFoundError, match="Workspaces there: 'w1', 'w2'"):
        workspace.open_workspace("other")
    write(folder / "config.json", dict(KEYS, server=server.url))
    opened = workspace.open_workspace()
    assert opened.id == "i1" and _session.loaded() == (server.url, "t-" + server.url)
    assert config.read_config(opened.write_config(str(folder / "new"))) == dict(KEYS, server=server.url)


def test_inside_a_run_the_workspace_is_its_own(run_folder):
    assert workspace.open_workspace().name == "ws"
