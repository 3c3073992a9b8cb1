"""The one table of every public module of the SDK and of the names in it.

``MODULES``: public module → its names. None of these modules is a file: `azureml._modules` makes them from this
table when they are imported, and a name is fetched from its home when it is first used.

``HOMES``: module below ``azureml._sdk`` → the names that live there. A name has one home, so a class that users
import from several modules (and catch) is the same object everywhere. A name without a home is not built yet: it can be
imported, passed on and looked into, and says so when it is called (`azureml._sdk.missing`).
"""

HOMES = {
    "authentication": (
        "AbstractAuthentication AzureCliAuthentication Audience InteractiveLoginAuthentication MsiAuthentication "
        "ServicePrincipalAuthentication TokenAuthentication"
    ),
    "compute": "AmlCompute AmlComputeStatus BatchAiCompute ComputeTarget LocalCompute",
    "conda_dependencies": "CondaDependencies",
    "constants": (
        "DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE DEFAULT_MMLSPARK_CPU_IMAGE DEFAULT_MMLSPARK_GPU_IMAGE RUNNING_STATES "
        "SNAPSHOT_MAX_SIZE_BYTES VERSION __version__"
    ),
    "datapath": "DataPath",
    "distributed": (
        "Gloo Mpi MpiConfiguration Nccl ParameterServer PyTorchConfiguration TensorflowConfiguration"
    ),
    "environment": "Environment",
    "environment_build": "ImageBuildDetails",
    "environment_sections": (
        "ContainerRegistry DockerBuildContext DockerSection PythonSection SparkPackage SparkSection"
    ),
    "estimator": "Chainer Estimator PyTorch SKLearn TensorFlow",
    "exceptions": (
        "ActivityFailedException AzureMLException ComputeTargetException DatasetTimestampMissingError "
        "ExperimentExecutionException ModelNotFoundException ModelPathNotFoundException NotBuiltError "
        "ProjectSystemException RunEnvironmentException SnapshotException TrainingException UserErrorException "
        "WebserviceException"
    ),
    "experiment": "Experiment",
    "keyvault": "Keyvault",
    "model": "Model",
    "resources": "ResourceConfiguration",
    "run": "Run get_run",
    "run_contexts": "_OfflineRun _SubmittedRun",
    "script_run": "ScriptRun",
    "runconfig": (
        "AmlComputeConfiguration DataReferenceConfiguration DockerConfiguration HistoryConfiguration RunConfiguration"
    ),
    "script_run_config": "ScriptRunConfig",
    "telemetry": "set_diagnostics_collection",
    "widgets": "RunDetails",
    "workspace": "Workspace",
}

_HYPERDRIVE = (
    "BanditPolicy BayesianParameterSampling GridParameterSampling HyperDriveConfig HyperDriveRun HyperDriveRunConfig "
    "MedianStoppingPolicy NoTerminationPolicy PrimaryMetricGoal RandomParameterSampling TruncationSelectionPolicy "
    "choice lognormal loguniform normal qlognormal qloguniform qnormal quniform randint uniform"
)
_DISTRIBUTED = "Gloo Mpi Nccl ParameterServer"
_ERRORS = HOMES["exceptions"]

MODULES = {
    "azureml._restclient": "",
    "azureml._restclient.snapshots_client": "SNAPSHOT_MAX_SIZE_BYTES",
    "azureml.contrib": "",
    "azureml.contrib.dataset": "FileHandlingOption LabeledDatasetTask",
    "azureml.contrib.gbdt": "LightGBM",
    "azureml.contrib.services": "",
    "azureml.contrib.services.aml_request": "AMLRequest rawhttp",
    "azureml.contrib.services.aml_response": "AMLResponse",
    "azureml.contrib.tensorboard": "Tensorboard",
    "azureml.contrib.tensorboard.export": "export_to_tensorboard",
    "azureml.core": (
        "ComputeTarget Dataset Datastore Environment Experiment Image Keyvault LinkedService Model Run "
        "RunConfiguration ScriptRunConfig VERSION Webservice Workspace __version__ get_run"
    ),
    "azureml.core.authentication": HOMES["authentication"],
    "azureml.core.compute": (
        "AksCompute AmlCompute BatchAiCompute BatchCompute ComputeInstance ComputeTarget DataFactoryCompute "
        "DatabricksCompute DsvmCompute HDInsightCompute KubernetesCompute RemoteCompute"
    ),
    "azureml.core.compute_target": "AbstractComputeTarget ComputeTargetException LocalTarget",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.container_registry": "ContainerRegistry",
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.environment": (
        "CondaDependencies ContainerRegistry DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE DockerBuildContext DockerSection "
        "Environment ImageBuildDetails PythonSection SparkPackage SparkSection"
    ),
    "azureml.core.experiment": "Experiment",
    "azureml.core.image": "ContainerImage Image",
    "azureml.core.keyvault": "Keyvault",
    "azureml.core.model": "InferenceConfig Model",
    "azureml.core.resource_configuration": "ResourceConfiguration",
    "azureml.core.run": "RUNNING_STATES Run _OfflineRun _SubmittedRun get_run",
    "azureml.core.runconfig": (
        "AmlComputeConfiguration CondaDependencies ContainerRegistry DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE "
        "DEFAULT_MMLSPARK_CPU_IMAGE DEFAULT_MMLSPARK_GPU_IMAGE Data DataReferenceConfiguration DockerConfiguration "
        "DockerSection Environment HistoryConfiguration MpiConfiguration OutputData PyTorchConfiguration "
        "PythonSection RunConfiguration SparkPackage SparkSection TensorflowConfiguration"
    ),
    "azureml.core.script_run": "ScriptRun",
    "azureml.core.script_run_config": "ScriptRunConfig",
    "azureml.core.webservice": "AciWebservice AksEndpoint AksWebservice LocalWebservice Webservice",
    "azureml.core.workspace": "Workspace",
    "azureml.data": (
        "DataType FileDataset LinkTabularOutputDatasetConfig OutputFileDatasetConfig TabularDataset "
        "__version__ dataset_type_definitions"
    ),
    "azureml.data.azure_storage_datastore": "AzureBlobDatastore AzureFileDatastore",
    "azureml.data.data_reference": "DataReference",
    "azureml.data.datapath": "DataPath DataPathComputeBinding",
    "azureml.data.dataset_consumption_config": "DatasetConsumptionConfig",
    "azureml.data.dataset_factory": "DataType FileDatasetFactory TabularDatasetFactory",
    "azureml.data.dataset_type_definitions": "PromoteHeadersBehavior",
    "azureml.data.file_dataset": "FileDataset",
    "azureml.data.output_dataset_config": "OutputFileDatasetConfig",
    "azureml.data.tabular_dataset": "TabularDataset",
    "azureml.exceptions": _ERRORS,
    "azureml.mlflow": "get_portal_url register_model",
    "azureml.monitoring": "ModelDataCollector",
    "azureml.opendatasets": "Diabetes MNIST NoaaIsdWeather",
    "azureml.project": "",
    "azureml.project.project": "Project",
    "azureml.telemetry": "set_diagnostics_collection",
    "azureml.tensorboard": "Tensorboard",
    "azureml.tensorboard.export": "export_to_tensorboard",
    "azureml.train": "",
    "azureml.train.dnn": "Chainer PyTorch TensorFlow " + _DISTRIBUTED,
    "azureml.train.estimator": "Estimator " + _DISTRIBUTED,
    "azureml.train.hyperdrive": _HYPERDRIVE,
    "azureml.train.hyperdrive.parameter_expressions": (
        "choice lognormal loguniform normal qlognormal qloguniform qnormal quniform randint uniform"
    ),
    "azureml.train.hyperdrive.policy": (
        "BanditPolicy MedianStoppingPolicy NoTerminationPolicy TruncationSelectionPolicy"
    ),
    "azureml.train.hyperdrive.run": "HyperDriveRun PrimaryMetricGoal",
    "azureml.train.hyperdrive.runconfig": "HyperDriveConfig HyperDriveRunConfig PrimaryMetricGoal",
    "azureml.train.hyperdrive.sampling": (
        "BayesianParameterSampling GridParameterSampling RandomParameterSampling"
    ),
    "azureml.train.sklearn": "SKLearn",
    "azureml.train.widgets": "RunDetails",
    "azureml.widgets": "RunDetails",
}
