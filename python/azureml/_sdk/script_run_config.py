"""ScriptRunConfig: a source folder, a script in it, and how to run it."""

from azureml._sdk.distributed import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.runconfig import RunConfiguration
from azureml._sdk.warn import unknown_keywords, warn

_KNOWN = ("source_directory script arguments run_config compute_target environment distributed_job_config resume_from "
          "max_run_duration_seconds command docker_runtime_config").split()


class ScriptRunConfig:
    """What `Experiment.submit` takes.

    source_directory: its whole content is kept as the run's snapshot. script: path in it; or command: a shell line, or
    a list that is joined to one. compute_target: object or name, default ``local``. max_run_duration_seconds: 30 days.
    """

    MAX_RUN_DURATION_SECONDS_DEFAULT = 30 * 24 * 60 * 60

    def __init__(self, source_directory, script=None, arguments=None, run_config=None, _telemetry_values=None,
                 compute_target=None, environment=None, distributed_job_config=None, resume_from=None,
                 max_run_duration_seconds=2592000, command=None, docker_runtime_config=None, **kwargs):
        unknown_keywords("ScriptRunConfig", kwargs, _KNOWN)
        if script and command:
            raise UserErrorException("script and command exclude each other: ScriptRunConfig got both.")
        self.source_directory = "." if source_directory is None else str(source_directory)
        self.run_config = run_config if run_config is not None else RunConfiguration()
        _check(self.run_config, RunConfiguration, "run_config")
        if script and self.run_config.script and self.run_config.script != script:
            warn("run_config names the script %s; %s is used." % (self.run_config.script, script))
        self.script = script or (None if command else self.run_config.script)
        self.command = command or (None if script else self.run_config.command)
        self.arguments = list(arguments) if arguments is not None else list(self.run_config.arguments or ())
        self.resume_from, self.distributed_job_config = resume_from, distributed_job_config
        self.max_run_duration_seconds = max_run_duration_seconds
        if compute_target is not None:
            self.run_config.target = compute_target
        if environment is not None:
            self.run_config.environment = environment
        if docker_runtime_config is not None:
            self.run_config.docker = docker_runtime_config
        self._apply_distributed(distributed_job_config)

    def _apply_distributed(self, config):
        run_config = self.run_config
        if isinstance(config, MpiConfiguration):
            run_config.mpi, run_config.communicator = config, "OpenMpi"
        elif isinstance(config, TensorflowConfiguration):
            run_config.tensorflow, run_config.framework = config, "TensorFlow"
        elif isinstance(config, PyTorchConfiguration):
            run_config.pytorch, run_config.framework = config, "PyTorch"
        if getattr(config, "node_count", None):
            run_config.node_count = config.node_count

    def _distributed(self):
        """The distributed settings that count, or None."""
        if self.distributed_job_config is not None:
            return self.distributed_job_config
        run_config = self.run_config
        if run_config.communicator in ("OpenMpi", "IntelMpi"):
            return run_config.mpi
        return run_config.tensorflow if run_config.communicator == "ParameterServer" else None

    def _parts(self):
        """What a submission needs (`azureml._sdk.submission.Parts`)."""
        from azureml._sdk.submission import Parts

        parts = Parts(self.source_directory, self.run_config, self.script, self.command, self.arguments)
        parts.max_seconds, parts.distributed = self.max_run_duration_seconds, self._distributed()
        parts.resume_from = self.resume_from
        return parts

    def __repr__(self):
        return "ScriptRunConfig(source_directory=%r, script=%r, arguments=%r, target=%r)" % (
            self.source_directory, self.script, self.arguments, self.run_config.target)


def _check(value, cls, name):
    if not isinstance(value, cls):
        raise UserErrorException("%s must be a %s, not %s." % (name, cls.__name__, type(value).__name__))
