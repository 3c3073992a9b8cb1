"""Model: named, versioned files in a workspace."""

import os

from azureml._sdk import exceptions
from azureml._sdk.calls import sdk_errors

_CACHE = "azureml-models"


class _Framework:
    """Names of frameworks."""

    CUSTOM, MULTI, ONNX, PYTORCH = "Custom", "Multi", "Onnx", "PyTorch"
    SCIKITLEARN, TENSORFLOW, TFKERAS = "ScikitLearn", "TensorFlow", "TfKeras"


class Model:
    """workspace, name (latest version, or ``version``) or id (``name:version``)."""

    Framework = _Framework

    def __init__(self, workspace, name=None, id=None, tags=None, properties=None, version=None, run_id=None,
                 _document=None, **kwargs):
        self.workspace = workspace
        self._document = _document or _find(workspace, name, id, tags, properties, version, run_id)

    @classmethod
    def _of(cls, workspace, document):
        return cls(workspace, _document=document)

    # Making and finding.

    @staticmethod
    def register(workspace, model_path, model_name, tags=None, properties=None, description=None, datasets=None,
                 model_framework=None, model_framework_version=None, child_paths=None, sample_input_dataset=None,
                 sample_output_dataset=None, resource_configuration=None, **kwargs):
        """Registers a local file or folder as the next version of a model."""
        from runwright import errors, models

        print("Registering model %s" % model_name)
        members = model_members(tags, properties, description, model_framework, model_framework_version,
                                resource_configuration)
        try:
            document = models.register_from_path(workspace._api, workspace._workspace_id, model_name, model_path,
                                                 members)
        except errors.NotFoundError as error:
            text = "Error, provided model path %s cannot be found: %s." % (model_path, error.message)
            raise exceptions.translated(error, exceptions.WebserviceException, text)
        except errors.RunwrightError as error:
            raise exceptions.translated(error, exceptions.WebserviceException)
        return Model._of(workspace, document)

    @staticmethod
    def list(workspace, name=None, tags=None, properties=None, run_id=None, latest=False, **kwargs):
        """Models, newest first. tags, properties: a key, a list of keys or [key, value] pairs, or a dict."""
        documents = workspace._call("list_models", name, None, run_id, True if latest else None)
        return [Model._of(workspace, document) for document in documents
                if _matches(document.get("tags"), tags) and _matches(document.get("properties"), properties)]

    @staticmethod
    def get_model_path(model_name, version=None, _workspace=None):
        """The path of a model's file or folder; fetched below ``azureml-models`` where it is not there yet."""
        from runwright.errors import RunwrightError

        found = _served(model_name, version)
        if found:
            return found
        try:
            workspace = _workspace or _workspace_here()
            document = workspace._api.get_model(workspace._workspace_id, model_name, version)
        except (RunwrightError, exceptions.AzureMLException) as error:
            found = _cached(model_name, version)
            if found:
                return found
            root = os.path.join(os.getcwd(), model_name)
            if version is None and os.path.exists(root):
                return root
            raise exceptions.ModelNotFoundException(
                "Model not found in cache or in root at ./%s. Model %s%s: %s" % (
                    _CACHE, model_name, "" if version is None else " version %s" % version,
                    getattr(error, "message", error)), inner_exception=error)
        return _fetch(workspace, document)

    # What it is.

    @property
    def name(self):
        return self._document["name"]

    @property
    def version(self):
        """Counts from 1."""
        return self._document["version"]

    @property
    def id(self):
        return self._document.get("id") or "%s:%d" % (self.name, self.version)

    @property
    def url(self):
        """An address as the SDK writes it."""
        return "aml://asset/%s" % self.id

    @property
    def description(self):
        return self._document.get("description")

    @property
    def tags(self):
        return dict(self._document.get("tags") or {})

    tags_dict = tags

    @property
    def properties(self):
        return dict(self._document.get("properties") or {})

    @property
    def created_time(self):
        from azureml._sdk.compute_status import parsed_time

        return parsed_time(self._document.get("created_time"))

    @property
    def model_framework(self):
        return self._document.get("framework")

    framework = model_framework

    @property
    def model_framework_version(self):
        return self._document.get("framework_version")

    framework_version = model_framework_version

    @property
    def resource_configuration(self):
        from azureml._sdk.resources import ResourceConfiguration

        return ResourceConfiguration.deserialize(self._document.get("resources"))

    @property
    def run_id(self):
        return self._document.get("run_id")

    @property
    def run(self):
        """The run that made it, None where there is none."""
        return self.workspace.get_run(self.run_id) if self.run_id else None

    @property
    def experiment_name(self):
        return self._document.get("experiment")

    @property
    def datasets(self):
        """Data sets are not part of this release: empty."""
        return {}

    def serialize(self):
        """A dict of the model."""
        return {
            "createdTime": self._document.get("created_time"), "description": self.description, "id": self.id,
            "name": self.name, "version": self.version, "runId": self.run_id, "experimentName": self.experiment_name,
            "framework": self.framework, "frameworkVersion": self.framework_version, "tags": self.tags,
            "properties": self.properties, "url": self.url,
        }

    # Using and changing.

    @sdk_errors
    def download(self, target_dir=".", exist_ok=False, exists_ok=None):
        """Fetches its files; returns the path of its file or folder. A file that is there is refused unless
        exist_ok."""
        from runwright import models

        exist_ok = bool(exist_ok or exists_ok)
        return models.download(self.workspace._api, self.workspace._workspace_id, self._document, target_dir, exist_ok)

    @sdk_errors
    def delete(self):
        """Deletes this version."""
        self.workspace._api.delete_model(self.workspace._workspace_id, self.name, self.version)

    @sdk_errors
    def update(self, tags=None, description=None, sample_input_dataset=None, sample_output_dataset=None,
               resource_configuration=None):
        """Replaces tags, description."""
        body = {"description": description}
        if tags is not None:
            tags = as_dict(tags)
            body.update(tags=tags, remove_tags=[key for key in self.tags if key not in tags])
        self._change({key: value for key, value in body.items() if value is not None})

    @sdk_errors
    def add_tags(self, tags):
        """Adds tags of a dict."""
        self._change({"tags": as_dict(tags)})

    @sdk_errors
    def remove_tags(self, tags):
        """Removes tags by key."""
        self._change({"remove_tags": [tags] if isinstance(tags, str) else list(tags)})

    @sdk_errors
    def add_properties(self, properties):
        """Adds properties of a dict."""
        self._change({"properties": as_dict(properties)})

    def _change(self, body):
        api, workspace = self.workspace._api, self.workspace._workspace_id
        self._document = dict(self._document, **(api.update_model(workspace, self.name, self.version, body) or {}))

    def __repr__(self):
        return "Model(workspace=%r, name=%s, id=%s, version=%s, tags=%s, properties=%s)" % (
            self.workspace, self.name, self.id, self.version, self.tags, self.properties)


def _later(name):
    def call(*args, **kwargs):
        from azureml._sdk.missing import MissingMember

        return MissingMember("Model." + name)()

    call.__name__, call.__doc__ = name, "Not built yet: deployment comes in a later release."
    return staticmethod(call)


for _name in ("deploy", "package", "profile", "convert_to_onnx"):
    setattr(Model, _name, _later(_name))


def as_dict(tags):
    """Tags as text → text."""
    if isinstance(tags, str):
        return {tags: ""}
    if not isinstance(tags, dict):
        return {str(key): "" for key in tags}
    return {str(key): "" if value is None else str(value) for key, value in tags.items()}


def model_members(tags, properties, description, framework, framework_version, resources):
    """Members of the server's ModelNew; what is None is left out."""
    members = {
        "tags": as_dict(tags) if tags else None, "properties": as_dict(properties) if properties else None,
        "description": description, "framework": framework,
        "framework_version": None if framework_version is None else str(framework_version),
        "resources": resources.serialize() if resources is not None else None,
    }
    return {key: value for key, value in members.items() if value is not None}


def _matches(have, wanted):
    if not wanted:
        return True
    have = have or {}
    if isinstance(wanted, str):
        wanted = [wanted]
    if isinstance(wanted, dict):
        wanted = [key if value is None else [key, value] for key, value in wanted.items()]
    return all((one in have) if isinstance(one, str) else have.get(one[0]) == str(one[1]) for one in wanted)


def _find(workspace, name, model_id, tags, properties, version, run_id):
    from runwright.errors import NotFoundError, RunwrightError

    if model_id:
        name, _, text = model_id.rpartition(":")
        version = int(text) if text.isdigit() else text
    if not name:
        found = Model.list(workspace, None, tags, properties, run_id)
        if found:
            return found[0]._document
        raise exceptions.WebserviceException("ModelNotFound: no model of workspace %s matches." % workspace.name)
    try:
        if tags or properties or run_id:
            found = [model for model in Model.list(workspace, name, tags, properties, run_id)
                     if version is None or int(version) == model.version]
            if found:
                return found[0]._document
        else:
            return workspace._api.get_model(workspace._workspace_id, name, version)
    except NotFoundError:
        pass
    except RunwrightError as error:
        raise exceptions.translated(error, exceptions.WebserviceException)
    raise exceptions.WebserviceException(_not_found(workspace, name, version))


def _not_found(workspace, name, version):
    from azureml._sdk.warn import near_matches

    known = sorted({document["name"] for document in workspace._call("list_models", None, None, None, True)})
    near = near_matches(name, [one for one in known if one != name])
    return "ModelNotFound: Model with name %s%s not found in provided workspace.%s Models of %s: %s." % (
        name, "" if version is None else " and version %s" % version,
        " Did you mean %s?" % " or ".join(near) if near else "", workspace.name, ", ".join(known) or "none")


def _workspace_here():
    from azureml._sdk.run_contexts import _SubmittedRun, context
    from azureml._sdk.workspace import Workspace

    run = context(True)
    return run.experiment.workspace if isinstance(run, _SubmittedRun) else Workspace.from_config()


def _served(name, version):
    """In a service: the model's path below AZUREML_MODEL_DIR."""
    root = os.environ.get("AZUREML_MODEL_DIR")
    if not root:
        return None
    folder = os.path.join(root, name)
    if not os.path.isdir(folder):
        return None
    return _only(os.path.join(folder, _version_in(folder, version) or ""))


def _cached(name, version):
    folder = os.path.join(os.getcwd(), _CACHE, name)
    found = _version_in(folder, version) if os.path.isdir(folder) else None
    return _only(os.path.join(folder, found)) if found else None


def _version_in(folder, version):
    versions = sorted((int(one) for one in os.listdir(folder) if one.isdigit()), reverse=True)
    if version is None:
        return str(versions[0]) if versions else None
    return str(version) if int(version) in versions else None


def _only(folder):
    """The one entry of a folder, or the folder itself."""
    names = os.listdir(folder)
    return os.path.join(folder, names[0]) if len(names) == 1 else folder


def _fetch(workspace, document):
    from runwright import models

    folder = os.path.join(os.getcwd(), _CACHE, document["name"], str(document["version"]))
    paths = [(os.path.join(folder, *one["path"].split("/")), one.get("size")) for one in document.get("files") or ()]
    if paths and all(os.path.isfile(path) and os.path.getsize(path) == size for path, size in paths):
        return _only(folder)
    models.download(workspace._api, workspace._workspace_id, document, folder, exist_ok=True)
    return _only(folder)
