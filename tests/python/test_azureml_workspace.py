"""Workspaces, compute targets and models."""

import json
import os

import pytest
from azureml.core import ComputeTarget, Model, Workspace
from azureml.core.compute import AmlCompute, BatchAiCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.core.resource_configuration import ResourceConfiguration
from azureml.core.run import Run
from azureml.exceptions import AzureMLException, ModelNotFoundException, UserErrorException, WebserviceException
from azureml_support import WORKSPACE, FakeApi


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def ws(api):
    return api.workspace()


def test_attributes_are_texts_that_can_be_joined(ws):
    for value in (ws.name, ws.location, ws.resource_group, ws.subscription_id, ws._workspace_id):
        assert isinstance(value, str) and value
    assert repr(ws) == "Workspace.create(name='lab', subscription_id='%s', resource_group='runwright')" % WORKSPACE["subscription_id"]
    assert ws.get_details()["name"] == "lab" and ws.get_details()["workspaceid"] == "w1"


def test_no_config_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserErrorException) as caught:
        Workspace.from_config()
    assert caught.value.message.startswith("We could not find config.json in: " + str(tmp_path))
    assert "runwright init" in caught.value.message and "UserErrorException:\n\tMessage: We could" in str(caught.value)
    with pytest.raises(UserErrorException, match="nowhere does not exist"):
        Workspace.from_config(path="nowhere")


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
def test_config_is_found_from_below(place, tmp_path, monkeypatch, scripted):
    server = scripted()
    server.on("GET", "/api/v1/workspaces", {"items": [WORKSPACE]})
    (tmp_path / place).parent.mkdir(exist_ok=True)
    keys = {"subscription_id": WORKSPACE["subscription_id"], "resource_group": "runwright", "workspace_name": "lab"}
    (tmp_path / place).write_text(json.dumps(keys))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.setenv("RUNWRIGHT_SERVER", server.url)
    monkeypatch.setenv("RUNWRIGHT_TOKEN", "t")
    ws = Workspace.from_config()
    assert ws.name == "lab" and server.requests[-1].headers["authorization"] == "Bearer t"
    ws.write_config()
    written = json.loads((below / ".azureml" / "config.json").read_text())
    assert written == dict(keys, server=server.url)


@pytest.mark.parametrize("text, why", [('{"model_type": "bert"}', "has no workspace_name"), ("{", "cannot be read")])
def test_a_config_that_was_passed_over_is_named(text, why, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserErrorException) as caught:
        Workspace.from_config()
    assert caught.value.message.startswith("We could not find config.json in: " + str(tmp_path))
    assert "Passed over: %s" % (tmp_path / "config.json") in caught.value.message and why in caught.value.message


def test_a_config_that_is_broken_is_named(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text('{"workspace_name": "lab"}')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserErrorException, match="subscription_id"):
        Workspace.from_config()


def test_an_unknown_workspace_raises(monkeypatch, scripted):
    server = scripted()
    server.on("GET", "/api/v1/workspaces", {"items": []})
    monkeypatch.setenv("RUNWRIGHT_SERVER", server.url)
    monkeypatch.setenv("RUNWRIGHT_TOKEN", "t")
    with pytest.raises(AzureMLException, match="nothing"):
        Workspace(subscription_id="s", resource_group="g", workspace_name="nothing")
    with pytest.raises(AzureMLException):
        Workspace.get("nothing")


def test_workspaces_are_made(monkeypatch, scripted):
    server = scripted()
    server.on("POST", "/api/v1/workspaces", lambda request: (201, dict(WORKSPACE, name=request.json()["name"])))
    monkeypatch.setenv("RUNWRIGHT_SERVER", server.url)
    monkeypatch.setenv("RUNWRIGHT_TOKEN", "t")
    ws = Workspace.create("lab2", subscription_id="s", resource_group="g", location="eastus", create_resource_group=True,
                          sku="basic", exist_ok=True, default_cpu_compute_target=None)
    assert ws.name == "lab2"
    body = server.requests[-1].json()
    assert body == {"name": "lab2", "subscription_id": "s", "resource_group": "g", "location": "eastus", "exist_ok": True}


def test_listings_are_dicts_and_calls(api, ws):
    api.register_model("w1", {"name": "m", "tags": {"a": "1"}})
    api.register_model("w1", {"name": "m", "tags": {"a": "2"}})
    api.register_model("w1", {"name": "n"})
    assert {name: model.version for name, model in ws.models.items()} == {"m": 2, "n": 1}
    assert list(ws.models(name="n")) == ["n"] and list(ws.models(tags=["a"])) == ["m"]
    assert ws.webservices() == ws.webservices == {} and ws.images() == {} and ws.datasets == {} == ws.datastores
    assert [(name, target.type, target.provisioning_state) for name, target in ws.compute_targets.items()] == [
        ("local", "local", "Succeeded")]
    with pytest.raises(KeyError, match="did you mean local"):
        ws.compute_targets["locale"]
    assert ws.get_default_compute_target() is None
    assert Workspace.DEFAULT_CPU_CLUSTER_NAME and Workspace.DEFAULT_GPU_CLUSTER_CONFIGURATION.vm_size == "STANDARD_NC6"


# Compute targets.


def test_an_unknown_target_raises_what_programs_catch(ws):
    for make in (lambda: ComputeTarget(workspace=ws, name="lcal"), lambda: AmlCompute(ws, "lcal")):
        with pytest.raises(ComputeTargetException) as caught:
            make()
        assert caught.value.message.startswith("ComputeTargetNotFound") and "Did you mean local?" in caught.value.message
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        AmlCompute(ws, "local")


def test_a_cluster_is_made_and_found(ws, capsys):
    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", min_nodes="1", max_nodes="4",
                                                   idle_seconds_before_scaledown=120, admin_username="x", vnet_name="y")
    target = ComputeTarget.create(ws, "gpucluster", config)
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
    assert capsys.readouterr().out.splitlines() == [
        "Creating", "Succeeded", "AmlCompute wait for completion finished",
        "Minimum number of nodes requested have been provisioned"]
    found = ComputeTarget(workspace=ws, name="gpucluster")
    assert type(found) is AmlCompute and found.type == "AmlCompute" and found.vm_size == "STANDARD_NC6"
    assert isinstance(AmlCompute(ws, "gpucluster"), AmlCompute) and found.provisioning_errors is None
    assert found.scale_settings.maximum_node_count == 4 and found.serialize()["properties"]["computeType"] == "AmlCompute"
    assert [type(one) for one in AmlCompute.list(ws)] == [AmlCompute] and len(ComputeTarget.list(ws)) == 2
    found.update(max_nodes="2", idle_seconds_before_scaledown=60)
    assert found.get_status().scale_settings.maximum_node_count == 2
    assert [node["nodeState"] for node in found.list_nodes()] == ["idle"]
    found.delete()
    with pytest.raises(ComputeTargetException):
        ComputeTarget(ws, "gpucluster")


def test_the_status_has_all_its_members(ws):
    target = AmlCompute.create(ws, "c", AmlCompute.provisioning_configuration("STANDARD_D2_V2", min_nodes=2))
    status = target.get_status().serialize()
    assert status == target.status.serialize() == {
        "currentNodeCount": 2, "targetNodeCount": 2,
        "nodeStateCounts": {"preparingNodeCount": 0, "runningNodeCount": 0, "idleNodeCount": 2, "unusableNodeCount": 0,
                            "leavingNodeCount": 0, "preemptedNodeCount": 0},
        "allocationState": "Steady", "allocationStateTransitionTime": "2026-11-21T12:00:01+00:00", "errors": None,
        "creationTime": "2026-11-21T12:00:00+00:00", "modifiedTime": "2026-11-21T12:00:00.500000+00:00",
        "provisioningState": "Succeeded", "provisioningStateTransitionTime": "2026-11-21T12:00:00+00:00",
        "scaleSettings": {"minNodeCount": 2, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT1800S"},
        "vmPriority": "Dedicated", "vmSize": "STANDARD_D2_V2"}
    assert target.get_status().current_node_count == 2 and target.get_status().allocation_state == "Steady"


@pytest.mark.parametrize("members, words", [
    ({"vm_size": "STANDARD_NC7"}, "STANDARD_NC6"), ({"max_nodes": "many"}, "whole number"),
    ({"min_nodes": 3, "max_nodes": 2}, "min_nodes <= max_nodes"), ({"vm_priority": "high"}, "lowpriority"),
])
def test_clusters_that_cannot_be(ws, members, words):
    with pytest.raises(ComputeTargetException, match=words):
        ComputeTarget.create(ws, "c", AmlCompute.provisioning_configuration(**dict({"vm_size": "STANDARD_NC6"}, **members)))


def test_batch_ai_words(ws, capsys):
    config = BatchAiCompute.provisioning_configuration(vm_size="STANDARD_NC6", vm_priority="lowpriority", autoscale_enabled=True,
                                                       cluster_min_nodes=0, cluster_max_nodes=4)
    target = ComputeTarget.create(ws, "old", config)
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
    assert "BatchAI wait for completion finished" in capsys.readouterr().out
    assert type(ComputeTarget(ws, "old")) is BatchAiCompute and ComputeTarget(ws, "old").type == "BatchAI"
    assert ComputeTarget(ws, "old").tags == {} and ComputeTarget(ws, "old").get_status().scale_settings.maximum_node_count == 4
    assert AmlCompute.supported_vmsizes(ws)[0] == {"name": "Standard_NC6", "vCPUs": 6, "gpus": 1, "memoryGB": 56,
                                                   "maxResourceVolumeMB": None}


# Models.


def test_models_are_registered_found_and_fetched(api, ws, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pkl").write_text("m")
    model = Model.register(workspace=ws, model_path="model.pkl", model_name="m", tags={"area": "x"}, description="d",
                           model_framework=Model.Framework.TENSORFLOW, model_framework_version="1.13.0",
                           resource_configuration=ResourceConfiguration(cpu=1, memory_in_gb=0.5))
    assert capsys.readouterr().out == "Registering model m\n"
    assert (model.name, model.id, model.version, model.description, model.tags) == ("m", "m:1", 1, "d", {"area": "x"})
    assert model.framework == "TensorFlow" and model.resource_configuration.memory_in_gb == 0.5
    assert model.created_time.year == 2026 and model.run_id is None and model.url == "aml://asset/m:1"
    assert Model(ws, "m").version == 1 and Model(ws, id="m:1").name == "m" and Model(ws, name="m", version=1).id == "m:1"
    assert Model(ws, "m").download(target_dir="down") == os.path.join("down", "model.pkl")
    with pytest.raises(UserErrorException, match="exist_ok"):
        model.download(target_dir="down")
    model.download(target_dir="down", exists_ok=True)
    model.add_tags({"new": 1})
    assert Model(ws, "m").tags == {"area": "x", "new": "1"}
    model.remove_tags(["area"])
    assert model.tags == {"new": "1"} and [one.id for one in Model.list(ws, tags=[["new", "1"]])] == ["m:1"]
    assert Model.list(ws, name="m", tags=["other"]) == [] and len(Model.list(ws, latest=True)) == 1
    model.delete()
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(ws, "m")


def test_a_model_of_a_run(api, ws):
    api.run(status="Completed")
    run = ws.get_run("exp_1700000000_0a1b2c3d")
    model = run.register_model(model_name="pt-dnn", model_path="outputs/", tags={"t": None}, description="d")
    assert model.run_id == run.id and model.run == run and api.models[0]["model_path"] == "outputs/"


def test_unknown_models(ws, api, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api.register_model("w1", {"name": "digits"})
    with pytest.raises(WebserviceException, match="Did you mean digits"):
        Model(ws, "digit")
    with pytest.raises(WebserviceException, match="provided model path nothing cannot be found"):
        Model.register(ws, "nothing", "m")
    with pytest.raises(ModelNotFoundException, match="Model not found in cache or in root at"):
        Model.get_model_path("m", _workspace=ws)
    with pytest.raises(NotImplementedError, match="Model.deploy"):
        Model.deploy(ws, "s", [])


def test_get_model_path_fetches_once(ws, api, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api.register_model("w1", {"name": "m", "files": [{"path": "model.pkl", "size": 11}]})
    api.register_model("w1", {"name": "f", "files": [{"path": "outputs/a", "size": 11}, {"path": "outputs/b", "size": 11}]})
    path = Model.get_model_path("m", _workspace=ws)
    assert path == str(tmp_path / "azureml-models" / "m" / "1" / "model.pkl")
    assert Model.get_model_path("f", _workspace=ws) == str(tmp_path / "azureml-models" / "f" / "1" / "outputs")
    api.download_model_file = None  # what is there is not fetched again
    assert Model.get_model_path("m", _workspace=ws) == path
    assert Model.get_model_path("m") == path  # no workspace here: the copy that was fetched


def test_get_model_path_in_a_service(tmp_path, monkeypatch):
    (tmp_path / "m" / "2").mkdir(parents=True)
    (tmp_path / "m" / "2" / "model.pkl").write_text("")
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path))
    assert Model.get_model_path("m") == str(tmp_path / "m" / "2" / "model.pkl")


def test_errors_print_in_the_known_layout():
    error = WebserviceException("what, why", status_code="ModelNotFound")
    assert str(error) == ('WebserviceException:\n\tMessage: what, why\n\tInnerException None\n\tErrorResponse \n'
                          '{\n    "error": {\n        "code": "SystemError",\n        "message": "what, why"\n    }\n}')
    assert error.message == "what, why" and error.status_code == "ModelNotFound"
    assert Run.__name__ == "Run"
