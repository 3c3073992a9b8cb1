"""`Workspace`: the container of experiments, runs, models and compute targets."""

from runwright import _session, config, errors
from runwright.run import Run


class Workspace:
    """A workspace on a server. ``document`` is the server's JSON (schema Workspace)."""

    def __init__(self, api, document):
        self.api, self.document = api, document
        self.id, self.name = document["id"], document["name"]

    def __repr__(self):
        return "Workspace(%r)" % self.name

    def submit(self, experiment, folder=None, **members):
        """Submits a run (see `runwright.submit.submit`) and returns it as a `Run`."""
        from runwright.submit import submit

        document = submit(self.api, self.id, experiment, folder, **members)
        return Run(self.api, document["id"], document)

    def start_logging(self, experiment, snapshot_directory=".", **members):
        """Begins an interactive run of this process (see `runwright.interactive.start_logging`)."""
        from runwright.interactive import start_logging

        return start_logging(self.api, self.document, experiment, snapshot_directory=snapshot_directory, **members)

    def run(self, run_id):
        """The run of that id; NotFoundError where there is none in this workspace."""
        document = self.api.get_run(run_id)
        if document.get("workspace_id") != self.id:
            raise errors.NotFoundError("There is no run %s in workspace %s" % (run_id, self.name), field="run_id")
        return Run(self.api, run_id, document)

    def runs(self, experiment=None, **filters):
        """Runs, newest first (a generator); filters as in `Api.list_runs`."""
        for document in self.api.list_runs(self.id, experiment, **filters):
            yield Run(self.api, document["id"], document)

    def models(self, name=None, **filters):
        """Models, newest first (a generator)."""
        from runwright.models import Model

        for document in self.api.list_models(self.id, name, **filters):
            yield Model(self.api, self.id, document)

    def model(self, name, version=None):
        """One model; the latest version unless one is given."""
        from runwright.models import Model

        return Model(self.api, self.id, self.api.get_model(self.id, name, version))

    def computes(self):
        """Compute targets (a generator), ``local`` among them."""
        from runwright.compute import Compute

        for document in self.api.list_computes(self.id):
            yield Compute(self.api, self.id, document)

    def write_config(self, folder=".", file_name=None):
        """Writes ``folder/.azureml/config.json``; returns its path."""
        return config.write_config(folder, keys_of(self.document), self.api.url, file_name)


def keys_of(document):
    """Azure's three keys of a workspace's JSON."""
    return {
        "subscription_id": document["subscription_id"],
        "resource_group": document["resource_group"],
        "workspace_name": document["name"],
    }


def find_workspace(api, name, subscription_id=None, resource_group=None):
    """The JSON of the one workspace of that name (and keys, where given). NotFoundError lists what there is;
    ConflictError where several match."""
    found = list(api.list_workspaces(name, subscription_id, resource_group))
    if len(found) == 1:
        return found[0]
    if found:
        raise errors.ConflictError(
            "%d workspaces are named %r; say which one by subscription_id and resource_group: %s"
            % (len(found), name, ", ".join("%(subscription_id)s/%(resource_group)s" % one for one in found)),
            field="workspace_name",
        )
    names = ", ".join(repr(one["name"]) for one in api.list_workspaces()) or "none"
    where = "".join(
        " in %s %r" % (label, value)
        for label, value in (("subscription", subscription_id), ("resource group", resource_group))
        if value
    )
    raise errors.NotFoundError(
        "There is no workspace %r%s at %s. Workspaces there: %s. Workspace.create or `runwright init --workspace %s` makes "
        "it" % (name, where, api.url, names, name),
        field="workspace_name",
    )


def load(api, document, target=None):
    """Notes a workspace as the one loaded in this process; returns ``document``."""
    client = api.client
    if not client.url.startswith("unix:"):
        _session.remember(client.url, client.token)
    return document


def open_workspace(name=None, server=None, path=None, subscription_id=None, resource_group=None):
    """A `Workspace`: by name, else the one that config.json (at ``path``, here or above) names, else the only one of
    the server. Inside a run it is the run's own."""
    session = None if server or name else _session.run_session()
    if session is not None:
        return Workspace(session.api, session.info["workspace"])
    settings = None
    if name is None:
        found, _ = config.find_config(path)
        if found:
            settings = config.read_config(found)
            name = settings["workspace_name"]
            subscription_id, resource_group = settings["subscription_id"], settings["resource_group"]
    wanted = {"workspace_name": name, "subscription_id": subscription_id, "resource_group": resource_group}
    api = config.resolve(server, settings, wanted if name else None).api()
    if name is None:
        every = list(api.list_workspaces())
        if len(every) != 1:
            raise errors.FailedPreconditionError(
                "%s holds %d workspaces (%s): name one, or write config.json with `runwright init`"
                % (api.url, len(every), ", ".join(one["name"] for one in every)),
                field="workspace_name",
            )
        document = every[0]
    else:
        document = find_workspace(api, name, subscription_id, resource_group)
    return Workspace(api, load(api, document))


def create_workspace(name, server=None, subscription_id=None, resource_group=None, location=None, exist_ok=False):
    """Creates a workspace and notes it in the credential file; ConflictError where it exists and not exist_ok.

    Without a subscription_id (the server makes one up) the name alone says whether it exists.
    """
    api = config.resolve(server).api()
    document = None
    if subscription_id is None:
        same = list(api.list_workspaces(name, None, resource_group))
        if same and not exist_ok:
            raise errors.ConflictError(
                "There is a workspace %r at %s already. Pass exist_ok=True to use it, or another name" % (name, api.url),
                field="name",
            )
        document = same[0] if same else None
    if document is None:
        document = api.create_workspace(
            name, exist_ok, subscription_id=subscription_id, resource_group=resource_group, location=location
        )
    config.remember_workspace(api.url, keys_of(document))
    return Workspace(api, load(api, document))
