"""Every import line that SDK v1 programs use resolves, quickly, and to the same objects."""

import subprocess
import sys

import pytest

# module → names, as programs import them.
IMPORTS = {
    "azureml.core": "Workspace Experiment ScriptRunConfig Environment Run Dataset Model Datastore Webservice VERSION "
                    "RunConfiguration ComputeTarget Image",
    "azureml.core.workspace": "Workspace",
    "azureml.core.experiment": "Experiment",
    "azureml.core.run": "Run RUNNING_STATES",
    "azureml.core.compute": "ComputeTarget AmlCompute AksCompute BatchAiCompute RemoteCompute HDInsightCompute "
                            "ComputeInstance DsvmCompute",
    "azureml.core.compute_target": "ComputeTargetException",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.environment": "Environment CondaDependencies SparkPackage DEFAULT_GPU_IMAGE",
    "azureml.core.runconfig": "RunConfiguration MpiConfiguration CondaDependencies DEFAULT_CPU_IMAGE "
                              "PyTorchConfiguration DockerConfiguration TensorflowConfiguration "
                              "DataReferenceConfiguration ContainerRegistry DEFAULT_MMLSPARK_CPU_IMAGE",
    "azureml.core.script_run_config": "ScriptRunConfig",
    "azureml.core.container_registry": "ContainerRegistry",
    "azureml.core.resource_configuration": "ResourceConfiguration",
    "azureml.core.model": "Model InferenceConfig",
    "azureml.core.webservice": "AciWebservice Webservice AksWebservice LocalWebservice AksEndpoint",
    "azureml.core.image": "ContainerImage Image",
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.authentication": "InteractiveLoginAuthentication ServicePrincipalAuthentication "
                                   "AzureCliAuthentication MsiAuthentication TokenAuthentication Audience",
    "azureml.data": "dataset_type_definitions OutputFileDatasetConfig __version__",
    "azureml.data.data_reference": "DataReference",
    "azureml.data.datapath": "DataPathComputeBinding DataPath",
    "azureml.data.azure_storage_datastore": "AzureBlobDatastore AzureFileDatastore",
    "azureml.data.dataset_type_definitions": "PromoteHeadersBehavior",
    "azureml.exceptions": "WebserviceException UserErrorException ComputeTargetException DatasetTimestampMissingError "
                          "ActivityFailedException",
    "azureml.train.estimator": "Estimator",
    "azureml.train.dnn": "PyTorch TensorFlow Chainer Mpi Nccl Gloo ParameterServer",
    "azureml.train.sklearn": "SKLearn",
    "azureml.train.hyperdrive": "PrimaryMetricGoal RandomParameterSampling HyperDriveConfig choice BanditPolicy "
                                "loguniform uniform TruncationSelectionPolicy HyperDriveRunConfig",
    "azureml.train.hyperdrive.runconfig": "HyperDriveConfig HyperDriveRunConfig",
    "azureml.train.hyperdrive.sampling": "RandomParameterSampling",
    "azureml.train.hyperdrive.policy": "BanditPolicy",
    "azureml.train.hyperdrive.run": "PrimaryMetricGoal",
    "azureml.train.hyperdrive.parameter_expressions": "choice",
    "azureml.widgets": "RunDetails",
    "azureml.train.widgets": "RunDetails",
    "azureml.tensorboard": "Tensorboard",
    "azureml.tensorboard.export": "export_to_tensorboard",
    "azureml.contrib.tensorboard": "Tensorboard",
    "azureml.contrib.tensorboard.export": "export_to_tensorboard",
    "azureml.telemetry": "set_diagnostics_collection",
    "azureml.mlflow": "get_portal_url",
    "azureml.opendatasets": "MNIST Diabetes NoaaIsdWeather",
    "azureml.monitoring": "ModelDataCollector",
    "azureml.contrib.services.aml_request": "AMLRequest rawhttp",
    "azureml.contrib.services.aml_response": "AMLResponse",
    "azureml.contrib.dataset": "FileHandlingOption LabeledDatasetTask",
    "azureml.contrib.gbdt": "LightGBM",
    "azureml._restclient.snapshots_client": "SNAPSHOT_MAX_SIZE_BYTES",
}
BARE = ["azureml", "azureml.core", "azureml.data", "azureml.mlflow"]
STARS = ["azureml.train.estimator", "azureml.train.dnn", "azureml.train.hyperdrive"]


def import_lines():
    lines = ["import " + module for module in BARE] + ["from %s import *" % module for module in STARS]
    return lines + ["from %s import %s" % (module, name) for module, names in IMPORTS.items() for name in names.split()]


def run(interpreter, env, code):
    return subprocess.run([interpreter, "-W", "error", "-c", code], env=env, stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout


def test_every_import_line_resolves_in_every_python(interpreter, clean_env):
    run(interpreter, clean_env(), "\n".join(import_lines()))


def test_everything_in_the_table_has_its_home(interpreter, clean_env):
    run(interpreter, clean_env(), (
        "from importlib import import_module as load\n"
        "from azureml._names import HOMES, MODULES\n"
        "every = {n for names in MODULES.values() for n in names.split()}\n"
        "for home, names in HOMES.items():\n"
        "    for name in names.split():\n"
        "        assert name in vars(load('azureml._sdk.' + home)), (home, name)\n"
        "for module, names in MODULES.items():\n"
        "    for name in names.split():\n"
        "        getattr(load(module), name)\n"
        "    dir(load(module))\n"))


def test_importing_core_makes_its_neighbours_reachable(interpreter, clean_env):
    out = run(interpreter, clean_env(), (
        "import azureml.core\n"
        "assert azureml.core.VERSION.startswith('1.') and azureml.data.__version__ == azureml.core.VERSION\n"
        "azureml.core.runconfig.RunConfiguration\n"
        "import urllib\n"
        "print(urllib.request.Request('http://x/y').full_url)\n"))
    assert out == "http://x/y\n"


def test_importing_core_loads_nothing_that_it_does_not_need(clean_env):
    # What a machine's own .pth files load is none of ours.
    code = "import sys\nbefore = set(sys.modules)\nimport azureml.core\nprint(' '.join(set(sys.modules) - before))"
    loaded = set(run(sys.executable, dict(clean_env(), PYTHONNOUSERSITE="1"), code).split())
    assert not loaded & {"http.client", "urllib.request", "json", "socket", "ssl", "threading", "runwright.client"}
    assert not [name for name in loaded if name.startswith("azureml._sdk.")]


def test_a_class_is_the_same_wherever_it_is_imported_from():
    from importlib import import_module

    from azureml._names import MODULES

    seen = {}
    for module, names in MODULES.items():
        for name in names.split():
            if module + "." + name not in MODULES:
                value = getattr(import_module(module), name)
                assert seen.setdefault(name, value) is value, (module, name)
    import azureml.core.compute_target
    import azureml.exceptions

    assert azureml.core.compute_target.ComputeTargetException is azureml.exceptions.ComputeTargetException


def test_a_name_that_is_not_built_raises_when_it_is_called():
    from azureml.core import Dataset, Webservice
    from azureml.core.webservice import AciWebservice
    from azureml.exceptions import AzureMLException
    from azureml.train.hyperdrive import PrimaryMetricGoal, choice

    kept = [PrimaryMetricGoal.MAXIMIZE, Dataset.File, AciWebservice.deploy_configuration]
    assert all("not built yet" in repr(one) for one in kept)
    for call in (lambda: choice(1, 2), lambda: Dataset.File.from_files("x"), lambda: Webservice(None, "x"),
                 lambda: AciWebservice.deploy_configuration(cpu_cores=1)):
        with pytest.raises(NotImplementedError) as caught:
            call()
        assert isinstance(caught.value, AzureMLException)
    assert "AciWebservice.deploy_configuration" in caught.value.message


def test_a_name_that_does_not_exist_is_an_import_error():
    with pytest.raises(ImportError):
        exec("from azureml.core import Nothing")
    with pytest.raises(ImportError):
        exec("import azureml.core.nothing")


def test_diagnostics_are_a_quiet_no_op(capsys):
    from azureml.telemetry import set_diagnostics_collection

    set_diagnostics_collection(send_diagnostics=True)
    assert capsys.readouterr().out == "Turning diagnostics collection on. \n"


def test_the_snapshot_switch_can_be_set():
    import azureml._restclient.snapshots_client

    azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES = 2000000000
    assert azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES == 2000000000
