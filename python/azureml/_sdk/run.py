"""Run: one execution, seen from outside or inside of it. The work is done by `runwright.run.Run`."""

from azureml._sdk import exceptions
from azureml._sdk.calls import sdk_errors
from azureml._sdk.run_media import RunMedia

_TERMINAL = ("Completed", "Failed", "Canceled")


class Run(RunMedia):
    """experiment, run_id: attaches to a run that exists.

    Inside of a run `get_context` gives the run that this process belongs to; logging there needs no server.
    """

    def __init__(self, experiment, run_id, outputs=None, _native=None, **kwargs):
        self._experiment, self._run_id = experiment, run_id
        self._native = _native or _attach(experiment, run_id)

    # Context.

    @staticmethod
    def get_context(allow_offline=True, used_for_context_manager=False, **kwargs):
        """The run that this process is part of; outside of a run one that prints, or with allow_offline=False an
        error."""
        from azureml._sdk.run_contexts import context

        return context(allow_offline)

    @staticmethod
    def get_submitted_run(**kwargs):
        """The name of get_context in 2018."""
        return Run.get_context(**kwargs)

    @staticmethod
    def get(workspace, run_id):
        """A run of a workspace by its id."""
        return workspace.get_run(run_id)

    @staticmethod
    def list(experiment, type=None, tags=None, properties=None, status=None, include_children=False):
        """Runs of an experiment, newest first, as a generator."""
        workspace = experiment.workspace
        for document in workspace._api.list_runs(workspace._workspace_id, experiment.name, status, tags, properties,
                                                 None, type, include_children):
            yield run_of(workspace, document, experiment)

    # What it is.

    @property
    def id(self):
        return self._run_id

    @property
    def experiment(self):
        return self._experiment

    @property
    def number(self):
        """Counts from 1 within the experiment."""
        return self._native.info.get("run_number") or self._native.document().get("number")

    @property
    def name(self):
        """The display name; the id where there is none."""
        return self._native.document().get("display_name") or self._run_id

    @property
    def display_name(self):
        return self.name

    @display_name.setter
    def display_name(self, value):
        self._native._document = self._native._ready().update_run(self._run_id, display_name=value)

    @property
    def type(self):
        return self._native.document().get("type") or "azureml.scriptrun"

    @property
    def status(self):
        """As of the last look; `get_status` looks anew."""
        return self._native.status

    @property
    def parent(self):
        """The parent run, None for a root."""
        parent_id = self._native.info.get("parent_id")
        if not parent_id:
            return None
        return run_of(self._experiment.workspace, self._native._asking().get_run(parent_id), self._experiment)

    @property
    def tags(self):
        return self.get_tags()

    @property
    def properties(self):
        return self.get_properties()

    @property
    def input_datasets(self):
        """name → data set. Data sets are not part of this release: empty."""
        return InputDatasets()

    @property
    def _api(self):
        return self._native.api

    @sdk_errors
    def get_status(self):
        """Status as the server knows it now."""
        return self._native.get_status()

    @sdk_errors
    def get_details(self):
        """Everything about the run: a dict whose members are attributes as well."""
        from azureml._sdk.run_details import details_of

        return details_of(self._native.document(refresh=True), self._native.portal_url())

    @sdk_errors
    def get_details_with_logs(self):
        """The same, with the content of each log in ``logFiles``."""
        from azureml._sdk.run_details import with_logs

        return with_logs(self.get_details(), self._native)

    def get_portal_url(self):
        """The run's page; the address holds no secret."""
        return self._native.portal_url()

    def get_environment(self):
        """The environment that the run was submitted with."""
        from azureml._sdk.environment import Environment

        definition = (self._native.document().get("run_definition") or {}).get("environment")
        if not definition:
            raise exceptions.UserErrorException("Run %s was not submitted with an Environment of this SDK." % self.id)
        spec = self._native.document().get("environment") or {}
        return Environment._from_definition(definition, spec)

    def _get_outputs_datapath(self):
        """The run's outputs as a place for ``resume_from=`` of another one."""
        from azureml._sdk.datapath import RunOutputs

        return RunOutputs(self.id)

    def get_snapshot_id(self):
        """The id of the source folder's snapshot."""
        return self._native.document().get("snapshot_id")

    # Waiting and ending.

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        """Waits for the end, printing the run's logs as they come; returns `get_details`.

        raise_on_error: a run that failed raises ActivityFailedException. Ctrl-C ends the waiting, not the run.
        """
        from azureml._sdk.run_details import details_of, failure_text

        try:
            document = self._wait(show_output)
        except KeyboardInterrupt:
            raise exceptions.ExperimentExecutionException(
                "The output streaming for the run interrupted.\n"
                "But the run is still executing on the compute target. \n"
                "Details for canceling the run: run.cancel(), or `runwright runs cancel %s`." % self.id)
        details = details_of(document, self._native.portal_url())
        if document.get("status") == "Failed" and raise_on_error:
            raise exceptions.ActivityFailedException(failure_text(details), error=details.get("error", {}).get("error"))
        return details

    @sdk_errors
    def _wait(self, show_output):
        return self._native.wait(show_output)

    @sdk_errors
    def cancel(self):
        """Ends the run: TERM, after a grace time KILL, on all its processes. Returns at once."""
        self._native.cancel()

    @sdk_errors
    def complete(self, _set_status=True):
        """Marks the run Completed. Inside of a script this is legal; the script may go on."""
        self._native.complete()

    @sdk_errors
    def fail(self, error_details=None, error_code=None, _set_status=True):
        """Marks the run Failed."""
        self._native.fail(error_details, error_code)

    def flush(self, timeout_seconds=300):
        """Waits until the server has made durable what was logged."""
        self._native.flush(timeout_seconds)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.complete()
        else:
            self.fail("%s: %s" % (kind.__name__, error))
        return False

    # Children.

    @sdk_errors
    def child_run(self, name=None, run_id=None, outputs=None):
        """A child of this run, which the caller logs to and ends; a context manager. Its files are those that it
        uploads: ``outputs`` is the root run's alone."""
        return self._child_of(self._native.child(name, run_id))

    def _child_of(self, native):
        return Run(self._experiment, native.id, _native=native)

    def create_children(self, count=None, tag_key=None, tag_values=None):
        """``count`` children, or one for each of ``tag_values``, tagged by ``tag_key``."""
        if (count is None) == (tag_values is None) or (tag_key is None) != (tag_values is None):
            raise exceptions.UserErrorException("create_children takes either count, or tag_key and tag_values.")
        if tag_values is None:
            return [self.child_run() for _ in range(int(count))]
        return [self._child_of(self._native.child(tags={tag_key: value})) for value in tag_values]

    def get_children(self, recursive=False, tags=None, properties=None, type=None, status=None,
                     _rehydrate_runs=True):
        """Children, newest first, as a generator."""
        for native in self._native.children(recursive, tags, properties, type, status):
            yield run_of(self._experiment.workspace, native.document(), self._experiment, native)

    def submit_child(self, config, tags=None, **kwargs):
        """Submits a run that is a child of this one."""
        from azureml._sdk.submission import submit

        workspace = self._experiment.workspace
        self._native._ready()
        return run_of(workspace, submit(workspace, self._experiment.name, config, tags, self.id), self._experiment)

    # Showing.

    def __repr__(self):
        document = self._native.document(refresh=not _is_over(self._native))
        return "Run(Experiment: %s,\nId: %s,\nType: %s,\nStatus: %s)" % (
            self._experiment.name, self.id, document.get("type") or "azureml.scriptrun", document.get("status"))

    __str__ = __repr__

    def _repr_html_(self):
        from azureml._sdk.html import Markup, link, table

        return table([
            ("Experiment", self._experiment.name), ("Id", self.id), ("Type", self.type), ("Status", self.get_status()),
            ("Details Page", Markup(link(self.get_portal_url(), "Link to the run's page"))),
            ("Docs Page", "docs/user/guide.md"),
        ])

    def __eq__(self, other):
        return isinstance(other, Run) and other.id == self.id

    def __hash__(self):
        return hash(self._run_id)


class InputDatasets(dict):
    """A dict whose missing names are explained."""

    def __missing__(self, name):
        raise KeyError("The run has no input data set %r: data sets are not part of this release." % (name,))


def _is_over(native):
    return native._document is not None and native._document.get("status") in _TERMINAL


def _attach(experiment, run_id):
    from runwright.errors import NotFoundError
    from runwright.run import Run as NativeRun

    api = experiment.workspace._api
    try:
        document = api.get_run(run_id)
    except NotFoundError as error:
        raise exceptions.UserErrorException("There is no run %s in experiment %s." % (run_id, experiment.name),
                                            inner_exception=error)
    return NativeRun(api, run_id, document)


def run_of(workspace, document, experiment=None, native=None):
    """The SDK's run of a server's document."""
    from runwright.run import Run as NativeRun

    from azureml._sdk.experiment import Experiment
    from azureml._sdk.script_run import ScriptRun

    if experiment is None or experiment.name != document["experiment"]:
        experiment = Experiment(workspace, document["experiment"])
    cls = ScriptRun if (document.get("type") or "azureml.scriptrun") == "azureml.scriptrun" else Run
    return cls(experiment, document["id"], _native=native or NativeRun(workspace._api, document["id"], document))


def get_run(experiment, run_id, rehydrate=True, clean_up=True):
    """A run of an experiment by its id."""
    return run_of(experiment.workspace, _attach(experiment, run_id).document(), experiment)
