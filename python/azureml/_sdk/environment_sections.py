"""The sections of an Environment: Python packages, image, registry, Spark."""

import os

from azureml._sdk.conda_dependencies import CondaDependencies
from azureml._sdk.constants import DEFAULT_CPU_IMAGE, DEFAULT_IMAGES
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.pip_options import hide_passwords
from azureml._sdk.section import Section


class ContainerRegistry(Section):
    """Where an image comes from: address, username, password.

    The password is kept as a secret of the workspace when the environment is registered or used; a definition holds
    the secret's name alone.
    """

    _FIELDS = (("address", None), ("username", None), ("password_secret", None))

    def __init__(self, address=None, username=None, password=None, password_secret=None):
        super().__init__(address=address, username=username, password_secret=password_secret)
        self.password = password

    def __repr__(self):
        return "ContainerRegistry(address=%r, username=%r, password=%s)" % (
            self.address, self.username, "None" if self.password is None else "'****'")


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
        conda = self.conda_dependencies
        out["condaDependencies"] = document = conda.as_dict()
        for item in document.get("dependencies") or ():
            if isinstance(item, dict):  # a definition is kept by the server and shown to everybody
                item["pip"] = [hide_passwords(line) for line in item.get("pip") or ()]
        if conda._default_python:
            out["defaultPython"] = True  # the version in it is nobody's wish
        if conda._folder:
            out["condaDependenciesFolder"] = conda._folder
        return out

    def _load(self, document):
        super()._load(document)
        if document.get("condaDependencies"):
            self.conda_dependencies = document["condaDependencies"]
            self.conda_dependencies._default_python = bool(document.get("defaultPython"))
            self.conda_dependencies._folder = document.get("condaDependenciesFolder")


class DockerBuildContext(Section):
    """A folder with a Dockerfile.

    Where the Dockerfile copies files, the folder is sent like the source folder of a run: without what its
    ``.amlignore`` or ``.gitignore`` names, and only what the server lacks. A registered environment keeps it.
    """

    _FIELDS = (("location", None), ("dockerfile_path", "Dockerfile"))

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._sent = None  # (Dockerfile, id of the folder's snapshot) where the folder is on another machine

    @classmethod
    def from_local_directory(cls, workspace, path, dockerfile_path="Dockerfile"):
        """The context of a folder of this machine."""
        return cls(location=os.path.abspath(path), dockerfile_path=dockerfile_path)

    def _image(self, folders=None):
        """``{"dockerfile", "context"?}``; `folders` (a list) gets the snapshot that is to be sent first."""
        path = os.path.join(self.location or ".", self.dockerfile_path)
        if self._sent is not None and not os.path.exists(path):
            return {key: value for key, value in zip(("dockerfile", "context"), self._sent) if value}
        text = _read(path, "Dockerfile")
        if not _copies_files(text):
            return {"dockerfile": text}
        from runwright import snapshot

        made = snapshot.build(self.location or ".")
        if folders is not None:
            folders.append(made)
        return {"dockerfile": text, "context": made.id}

    def _to_definition(self):
        try:
            return dict(super()._to_definition(), **self._image())
        except UserErrorException:  # said when it is used
            return super()._to_definition()

    def _load(self, document):
        super()._load(document)
        if document.get("dockerfile"):
            self._sent = (document["dockerfile"], document.get("context"))


def _copies_files(dockerfile):
    """Whether the folder's files count: COPY and ADD that are from no other stage, mounts of RUN."""
    for line in dockerfile.splitlines():
        words = line.split()
        if words and words[0].upper() in ("COPY", "ADD") and not any(w.startswith("--from") for w in words):
            return True
        if any(word.startswith("--mount") for word in words):
            return True
    return False


class DockerSection(Section):
    """The image that a run's script is started in.

    base_image: a name; the SDK's own default images mean that no container is needed. base_dockerfile: text or path of
    a Dockerfile, which counts where base_image is None or a default. enabled, shared_volumes: kept, without effect.
    shm_size, arguments (options of ``podman run``), gpu_support: of the container.
    """

    _FIELDS = (("enabled", False), ("base_image", DEFAULT_CPU_IMAGE), ("base_dockerfile", None),
               ("build_context", None), ("platform", None), ("shared_volumes", True), ("shm_size", "2g"),
               ("arguments", list), ("gpu_support", False), ("base_image_registry", ContainerRegistry))

    def _image(self, folders=None):
        """``{"name"}`` or ``{"dockerfile", "context"?}`` of what the user chose, None for the SDK's default images;
        folders: see `DockerBuildContext`."""
        if isinstance(self.build_context, DockerBuildContext):
            return self.build_context._image(folders)
        if self.build_context is not None:
            return {"dockerfile": _dockerfile_text(self.build_context)}
        own = self.base_image is not None and self.base_image not in DEFAULT_IMAGES
        if self.base_dockerfile and not own:
            return {"dockerfile": _dockerfile_text(self.base_dockerfile)}
        return {"name": self.base_image} if own else None

    def _to_definition(self):
        out = super()._to_definition()
        if self.base_dockerfile:
            out["baseDockerfile"] = _dockerfile_text(self.base_dockerfile)
        return out

    def _load(self, document):
        super()._load(document)
        if isinstance(self.build_context, dict):
            context, self.build_context = self.build_context, DockerBuildContext()
            self.build_context._load(context)


class SparkPackage(Section):
    """A Maven package."""

    _FIELDS = (("group", None), ("artifact", None), ("version", None))

    def __init__(self, group=None, artifact=None, version=None):
        super().__init__(group=group, artifact=artifact, version=version)


class SparkSection(Section):
    """Spark packages; named in the warnings of a run."""

    _FIELDS = (("repositories", list), ("packages", list), ("precache_packages", True))


def _dockerfile_text(given):
    """A Dockerfile's text: ``given`` is the text itself or a path."""
    text = os.fspath(given) if hasattr(given, "__fspath__") else str(given)
    first = text.lstrip().split("\n", 1)[0].split(" ")[0].upper()
    if "\n" in text or first in ("FROM", "ARG", "#", "#SYNTAX"):
        return text
    return _read(text, "Dockerfile")


def _read(path, what):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UserErrorException("The %s %s cannot be read: %s" % (what, path, error.strerror))
