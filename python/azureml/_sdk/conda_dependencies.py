"""CondaDependencies: the package lists of an environment, as a conda file."""

import os

from azureml._sdk import yaml_subset
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.packages import conda_name, conda_version, pip_name
from azureml._sdk.warn import unknown_keywords

DEFAULT_PYTHON = "3.8"
DEFAULT_SDK = "azureml-defaults"
_INDEX = ("--index-url", "-i")
_HEADER = "# Packages of an environment. The pip section is installed for every run that uses it.\n"


class CondaDependencies:
    """Conda packages, pip packages and channels.

    conda_dependencies_file_path: a conda YAML file to begin with. Without one: a default Python and azureml-defaults.
    The default Python is only written down; a version is asked of the server where the user named it.
    """

    DEFAULT_CHANNELS = ["anaconda", "conda-forge"]

    def __init__(self, conda_dependencies_file_path=None, _underlying_structure=None, **kwargs):
        unknown_keywords("CondaDependencies", kwargs)
        self._document = {"name": "project_environment", "dependencies": [], "channels": list(self.DEFAULT_CHANNELS)}
        self._default_python = False
        self._folder = None  # of the file: what relative paths of pip options are meant from
        if conda_dependencies_file_path is not None:
            self._document = _read_file(conda_dependencies_file_path)
            self._folder = os.path.dirname(os.path.abspath(conda_dependencies_file_path))
        elif _underlying_structure is not None:
            self._document = _checked(dict(_underlying_structure), "conda dependencies")
        else:
            self._dependencies.append("python=" + DEFAULT_PYTHON)
            self._default_python = True
            self.add_pip_package(DEFAULT_SDK)

    @staticmethod
    def create(pip_indexurl=None, pip_packages=None, conda_packages=None, python_version=None, pin_sdk_version=True,
               **kwargs):
        """A new one of lists of packages. pin_sdk_version: accepted; the SDK in a run is always the server's own."""
        unknown_keywords("CondaDependencies.create", kwargs, ["pip_indexurl", "pip_packages", "conda_packages",
                                                              "python_version", "pin_sdk_version"])
        made = CondaDependencies()
        if python_version is not None:
            made.set_python_version(str(python_version))
        if pip_packages is not None and any(pip_name(p).startswith("azureml-") for p in _texts(pip_packages)):
            made.remove_pip_package(DEFAULT_SDK)
        for package in _texts(conda_packages):
            made.add_conda_package(package)
        for package in _texts(pip_packages):
            made.add_pip_package(package)
        if pip_indexurl:
            made.set_pip_option("--index-url " + pip_indexurl)
        return made

    # Reading.

    @property
    def _dependencies(self):
        return self._document["dependencies"]

    @property
    def _pip(self):
        """The pip list in the document, made when it is absent."""
        for item in self._dependencies:
            if isinstance(item, dict):
                if item.get("pip") is None:
                    item["pip"] = []
                return item["pip"]
        self._dependencies.append({"pip": []})
        return self._dependencies[-1]["pip"]

    def _pip_lines(self):
        return [line for item in self._dependencies if isinstance(item, dict) for line in item.get("pip") or ()]

    @property
    def conda_packages(self):
        """Conda packages, python included."""
        return (package for package in [item for item in self._dependencies if isinstance(item, str)])

    @property
    def pip_packages(self):
        """pip packages without options."""
        return (line for line in self._pip_lines() if not line.startswith("-"))

    @property
    def pip_options(self):
        """Lines of the pip section that are options."""
        return (line for line in self._pip_lines() if line.startswith("-"))

    @property
    def conda_channels(self):
        return (channel for channel in list(self._document.get("channels") or ()))

    @property
    def python_version(self):
        """The Python version named, the default one included; None without one."""
        found = [conda_version(p) for p in self.conda_packages if conda_name(p) == "python"]
        return found[-1] if found else None

    def get_python_version(self):
        """As ``python=3.8`` is written."""
        return self.python_version or ""

    def _asked_python(self):
        """The version that the user asked for, None when it is the default."""
        return None if self._default_python else self.python_version

    # Changing.

    def add_conda_package(self, conda_package):
        """A package already there is replaced."""
        if conda_name(conda_package) == "python":
            self._default_python = False
        self.remove_conda_package(conda_name(conda_package))
        self._dependencies.insert(_count_text(self._dependencies), conda_package)

    def remove_conda_package(self, conda_package):
        name = conda_name(conda_package)
        self._document["dependencies"] = [
            item for item in self._dependencies if not (isinstance(item, str) and conda_name(item) == name)]

    def add_pip_package(self, pip_package):
        """A package of that name already there is replaced. Extra words in one text are one requirement."""
        if not isinstance(pip_package, str) or not pip_package.strip():
            raise UserErrorException("A pip package is a requirement such as 'pandas==1.1', not %r." % (pip_package,))
        self.remove_pip_package(pip_package)
        self._pip.append(pip_package.strip())

    def remove_pip_package(self, pip_package):
        name = pip_name(pip_package)
        for item in self._dependencies:
            if isinstance(item, dict) and item.get("pip"):
                item["pip"] = [line for line in item["pip"]
                               if line.strip() != pip_package.strip() and (not name or pip_name(line) != name)]

    def add_channel(self, channel):
        if channel not in self._document.setdefault("channels", []):
            self._document["channels"].append(channel)

    def remove_channel(self, channel):
        self._document["channels"] = [item for item in self._document.get("channels") or () if item != channel]

    def set_python_version(self, version):
        """version: such as 3.8 or 3.6.2."""
        self._default_python = False
        self.remove_conda_package("python")
        self._dependencies.insert(0, "python=%s" % version)

    def set_pip_option(self, pip_option):
        """An option line: ``--index-url URL``, ``--extra-index-url``, ``--find-links``, ``--constraint FILE``,
        ``-e PLACE``. A password in a URL is kept as a secret of the workspace; ``https://{{secret:NAME}}@host/simple``
        names a secret that is there, whose text is ``user:password`` or a token."""
        if pip_option.split()[:1] and pip_option.replace("=", " ").split()[0] in _INDEX:
            self.remove_pip_option("--index-url")
            self.remove_pip_option("-i")
        if pip_option not in self._pip:
            self._pip.insert(sum(1 for line in self._pip if line.startswith("-")), pip_option)

    def remove_pip_option(self, pip_option):
        """pip_option: the option's name (``--index-url``) or its whole line."""
        self._pip[:] = [line for line in self._pip if line != pip_option and not (
            line.startswith("-") and line.replace("=", " ").split()[0] == pip_option)]

    def set_pip_requirements(self, pip_requirements):
        """Replaces the pip section."""
        self._pip[:] = list(pip_requirements)

    def set_pip_index_url(self, index_url):
        self.set_pip_option(index_url if index_url.startswith("-") else "--index-url " + index_url)

    def add_tensorflow_conda_package(self, core_type="cpu", version=None):
        """core_type: cpu or gpu."""
        name = "tensorflow-gpu" if core_type == "gpu" else "tensorflow"
        self.add_conda_package(name if version is None else "%s=%s" % (name, version))

    def add_tensorflow_pip_package(self, core_type="cpu", version=None):
        """core_type: cpu or gpu."""
        name = "tensorflow-gpu" if core_type == "gpu" else "tensorflow"
        self.add_pip_package(name if version is None else "%s==%s" % (name, version))

    def add_cntk_package(self, core_type="cpu"):
        """core_type: cpu or gpu."""
        self.add_pip_package("cntk-gpu" if core_type == "gpu" else "cntk")

    @staticmethod
    def get_default_number_of_packages():
        """``(conda, pip)``: what a new one holds."""
        return 1, 1

    # Writing.

    def as_dict(self):
        """The conda document; a copy."""
        return {key: _copied(value) for key, value in self._document.items() if value not in (None, [])}

    def serialize_to_string(self):
        """The conda file as text."""
        return _HEADER + yaml_subset.dump(self.as_dict())

    def save_to_file(self, base_directory=".", conda_file_path="conda_dependencies.yml"):
        """Writes the file and returns its path relative to base_directory."""
        self.save(os.path.join(base_directory, conda_file_path))
        return conda_file_path

    def save(self, path=None):
        """Writes the file. path: a file or a folder; default ``conda_dependencies.yml``."""
        path = path or "conda_dependencies.yml"
        if os.path.isdir(path):
            path = os.path.join(path, "conda_dependencies.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.serialize_to_string())
        return path

    @staticmethod
    def merge_requirements(requirements):
        """One line a package, the last one wins."""
        return list({pip_name(line) or line: line for line in requirements}.values())

    def _copy(self):
        made = CondaDependencies(_underlying_structure={key: _copied(v) for key, v in self._document.items()})
        made._default_python, made._folder = self._default_python, self._folder
        return made

    def __repr__(self):
        return self.serialize_to_string()


def _texts(packages):
    return [packages] if isinstance(packages, str) else list(packages or ())


def _count_text(dependencies):
    return sum(1 for item in dependencies if isinstance(item, str))


def _copied(value):
    if isinstance(value, dict):
        return {key: _copied(member) for key, member in value.items()}
    return [_copied(item) for item in value] if isinstance(value, (list, tuple)) else value


def _read_file(path):
    try:
        with open(path, "rb") as file:
            text = file.read(yaml_subset.MOST_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise UserErrorException("The conda file %s cannot be read: %s" % (path, error.strerror))
    except UnicodeDecodeError as error:
        raise UserErrorException("The conda file %s is no UTF-8 text (byte %d)." % (path, error.start))
    try:
        return _checked(yaml_subset.load(text, os.path.basename(path)), path)
    except yaml_subset.YamlError as error:
        raise UserErrorException("The conda file %s: %s." % (path, error))


def _checked(document, path):
    document = {} if document is None else document
    if not isinstance(document, dict):
        raise UserErrorException("%s is no conda file: it must hold name, channels and dependencies." % path)
    dependencies = document.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise UserErrorException("%s: dependencies must be a list." % path)
    document["dependencies"] = [_checked_item(item, path) for item in dependencies]
    document.setdefault("name", "project_environment")
    return document


def _checked_item(item, path):
    if isinstance(item, dict):
        if list(item) != ["pip"] or not isinstance(item["pip"] or [], list):
            raise UserErrorException("%s: a dependency must be a package or a pip list, not %r." % (path, item))
        return {"pip": [str(line) for line in item["pip"] or ()]}
    if item is None:
        raise UserErrorException("%s: a dependency is empty." % path)
    if isinstance(item, (list, tuple)):
        raise UserErrorException("%s: a dependency must be a package or a pip list, not %.80r." % (path, item))
    return str(item)
