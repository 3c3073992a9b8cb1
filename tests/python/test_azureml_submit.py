"""What is sent for a ScriptRunConfig or an estimator, and what is refused before a run exists."""

import inspect
import os

import pytest
from azureml.core import Environment, Experiment, RunConfiguration, ScriptRunConfig
from azureml.core.container_registry import ContainerRegistry
from azureml.core.runconfig import DockerConfiguration, MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from azureml.exceptions import ComputeTargetException, TrainingException, UserErrorException
from azureml.train.dnn import Chainer, Mpi, PyTorch, TensorFlow
from azureml.train.estimator import Estimator
from azureml.train.sklearn import SKLearn
from azureml_support import FakeApi, forget_warnings


@pytest.fixture
def api():
    forget_warnings()
    return FakeApi()


@pytest.fixture
def experiment(api):
    return Experiment(api.workspace(), "exp")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "src"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)\n")
    (folder / "lib" / "tool.py").write_text("")
    return str(folder)


def body_of(api, experiment, config, **kwargs):
    experiment.submit(config, **kwargs)
    return api.submitted[-1]


def messages(body):
    return [one["message"] for one in body["warnings"]]


def test_a_script_run(api, experiment, source):
    config = ScriptRunConfig(source, "train.py", ["--lr", 0.1, "--n", 3, "x y", True])
    run = experiment.submit(config=config, tags={"a": None, "b": 1})
    body = api.submitted[0]
    assert body["script"] == "train.py" and "command" not in body
    assert body["arguments"] == ["--lr", "0.1", "--n", "3", "x y", "True"]
    assert body["target"] == "local" and body["tags"] == {"a": None, "b": "1"}
    assert body["environment"]["kind"] == "pip" and body["max_run_duration_seconds"] == 2592000
    assert len(body["snapshot_id"]) == 64 and body["warnings"] == []
    assert run.get_details()["runDefinition"]["arguments"] == body["arguments"]
    assert run.id == body["run_id"] and run.experiment is experiment and run.get_environment().name == "default-environment"


def test_keys_of_the_run_definition_are_camel_case(api, experiment, source):
    definition = body_of(api, experiment, ScriptRunConfig(source, "train.py"))["run_definition"]
    assert {"script", "command", "useAbsolutePath", "arguments", "framework", "communicator", "target", "dataReferences", "data",
            "nodeCount", "environment", "history", "mpi", "tensorflow", "pyTorch", "docker"} <= set(definition)
    assert {"interpreterPath", "userManagedDependencies", "condaDependencies"} <= set(definition["environment"]["python"])
    assert definition["environment"]["python"]["condaDependencies"]["dependencies"] == [
        "python=3.8", {"pip": ["azureml-defaults"]}]


def test_a_command(api, experiment, source):
    assert body_of(api, experiment, ScriptRunConfig(source, command=["python train.py", "--n", 1]))["command"] == "python train.py --n 1"
    assert body_of(api, experiment, ScriptRunConfig(source, command="ls | wc"))["command"] == "ls | wc"
    with pytest.raises(UserErrorException, match="exclude each other"):
        ScriptRunConfig(source, "train.py", command="ls")


def test_everything_of_a_run_configuration_is_used(api, experiment, source):
    api.computes["cluster"] = {"name": "cluster", "type": "AmlCompute", "min_nodes": 0}
    config = RunConfiguration()
    config.target = experiment.workspace.compute_targets["cluster"]
    config.environment.environment_variables = {"A": 1, "B": "environment"}
    config.environment_variables = {"B": "run"}
    config.environment.python.user_managed_dependencies = True
    config.environment.python.interpreter_path = "/opt/python"
    made = ScriptRunConfig(source_directory=source, script="train.py", run_config=config,
                           docker_runtime_config=DockerConfiguration(use_docker=True))
    made.run_config.environment.environment_variables["C"] = "late"
    body = body_of(api, experiment, made)
    assert body["target"] == "cluster" and body["environment"] == {"kind": "interpreter", "interpreter_path": "/opt/python"}
    assert body["environment_variables"] == {"A": "1", "B": "run", "C": "late"} and body["warnings"] == []


def test_a_misspelt_keyword_is_named_with_what_was_meant(api, experiment, source, capsys):
    body_of(api, experiment, ScriptRunConfig(source, "train.py", enviroment=Environment("x")))
    assert "enviroment=" in capsys.readouterr().err
    ScriptRunConfig(source, "train.py", comput_target="x")
    assert "Did you mean compute_target?" in capsys.readouterr().err


@pytest.mark.parametrize("script, words", [
    ("tran.py", "Did you mean train.py"), ("tool.py", "Did you mean lib/tool.py"), ("zzzzzz.py", "Python files there"),
    ("../outside.py", "outside of the source folder"), (None, "no script to run"),
])
def test_a_missing_script_says_where_it_was_looked_for(api, experiment, source, script, words):
    with pytest.raises(UserErrorException) as caught:
        experiment.submit(ScriptRunConfig(source, script))
    assert words in caught.value.message and os.path.abspath(source) in caught.value.message
    assert api.submitted == [] and api.runs == {}


def test_a_script_that_lies_in_the_current_folder(api, experiment, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other_one.py").write_text("")
    with pytest.raises(UserErrorException, match="copy it into the source folder"):
        experiment.submit(ScriptRunConfig(source, "other_one.py"))


def test_other_things_that_are_refused(api, experiment, source, tmp_path):
    with pytest.raises(UserErrorException, match="does not exist"):
        experiment.submit(ScriptRunConfig(str(tmp_path / "none"), "train.py"))
    with pytest.raises(UserErrorException, match="not dict"):
        experiment.submit({})
    with pytest.raises(ComputeTargetException) as caught:
        experiment.submit(ScriptRunConfig(source, "train.py", compute_target="locl"))
    assert caught.value.message.startswith("ComputeTargetNotFound") and "Did you mean local?" in caught.value.message


@pytest.mark.parametrize("config", [
    lambda source: ScriptRunConfig(source, "train.py", distributed_job_config=MpiConfiguration(node_count=2)),
    lambda source: ScriptRunConfig(source, "train.py", distributed_job_config=PyTorchConfiguration(process_count=4)),
    lambda source: Estimator(source, entry_script="train.py", node_count=2),
    lambda source: Estimator(source, entry_script="train.py", process_count_per_node=2, distributed_backend="mpi"),
    lambda source: PyTorch(source, entry_script="train.py", distributed_training=Mpi(process_count_per_node=2)),
    lambda source: TensorFlow(source, entry_script="train.py", distributed_training=TensorflowConfiguration()),
])
def test_more_than_one_process_is_refused_at_submit(api, experiment, source, config):
    with pytest.raises(TrainingException, match="one process on one node"):
        experiment.submit(config(source))
    assert api.submitted == []


def test_one_process_under_distributed_settings_is_a_plain_run(api, experiment, source):
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", distributed_training=MpiConfiguration()))
    assert any("MpiConfiguration has no effect" in text for text in messages(body))


def test_an_estimator(api, experiment, source):
    estimator = Estimator(source_directory=source, script_params={"--reg": 0.8, "--flag": "", "--folder": "$HOME"},
                          compute_target="local", entry_script="train.py", pip_packages=["pandas==1.1", "pillow"],
                          environment_variables={"A": "b"}, max_run_duration_seconds=60)
    body = body_of(api, experiment, estimator)
    assert body["arguments"] == ["--reg", "0.8", "--flag", "--folder", "$HOME"]
    assert body["environment"] == {"kind": "pip", "requirements": ["azureml-defaults", "pandas==1.1", "pillow"]}
    assert body["environment_variables"] == {"A": "b"} and body["max_run_duration_seconds"] == 60
    assert body["warnings"] == [] and body["run_definition"]["script"] == "train.py"


def test_an_estimator_can_be_changed_after_construction(api, experiment, source):
    estimator = Estimator(source, entry_script="train.py")
    estimator.conda_dependencies.add_pip_package("numpy")
    estimator.run_config.environment.docker.shm_size = "8g"
    assert "numpy" in body_of(api, experiment, estimator)["environment"]["requirements"]
    estimator.run_config.environment.python.user_managed_dependencies = True
    assert body_of(api, experiment, estimator)["environment"]["kind"] == "interpreter"


@pytest.mark.parametrize("cls, given, framework", [
    (PyTorch, {}, {"name": "pytorch"}), (PyTorch, {"framework_version": "1.4", "use_gpu": True}, {"name": "pytorch", "version": "1.4", "gpu": True}),
    (TensorFlow, {"framework_version": 1.13}, {"name": "tensorflow", "version": "1.13"}), (Chainer, {}, {"name": "chainer", "version": "5.1.0"}),
    (Chainer, {"framework_version": "7.0.0"}, {"name": "chainer", "version": "7.0.0"}), (SKLearn, {}, {"name": "scikit-learn"}),
])
def test_the_framework_and_its_version_are_asked_of_the_server(api, experiment, source, cls, given, framework):
    body = body_of(api, experiment, cls(source_directory=source, entry_script="train.py", pip_packages=["pillow==5.4.1"], **given))
    assert body["environment"] == {"kind": "pip", "requirements": ["azureml-defaults", "pillow==5.4.1"], "framework": framework}
    assert body["warnings"] == [] and "container" not in body
    assert cls.get_supported_versions()


def test_a_framework_estimator_leaves_the_users_environments_alone(api, experiment, source):
    own = Environment("own")
    body = body_of(api, experiment, SKLearn(source, entry_script="train.py", environment_definition=own, pip_packages=["x"]))
    assert body["environment"] == {"kind": "pip", "requirements": ["azureml-defaults"]} and "replaces pip_packages" in messages(body)[0]


def test_images_of_an_estimator(api, experiment, source):
    body = body_of(api, experiment, Estimator(
        source, entry_script="train.py", custom_docker_image="r.example.org/a", shm_size="8g", use_gpu=True, conda_packages=["numpy"],
        image_registry_details=ContainerRegistry("r.example.org", "me", "hunter2")))
    registry = body["environment"]["image"]["registry"]
    assert body["environment"]["kind"] == "conda" and body["environment"]["conda_packages"] == ["numpy"]
    assert body["environment"]["image"]["name"] == "r.example.org/a" and registry["username"] == "me"
    assert api.secrets == {registry["password_secret"]: "hunter2"} and "hunter2" not in str(body)
    assert body["container"] == {"shm_size": "8g", "gpu": True} and body["warnings"] == []
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", custom_docker_base_image="a", user_managed=True))
    assert body["environment"] == {"kind": "interpreter", "interpreter_path": "python", "image": {"name": "a"}}
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", custom_docker_image="a", use_docker=False))
    assert "image" not in body["environment"] and messages(body) == ["The image of the environment is not used: use_docker=False."]


def test_what_a_run_asks_of_its_container(api, experiment, source):
    own = Environment.from_docker_image("own", "a")
    runtime = DockerConfiguration(use_docker=True, shm_size="4g", arguments=["--cap-add=SYS_NICE"])
    own.docker.arguments = ["--ipc=host"]
    body = body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=own, docker_runtime_config=runtime))
    assert body["container"] == {"shm_size": "4g", "arguments": ["--ipc=host", "--cap-add=SYS_NICE"]}
    body = body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=own, docker_runtime_config=DockerConfiguration()))
    assert "container" not in body and "image" not in body["environment"] and any("use_docker=False" in text for text in messages(body))
    plain = Environment("plain")
    plain.docker.shm_size = "8g"
    (told,) = messages(body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=plain)))
    assert told.startswith("shm_size=8g counts for containers")


def test_an_environment_that_is_used_is_registered(api, experiment, source):
    own = Environment("own")
    own.python.conda_dependencies.add_pip_package("numpy")
    for version in ("1", "1", "2"):
        if version == "2":
            own.python.conda_dependencies.add_pip_package("pandas")
        body = body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=own))
        assert own.version == body["run_definition"]["environment"]["version"] == version
    assert Environment.get(experiment.workspace, "own", "1").version == "1" and len(api.environments) == 2
    asked = []
    api.register_environment = lambda *args: asked.append(args)
    again = Environment.get(experiment.workspace, "own")
    body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=again))
    for nameless in (ScriptRunConfig(source, "train.py"), PyTorch(source, entry_script="train.py"),
                     ScriptRunConfig(source, "train.py", environment=Environment.get(experiment.workspace, "AzureML-Minimal"))):
        body_of(api, experiment, nameless)
    assert asked == []


def test_every_keyword_is_honoured_or_named(api, experiment, source):
    with open(os.path.join(source, "pip.txt"), "w") as file:
        file.write("numpy\n")
    with open(os.path.join(source, "env.yml"), "w") as file:
        file.write("dependencies:\n- python=3.7\n- pip:\n  - pandas\n")
    told = {
        "vm_size": "STANDARD_NC6", "vm_priority": "dedicated", "compute_target": "local", "inputs": [1],
        "source_directory_data_store": "store", "shm_size": "8g", "framework_version": "1.13",
    }
    quiet = {
        "use_gpu": True, "custom_docker_image": None, "image_registry_details": None, "conda_packages": ["scikit-learn"],
        "resume_from": None, "entry_script": "train.py", "script_params": {"--a": 1}, "node_count": 1,
        "process_count_per_node": 1, "distributed_backend": None, "distributed_training": None, "use_docker": True,
        "custom_docker_base_image": None, "user_managed": False, "pip_packages": ["x"],
        "conda_dependencies_file": "env.yml", "pip_requirements_file": "pip.txt", "environment_variables": {"A": "1"},
        "environment_definition": None, "max_run_duration_seconds": 5, "worker_count": 1, "parameter_server_count": 1,
        "conda_dependencies_file_path": None, "pip_requirements_file_path": None,
    }
    from azureml._sdk.estimator import _DEFAULTS

    assert set(told) | set(quiet) == {name for name, _ in _DEFAULTS}
    body = body_of(api, experiment, Estimator(source, _enable_optimized_mode=True, _disable_validation=True, **dict(told, **quiet)))
    text = "\n".join(messages(body))
    for word in ("vm_size=", "vm_priority=", "inputs=",
                 "source_directory_data_store=", "shm_size=", "framework_version="):
        assert word in text
    assert body["environment"] == {"kind": "conda", "python": "3.7", "requirements": ["pandas", "x", "numpy"],
                                   "conda_packages": ["scikit-learn"]}


def test_a_notebook_is_an_entry_script(api, experiment, source):
    with open(os.path.join(source, "book.ipynb"), "w") as file:
        file.write("{}")
    assert body_of(api, experiment, Estimator(source, entry_script="book.ipynb"))["script"] == "book.ipynb"


def test_a_run_resumes_from_the_outputs_of_another(api, experiment, source):
    earlier = experiment.submit(ScriptRunConfig(source, "train.py"))
    for config in (TensorFlow(source, entry_script="train.py", script_params={"--a": 1}, resume_from=earlier._get_outputs_datapath()),
                   ScriptRunConfig(source, "train.py", ["--a", 1], resume_from=earlier)):
        body = body_of(api, experiment, config)
        assert body["resume_from"] == {"run_id": earlier.id, "path": "outputs"}
        assert body["arguments"] == ["--a", "1", "--resume-from", "$AZUREML_DATAREFERENCE_MODEL_LOCATION"]
    assert "resume_from" not in api.submitted[0]
    with pytest.raises(UserErrorException, match="_get_outputs_datapath"):
        experiment.submit(Estimator(source, entry_script="train.py", resume_from="./outputs"))


def test_vm_size_without_a_target_makes_a_cluster_for_the_run(api, experiment, source):
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", vm_size="STANDARD_NC6", vm_priority="lowpriority"))
    made = api.computes[body["target"]]
    assert made["tags"] == {"runwright.single_use_run": body["run_id"]} and made["max_nodes"] == 1
    assert made["vm_size"] == "STANDARD_NC6" and made["vm_priority"] == "lowpriority" and body["warnings"] == []
    old = RunConfiguration()
    old.target, old.amlcompute.vm_size = "amlcompute", "STANDARD_D2_V2"
    assert api.computes[body_of(api, experiment, ScriptRunConfig(source, "train.py", run_config=old))["target"]]["vm_size"] == "STANDARD_D2_V2"
    before = set(api.computes)
    api.submit_run = lambda *args: (_ for _ in ()).throw(ValueError("refused"))
    with pytest.raises(ValueError):
        experiment.submit(Estimator(source, entry_script="train.py", vm_size="STANDARD_NC6"))
    with pytest.raises(ComputeTargetException, match="STANDARD_NC66"):
        experiment.submit(Estimator(source, entry_script="train.py", vm_size="STANDARD_NC66"))
    assert set(api.computes) == before


def test_what_an_environment_definition_replaces_is_named(api, experiment, source):
    given = {"pip_packages": ["x"], "conda_packages": ["y"], "pip_requirements_file": "r", "pip_requirements_file_path": "r",
             "conda_dependencies_file": "c", "conda_dependencies_file_path": "c", "custom_docker_image": "i",
             "custom_docker_base_image": "i", "user_managed": True}
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", environment_definition=Environment("e"), **given))
    (told,) = messages(body)
    assert all(" %s" % name in told for name in given)


def test_packages_beside_an_own_interpreter_are_named(api, experiment, source):
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", user_managed=True, pip_packages=["six==1.0"],
                                              conda_packages=["numpy"]))
    (told,) = messages(body)
    assert body["environment"]["kind"] == "interpreter" and "not installed: six==1.0, numpy" in told
    estimator = SKLearn(source, entry_script="train.py", user_managed=True)
    assert body_of(api, experiment, estimator)["warnings"] == []


def test_of_two_names_of_one_thing_the_one_without_effect_is_named(api, experiment, source):
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", custom_docker_image="new", custom_docker_base_image="old"))
    assert "custom_docker_base_image=old has no effect: custom_docker_image=new is used." in messages(body)


def test_unknown_and_private_keywords_are_named_in_the_warnings(api, experiment, source):
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", nonsense=1, _enable_optimized_mode=True,
                                              _disable_validation=False))
    assert [text.split("=")[0] for text in messages(body)] == ["nonsense", "_enable_optimized_mode"]


@pytest.mark.parametrize("cls, version", [(PyTorch, "1.13"), (Chainer, "5"), (SKLearn, "0.24")])
def test_a_framework_version_that_the_sdk_did_not_know_is_tried(api, experiment, source, cls, version, capsys):
    body = body_of(api, experiment, cls(source, entry_script="train.py", framework_version=version))
    (told,) = messages(body)
    assert " %s is not currently supported by the %s estimator" % (version, cls.__name__) in told and told in capsys.readouterr().err
    assert body["environment"]["framework"]["version"] == version
    (told,) = messages(body_of(api, experiment, Estimator(source, entry_script="train.py", framework_version=version)))
    assert "stands for no framework" in told


@pytest.mark.parametrize("version, understood", [("3.8", True), ("3.6.2", True), ("abc", False)])
def test_a_python_version_that_is_none_is_named(api, experiment, source, version, understood):
    from azureml.core.conda_dependencies import CondaDependencies

    own = Environment("own")
    own.python.conda_dependencies = CondaDependencies.create(python_version=version)
    body = body_of(api, experiment, ScriptRunConfig(source, "train.py", environment=own))
    assert body["environment"].get("python") == (version if understood else None)
    assert [text for text in messages(body) if "is not understood" in text] == messages(body)
    assert bool(messages(body)) is not understood


def test_old_names_work_with_a_word_about_the_new_ones(api, experiment, source, capsys):
    with open(os.path.join(source, "pip.txt"), "w") as file:
        file.write("numpy\n")
    body = body_of(api, experiment, Estimator(source, entry_script="train.py", custom_docker_base_image="old/image",
                                              pip_requirements_file_path="pip.txt", distributed_backend="mpi"))
    assert "numpy" in body["environment"]["requirements"] and body["environment"]["image"] == {"name": "old/image"}
    told = capsys.readouterr().err
    assert "custom_docker_base_image= is an old name" in told and "pip_requirements_file" in told and "distributed_backend" in told


def test_signatures_begin_as_programs_call_them():
    expected = ("source_directory script arguments run_config _telemetry_values compute_target environment "
                "distributed_job_config resume_from max_run_duration_seconds command docker_runtime_config").split()
    assert list(inspect.signature(ScriptRunConfig).parameters)[:12] == expected
    assert list(inspect.signature(RunConfiguration).parameters)[:5] == (
        "script arguments framework communicator conda_dependencies".split())


@pytest.mark.parametrize("name", ["ab", "a b", "-abc", "x" * 37, "", 3, "äöü", "train/one"])
def test_experiment_names_follow_the_rule(api, name):
    with pytest.raises(UserErrorException, match="3 to 36 characters"):
        Experiment(api.workspace(), name)


def test_a_bad_experiment_name_comes_with_a_good_one(api):
    with pytest.raises(UserErrorException, match="For example: my-first-run"):
        Experiment(api.workspace(), "my first run!")


def test_experiments(api):
    ws = api.workspace()
    assert Experiment(ws, name="abc").name == "abc" and Experiment(workspace=ws, name="abc") == Experiment(ws, "abc")
    api.run("one_1_a")
    api.run("two_1_a", tags={"k": "v"})
    api.run("two_2_a", tags={"k": None})
    assert [experiment.name for experiment in Experiment.list(ws)] == ["one", "two"] == list(ws.experiments)
    two = ws.experiments["two"]
    assert [run.id for run in two.get_runs()] == ["two_2_a", "two_1_a"]
    assert [run.id for run in two.get_runs(tags={"k": "v"})] == ["two_1_a"]
    assert [run.id for run in two.get_runs(tags="k")] == ["two_2_a", "two_1_a"]
    assert repr(two) == "Experiment(Name: two,\nWorkspace: lab)" and "<table" in two._repr_html_()


EVERYWHERE = """
import os, sys, warnings
from azureml.core import ComputeTarget, Environment, Experiment, Model, RunConfiguration, ScriptRunConfig
from azureml.core.compute import AmlCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.train.sklearn import SKLearn
from azureml.widgets import RunDetails
from azureml_support import FakeApi

api = FakeApi()
ws = api.workspace()
folder = sys.argv[1]
try:
    ComputeTarget(ws, "c")
except ComputeTargetException as error:
    assert "ComputeTargetNotFound" in str(error)
target = ComputeTarget.create(ws, "c", AmlCompute.provisioning_configuration("STANDARD_NC6", max_nodes="2"))
target.wait_for_completion(show_output=True)
assert target.get_status().serialize()["scaleSettings"]["maxNodeCount"] == 2
made = CondaDependencies.create(pip_packages=["pandas"], python_version="3.7")
path = os.path.join(folder, "env.yml")
made.save(path)
environment = Environment.from_conda_specification("e", path)
environment.register(ws)
run = Experiment(ws, "exp").submit(ScriptRunConfig(folder, "train.py", ["--a", 1], compute_target=target, environment=environment))
assert api.submitted[0]["environment"]["python"] == "3.7" and "Status: " in str(run)
run = Experiment(ws, "exp").submit(SKLearn(source_directory=folder, entry_script="train.py", script_params={"--x": ""}))
assert api.submitted[1]["arguments"] == ["--x"] and run.get_details().status
RunConfiguration().save(folder)
RunConfiguration.load(folder)
RunDetails(run).show()
run._repr_html_()
model = Model.register(ws, path, "m")
assert model.created_time and os.path.isfile(Model.get_model_path("m", _workspace=ws))
"""


def test_the_package_works_in_every_python(interpreter, clean_env, source, tmp_path):
    import subprocess

    from sdk_support import SDK

    paths = os.pathsep.join([SDK, os.path.dirname(os.path.abspath(__file__))])
    subprocess.run([interpreter, "-W", "error", "-c", EVERYWHERE, source], check=True, cwd=str(tmp_path),
                   env=clean_env(PYTHONPATH=paths))
