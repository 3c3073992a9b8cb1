"""Runs: their texts, details, errors, inside and outside of a run."""

import json

import pytest
from azureml.core import Experiment, Run
from azureml.core.run import RUNNING_STATES
from azureml.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    ModelPathNotFoundException,
    RunEnvironmentException,
    UserErrorException,
)
from azureml.widgets import RunDetails
from azureml_support import FakeApi

RUN_ID = "exp_1700000000_0a1b2c3d"
LOG = "azureml-logs/70_driver_log.txt"


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def experiment(api):
    return Experiment(api.workspace(), "exp")


def test_a_run_prints_as_it_always_did(api, experiment):
    api.run()
    run = Run(experiment, RUN_ID)
    assert str(run) == repr(run) == (
        "Run(Experiment: exp,\nId: %s,\nType: azureml.scriptrun,\nStatus: Queued)" % RUN_ID)
    html = run._repr_html_()
    for word in ("Experiment", "Id", "Type", "Status", "Details Page", "Docs Page", RUN_ID):
        assert word in html


def test_html_is_escaped(api, experiment):
    api.run(status="<script>", portal_url="javascript:alert(1)")
    html = Run(experiment, RUN_ID)._repr_html_()
    assert "<script>" not in html and "javascript" not in html


def test_details_are_a_dict_and_attributes(api, experiment):
    api.run(status="Completed", start_time="s", end_time="e", snapshot_id="5" * 64, target="cluster",
            warnings=[{"source": "sdk", "message": "w"}], properties={"azureml.git.branch": "main"},
            run_definition={"arguments": ["--a", "1"]})
    details = Run(experiment, RUN_ID).get_details()
    assert isinstance(details, dict) and details.status == details["status"] == "Completed"
    assert {"runId", "target", "status", "startTimeUtc", "endTimeUtc", "warnings", "properties", "inputDatasets", "outputDatasets",
            "runDefinition", "logFiles", "submittedBy"} == set(details)
    assert details["properties"] == {"_azureml.ComputeTargetType": "amlcompute", "ContentSnapshotId": "5" * 64,
                                     "azureml.git.branch": "main"}
    assert details["warnings"] == [{"source": "sdk", "message": "w"}] and list(details["logFiles"]) == [LOG]
    assert json.dumps(details)
    with pytest.raises(AttributeError):
        getattr(details, "nothing")  # noqa: B009


def failed(api):
    return api.run(status="Failed", end_time="2026-11-21T12:00:09.000000Z", error={
        "code": "UserError", "message": "exit 1", "exception_type": "ValueError", "exception_message": "bad lr",
        "traceback": "Traceback …", "file": "train.py", "line": 7, "last_lines": ["a", "b"], "exit_code": 1, "next_step": "look"})


def test_waiting_for_a_failed_run_raises_with_its_error(api, experiment):
    failed(api)
    run = Run(experiment, RUN_ID)
    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()
    assert caught.value.message.startswith("Activity Failed")
    error = json.loads(caught.value.message.partition("\n")[2])
    assert error["time"] and error["error"]["message"] == "User program failed with ValueError: bad lr"
    assert {"code", "message", "detailsUri", "details", "debugInfo", "messageParameters"} <= set(error["error"])
    assert error["error"]["debugInfo"] == {"type": "ValueError", "message": "bad lr", "stackTrace": "Traceback …"}
    assert error["error"]["exitCode"] == 1 and error["error"]["line"] == 7
    text = str(caught.value)
    assert text.startswith("ActivityFailedException:\n\tMessage: Activity Failed") and "\n\tInnerException None\n\tErrorResponse \n" in text
    assert json.loads(text.partition("ErrorResponse")[2])["error"]["code"] == "UserError"
    assert run.wait_for_completion(raise_on_error=False)["error"] == error


def test_the_printed_layout(api, experiment, capsys):
    document = api.run(status="Running")

    def end():
        document.update(status="Completed", warnings=[{"source": "sdk", "message": "careful"}])
        return "end", {"status": "Completed"}

    class Events(list):
        def __iter__(self):
            yield "status", {"status": "Running"}
            yield "log", {"name": "azureml-logs/20_image_build_log.txt", "offset": 0, "bytes": b"built\n"}
            yield "log", {"name": LOG, "offset": 0, "bytes": b"one\n"}
            yield "log", {"name": LOG, "offset": 4, "bytes": b"two\n"}
            yield end()

    api.events = Events()
    details = Run(experiment, RUN_ID).wait_for_completion(show_output=True)
    url = api.url + "/runs/" + RUN_ID
    assert capsys.readouterr().out.split("\n") == [
        "RunId: " + RUN_ID, "Web View: " + url, "",
        "Streaming azureml-logs/20_image_build_log.txt", "=" * 45, "", "built", "",
        "Streaming " + LOG, "=" * 40, "", "one", "two", "",
        "Execution Summary", "=" * 17, "RunId: " + RUN_ID, "Web View: " + url, "", "Warnings:", "careful", "", ""]
    assert details["status"] == "Completed"


def test_ctrl_c_ends_the_waiting_and_not_the_run(api, experiment):
    api.run(status="Running")
    api.events = [KeyboardInterrupt()]
    with pytest.raises(ExperimentExecutionException, match="The output streaming for the run interrupted"):
        Run(experiment, RUN_ID).wait_for_completion(show_output=True)


def test_metrics_have_the_shapes_that_programs_index(api, experiment):
    api.run(metrics=[{"name": "acc", "type": "scalar", "values": [0.1, 0.2]}, {"name": "lr", "type": "scalar", "values": [0.5]}])
    assert Run(experiment, RUN_ID).get_metrics() == {"acc": [0.1, 0.2], "lr": 0.5}


def test_downloads(api, experiment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api.run(files=["outputs/model.pkl", "outputs/model/a", LOG])
    run = Run(experiment, RUN_ID)
    assert run.get_file_names() == ["outputs/model.pkl", "outputs/model/a", LOG]
    run.download_file(name="outputs/model.pkl", output_file_path="here")
    assert (tmp_path / "here").read_text() == "content of outputs/model.pkl"
    assert run.get_all_logs() == ["assets/%s/%s" % (RUN_ID, LOG)]
    assert run.get_details_with_logs()["logFiles"][LOG] == "content of " + LOG
    with pytest.raises(UserErrorException, match="Did you mean|outputs/model.pkl"):
        run.download_file("outputs/modle.pkl")


def test_registering_what_is_not_there_lists_what_is(api, experiment):
    api.run(files=["outputs/model.pkl"])
    with pytest.raises(ModelPathNotFoundException, match="Could not locate the provided model_path nothing.pkl") as caught:
        Run(experiment, RUN_ID).register_model("m", model_path="nothing.pkl")
    assert "outputs/model.pkl" in caught.value.message


def test_a_run_that_does_not_exist(experiment):
    with pytest.raises(UserErrorException, match="no run x_1_2"):
        Run(experiment, "x_1_2")
    with pytest.raises(UserErrorException, match="no run x_1_2"):
        experiment.workspace.get_run("x_1_2")


def test_states_for_polling_loops():
    assert {"Running", "Queued", "Preparing"} <= set(RUNNING_STATES) and "Completed" not in RUNNING_STATES


# Outside of a run.


@pytest.mark.parametrize("getter", [Run.get_context, Run.get_submitted_run])
def test_outside_of_a_run_logging_prints(getter, capsys):
    run = getter()
    run.log("loss", 0.5)
    run.log_row("row", a=1)
    assert capsys.readouterr().out == "Attempted to log scalar metric loss:\n0.5\nAttempted to log row metric row:\n{'a': 1}\n"
    run.tag("k", "v")
    run.complete()
    assert run.get_tags() == {"k": "v"} and run.get_status() == "Completed" and run.id.startswith("OfflineRun_")
    assert "Id: " + run.id in str(run) and run.experiment is None
    with pytest.raises(RunEnvironmentException, match="is an offline run"):
        run.register_model("m")


def test_outside_of_a_run_without_offline():
    with pytest.raises(RunEnvironmentException, match="Could not load a submitted run"):
        Run.get_context(allow_offline=False)


# Inside of one.


def test_inside_of_a_run(run_folder):
    run = Run.get_context()
    assert run is Run.get_submitted_run() and run.id == run_folder.info["run_id"] and run.number == 3
    assert run.experiment.name == "exp" and run.experiment.workspace.name == "ws" and run.parent is None
    run.log("loss", 0.5)
    run.log("loss", 0.25, step=2)
    run.log_list("l", (i for i in range(3)))
    run.tag("k")
    with run.child_run("child") as child:
        child.log("x", 1)
    run.complete()
    records, = run_folder.records()
    kinds = [record.kind for record in records]
    assert len(kinds) >= 7
    run_folder.server.on("GET", "/api/v1/runs/%s/metrics" % run.id, {
        "metrics": [{"name": "loss", "type": "scalar", "values": [0.5, "NaN"]}]})
    value = run.get_metrics()["loss"]
    assert value[0] == 0.5 and value[1] != value[1]
    paths = [request.path for request in run_folder.server.requests]
    assert paths.index("/api/v1/runs/%s/flush" % run.id) < paths.index("/api/v1/runs/%s/metrics" % run.id)


def test_a_run_folder_that_cannot_be_read_is_no_offline_run(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNWRIGHT_RUN_DIR", str(tmp_path / "gone"))
    with pytest.raises(RunEnvironmentException, match="run.json cannot be read"):
        Run.get_context()


def test_the_submitted_run_works_in_every_python(interpreter, clean_env, run_folder):
    import subprocess

    code = ("from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\nrun.log('a', 2.5, step=1)\n"
            "run.log_row('r', x=1)\nrun.tag('t', 'v')\nprint(run.id, run.experiment.name)\n")
    out = subprocess.check_output([interpreter, "-W", "error", "-c", code], env=clean_env(RUNWRIGHT_RUN_DIR=run_folder.path))
    assert out.decode().split() == [run_folder.info["run_id"], "exp"]
    assert len(run_folder.records()[0]) >= 4


# The widget.


def test_the_widget_shows_text_and_never_raises(api, experiment, capsys):
    failed(api)["metrics"] = [{"name": "acc", "type": "scalar", "values": [0.1, 0.2]}]
    widget = RunDetails(Run(experiment, RUN_ID))
    widget.show()
    out = capsys.readouterr().out
    assert RUN_ID + ": Failed" in out and "acc: 0.2 (last of 2)" in out and "ValueError: bad lr" in out
    assert widget.get_widget_data()["status"] == "Failed" and repr(widget) == "_UserRunWidget(widget_settings={})"
    RunDetails(Run.get_context()).show()
    RunDetails(None).show()
    RunDetails(object()).show(render_lib=1)
    assert RunDetails(None).get_widget_data()["status"] == "Unknown"
