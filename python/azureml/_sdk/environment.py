"""Environment: what a script needs, and its sections."""

import json

from azureml._sdk.conda_dependencies import CondaDependencies
from azureml._sdk.constants import DEFAULT_CPU_IMAGE, DEFAULT_IMAGES
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.section import Section
from azureml._sdk.warn import unknown_keywords

_RESERVED = ("azureml", "microsoft")


class ContainerRegistry(Section):
    """Where an image comes from. The password is never sent or kept."""

    _FIELDS = (("address", None), ("username", None))

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.password = None


class PythonSection(Section):
    """interpreter_path counts with user_managed_dependencies=True; else conda_dependencies is what is installed."""

    _FIELDS = (("interpreter_path", "python"), ("user_managed_dependencies", False),
               ("base_conda_environment", None), ("conda_dependencies_file", None))

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._conda_dependencies = None

    @property
    def conda_dependencies(self):
        """A CondaDependencies; never None."""
        if self._conda_dependencies is None:
            file = self.conda_dependencies_file
            self._conda_dependencies = CondaDependencies(file) if file else CondaDependencies()
        return self._conda_dependencies

    @conda_dependencies.setter
    def conda_dependencies(self, value):
        if isinstance(value, dict):
            value = CondaDependencies(_underlying_structure=value)
        if value is not None and not isinstance(value, CondaDependencies):
            raise UserErrorException("conda_dependencies must be a CondaDependencies, not %s." % type(value).__name__)
        self._conda_dependencies = value

    def _to_definition(self):
        out = super()._to_definition()
        out["condaDependencies"] = self.conda_dependencies.as_dict()
        return out

    def _load(self, document):
        super()._load(document)
        if document.get("condaDependencies"):
            self.conda_dependencies = document["condaDependencies"]


class DockerSection(Section):
    """Image settings. In this release a run is a process; an image of the user's is named in its warnings."""

    _FIELDS = (("enabled", False), ("base_image", DEFAULT_CPU_IMAGE), ("base_dockerfile", None),
               ("build_context", None), ("platform", None), ("shared_volumes", True), ("shm_size", "2g"),
               ("arguments", list), ("gpu_support", False), ("base_image_registry", ContainerRegistry))

    def _own_image(self):
        """The image or Dockerfile that the user chose, None for the SDK's default images."""
        if self.base_dockerfile or self.build_context:
            return "a Dockerfile"
        image = self.base_image
        known = image is None or image in DEFAULT_IMAGES or image.startswith("mcr.microsoft.com/azureml/")
        return None if known else image


class SparkPackage(Section):
    """A Maven package."""

    _FIELDS = (("group", None), ("artifact", None), ("version", None))

    def __init__(self, group=None, artifact=None, version=None):
        super().__init__(group=group, artifact=artifact, version=version)


class SparkSection(Section):
    """Spark packages; named in the warnings of a run."""

    _FIELDS = (("repositories", list), ("packages", list), ("precache_packages", True))


class Environment(Section):
    """A named definition of Python packages, variables and an image.

    name: letters, digits, ``-``, ``_`` and ``.``; names that begin with AzureML or Microsoft are the service's.
    """

    _FIELDS = (("name", None), ("version", None), ("environment_variables", dict),
               ("inferencing_stack_version", None), ("python", PythonSection), ("docker", DockerSection),
               ("spark", SparkSection))

    def __init__(self, name=None, **kwargs):
        unknown_keywords("Environment", kwargs, [field for field, _ in self._FIELDS])
        super().__init__(name=name)

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
        for line in read_requirements(file_path):
            if line.startswith("-"):
                made.python.conda_dependencies.set_pip_option(line)
            else:
                made.python.conda_dependencies.add_pip_package(line)
        return made

    @staticmethod
    def from_docker_image(name, image, container_registry=None, conda_specification=None, pip_requirements=None):
        """An environment of an image."""
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
    def from_docker_build_context(name, docker_build_context, **kwargs):
        """An environment of a build context."""
        made = Environment(name)
        made.docker.enabled, made.docker.base_image, made.docker.build_context = True, None, docker_build_context
        return made

    @staticmethod
    def from_existing_conda_environment(name, conda_environment_name):
        """An environment of a conda environment of this machine, whose interpreter is used as it is."""
        import os
        import subprocess

        try:
            listed = subprocess.check_output(["conda", "env", "list", "--json"])
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserErrorException("conda env list does not work here: %s. Name the interpreter instead: "
                                     "env.python.interpreter_path." % error)
        for folder in json.loads(listed.decode("utf-8")).get("envs") or ():
            if os.path.basename(folder) == conda_environment_name:
                made = Environment(name)
                made.python.user_managed_dependencies = True
                made.python.interpreter_path = os.path.join(folder, "bin", "python")
                return made
        raise UserErrorException("There is no conda environment %s here." % conda_environment_name)

    def clone(self, new_name):
        """A copy under another name, without a version."""
        made = Environment._from_definition(self._to_definition(), self._pinned_python())
        made.name, made.version = new_name, None
        return made

    # In a workspace.

    def register(self, workspace):
        """Keeps the definition under its name; the same definition gives the same version."""
        from azureml._sdk.environment_spec import server_spec

        self._check_name()
        definition = self._to_definition()
        definition["version"] = None
        document = workspace._call("register_environment", self.name, definition, server_spec(self)[0])
        made = Environment._from_document(document)
        self.version = made.version
        return made

    @staticmethod
    def get(workspace, name, version=None):
        """A registered environment; the latest version where none is given."""
        from runwright.errors import NotFoundError

        try:
            document = workspace._api.get_environment(workspace._workspace_id, name, version)
        except NotFoundError as error:
            raise UserErrorException(_not_found(name, workspace), inner_exception=error)
        return Environment._from_document(document)

    @staticmethod
    def list(workspace):
        """name → Environment."""
        items = workspace._call("list_environments")
        return {item["name"]: Environment._from_document(item) for item in items}

    def build(self, workspace, image_build_compute=None):
        """Not built yet: an environment is built by the first run that needs it."""
        from azureml._sdk.missing import MissingMember

        return MissingMember("Environment.build")()

    def build_local(self, workspace, *args, **kwargs):
        """Not built yet."""
        from azureml._sdk.missing import MissingMember

        return MissingMember("Environment.build_local")()

    def get_image_details(self, workspace):
        """Not built yet: no image is made."""
        from azureml._sdk.missing import MissingMember

        return MissingMember("Environment.get_image_details")()

    # Files.

    def save_to_directory(self, path, overwrite=False):
        """Writes ``azureml_environment.json`` and ``conda_dependencies.yml`` into the folder."""
        import os

        target = os.path.join(path, "azureml_environment.json")
        if os.path.exists(target) and not overwrite:
            raise UserErrorException("%s exists. Pass overwrite=True to replace it." % target)
        os.makedirs(path, exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            json.dump(self._to_definition(), file, indent=4, ensure_ascii=False)
        self.python.conda_dependencies.save(os.path.join(path, "conda_dependencies.yml"))

    @staticmethod
    def load_from_directory(path):
        """What save_to_directory wrote."""
        import os

        target = os.path.join(path, "azureml_environment.json")
        try:
            with open(target, encoding="utf-8") as file:
                return Environment._from_definition(json.load(file), True)
        except (OSError, ValueError) as error:
            raise UserErrorException("%s cannot be read: %s." % (target, error))

    # Inside.

    def _check_name(self):
        if not self.name or not isinstance(self.name, str):
            raise UserErrorException("An environment needs a name before it can be registered.")
        if self.name.lower().startswith(_RESERVED):
            raise UserErrorException("The name %s is the service's: names that begin with AzureML or Microsoft "
                                     "cannot be registered. Use clone('my-%s')." % (self.name, self.name))

    def _pinned_python(self):
        return not self.python.conda_dependencies._default_python

    @staticmethod
    def _from_definition(document, pinned_python):
        """pinned_python: whether the Python version in it was the user's word."""
        made = Environment(document.get("name"))
        made._load(document)
        made.python.conda_dependencies._default_python = not pinned_python
        return made

    @staticmethod
    def _from_document(document):
        definition = dict(document.get("definition") or {}, name=document.get("name"))
        made = Environment._from_definition(definition, bool((document.get("spec") or {}).get("python")))
        made.version = None if document.get("version") is None else str(document["version"])
        return made

    def __repr__(self):
        return json.dumps(self._to_definition(), indent=4, ensure_ascii=False, default=str)


def read_requirements(path):
    """Lines of a requirements file without comments; ``-r`` files are followed."""
    import os
    import re

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("\\\n", " ")
    except OSError as error:
        raise UserErrorException("The requirements file %s cannot be read: %s" % (path, error.strerror))
    out = []
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        nested = re.match(r"(?:-r|--requirement)[\s=]+(.+)$", line)
        if nested:
            out.extend(read_requirements(os.path.join(os.path.dirname(path), nested.group(1))))
        elif line:
            out.append(line)
    return out


def _with_packages(name, conda_specification, pip_requirements):
    if conda_specification:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements:
        return Environment.from_pip_requirements(name, pip_requirements)
    return Environment(name)


def _not_found(name, workspace):
    from azureml._sdk.warn import near_matches

    known = [item["name"] for item in workspace._call("list_environments")]
    near = near_matches(name, known)
    text = "Environment %s is not registered in workspace %s." % (name, workspace.name)
    if near:
        return text + " Did you mean %s?" % " or ".join(near)
    if name.lower().startswith(_RESERVED):
        return text + (" Curated environments are not part of this release: make one with "
                       "Environment.from_conda_specification or Environment.from_pip_requirements.")
    return text + " Known: %s." % (", ".join(known) or "none")
