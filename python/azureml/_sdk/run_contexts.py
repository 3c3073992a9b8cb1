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
        if not isinstance(_context, _OfflineRun):
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
    """Outside of a run: logging prints, tags and properties are kept in memory, files are left where they are."""

    def __init__(self):
        import uuid

        self._run_id = "OfflineRun_%s" % uuid.uuid4()
        self._tags, self._properties, self._metrics, self._state = {}, {}, {}, "Running"

    @property
    def _native(self):
        raise exceptions.RunEnvironmentException(
            "This needs a run, and this process is not part of one (Run.get_context() gave an offline run). Submit the "
            "script: experiment.submit(ScriptRunConfig(...)), or `runwright submit`.")

    _experiment = property(lambda self: self._native)
    experiment = parent = None
    number = None
    type = "azureml.offline"
    name = display_name = property(lambda self: self._run_id)
    status = property(lambda self: self._state)

    def _print(self, kind, name, value):
        print("Attempted to log %s metric %s:\n%s" % (kind, name, value))

    def log(self, name, value, description="", step=None):
        self._metrics.setdefault(name, []).append(value)
        self._print("scalar", name, value)

    def log_list(self, name, value, description=""):
        value = list(value)
        self._metrics[name] = value
        self._print("list", name, value)

    def log_row(self, name, description=None, **kwargs):
        self._metrics[name] = dict(kwargs)
        self._print("row", name, kwargs)

    def log_table(self, name, value, description=""):
        self._metrics[name] = dict(value)
        self._print("table", name, value)

    def log_image(self, name, path=None, plot=None, description=""):
        self._print("image", name, path if path is not None else plot)

    def _log_document(self, name, value, description):
        self._print("document", name, value)

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """What was logged in this process."""
        shaped = {key: value[0] if isinstance(value, list) and len(value) == 1 else value
                  for key, value in self._metrics.items() if name in (None, key)}
        return {self._run_id: shaped} if recursive else shaped

    def tag(self, key, value=None):
        self._tags[key] = value

    def set_tags(self, tags):
        self._tags.update(tags)

    def remove_tags(self, tags):
        for key in [tags] if isinstance(tags, str) else list(tags):
            self._tags.pop(key, None)

    def get_tags(self):
        return dict(self._tags)

    def add_properties(self, properties):
        for key in properties:
            if key in self._properties:
                raise exceptions.UserErrorException(
                    "The property %s exists already: properties are written once." % key)
        self._properties.update(properties)

    def get_properties(self):
        return dict(self._properties)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        print("Attempted to upload file %s" % name)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        for name in names:
            self.upload_file(name, None)

    def upload_folder(self, name, path, datastore_name=None):
        print("Attempted to upload folder %s" % name)

    def get_file_names(self):
        return []

    def get_status(self):
        return self._state

    def get_details(self):
        from azureml._sdk.run_details import Details

        return Details(runId=self._run_id, target="local", status=self._state, properties=self.get_properties(),
                       warnings=[], logFiles={}, runDefinition=None, inputDatasets=[], outputDatasets=[])

    def get_portal_url(self):
        return ""

    def flush(self, timeout_seconds=300):
        pass

    def complete(self, _set_status=True):
        self._state = "Completed"

    def fail(self, error_details=None, error_code=None, _set_status=True):
        self._state = "Failed"

    def cancel(self):
        self._state = "Canceled"

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        return self.get_details()

    def child_run(self, name=None, run_id=None, outputs=None):
        return _OfflineRun()

    def get_children(self, *args, **kwargs):
        return iter(())

    def __repr__(self):
        return "Run(OfflineRun,\nId: %s,\nStatus: %s)" % (self._run_id, self._state)

    __str__ = __repr__

    def _repr_html_(self):
        from azureml._sdk.html import table

        return table([("Id", self._run_id), ("Type", self.type), ("Status", self._state)])
