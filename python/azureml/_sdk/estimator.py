"""Estimators: a script, its packages and where to run it, in one object."""

import os

from azureml._sdk.constants import DEFAULT_GPU_IMAGE
from azureml._sdk.distributed import Gloo, MpiConfiguration, Nccl, ParameterServer
from azureml._sdk.environment import Environment, add_requirements
from azureml._sdk.exceptions import TrainingException
from azureml._sdk.requirements_file import read_requirements
from azureml._sdk.runconfig import RunConfiguration
from azureml._sdk.warn import deprecated, unknown_keywords, warn

_DEFAULTS = (
    ("compute_target", None), ("vm_size", None), ("vm_priority", None), ("entry_script", None),
    ("script_params", None), ("node_count", 1), ("process_count_per_node", 1), ("distributed_backend", None),
    ("distributed_training", None), ("use_gpu", False), ("use_docker", True), ("custom_docker_base_image", None),
    ("custom_docker_image", None), ("image_registry_details", None), ("user_managed", False),
    ("conda_packages", None), ("pip_packages", None), ("conda_dependencies_file_path", None),
    ("pip_requirements_file_path", None), ("conda_dependencies_file", None), ("pip_requirements_file", None),
    ("environment_variables", None), ("environment_definition", None), ("inputs", None),
    ("source_directory_data_store", None), ("shm_size", None), ("resume_from", None),
    ("max_run_duration_seconds", None), ("framework_version", None), ("worker_count", 1),
    ("parameter_server_count", 1),
)
_OLD = {
    "process_count_per_node": "distributed_training=MpiConfiguration(process_count_per_node=…)",
    "distributed_backend": "distributed_training", "custom_docker_base_image": "custom_docker_image",
    "worker_count": "distributed_training=TensorflowConfiguration(worker_count=…)",
    "parameter_server_count": "distributed_training=TensorflowConfiguration(parameter_server_count=…)",
    "conda_dependencies_file_path": "conda_dependencies_file", "pip_requirements_file_path": "pip_requirements_file",
}
# Accepted, and named in the run's warnings when they are given.
_NO_EFFECT = {
    "inputs": "data sets and data references are not part of this release",
    "source_directory_data_store": "the source folder is kept by the server",
}
# What environment_definition stands in for.
_REPLACED = ("pip_packages", "conda_packages", "pip_requirements_file", "pip_requirements_file_path",
             "conda_dependencies_file", "conda_dependencies_file_path", "custom_docker_image",
             "custom_docker_base_image", "user_managed")
# Two names of one thing: the first counts.
_SAME = (("conda_dependencies_file", "conda_dependencies_file_path"),
         ("pip_requirements_file", "pip_requirements_file_path"),
         ("custom_docker_image", "custom_docker_base_image"))
_BACKENDS = {"mpi": MpiConfiguration, "ps": ParameterServer, "nccl": Nccl, "gloo": Gloo}


class Estimator:
    """A run of ``entry_script`` (a script or a notebook) in ``source_directory``.

    script_params: dict in order → argv; the value '' is a bare flag. compute_target: object, name or ``local``;
    without one, vm_size makes a cluster for this run. pip_packages, conda_packages, conda_dependencies_file,
    pip_requirements_file (paths in source_directory): packages. custom_docker_image, image_registry_details,
    user_managed (the image's own Python), shm_size: the container. use_gpu: packages and container for GPUs.
    environment_definition: replaces all of these. resume_from: outputs of an earlier run. Keywords that have no effect
    are named in the run's warnings. After construction `run_config` and `conda_dependencies` can still be changed.
    """

    _framework = None  # name in messages
    _profile = None  # of the server: what is installed for the framework
    _versions = ()
    _default_version = None  # None: the profile's

    def __init__(self, source_directory, compute_target=None, **kwargs):
        given = dict(kwargs, compute_target=compute_target)
        known = [name for name, _ in _DEFAULTS]
        name = type(self).__name__
        unknown = [key for key in given if key not in known]
        unknown_keywords(name, {key: given[key] for key in unknown}, known)
        self.source_directory = "." if source_directory is None else str(source_directory)
        self._given = {key: given.get(key, default) for key, default in _DEFAULTS}
        self._notes = ["%s= has no effect: %s does not know it." % (key, name)
                       for key in unknown if not key.startswith("_")]
        if given.get("_enable_optimized_mode"):
            self._notes.append("_enable_optimized_mode= has no effect: runs start at once without it.")
        for key, instead in _OLD.items():
            if given.get(key) not in (None, dict(_DEFAULTS)[key]):
                deprecated(name, key, instead)
        self._entry_script = self._given["entry_script"]
        self._script_params = self._given["script_params"]
        self.run_config = self._make_run_config()

    @property
    def conda_dependencies(self):
        """The packages of the run; change them here."""
        return self.run_config.environment.python.conda_dependencies

    @conda_dependencies.setter
    def conda_dependencies(self, value):
        self.run_config.environment.python.conda_dependencies = value

    @classmethod
    def get_supported_versions(cls):
        """Framework versions that the SDK knew."""
        return list(cls._versions)

    # Construction.

    def _make_run_config(self):
        given = self._given
        made = RunConfiguration(script=self._entry_script)
        made.target, made.node_count = given["compute_target"], given["node_count"] or 1
        made.max_run_duration_seconds = given["max_run_duration_seconds"]
        made._no_image, made._gpu = given["use_docker"] is False, bool(given["use_gpu"])
        definition = given["environment_definition"]
        if definition is not None and given["shm_size"]:
            made.docker.shm_size = given["shm_size"]
        made.environment = definition if definition is not None else self._make_environment()
        made.environment_variables = dict(given["environment_variables"] or {})
        self._note_settings()
        return made

    def _make_environment(self):
        given = self._given
        made = Environment("%s-environment" % type(self).__name__.lower())
        made.python.user_managed_dependencies = bool(given["user_managed"])
        made.docker.enabled = bool(given["use_docker"])
        image = given["custom_docker_image"] or given["custom_docker_base_image"]
        if image:
            made.docker.base_image = image
        elif given["use_gpu"]:
            made.docker.base_image = DEFAULT_GPU_IMAGE
        if given["image_registry_details"] is not None:
            made.docker.base_image_registry = given["image_registry_details"]
        if given["shm_size"]:
            made.docker.shm_size = given["shm_size"]
        self._add_packages(made.python)
        made._framework = self._framework_member()
        return made

    def _add_packages(self, python):
        given = self._given
        file = given["conda_dependencies_file"] or given["conda_dependencies_file_path"]
        if file:
            from azureml._sdk.conda_dependencies import CondaDependencies

            python.conda_dependencies = CondaDependencies(os.path.join(self.source_directory, file))
        conda = python.conda_dependencies
        conda._folder = conda._folder or os.path.abspath(self.source_directory)
        for package in _texts(given["conda_packages"]):
            conda.add_conda_package(package)
        add_requirements(conda, _texts(given["pip_packages"]))
        file = given["pip_requirements_file"] or given["pip_requirements_file_path"]
        if file:
            add_requirements(conda, read_requirements(os.path.join(self.source_directory, file)))

    def _framework_member(self):
        """What the environment's profile is chosen by; None for a plain Estimator."""
        if self._profile is None:
            return None
        version = self._given["framework_version"]
        out = {"name": self._profile, "version": str(version) if version is not None else self._default_version,
               "gpu": bool(self._given["use_gpu"])}
        return {key: value for key, value in out.items() if value}

    def _note_settings(self):
        given, note = self._given, self._notes.append
        for key, why in _NO_EFFECT.items():
            if given[key] not in (None, [], {}):
                note("%s= has no effect: %s." % (key, why))
        if given["compute_target"] is not None:
            for key in ("vm_size", "vm_priority"):
                if given[key]:
                    note("%s=%s has no effect: the compute target decides it." % (key, given[key]))
        if given["framework_version"] is not None:
            if self._profile is None:
                note("framework_version=%s has no effect: %s stands for no framework." % (
                    given["framework_version"], type(self).__name__))
            elif self._unsupported():
                note(self._unsupported())
        if given["environment_definition"] is not None:
            ignored = [key for key in _REPLACED if given[key]]
            if ignored:
                note("environment_definition replaces %s." % ", ".join(ignored))
            return
        for key, other in _SAME:
            if given[key] and given[other] and given[key] != given[other]:
                note("%s=%s has no effect: %s=%s is used." % (other, given[other], key, given[key]))

    def _unsupported(self):
        """The SDK's words for a framework_version that it did not know; it is said at once, and in the warnings."""
        version, name = str(self._given["framework_version"]), type(self).__name__
        if version in self._versions:
            return ""
        text = ("%s %s is not currently supported by the %s estimator. Supported versions: %s. It is tried all the "
                "same." % (self._framework, version, name, ", ".join(self._versions)))
        warn(text)
        return text

    # Submission.

    def _distributed(self):
        """The distributed settings, with the old keywords worked in; None for a plain script."""
        given = self._given
        if given["distributed_training"] is not None:
            settings = given["distributed_training"]
        elif given["distributed_backend"] is not None:
            name = str(given["distributed_backend"]).lower()
            if name not in _BACKENDS:
                raise TrainingException("distributed_backend %r is unknown. Known: %s." % (name, ", ".join(_BACKENDS)))
            settings = _BACKENDS[name]()
            if isinstance(settings, ParameterServer):
                settings.worker_count, settings.parameter_server_count = (
                    given["worker_count"], given["parameter_server_count"])
        elif int(given["process_count_per_node"] or 1) > 1:
            settings = MpiConfiguration()
        else:
            return None
        if hasattr(settings, "process_count_per_node") and settings.process_count_per_node == 1:
            return MpiConfiguration(process_count_per_node=given["process_count_per_node"] or 1)
        return settings

    def _parts(self):
        """What a submission needs (`azureml._sdk.submission.Parts`)."""
        from azureml._sdk.submission import Parts

        run_config = self.run_config
        script = run_config.script or self._entry_script
        arguments = params_to_arguments(self._script_params) if self._script_params else run_config.arguments
        parts = Parts(self.source_directory, run_config, script, run_config.command, arguments)
        parts.max_seconds, parts.notes = run_config.max_run_duration_seconds, list(self._notes)
        parts.distributed, parts.resume_from = self._distributed(), self._given["resume_from"]
        if self._given["compute_target"] is None and run_config.target == "local":
            parts.vm_size, parts.vm_priority = self._given["vm_size"], self._given["vm_priority"]
        return parts

    def _override_params(self, script_params=None, inputs=None, source_directory_data_store=None):
        """Later words win: script_params of a submission are added to those of the constructor."""
        self._script_params = dict(self._script_params or {}, **(script_params or {}))

    def __repr__(self):
        return "%s(source_directory=%r, entry_script=%r, target=%r)" % (
            type(self).__name__, self.source_directory, self._entry_script, self.run_config.target)


class PyTorch(Estimator):
    """An Estimator for PyTorch: torch and torchvision at framework_version, unless pip_packages pins them."""

    _framework, _profile = "PyTorch", "pytorch"
    _versions = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6")


class TensorFlow(Estimator):
    """An Estimator for TensorFlow at framework_version; scripts of 1.x get its API."""

    _framework, _profile = "TensorFlow", "tensorflow"
    _versions = ("1.10", "1.12", "1.13", "2.0", "2.1", "2.2")


class Chainer(Estimator):
    """An Estimator for Chainer at framework_version, by default 5.1.0."""

    _framework, _profile = "Chainer", "chainer"
    _versions = ("5.1.0", "7.0.0")
    _default_version = "5.1.0"  # scripts of its time assign SerialIterator.epoch


class SKLearn(Estimator):
    """An Estimator for scikit-learn at framework_version."""

    _framework, _profile = "scikit-learn", "scikit-learn"
    _versions = ("0.20.3",)


def params_to_arguments(script_params):
    """argv of a dict: names and values in order, '' leaves the value out."""
    out = []
    for name, value in script_params.items():
        out.append(name)
        if not (isinstance(value, str) and value == ""):
            out.append(value)
    return out


def _texts(packages):
    return [packages] if isinstance(packages, str) else list(packages or ())
