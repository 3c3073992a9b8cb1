"""Workspace: found through config.json or by name, and everything in it."""

import os

from azureml._sdk import exceptions
from azureml._sdk.listing import Listing
from azureml._sdk.warn import unknown_keywords

_LOOPBACK = ("http://127.", "http://localhost", "http://[::1]", "https://127.", "https://localhost", "unix:")
_CREATE_OLD = ("default_cpu_compute_target", "default_gpu_compute_target", "friendly_name", "storage_account",
               "key_vault", "app_insights", "container_registry", "show_output", "tags")


class Workspace:
    """A workspace of a Runwright server.

    workspace_name, subscription_id, resource_group: which one. auth: accepted; the credential is runwright's own.
    """

    DEFAULT_CPU_CLUSTER_NAME = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME = "gpu-cluster"

    def __init__(self, subscription_id=None, resource_group=None, workspace_name=None, auth=None, _document=None,
                 _api=None, **kwargs):
        if _document is None:
            _api, _document = _look_up(workspace_name, subscription_id, resource_group)
        self._api, self._document = _api, _document
        self._auth_object = auth

    # Finding and making.

    @staticmethod
    def from_config(path=None, auth=None, _logger=None, _file_name=None, **kwargs):
        """The workspace that config.json names.

        path: the file, or the folder to begin in; default the current folder. It is looked for there, in ``.azureml``
        and ``aml_config`` below, then in each parent folder.
        """
        from runwright import config, errors

        found, looked = config.find_config(path, _file_name)
        if found is None:
            raise exceptions.UserErrorException(_no_config(path, looked))
        try:
            settings = config.read_config(found)
            keys = {key: settings[key] for key in config.WORKSPACE_KEYS}
            api = config.resolve(None, settings, keys).api()
        except errors.RunwrightError as error:
            raise exceptions.translated(error)
        name, subscription, group = keys["workspace_name"], keys["subscription_id"], keys["resource_group"]
        return Workspace(auth=auth, _api=api, _document=_find(api, name, subscription, group))

    @staticmethod
    def get(name, auth=None, subscription_id=None, resource_group=None, **kwargs):
        """The workspace of that name; at the server that `runwright.config` finds."""
        return Workspace(subscription_id, resource_group, name, auth)

    @staticmethod
    def create(name, auth=None, subscription_id=None, resource_group=None, location=None, create_resource_group=True,
               sku="basic", exist_ok=False, **kwargs):
        """Makes a workspace. exist_ok: an existing one of the same keys is given back."""
        from runwright import errors
        from runwright.workspace import create_workspace

        unknown_keywords("Workspace.create", {k: v for k, v in kwargs.items() if k not in _CREATE_OLD})
        try:
            made = create_workspace(name, None, subscription_id, resource_group, location, bool(exist_ok))
        except errors.RunwrightError as error:
            raise exceptions.translated(error, exceptions.ProjectSystemException if isinstance(
                error, errors.UnavailableError) else exceptions.UserErrorException)
        return Workspace(auth=auth, _api=made.api, _document=made.document)

    @staticmethod
    def list(subscription_id=None, auth=None, resource_group=None):
        """name → list of workspaces at the server."""
        from runwright import config

        api, out = config.resolve().api(), {}
        for document in api.list_workspaces(None, subscription_id, resource_group):
            out.setdefault(document["name"], []).append(Workspace(_api=api, _document=document))
        return out

    def write_config(self, path=None, file_name=None):
        """Writes ``.azureml/config.json`` below ``path`` (default: the current folder)."""
        from runwright import config

        config.write_config(path or os.getcwd(), self._keys(), self._api.url, file_name)

    def _keys(self):
        return {"subscription_id": self.subscription_id, "resource_group": self.resource_group,
                "workspace_name": self.name}

    # What it is.

    @property
    def name(self):
        return self._document["name"]

    @property
    def subscription_id(self):
        return self._document["subscription_id"]

    @property
    def resource_group(self):
        return self._document["resource_group"]

    @property
    def location(self):
        return self._document.get("location") or "local"

    @property
    def _workspace_id(self):
        return self._document["id"]

    @property
    def tags(self):
        return dict(self._document.get("tags") or {})

    def get_details(self):
        """A dict of everything that is known about the workspace."""
        path = "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.MachineLearningServices/workspaces/%s" % (
            self.subscription_id, self.resource_group, self.name)
        return {
            "id": path, "name": self.name, "location": self.location,
            "type": "Microsoft.MachineLearningServices/workspaces", "tags": self.tags, "sku": "Basic",
            "workspaceid": self._workspace_id, "description": "",
            "friendlyName": self.name, "creationTime": self._document.get("created_time"),
            "discoveryUrl": self._api.url, "server": self._api.url,
        }

    # What is in it.

    @property
    def compute_targets(self):
        """name → compute target."""
        from azureml._sdk.compute import ComputeTarget

        return Listing(lambda: ((d["name"], ComputeTarget._of(self, d)) for d in self._call("list_computes")))

    @property
    def experiments(self):
        """name → Experiment."""
        from azureml._sdk.experiment import Experiment

        return Listing(lambda: ((d["name"], Experiment(self, d["name"])) for d in self._call("list_experiments")))

    @property
    def models(self):
        """name → latest Model; called with name=, tags= as a method: the models that match."""
        from azureml._sdk.model import Model

        return Listing(lambda name=None, tags=None, **kwargs: (
            (model.name, model) for model in Model.list(self, name=name, tags=tags, latest=True)))

    @property
    def environments(self):
        """name → Environment."""
        from azureml._sdk.environment import Environment

        return Listing(lambda: Environment.list(self).items())

    @property
    def webservices(self):
        """Services are not part of this release: empty."""
        return Listing(lambda **kwargs: ())

    @property
    def images(self):
        """Images are not part of this release: empty."""
        return Listing(lambda **kwargs: ())

    @property
    def datasets(self):
        """Data sets are not part of this release: empty."""
        return Listing(lambda: ())

    @property
    def datastores(self):
        """Datastores are not part of this release: empty."""
        return Listing(lambda: ())

    def get_run(self, run_id):
        """A run by its id."""
        from runwright.errors import NotFoundError

        from azureml._sdk.run import run_of

        try:
            return run_of(self, self._api.get_run(run_id))
        except NotFoundError as error:
            raise exceptions.UserErrorException(
                "There is no run %s in workspace %s." % (run_id, self.name), inner_exception=error)

    def get_default_compute_target(self, type="CPU"):
        """The cluster named as DEFAULT_CPU_CLUSTER_NAME or DEFAULT_GPU_CLUSTER_NAME, None where there is none."""
        name = self.DEFAULT_GPU_CLUSTER_NAME if str(type).upper() == "GPU" else self.DEFAULT_CPU_CLUSTER_NAME
        return self.compute_targets.get(name)

    def get_mlflow_tracking_uri(self, with_auth=False):
        """Not built yet."""
        return _not_built("get_mlflow_tracking_uri")

    def get_default_datastore(self):
        """Not built yet."""
        return _not_built("get_default_datastore")

    def set_default_datastore(self, name):
        """Not built yet."""
        return _not_built("set_default_datastore")

    def get_default_keyvault(self):
        """The workspace's secrets."""
        from azureml._sdk.keyvault import Keyvault

        return Keyvault(self)

    def delete(self, delete_dependent_resources=False, no_wait=False):
        """Not built yet."""
        return _not_built("delete")

    def _is_local(self):
        """Is the server on this machine?"""
        return self._api.url.startswith(_LOOPBACK)

    def _call_plainly(self, method, *args):
        """``Api.<method>(…)`` with errors of the SDK."""
        from runwright.errors import RunwrightError

        try:
            return getattr(self._api, method)(*args)
        except RunwrightError as error:
            raise exceptions.translated(error)

    def _call(self, method, *args, **kwargs):
        """``Api.<method>(workspace id, …)`` with errors of the SDK."""
        from runwright.errors import RunwrightError

        try:
            out = getattr(self._api, method)(self._workspace_id, *args, **kwargs)
            return list(out) if hasattr(out, "__next__") else out
        except RunwrightError as error:
            raise exceptions.translated(error)

    def __repr__(self):
        return "Workspace.create(name=%r, subscription_id=%r, resource_group=%r)" % (
            self.name, self.subscription_id, self.resource_group)

    def __eq__(self, other):
        return isinstance(other, Workspace) and other._workspace_id == self._workspace_id

    def __hash__(self):
        return hash(self._workspace_id)


def _cluster_configuration(vm_size):
    def make(cls):
        from azureml._sdk.compute import AmlCompute

        return AmlCompute.provisioning_configuration(vm_size=vm_size, min_nodes=0, max_nodes=2)
    return make


class _ClassValue:
    """A value of the class that is made when it is read."""

    def __init__(self, make):
        self._make = make

    def __get__(self, instance, owner):
        return self._make(owner)


Workspace.DEFAULT_CPU_CLUSTER_CONFIGURATION = _ClassValue(_cluster_configuration("STANDARD_D2_V2"))
Workspace.DEFAULT_GPU_CLUSTER_CONFIGURATION = _ClassValue(_cluster_configuration("STANDARD_NC6"))


def _not_built(name):
    from azureml._sdk.missing import MissingMember

    return MissingMember("Workspace." + name)()


def _look_up(name, subscription_id, resource_group):
    from runwright import config, errors

    if not name:
        raise exceptions.UserErrorException(
            "Workspace needs workspace_name. Workspace.from_config() takes it from config.json.")
    wanted = {"workspace_name": name, "subscription_id": subscription_id, "resource_group": resource_group}
    try:
        api = config.resolve(None, None, wanted).api()
    except errors.RunwrightError as error:
        raise exceptions.translated(error)
    return api, _find(api, name, subscription_id, resource_group)


def _find(api, name, subscription_id, resource_group):
    from runwright import errors
    from runwright.workspace import find_workspace, load

    try:
        return load(api, find_workspace(api, name, subscription_id, resource_group))
    except errors.RunwrightError as error:
        kind = exceptions.ProjectSystemException if isinstance(error, errors.NotFoundError) else (
            exceptions.UserErrorException)
        raise exceptions.translated(error, kind)


def _no_config(path, looked):
    start = os.path.abspath(path or os.getcwd())
    if path and not os.path.exists(path):
        return "We could not find config.json in: %s or in its parent directories: %s does not exist." % (start, start)
    from runwright import config

    others = config.passed_over(looked)
    return ("We could not find config.json in: %s or in its parent directories (the file itself, .azureml/ and "
            "aml_config/ in each). %sWrite one with `runwright init` in your project folder, or with "
            "ws.write_config(); or name the workspace: Workspace.get(name=...)."
            % (start, "Passed over: %s. " % ", ".join(others) if others else ""))
