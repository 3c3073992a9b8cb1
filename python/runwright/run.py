"""`Run`: one execution, seen from inside (`current()`) or from outside (`get_run()`, `Workspace.run`).

Inside a run everything that only says something (log, tag, complete …) is appended to the journal and returns in
microseconds, with the server up or down. What needs an answer asks the executor, which relays to the server; a process
reads its own writes, because each question first waits until what it said is durable.
"""

import os
import time

from runwright import _session, errors, journal, values

TERMINAL = ("Completed", "Failed", "Canceled")
_EXACT = values.EXACT_INT
_outboxes = {}  # (server URL, run id) → Outbox: one a run and process, through whichever object it is logged to


def mint_run_id(experiment):
    """A new run's id: experiment, Unix seconds, 8 hex digits."""
    return "%s_%d_%s" % (experiment, time.time(), "".join("%02x" % b for b in os.urandom(4)))


class Run:
    """A run.

    api: `runwright.client.Api`. run_id: its id. document: the server's JSON where it is known already. session: the
    `RunSession` when this process belongs to the run (or to its parent), else None.
    """

    def __init__(self, api, run_id, document=None, session=None):
        self._api = api
        self._session = session
        self._document = document
        self.id = run_id
        self._number = session.writer.number if session else None
        self._named = run_id if session else None
        self._properties = {}  # written by this process, inside a run

    # What is known.

    @property
    def api(self):
        """The `Api`; inside a run the one over exec.sock."""
        return self._session.api if self._api is None else self._api

    @property
    def session(self):
        """The `RunSession` inside a run, else None."""
        return self._session

    def _asking(self):
        """The `Api`, after what this process said was made durable."""
        self.flush()
        return self.api

    def document(self, refresh=False):
        """The run as the server describes it (schema Run of api/openapi.yaml); cached unless ``refresh``."""
        if refresh or self._document is None:
            self._document = self._asking().get_run(self.id)
        return self._document

    @property
    def status(self):
        """Status as of the last look; asks once where nothing is known."""
        return self.document()["status"]

    def get_status(self):
        """Status as the server knows it now."""
        return self.document(refresh=True)["status"]

    @property
    def info(self):
        """Names and ids without a question to the server, inside a run (run.json); else from the document:
        run_id, run_number, experiment, parent_id, root_id, target, portal_url."""
        if self._session is not None and self._session.run_id == self.id:
            return self._session.info
        document = self.document()
        info = {key: document.get(key) for key in ("experiment", "experiment_id", "parent_id", "root_id", "target")}
        info.update(run_id=self.id, run_number=document.get("number"), portal_url=document.get("portal_url"))
        return info

    def portal_url(self):
        """The address of the run's page; it holds no secret."""
        url = self.info.get("portal_url")
        if not url:
            url = "%s/runs/%s" % (self.api.url, self.id)
        return url

    def __repr__(self):
        return "Run(%r)" % self.id

    # Metrics.

    def log(self, name, value, step=None):
        """Logs one value of a metric. Numbers keep every bit (NaN and infinities too); NumPy scalars, text, booleans,
        lists and mappings are fine. Inside a run it is in the page cache when this returns: it survives the death of
        any process. step: an int, or None."""
        if self._number is not None:
            kind = type(value)
            if kind is float:
                self._number(name, value, step, self._named)
                return
            if kind is int and -_EXACT <= value <= _EXACT:
                self._number(name, float(value), step, self._named)
                return
        self._log_other(name, value, step)

    def _log_other(self, name, value, step):
        kind, value = values.scalar_or_type(value)
        if self._number is not None and type(value) is float:
            self._number(str(name), value, None if step is None else int(step), self._named)
            return
        self._say_metric(name, kind, value, step)

    def log_list(self, name, value, description=None):
        """Logs a list of values; any iterable."""
        value = values.plain(value)
        self._say_metric(name, "list", value if isinstance(value, list) else [value], None, description)

    def log_row(self, name, columns, description=None):
        """Logs one row of a table: ``columns`` maps names to values."""
        self._say_metric(name, "row", values.plain(columns), None, description)

    def log_table(self, name, value, description=None):
        """Logs a whole table: a mapping of column names to lists."""
        table = values.plain(value)
        if not isinstance(table, dict):
            raise errors.InvalidArgumentError(
                "log_table(%r) takes a dict of columns, not %s" % (name, type(value).__name__), field="value"
            )
        self._say_metric(name, "table", table, None, description)

    def log_artifact(self, name, artifact_id, description=None):
        """Logs that a file of the run is the value of a metric (images, confusion matrices …)."""
        self._say_metric(name, "artifact", artifact_id, None, description)

    def _say_metric(self, name, kind, value, step, description=None):
        document = {"name": str(name), "type": kind, "value": value}
        if step is not None:
            document["step"] = int(step)
        if description:
            document["description"] = str(description)
        if self._session is not None:
            document["run_id"] = self.id
            self._session.writer.record(journal.METRIC, document, points=1)
        else:
            key = (self._api.url, self.id)
            if key not in _outboxes:
                from runwright._outbox import Outbox

                _outboxes.setdefault(key, Outbox(self._api, self.id))
            _outboxes[key].add(document)

    def flush(self, timeout=300):
        """Waits until the server has made durable what this process said about the run."""
        if self._session is not None:
            self._session.flush(timeout)
        elif (self._api.url, self.id) in _outboxes:
            _outboxes[(self._api.url, self.id)].flush()

    def get_metrics(self, name=None, recursive=False):
        """``{name: value}`` in the shapes of `runwright.values.shape_metrics`; what this process logged is in it.
        recursive: ``{run id: {name: value}}`` of the run and its descendants."""
        api = self._asking()
        if recursive:
            found = api.get_metrics_recursive(self.id, name)
            return {run: values.shape_metrics(metrics) for run, metrics in found.items()}
        return values.shape_metrics(api.get_metrics(self.id, name))

    # Tags and properties.

    def tag(self, key, value=None):
        """Sets one tag; the value may be None."""
        self.set_tags({key: value})

    def set_tags(self, tags):
        """Sets tags: a dict of text to text or None."""
        tags = {str(key): None if value is None else str(value) for key, value in tags.items()}
        if self._session is not None:
            self._say(journal.TAG, {"set": tags, "remove": []})
        else:
            self._document = self._api.update_run(self.id, tags=tags)

    def remove_tags(self, keys):
        """Removes tags: a key or a list of keys; a key that is not there is no error."""
        keys = [keys] if isinstance(keys, str) else [str(key) for key in keys]
        if self._session is not None:
            self._say(journal.TAG, {"set": {}, "remove": keys})
        else:
            self._document = self._api.update_run(self.id, remove_tags=keys)

    def get_tags(self):
        """The tags as the server knows them now."""
        return dict(self.document(refresh=True).get("tags") or {})

    def add_properties(self, properties):
        """Adds properties: each key can be written once; another value for it is refused (inside a run: what this
        process did not write itself is refused later, in the run's warnings)."""
        properties = {str(key): str(value) for key, value in properties.items()}
        if self._session is not None:
            for key, value in properties.items():
                before = self._properties.get(key, value)
                if before != value:
                    raise errors.ConflictError("property %r is %r already; properties are written once" % (key, before))
            self._properties.update(properties)
            self._say(journal.PROPERTY, {"set": properties})
        else:
            self._document = self._api.update_run(self.id, properties=properties)

    def get_properties(self):
        """The properties as the server knows them now."""
        return dict(self.document(refresh=True).get("properties") or {})

    def _say(self, kind, document):
        document["run_id"] = self.id
        self._session.writer.record(kind, document)

    # Children and the end.

    def child(self, name=None, run_id=None, tags=None):
        """A child run that the caller logs to and ends by complete(), fail() or as a context manager. Inside a run its
        id is minted here, so it needs no server."""
        experiment = self.info.get("experiment") or "run"
        run_id = run_id or mint_run_id(experiment)
        tags = {str(key): None if value is None else str(value) for key, value in (tags or {}).items()}
        if self._session is not None:
            document = {"run_id": run_id, "parent_id": self.id, "name": name and str(name), "tags": tags}
            self._session.writer.record(journal.CHILD, {key: value for key, value in document.items() if value})
            return Run(None, run_id, session=self._session)
        body = {"experiment": experiment, "run_id": run_id, "parent_id": self.id, "tags": tags}
        if name:
            body["display_name"] = str(name)
        return Run(self._api, run_id, self._api.submit_run(self._workspace_id(), body))

    def children(self, recursive=False, tags=None, properties=None, type=None, status=None):
        """Child runs, newest first (a generator); recursive: and theirs."""
        api = self._asking()
        workspace = self._workspace_id()
        found = api.list_runs(
            workspace, parent=self.id, tags=tags, properties=properties, type=type, status=status, include_children=True
        )
        for document in found:
            child = Run(self._api, document["id"], document, self._session)
            yield child
            if recursive:
                yield from child.children(True, tags, properties, type, status)

    def _workspace_id(self):
        if self._session is not None:
            return self._session.info["workspace"]["id"]
        return self.document()["workspace_id"]

    def complete(self):
        """Marks the run Completed. Inside a run the script may go on; its exit code decides no more."""
        self._end("Completed", None)

    def fail(self, message=None, code=None, details=None):
        """Marks the run Failed, with what went wrong."""
        error = {"message": str(message) if message is not None else "The run was failed by its script"}
        if code:
            error["code"] = str(code)
        if details is not None:
            error["details"] = values.plain(details)
        self._end("Failed", error)

    def _end(self, status, error):
        if self._session is not None:
            document = {"status": status}
            if error:
                document["error"] = error
            self._say(journal.END, document)
        else:
            self.flush()
            self._document = self._api.end_run(self.id, status, error)

    def cancel(self):
        """Asks for the end of the run: TERM to all its processes, after the grace time KILL. Returns at once."""
        self._document = self._asking().cancel_run(self.id)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.complete()
        else:
            self.fail("%s: %s" % (kind.__name__, error))
        return False

    # Files.

    def files(self, prefix=None):
        """Names of the run's files, sorted."""
        return [one["name"] for one in self._asking().list_artifacts(self.id, prefix)]

    def upload_file(self, name, path_or_stream):
        """Stores a file under ``name``; a name that an upload took before is a ConflictError."""
        from runwright import files

        return files.upload(self.api, self.id, name, path_or_stream)

    def upload_files(self, names, paths):
        """Stores several files; the two lists go together."""
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise errors.InvalidArgumentError("%d names for %d paths" % (len(names), len(paths)), field="names")
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name, path):
        """Stores every file below ``path`` as ``name/…``. Returns the names."""
        from runwright import files

        return files.upload_folder(self.api, self.id, name, path)

    def download_file(self, name, output_path=None, progress=None):
        """Fetches one file, verified. output_path: a file or a folder; None: its base name here. Returns the path."""
        from runwright import files

        return files.download(self._asking(), self.id, name, output_path, progress)

    def download_files(self, prefix=None, output_directory=None, output_paths=None, append_prefix=True):
        """Fetches the files whose names begin with ``prefix``. Returns the paths."""
        from runwright import files

        return files.download_many(
            self._asking(), self.id, prefix, output_directory, output_paths, append_prefix
        )

    def register_model(self, name, model_path=None, **members):
        """Registers files of the run as the next version of a model; members as in schema ModelNew. Returns the
        model's JSON. model_path: a file or folder of the run, default: the model's name. Inside of a run a file that
        was just written is stored first."""
        from runwright import models

        return models.register_from_run(self, self._workspace_id(), name, model_path, members)

    # Waiting.

    def wait(self, show_output=False, out=None):
        """Waits for the end by an event stream; returns the document. See `runwright.stream.wait`."""
        from runwright import stream

        self.flush()
        self._document = stream.wait(self.api, self.id, show_output, out)
        return self._document

    def follow(self, on_event):
        """Calls ``on_event(event, data)`` for each log piece and status change until the run is over."""
        from runwright import stream

        return stream.follow(self.api, self.id, on_event)


_current = None


def current():
    """The run that this process is part of. FailedPreconditionError outside of a run."""
    global _current
    session = _session.run_session()
    if session is None:
        raise errors.FailedPreconditionError(
            "This process is not part of a run (RUNWRIGHT_RUN_DIR is not set). Submit the script, or take a run with "
            "runwright.get_run(ID)"
        )
    if _current is None or _current.session is not session:
        _current = Run(None, session.run_id, session=session)
    return _current


def get_run(run_id=None, server=None):
    """A run by its id (NotFoundError where there is none); without an id the one that this process is part of."""
    if run_id is None:
        return current()
    from runwright import config

    api = config.resolve(server).api()
    return Run(api, run_id, api.get_run(run_id))


def log(name, value, step=None):
    """`Run.log` of the current run."""
    (_current or current()).log(name, value, step)


def log_list(name, value):
    """`Run.log_list` of the current run."""
    current().log_list(name, value)


def log_row(name, **columns):
    """`Run.log_row` of the current run."""
    current().log_row(name, columns)


def log_table(name, value):
    """`Run.log_table` of the current run."""
    current().log_table(name, value)


def tag(key, value=None):
    """`Run.tag` of the current run."""
    current().tag(key, value)


def upload_file(name, path_or_stream):
    """`Run.upload_file` of the current run."""
    return current().upload_file(name, path_or_stream)


def flush(timeout=300):
    """`Run.flush` of the current run."""
    current().flush(timeout)
