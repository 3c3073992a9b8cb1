"""From a configuration to a run: everything that can be wrong is said here, before a run exists."""

import os

from azureml._sdk.datapath import resume_of
from azureml._sdk.exceptions import ExperimentExecutionException, TrainingException, UserErrorException
from azureml._sdk.runconfig import text_of
from azureml._sdk.secrets import Secrets
from azureml._sdk.single_use import remove_quietly, single_use_target
from azureml._sdk.warn import near_matches

_MOST_NAMES = 2000
_RESUME_VARIABLE = "AZUREML_DATAREFERENCE_MODEL_LOCATION"


class Parts:
    """What a run is made of: folder, run configuration, script or command, arguments; notes become its warnings."""

    def __init__(self, folder, run_config, script=None, command=None, arguments=()):
        self.folder, self.run_config, self.script, self.command = folder, run_config, script, command
        self.arguments = list(arguments or ())
        self.max_seconds, self.distributed, self.notes = None, None, []
        self.resume_from = None
        self.vm_size = self.vm_priority = None  # of a cluster that is made for this run alone


def submit(workspace, experiment_name, config, tags=None, parent_id=None, **kwargs):
    """Submits ``config`` (ScriptRunConfig, an estimator or RunConfiguration); returns the run's document."""
    from runwright import errors
    from runwright.submit import submit as send

    parts = _parts_of(config)
    members = _members(workspace, parts)
    members["tags"] = _tags(tags)
    members["parent_id"] = parent_id
    _raise_snapshot_limit()
    made = _single_use(workspace, experiment_name, parts, members)
    try:
        return send(workspace._api, workspace._workspace_id, experiment_name, parts.folder, **members)
    except BaseException as error:
        if made:
            remove_quietly(workspace, made)
        if isinstance(error, errors.RunwrightError):
            raise _explained(error, workspace, parts)
        raise


def _single_use(workspace, experiment_name, parts, members):
    """The name of the cluster that was made for the run, None where it has a target."""
    aml = parts.run_config.amlcompute
    vm_size, vm_priority = parts.vm_size, parts.vm_priority
    if vm_size is None and parts.run_config.target == "amlcompute" and aml.vm_size:  # as of 2018
        vm_size, vm_priority = aml.vm_size, aml.vm_priority
    if not vm_size:
        return None
    from runwright.run import mint_run_id

    members["run_id"] = mint_run_id(experiment_name)
    members["target"] = single_use_target(workspace, members["run_id"], vm_size, vm_priority)
    return members["target"]


def _parts_of(config):
    if hasattr(config, "_parts"):
        return config._parts()
    from azureml._sdk.runconfig import RunConfiguration

    if isinstance(config, RunConfiguration):
        return Parts(".", config, config.script, config.command, config.arguments)
    raise UserErrorException(
        "submit() takes a ScriptRunConfig, an estimator or a RunConfiguration, not %s." % type(config).__name__)


def _members(workspace, parts):
    from azureml._sdk.environment_spec import server_spec

    run_config = parts.run_config
    _check_one_process(parts)
    script = _checked_script(parts)
    secrets, container = Secrets(), run_config._container()
    spec, notes = server_spec(run_config.environment, workspace._is_local(), secrets, run_config._uses_image())
    notes += _container_notes(spec, container, run_config)
    secrets.store(workspace)
    run_config.environment._keep_if_new(workspace)
    variables = dict(run_config.environment.environment_variables or {})
    variables.update(run_config.environment_variables or {})
    for name in ("data_references", "data", "output_data"):
        if getattr(run_config, name):
            notes.append("RunConfiguration.%s has no effect in this release: %s." % (
                name, ", ".join(map(str, getattr(run_config, name)))))
    command = _command_line(parts.command)
    arguments = [text_of(item) for item in parts.arguments]
    resume = resume_of(parts.resume_from) if parts.resume_from is not None else None
    if resume and command is None:
        arguments += ["--resume-from", "$" + _RESUME_VARIABLE]
    definition = run_config._to_definition()
    definition.update(script=script, arguments=arguments, command=command, maxRunDurationSeconds=parts.max_seconds)
    return {
        "script": script, "command": command, "arguments": arguments, "target": run_config.target,
        "environment": spec, "environment_variables": {str(k): str(v) for k, v in variables.items()},
        "max_run_duration_seconds": parts.max_seconds, "run_definition": definition, "resume_from": resume,
        "container": container if "image" in spec else None,
        "warnings": [{"source": "sdk", "message": text} for text in _unique(parts.notes + notes)],
    }


def _container_notes(spec, container, run_config):
    """What is asked of a container that is not there."""
    if "image" in spec:
        return []
    notes = []
    if not run_config._uses_image() and run_config.environment.docker._image():
        notes.append("The image of the environment is not used: use_docker=False.")
    for key in ("shm_size", "arguments"):
        if container and container.get(key):
            value = container[key] if key == "shm_size" else " ".join(container[key])
            notes.append("%s=%s counts for containers: without an image the run is a process, which has all of its "
                         "machine's shared memory and devices." % (key, value))
    return notes


def _unique(texts):
    return list(dict.fromkeys(texts))


def _tags(tags):
    if isinstance(tags, str):
        tags = {tags: None}
    return {str(k): None if v is None else str(v) for k, v in (tags or {}).items()} or None


def _command_line(command):
    if command is None:
        return None
    if isinstance(command, (list, tuple)):
        return " ".join(text_of(item) for item in command)
    return text_of(command)


def _check_one_process(parts):
    nodes = int(parts.run_config.node_count or 1)
    wanted = max(nodes, parts.distributed.processes(nodes) if parts.distributed is not None else 1)
    if wanted > 1:
        raise TrainingException(
            "This run wants %d processes on %d node%s; in this release a run is one process on one node. Submit it "
            "with node_count=1, process_count_per_node=1 and without distributed settings."
            % (wanted, nodes, "" if nodes == 1 else "s"))
    if parts.distributed is not None:
        parts.notes.append("%s has no effect: the one process is started directly."
                           % type(parts.distributed).__name__)


def _checked_script(parts):
    """The script's path in the source folder; None for a command. Raises when it is not there."""
    folder = parts.folder
    if folder is not None and not os.path.isdir(folder):
        raise UserErrorException("The source folder %s does not exist (source_directory=%r, current folder %s)."
                                 % (os.path.abspath(folder), folder, os.getcwd()))
    if parts.command is not None:
        return None
    if not parts.script:
        raise UserErrorException("There is no script to run: name it by script= (ScriptRunConfig) or entry_script= "
                                 "(estimators). The source folder is %s." % os.path.abspath(folder or "."))
    root, script = os.path.abspath(folder or "."), str(parts.script)
    path = os.path.normpath(os.path.join(root, script))
    inside = os.path.relpath(path, root)
    if inside.split(os.sep)[0] == os.pardir:
        raise UserErrorException("The entry script %s lies outside of the source folder %s. Move it there, or name a "
                                 "source folder that holds it." % (script, root))
    if not os.path.isfile(path):
        raise UserErrorException(_missing_script(script, root))
    return inside


def _missing_script(script, root):
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names += [os.path.relpath(os.path.join(folder, name), root) for name in sorted(files)]
        if len(names) > _MOST_NAMES:
            break
    text = "The entry script %s is not in the source folder %s." % (script, root)
    base = os.path.basename(script)
    same = [name for name in names if os.path.basename(name) == base][:3]
    here = os.path.abspath(script)
    if not same and os.path.isfile(here):
        return text + " There is one at %s: copy it into the source folder." % here
    near = same or near_matches(script, names)
    if near:
        return text + " Did you mean %s?" % " or ".join(near)
    scripts = [name for name in names if name.endswith(".py")][:10]
    return text + " Python files there: %s." % (", ".join(scripts) or "none")


def _raise_snapshot_limit():
    """The SDK's hidden switch: users that allowed themselves a larger snapshot need not be asked again."""
    import sys

    module = sys.modules.get("azureml._restclient.snapshots_client")
    limit = module.__dict__.get("SNAPSHOT_MAX_SIZE_BYTES") if module else None
    if isinstance(limit, (int, float)) and limit > 10 * 1024 ** 3:
        os.environ.setdefault("RUNWRIGHT_SNAPSHOT_MAX_BYTES", str(int(limit)))


def _explained(error, workspace, parts):
    from runwright import errors

    from azureml._sdk import exceptions

    if isinstance(error, errors.TooLargeError):
        text = "While attempting to take snapshot of %s: %s" % (os.path.abspath(parts.folder), error.message)
        return exceptions.translated(error, exceptions.SnapshotException, text)
    if error.field == "target" or (isinstance(error, errors.NotFoundError) and "compute" in error.message.lower()):
        from azureml._sdk.compute import not_found_text

        return exceptions.translated(error, exceptions.ComputeTargetException,
                                     not_found_text(workspace, parts.run_config.target))
    if error.field == "experiment":
        return exceptions.translated(error)
    if isinstance(error, (errors.InvalidArgumentError, errors.NotFoundError, errors.ConflictError)):
        return exceptions.translated(error)
    return exceptions.translated(error, ExperimentExecutionException)
