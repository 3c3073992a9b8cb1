"""Experiment: a named group of runs."""

import re

from azureml._sdk.calls import sdk_errors
from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.submission import _raise_snapshot_limit

_RULE = "3 to 36 characters of letters, digits, '_' and '-', the first one a letter or digit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,35}\Z")


class Experiment:
    """workspace, name: as they are; the server makes the experiment with its first run."""

    def __init__(self, workspace, name, _skip_name_validation=False, **kwargs):
        check_name(name)
        self._workspace, self._name, self._document = workspace, name, None

    @property
    def workspace(self):
        return self._workspace

    @property
    def name(self):
        return self._name

    @property
    def id(self):
        """The server's id; makes the experiment where it does not exist."""
        if self._document is None:
            self._document = self._workspace._call("create_experiment", self._name)
        return self._document["id"]

    workspace_object = workspace

    def submit(self, config, tags=None, **kwargs):
        """Starts a run of a ScriptRunConfig or an estimator and returns it at once.

        What is wrong with ``config`` is raised here, before a run exists.
        """
        from azureml._sdk.run import run_of
        from azureml._sdk.submission import submit

        if kwargs and hasattr(config, "_override_params"):
            config._override_params(**{k: v for k, v in kwargs.items() if k in (
                "script_params", "inputs", "source_directory_data_store")})
        return run_of(self._workspace, submit(self._workspace, self._name, config, tags), self)

    @sdk_errors
    def start_logging(self, outputs=None, snapshot_directory=".", display_name=None, tags=None, properties=None,
                      run_id=None, **kwargs):
        """Begins a run of this process, Running at once; complete(), fail() or leaving it as a context manager ends it.

        outputs: the folder whose files become the run's when it ends (default ``./outputs``; it is made).
        snapshot_directory: the folder that the run keeps a snapshot of, None for none.
        """
        from runwright import errors
        from runwright.interactive import start_logging

        from azureml._sdk import exceptions
        from azureml._sdk.run import Run
        from azureml._sdk.warn import unknown_keywords

        unknown_keywords("Experiment.start_logging", kwargs)
        tags = {str(key): None if value is None else str(value) for key, value in (tags or {}).items()}
        properties = {str(key): str(value) for key, value in (properties or {}).items()}
        _raise_snapshot_limit()
        try:
            native = start_logging(
                self._workspace._api, self._workspace._document, self._name, outputs, snapshot_directory, run_id,
                display_name=display_name, tags=tags or None, properties=properties or None)
        except errors.TooLargeError as error:
            raise exceptions.translated(error, exceptions.SnapshotException)
        return Run(self, native.id, _native=native)

    def get_runs(self, type=None, tags=None, properties=None, include_children=False):
        """Runs, newest first, as a generator. tags: a key or a dict."""
        from azureml._sdk.run import run_of

        documents = self._workspace._api.list_runs(
            self._workspace._workspace_id, self._name, None, tags, properties, None, type, include_children)
        for document in documents:
            yield run_of(self._workspace, document, self)

    @staticmethod
    def list(workspace, experiment_name=None, view_type="ActiveOnly", tags=None):
        """Experiments of a workspace. view_type: "ActiveOnly", "ArchivedOnly" or "All"."""
        views = {"activeonly": "active", "archivedonly": "archived", "all": "all"}
        if str(view_type).lower() not in views:
            raise UserErrorException("view_type is ActiveOnly, ArchivedOnly or All, not %r." % (view_type,))
        names = [document["name"] for document in workspace._call("list_experiments", views[str(view_type).lower()])]
        return [Experiment(workspace, name) for name in names if experiment_name in (None, name)]

    @staticmethod
    def delete(workspace, experiment_id):
        """Deletes an experiment by its id (or name). One that has runs is refused: delete its runs first."""
        workspace._call("delete_experiment", experiment_id)

    def archive(self):
        """Lists leave it out until it is reactivated or gets a run."""
        self._workspace._call("archive_experiment", self._name)

    def reactivate(self, new_name=None):
        """Undoes `archive`."""
        if new_name is not None and new_name != self._name:
            raise UserErrorException("An experiment keeps its name: call reactivate() without new_name.")
        self._workspace._call("reactivate_experiment", self._name)

    def get_docs_url(self):
        return "docs/user/guide.md"

    def get_portal_url(self):
        """The server's address."""
        return self._workspace._api.url

    def __repr__(self):
        return "Experiment(Name: %s,\nWorkspace: %s)" % (self._name, self._workspace.name)

    def _repr_html_(self):
        from azureml._sdk.html import table

        return table([("Name", self._name), ("Workspace", self._workspace.name)])

    def __eq__(self, other):
        return isinstance(other, Experiment) and (self._name, self._workspace) == (other._name, other._workspace)

    def __hash__(self):
        return hash(self._name)


def check_name(name):
    """Raises for a name that breaks the rule, with one that does not."""
    if isinstance(name, str) and _NAME.match(name):
        return
    text = "The experiment name %r is not valid: it must be %s." % (name, _RULE)
    better = re.sub(r"[^A-Za-z0-9_-]+", "-", str(name)).strip("-_")[:36].rstrip("-_") if isinstance(name, str) else ""
    if better and len(better) < 3:
        better += "-experiment"
    raise UserErrorException(text + (" For example: %s." % better if better and _NAME.match(better) else ""))
