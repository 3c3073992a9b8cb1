"""RunConfiguration: what a run is, apart from its source folder."""

import os

from azureml._sdk import yaml_subset
from azureml._sdk.distributed import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from azureml._sdk.environment import Environment
from azureml._sdk.environment_sections import SparkSection
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.section import Section, definition_of
from azureml._sdk.warn import deprecated, unknown_keywords


class DockerConfiguration(Section):
    """What a run asks of its container. use_docker: False on ``local`` leaves the environment's image out; a run
    without an image of the user's is a process either way. arguments: options of ``podman run``. shm_size: ``8g``."""

    _FIELDS = (("use_docker", False), ("shared_volumes", True), ("arguments", list), ("shm_size", "2g"))

    def __init__(self, use_docker=False, shared_volumes=True, arguments=None, shm_size=None):
        super().__init__(
            use_docker=use_docker, shared_volumes=shared_volumes, arguments=arguments, shm_size=shm_size)


class DataReferenceConfiguration(Section):
    """Where data of a datastore is to be found; data references are not part of this release."""

    _FIELDS = (("datastore_name", None), ("mode", "mount"), ("path_on_datastore", None), ("path_on_compute", None),
               ("overwrite", False))

    def __init__(self, datastore_name=None, mode="mount", path_on_datastore=None, path_on_compute=None,
                 overwrite=False):
        super().__init__(
            datastore_name=datastore_name, mode=mode, path_on_datastore=path_on_datastore,
            path_on_compute=path_on_compute, overwrite=overwrite)


class HistoryConfiguration(Section):
    """Which folders are kept; always outputs and logs."""

    _FIELDS = (("output_collection", True), ("snapshot_project", True), ("directories_to_watch", list))

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.directories_to_watch = self.directories_to_watch or ["logs"]


class AmlComputeConfiguration(Section):
    """A cluster made for one run; not part of this release."""

    _FIELDS = (("name", None), ("vm_size", None), ("vm_priority", None), ("retain_cluster", False),
               ("cluster_max_node_count", 1))


class RunConfiguration:
    """Script, arguments, target and environment of a run.

    target: a name or a compute target object; default ``local``. conda_dependencies: packages for the environment.
    """

    def __init__(self, script=None, arguments=None, framework=None, communicator=None, conda_dependencies=None,
                 _history_enabled=None, _path=None, _name=None, command=None, **kwargs):
        unknown_keywords("RunConfiguration", kwargs, ["script", "arguments", "framework", "communicator",
                                                      "conda_dependencies", "command"])
        self.script, self.arguments, self.command = script, list(arguments or ()), command
        self.framework = _known("framework", framework or "Python", ("Python", "PySpark", "TensorFlow", "PyTorch"))
        self.communicator = _known("communicator", communicator or "None", (
            "None", "ParameterServer", "OpenMpi", "IntelMpi", "Nccl", "Gloo"))
        self.target, self.node_count, self.max_run_duration_seconds = "local", 1, None
        self.environment = Environment("default-environment")
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        self.environment_variables = {}
        self.data_references, self.data, self.output_data, self.datacaches = {}, {}, {}, []
        self.source_directory_data_store = None
        self.mpi, self.tensorflow, self.pytorch = MpiConfiguration(), TensorflowConfiguration(), PyTorchConfiguration()
        self.history, self.amlcompute, self.spark = HistoryConfiguration(), AmlComputeConfiguration(), SparkSection()
        self.docker = self._default_docker = DockerConfiguration()
        self._no_image = self._gpu = False
        self._prepare_environment = None
        self._path, self._name = _path, _name

    @property
    def target(self):
        """The name of the compute target."""
        return self._target

    @target.setter
    def target(self, value):
        self._target = "local" if value is None else getattr(value, "name", value)

    @property
    def auto_prepare_environment(self):
        """Old; environments are always prepared."""
        return self._prepare_environment

    @auto_prepare_environment.setter
    def auto_prepare_environment(self, value):
        deprecated("RunConfiguration", "auto_prepare_environment", "nothing (environments are always prepared)")
        self._prepare_environment = value

    prepare_environment = auto_prepare_environment

    # Files.

    def save(self, path=None, name=None, separate_environment_yaml=False):
        """Writes ``PATH/.azureml/NAME.runconfig`` (path: a folder; one that ends in .runconfig or .yml is the file)."""
        target = _file_of(path or self._path or ".", name or self._name or "run")
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write("# A run configuration.\n" + yaml_subset.dump(self._to_definition()))
        return self

    @staticmethod
    def load(path, name=None):
        """What save wrote."""
        for target in (_file_of(path, name or "run"), _file_of(path, name or "run", "aml_config"), path):
            if os.path.isfile(target):
                break
        else:
            raise UserErrorException("There is no run configuration %s in %s: looked for %s." % (
                name or "run", os.path.abspath(path), _file_of(path, name or "run")))
        try:
            with open(target, encoding="utf-8") as file:
                document = yaml_subset.load(file.read(), os.path.basename(target))
        except (OSError, yaml_subset.YamlError) as error:
            raise UserErrorException("The run configuration %s cannot be read: %s." % (target, error))
        if not isinstance(document, dict):
            raise UserErrorException("%s is no run configuration." % target)
        made = RunConfiguration._from_definition(document)
        python = made.environment.python
        for folder in (path, os.path.dirname(target)):  # files in it are meant from the project's folder
            file = os.path.join(folder, python.conda_dependencies_file or "")
            if python.conda_dependencies_file and os.path.isfile(file):
                python.conda_dependencies_file = os.path.abspath(file)
                break
        return made

    def _uses_image(self):
        """False where the user said that the script is to be a process of the machine."""
        said = self.docker is not self._default_docker and not self.docker.use_docker and self.target == "local"
        return not (said or self._no_image)

    def _container(self):
        """What the run asks of its container; None where it asks for nothing."""
        docker, runtime, default = self.environment.docker, self.docker, DockerConfiguration()
        sizes = [one.shm_size for one in (runtime, docker) if one.shm_size not in (None, default.shm_size)]
        arguments = [str(one) for one in list(docker.arguments or ()) + list(runtime.arguments or ())]
        members = (("shm_size", str(sizes[0]) if sizes else None), ("arguments", arguments),
                   ("gpu", bool(docker.gpu_support or self._gpu)))
        return {key: value for key, value in members if value} or None

    def _to_definition(self):
        """The run definition, camelCase."""
        return {
            "script": self.script, "command": self.command, "useAbsolutePath": False,
            "arguments": [text_of(item) for item in self.arguments or ()],
            "sourceDirectoryDataStore": self.source_directory_data_store, "framework": self.framework,
            "communicator": self.communicator, "target": self.target,
            "dataReferences": definition_of(self.data_references), "data": definition_of(self.data),
            "outputData": definition_of(self.output_data), "datacaches": definition_of(self.datacaches),
            "jobName": None, "maxRunDurationSeconds": self.max_run_duration_seconds,
            "nodeCount": int(self.node_count or 1), "environment": self.environment._to_definition(),
            "environmentVariables": definition_of(self.environment_variables or {}),
            "history": self.history._to_definition(), "mpi": self.mpi._to_definition(),
            "tensorflow": self.tensorflow._to_definition(), "pyTorch": self.pytorch._to_definition(),
            "amlCompute": self.amlcompute._to_definition(), "spark": self.spark._to_definition(),
            "docker": self.docker._to_definition(),
        }

    @staticmethod
    def _from_definition(document):
        made = RunConfiguration(document.get("script"), document.get("arguments"), document.get("framework"),
                                document.get("communicator"), command=document.get("command"))
        made.target, made.node_count = document.get("target"), document.get("nodeCount") or 1
        made.max_run_duration_seconds = document.get("maxRunDurationSeconds")
        environment = document.get("environment") or {}
        made.environment = Environment._from_definition(environment)
        made.environment_variables = dict(document.get("environmentVariables") or {})
        for section, key in ((made.history, "history"), (made.mpi, "mpi"), (made.tensorflow, "tensorflow"),
                             (made.pytorch, "pyTorch"), (made.amlcompute, "amlCompute"), (made.docker, "docker")):
            section._load(document.get(key) or {})
        return made

    def __repr__(self):
        return "RunConfiguration(script=%r, arguments=%r, target=%r, environment=%r)" % (
            self.script, self.arguments, self.target, self.environment.name)


def text_of(argument):
    """An argument as the script's argv has it."""
    if isinstance(argument, bytes):
        return argument.decode("utf-8", "surrogateescape")
    return argument if isinstance(argument, str) else str(argument)


def _known(what, value, choices):
    for choice in choices:
        if str(value).lower() == choice.lower():
            return choice
    raise UserErrorException("%s %r is unknown. Known: %s." % (what, value, ", ".join(choices)))


def _file_of(path, name, folder=".azureml"):
    if path.endswith((".runconfig", ".yml", ".yaml")):
        return path
    return os.path.join(path, folder, name + ".runconfig")
