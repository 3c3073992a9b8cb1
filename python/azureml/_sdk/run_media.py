"""What a run says and keeps: metrics, tags, properties, files, models."""

import os
import re

from azureml._sdk import exceptions
from azureml._sdk.calls import sdk_errors


class UploadedFile(dict):
    """What upload_file answers: the facts of the file that was kept (name, size, digest …), as a dict and, for code
    that prints them, by serialize()."""

    @property
    def artifacts(self):
        """``{name: facts}``."""
        return {self["name"]: dict(self)} if self else {}

    @property
    def errors(self):
        """Always empty: an upload that fails raises."""
        return {}

    def serialize(self):
        """The facts as a plain dict."""
        return {"artifacts": self.artifacts, "errors": self.errors}


class RunMedia:
    """Base of Run; ``_native`` is a `runwright.run.Run`."""

    # Metrics.

    def log(self, name, value, description="", step=None):
        """Logs one value: a number, text, or what turns into one."""
        self._native.log(name, value, step)

    def log_list(self, name, value, description=""):
        """Logs a list of values; generators too."""
        self._native.log_list(name, value, description)

    def log_row(self, name, description=None, **kwargs):
        """Logs one row of a table: a keyword a column."""
        self._native.log_row(name, kwargs, description)

    def log_table(self, name, value, description=""):
        """Logs a table: column → list."""
        self._native.log_table(name, value, description)

    @sdk_errors
    def log_image(self, name, path=None, plot=None, description=""):
        """Keeps an image as a file of the run and logs its address. path: a file; plot: a matplotlib figure or
        pyplot."""
        if (path is None) == (plot is None):
            raise exceptions.UserErrorException("log_image takes either path or plot.")
        if plot is not None:
            self._log_file(name, _figure_bytes(plot), ".png", description)
        else:
            if not os.path.isfile(path):
                raise exceptions.UserErrorException("log_image: there is no file %s." % os.path.abspath(path))
            self._log_file(name, path, os.path.splitext(path)[1] or ".png", description)

    def log_accuracy_table(self, name, value, description=""):
        """Keeps the table (dict or JSON text) as a file of the run."""
        self._log_document(name, value, description)

    def log_confusion_matrix(self, name, value, description=""):
        """Keeps the matrix (dict or JSON text) as a file of the run."""
        self._log_document(name, value, description)

    def log_predictions(self, name, value, description=""):
        """Keeps the predictions (dict or JSON text) as a file of the run."""
        self._log_document(name, value, description)

    def log_residuals(self, name, value, description=""):
        """Keeps the residuals (dict or JSON text) as a file of the run."""
        self._log_document(name, value, description)

    @sdk_errors
    def _log_document(self, name, value, description):
        import json

        from runwright.values import plain

        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise exceptions.UserErrorException("The value of %r is text, but no JSON: %s." % (name, error))
        self._log_file(name, json.dumps(plain(value)).encode("utf-8"), ".json", description)

    def _log_file(self, name, content, ending, description):
        from runwright.values import artifact_id

        artifact = artifact_name(name, ending)
        self._native.upload_file(artifact, content)
        self._native.log_artifact(name, artifact_id(self._native.id, artifact), description)

    @sdk_errors
    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """name → value: a scalar logged once, a list logged repeatedly. What this process logged is in it.

        recursive: run id → such a dict, of the run and its descendants. run_type: of runs of that type alone.
        populate: tables that are kept as files (log_accuracy_table …) come with their content.
        """
        return self._native.get_metrics(name, recursive, run_type, populate)

    # Tags and properties.

    @sdk_errors
    def tag(self, key, value=None):
        """Sets a tag; the value may be None."""
        self._native.tag(key, value)

    @sdk_errors
    def set_tags(self, tags):
        """Sets tags of a dict."""
        self._native.set_tags(tags)

    @sdk_errors
    def remove_tags(self, tags):
        """Removes tags by key or list of keys."""
        self._native.remove_tags(list(tags) if isinstance(tags, dict) else tags)

    @sdk_errors
    def get_tags(self):
        """Tags as the server knows them now."""
        return self._native.get_tags()

    @sdk_errors
    def add_properties(self, properties):
        """Adds properties; a key can be written once."""
        self._native.add_properties(properties)

    @sdk_errors
    def get_properties(self):
        """Properties as the server knows them now."""
        return self._native.get_properties()

    # Files.

    @sdk_errors
    def get_file_names(self):
        """Names of all files of the run, sorted."""
        return self._native.files()

    @sdk_errors
    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Keeps a file under ``name``; a name is taken once. Answers an UploadedFile."""
        return UploadedFile(self._native.upload_file(name, path_or_stream))

    @sdk_errors
    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        """Keeps several files."""
        self._native.upload_files(names, paths)

    @sdk_errors
    def upload_folder(self, name, path, datastore_name=None):
        """Keeps every file below ``path`` as ``name/…``."""
        return self._native.upload_folder(name, path)

    def download_file(self, name, output_file_path=None, _validate_checksum=False):
        """Fetches a file. output_file_path: a file or folder; None: its base name in the current folder."""
        from runwright import errors

        try:
            self._native.download_file(name, output_file_path)
        except errors.NotFoundError as error:
            raise exceptions.UserErrorException(self._no_file(name), inner_exception=error)
        except errors.RunwrightError as error:
            raise exceptions.translated(error)

    def _no_file(self, name):
        from azureml._sdk.warn import near_matches

        names = self._native.files()
        near = near_matches(name, names) or names[:10]
        return "File with path %s was not found. Files of run %s: %s%s" % (
            name, self._native.id, ", ".join(near) or "none", " …" if len(names) > len(near) else "")

    @sdk_errors
    def download_files(self, prefix=None, output_directory=None, output_paths=None, batch_size=100, append_prefix=True,
                       timeout_seconds=None):
        """Fetches the files whose names begin with ``prefix``."""
        self._native.download_files(prefix, output_directory, output_paths, append_prefix)

    @sdk_errors
    def get_all_logs(self, destination=None):
        """Fetches all logs into a folder; returns their paths."""
        names = [name for name in self._native.files() if name.split("/")[0] in (
            "azureml-logs", "logs", "user_logs", "system_logs")]
        folder = destination or os.path.join("assets", self._native.id)
        return [self._native.download_file(name, os.path.join(folder, *name.split("/"))) for name in names]

    @sdk_errors
    def restore_snapshot(self, snapshot_id=None, path=None):
        """Fetches a snapshot as a zip file and returns its path. snapshot_id: default the run's own. path: a folder, or
        a name that ends in .zip; default: ``<id>.zip`` in the current folder."""
        from runwright.snapshot_zip import restore

        snapshot_id = snapshot_id or self._native.document().get("snapshot_id")
        if not snapshot_id:
            raise exceptions.UserErrorException("Run %s has no snapshot of a source folder." % self.id)
        return restore(self._native.api, snapshot_id, path)

    @sdk_errors
    def take_snapshot(self, file_or_folder_path):
        """Keeps a snapshot of a file or folder, noted in the run's properties; returns its id."""
        from runwright.snapshot_zip import take

        if not os.path.exists(file_or_folder_path):
            raise exceptions.UserErrorException("There is no file or folder %s." % os.path.abspath(file_or_folder_path))
        snapshot_id = take(self._native.api, file_or_folder_path)
        self._native.add_properties({"runwright.snapshot." + snapshot_id[:16]: snapshot_id})
        return snapshot_id

    def get_secret(self, name):
        """A secret of the workspace."""
        return self.experiment.workspace.get_default_keyvault().get_secret(name)

    def get_secrets(self, secrets):
        """name → value of several secrets; None for those that are not there."""
        return self.experiment.workspace.get_default_keyvault().get_secrets(secrets)

    # Models.

    def register_model(self, model_name, model_path=None, tags=None, properties=None, model_framework=None,
                       model_framework_version=None, description=None, datasets=None, sample_input_dataset=None,
                       sample_output_dataset=None, resource_configuration=None, **kwargs):
        """Registers a file or folder of the run as the next version of a model.

        model_path: a name among the run's files (``outputs/model.pkl``, ``outputs/``, ``./outputs/x``); default:
        model_name.
        """
        from runwright import errors

        from azureml._sdk.model import Model, model_members

        members = model_members(tags, properties, description, model_framework, model_framework_version,
                                resource_configuration)
        try:
            document = self._native.register_model(model_name, model_path, **members)
        except errors.NotFoundError as error:
            raise exceptions.ModelPathNotFoundException(self._no_model_path(model_path or model_name),
                                                        inner_exception=error)
        except errors.RunwrightError as error:
            raise _outside_or_user_error(error)
        return Model._of(self._experiment.workspace, document)

    def _no_model_path(self, path):
        from azureml._sdk.warn import near_matches

        names = self._native.files()
        near = near_matches(path, names)
        return "Could not locate the provided model_path %s in the set of files uploaded to the run: %s.%s" % (
            path, names, " Did you mean %s?" % " or ".join(near) if near else "")


def _outside_or_user_error(error):
    from runwright.errors import UnavailableError

    nobody = isinstance(error, UnavailableError)
    return exceptions.translated(error, exceptions.RunEnvironmentException if nobody else exceptions.UserErrorException)


def artifact_name(name, ending):
    """The name of a file that holds a value of the metric ``name``. A metric may be logged again, a file's name is
    taken once: each gets a name of its own. What no file can be named becomes an underscore."""
    import os
    import time

    parts = [re.sub(r"[\x00-\x1f\x7f\\\ud800-\udfff]", "_", part) for part in str(name).split("/")]
    parts = [part.encode("utf-8")[:200].decode("utf-8", "ignore") for part in parts if part not in ("", ".", "..")]
    stem = "/".join(parts)[-2000:].lstrip("/") or "metric"
    return "%s_%d%s%s" % (stem, int(time.time()), "".join("%02x" % b for b in os.urandom(3)), ending)


def _figure_bytes(plot):
    import io

    stream = io.BytesIO()
    plot.savefig(stream, format="png")
    return stream.getvalue()
