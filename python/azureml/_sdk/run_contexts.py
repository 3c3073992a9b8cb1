"""What `Run.get_context` gives: the run that this process belongs to, or one that only prints."""

from azureml._sdk import exceptions
from azureml._sdk.run import Run

_context = None


def context(allow_offline):
    """The one context of this process."""
    global _context
    from runwright import _session, errors

    try:
        session = _session.run_session()
    except errors.RunwrightError as error:
        raise exceptions.translated(error, exceptions.RunEnvironmentException)
    if session is None:
        if not allow_offline:
            raise exceptions.RunEnvironmentException(
                "Could not load a submitted run, if outside of an execution context, use experiment.start_logging to "
                "initialize an azureml.core.Run. This process is not part of a run: RUNWRIGHT_RUN_DIR is not set.")
        if not isinstance(_context, _OfflineRun) or _context._native.session is None:
            _context = _OfflineRun()
    elif not isinstance(_context, _SubmittedRun) or _context._native.session is not session:
        _context = _SubmittedRun._of(session)
    return _context


class _SubmittedRun(Run):
    """The run that this process belongs to."""

    @classmethod
    def _of(cls, session):
        from runwright.run import current

        native = current()
        made = cls(None, session.run_id, _native=native)
        # log() is called in training loops: straight to the journal, without a frame in between.
        made._native_log = native.log
        return made

    def log(self, name, value, description="", step=None):
        self._native_log(name, value, step)

    @property
    def experiment(self):
        return self._experiment

    @property
    def _experiment(self):
        if self._own_experiment is None:
            from azureml._sdk.experiment import Experiment
            from azureml._sdk.workspace import Workspace

            info = self._native.info
            workspace = Workspace(_api=self._native.api, _document=info["workspace"])
            self._own_experiment = Experiment(workspace, info["experiment"])
        return self._own_experiment

    @_experiment.setter
    def _experiment(self, value):
        self._own_experiment = value


class _OfflineRun(Run):
    """Outside of a run: the same API, kept in a local folder (docs/user/logging.md) that `runwright sync` sends to a
    server. Logging prints what is logged, as it always did."""

    def __init__(self, native=None, parent=None):
        if native is None:
            from runwright.offline import offline_run

            native = offline_run()
        Run.__init__(self, None, native.id, _native=native)
        self._parent = parent

    number = None
    type = "azureml.offline"

    @property
    def experiment(self):
        """Experiment "offline" of the workspace that config.json names; None where there is no such file or nobody
        answers there."""
        from azureml._sdk.experiment import Experiment
        from azureml._sdk.workspace import Workspace

        if self._experiment is None:
            try:
                self._experiment = Experiment(Workspace.from_config(), "offline")
            except exceptions.AzureMLException:
                pass
        return self._experiment

    @property
    def parent(self):
        return self._parent

    def _print(self, kind, name, value):
        print("Attempted to log %s metric %s:\n%s" % (kind, name, value))

    def log(self, name, value, description="", step=None):
        Run.log(self, name, value, description, step)
        self._print("scalar", name, value)

    def log_list(self, name, value, description=""):
        value = list(value)
        Run.log_list(self, name, value, description)
        self._print("list", name, value)

    def log_row(self, name, description=None, **kwargs):
        Run.log_row(self, name, description, **kwargs)
        self._print("row", name, kwargs)

    def log_table(self, name, value, description=""):
        Run.log_table(self, name, value, description)
        self._print("table", name, value)

    def log_image(self, name, path=None, plot=None, description=""):
        Run.log_image(self, name, path, plot, description)
        self._print("image", name, path if path is not None else plot)

    def get_portal_url(self):
        return ""

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        """This process is the run: nothing is waited for."""
        return self.get_details()

    def get_details(self):
        from azureml._sdk.run_details import details_of

        return details_of(self._native.document(refresh=True), "")

    def _child_of(self, native):
        return _OfflineRun(native, self)

    def get_children(self, recursive=False, tags=None, properties=None, type=None, status=None,
                     _rehydrate_runs=True):
        for native in self._native.children(recursive, tags, properties, type, status):
            yield _OfflineRun(native, self)

    def submit_child(self, config, tags=None, **kwargs):
        raise exceptions.RunEnvironmentException(
            "Run %s is an offline run: it cannot submit others. Submit this script itself (experiment.submit, "
            "`runwright submit`), then it can." % self.id)

    def __repr__(self):
        return "Run(OfflineRun,\nId: %s,\nStatus: %s)" % (self.id, self.get_status())

    __str__ = __repr__

    def _repr_html_(self):
        from azureml._sdk.html import table

        return table([("Id", self.id), ("Type", self.type), ("Status", self.get_status())])
