"""Environment: what a script needs, under a name and a version."""

import json

from azureml._sdk.conda_dependencies import CondaDependencies
from azureml._sdk.environment_sections import DockerSection, PythonSection, SparkSection
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.requirements_file import read_requirements
from azureml._sdk.section import Section
from azureml._sdk.warn import unknown_keywords

RESERVED = ("azureml", "microsoft")


class Environment(Section):
    """A named definition of Python packages, variables and an image.

    name: letters, digits, ``-``, ``_`` and ``.``; names that begin with AzureML or Microsoft are the service's.

    ``resolver`` is what happens where something cannot be had as it is asked for: ``"nearest"`` (also None, the
    default) takes the nearest that can and says so in the run's warnings, ``"exact"`` refuses with the reason,
    ``"provided"`` takes what the interpreter has already. ``RUNWRIGHT_RESOLVER`` is the default of this process.
    """

    _FIELDS = (("name", None), ("version", None), ("environment_variables", dict),
               ("inferencing_stack_version", None), ("python", PythonSection), ("docker", DockerSection),
               ("spark", SparkSection))

    def __init__(self, name=None, **kwargs):
        unknown_keywords("Environment", kwargs, [field for field, _ in self._FIELDS])
        super().__init__(name=name)
        self._framework = None  # {"name", "version"?, "gpu"?}: whose profile says what else is installed
        self.resolver = None  # "nearest" (None), "exact" or "provided"
        self._kept = None  # (workspace id, definition) of the registered version that this object is

    # Making.

    @staticmethod
    def from_conda_specification(name, file_path):
        """An environment of a conda YAML file."""
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @staticmethod
    def from_pip_requirements(name, file_path, pip_version=None):
        """An environment of a requirements file."""
        made = Environment(name)
        add_requirements(made.python.conda_dependencies, read_requirements(file_path))
        return made

    @staticmethod
    def from_docker_image(name, image, container_registry=None, conda_specification=None, pip_requirements=None):
        """An environment of an image; without packages to put on top, the image's own Python is used."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.enabled, made.docker.base_image = True, image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(name, dockerfile, conda_specification=None, pip_requirements=None):
        """An environment of a Dockerfile, a path or its text."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.enabled, made.docker.base_image, made.docker.base_dockerfile = True, None, dockerfile
        return made

    @staticmethod
    def from_docker_build_context(name, docker_build_context, conda_specification=None, pip_requirements=None,
                                  container_registry=None):
        """An environment of a DockerBuildContext."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.enabled, made.docker.base_image, made.docker.build_context = True, None, docker_build_context
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_existing_conda_environment(name, conda_environment_name):
        """An environment of a conda environment of this machine, whose interpreter is used as it is."""
        from azureml._sdk.conda_environments import interpreter_of

        interpreter = interpreter_of(conda_environment_name)
        made = Environment(name)
        made.python.user_managed_dependencies, made.python.interpreter_path = True, interpreter
        return made

    def clone(self, new_name):
        """A copy under another name, without a version."""
        made = Environment._from_definition(self._to_definition())
        made.name, made.version = new_name, None
        # What a definition does not hold.
        made.python.conda_dependencies = self.python.conda_dependencies._copy()
        made.docker.base_image_registry.password = self.docker.base_image_registry.password
        return made

    # In a workspace.

    def register(self, workspace):
        """Keeps the definition under its name; the same definition gives the same version."""
        self._check_name()
        return self._keep(workspace)

    def _keep(self, workspace):
        """Registers; returns the environment as it was kept."""
        from azureml._sdk.environment_spec import server_spec
        from azureml._sdk.secrets import Secrets

        secrets = Secrets()
        spec = server_spec(self, workspace._is_local(), secrets)[0]
        secrets.store(workspace)
        definition = self._to_definition()
        definition["version"] = None
        made = Environment._from_document(workspace._call("register_environment", self.name, definition, spec))
        self.version = made.version
        made._kept = self._kept = (workspace._workspace_id, json.dumps(definition, sort_keys=True, default=str))
        return made

    def _keep_if_new(self, workspace):
        """What is used is kept: registers this environment unless it is the very version that it was."""
        if not self.name or self.name.lower().startswith(RESERVED) or self.name in UNNAMED:
            return
        definition = dict(self._to_definition(), version=None)
        if self._kept != (workspace._workspace_id, json.dumps(definition, sort_keys=True, default=str)):
            self._keep(workspace)

    @staticmethod
    def get(workspace, name, version=None, label=None):
        """A registered environment; the latest version where none is given. A curated one by its name, in any case."""
        from runwright.errors import NotFoundError

        from azureml._sdk.curated import curated_environment

        try:
            document = workspace._api.get_environment(workspace._workspace_id, name, version)
        except NotFoundError as error:
            found = curated_environment(workspace, name)
            if found is not None:
                return found
            raise UserErrorException(_not_found(name, version, workspace), inner_exception=error)
        return Environment._from_document(document)

    @staticmethod
    def list(workspace):
        """name → Environment: the curated ones, then those that were registered."""
        from azureml._sdk.curated import curated_environments

        out = curated_environments(workspace)
        out.update((item["name"], Environment._from_document(item)) for item in workspace._call("list_environments"))
        return out

    def build(self, workspace, image_build_compute=None):
        """Begins to make the environment ready; runs that need it then start at once. Its wait_for_completion waits."""
        from azureml._sdk.environment_build import start_build

        return start_build(self, workspace)

    def build_local(self, workspace, platform=None, **kwargs):
        """Makes the environment ready and waits, printing the log. The server's machine is the one that builds."""
        return self.build(workspace).wait_for_completion(show_output=True)

    def get_image_details(self, workspace):
        """What the environment came to: a dict with its build, lock and packages."""
        from azureml._sdk.environment_build import image_details

        return image_details(self, workspace)

    # Files.

    def save_to_directory(self, path, overwrite=False):
        """Writes ``azureml_environment.json``, ``conda_dependencies.yml`` and, where there is one, ``BaseDockerfile``
        into the folder, to be edited."""
        from azureml._sdk.environment_files import save

        save(self, path, overwrite)

    @staticmethod
    def load_from_directory(path):
        """What save_to_directory wrote, with what was edited since."""
        from azureml._sdk.environment_files import load

        return load(path)

    # Inside.

    def _check_name(self):
        if not self.name or not isinstance(self.name, str):
            raise UserErrorException("An environment needs a name before it can be registered.")
        if self.name.lower().startswith(RESERVED):
            raise UserErrorException("The name %s is the service's: names that begin with AzureML or Microsoft "
                                     "cannot be registered. Use clone('my-%s')." % (self.name, self.name))

    def _to_definition(self):
        out = super()._to_definition()
        for key, value in (("framework", self._framework), ("resolver", self.resolver)):
            if value:
                out[key] = value
        return out

    @staticmethod
    def _from_definition(document, spec=None):
        """spec: the server's, which tells whether the Python version of an older definition was the user's word."""
        made = Environment(document.get("name"))
        made._load(document)
        if spec is not None and not spec.get("python"):
            made.python.conda_dependencies._default_python = True
        made._framework = dict(document["framework"]) if document.get("framework") else None
        made.resolver = document.get("resolver")
        return made

    @staticmethod
    def _from_document(document):
        definition = dict(document.get("definition") or {}, name=document.get("name"))
        made = Environment._from_definition(definition, document.get("spec") or {})
        made.version = None if document.get("version") is None else str(document["version"])
        if document.get("workspace_id"):
            kept = dict(made._to_definition(), version=None)
            made._kept = (document["workspace_id"], json.dumps(kept, sort_keys=True, default=str))
        return made

    def __repr__(self):
        return json.dumps(self._to_definition(), indent=4, ensure_ascii=False, default=str)


# Environments that nobody named: they belong to their run alone.
UNNAMED = ("default-environment", "estimator-environment", "pytorch-environment", "tensorflow-environment",
           "chainer-environment", "sklearn-environment")


def add_requirements(conda, lines):
    """Puts requirement lines and options into a pip section."""
    for line in lines:
        if line.startswith("-"):
            conda.set_pip_option(line)
        else:
            conda.add_pip_package(line)


def _with_packages(name, conda_specification, pip_requirements):
    if conda_specification and pip_requirements:
        raise UserErrorException("conda_specification and pip_requirements exclude each other.")
    if conda_specification:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements:
        return Environment.from_pip_requirements(name, pip_requirements)
    made = Environment(name)
    made.python.user_managed_dependencies = True
    return made


def _not_found(name, version, workspace):
    from azureml._sdk.warn import near_matches

    known = list(Environment.list(workspace))
    near = near_matches(name, known)
    text = "Environment %s%s is not registered in workspace %s." % (
        name, "" if version is None else " version %s" % version, workspace.name)
    return text + (" Did you mean %s?" % " or ".join(near) if near else " Known: %s." % (", ".join(known) or "none"))
