"""`Run`: one execution, seen from inside (`current()`) or from outside (`get_run()`, `Workspace.run`).

Inside a run everything that only says something (log, tag, complete …) is appended to the journal and returns in
microseconds, with the server up or down. What needs an answer asks the executor, which relays to the server; a process
reads its own writes, because each question first waits until what it said is durable.
"""

import os

from runwright import _session, errors, journal, values
from runwright._run_children import RunChildren, mint_run_id
from runwright._run_files import RunFiles
from runwright._run_metrics import RunMetrics
from runwright._run_words import RunWords

TERMINAL = ("Completed", "Failed", "Canceled")

__all__ = ["TERMINAL", "Run", "current", "get_run", "mint_run_id"]


class Run(RunMetrics, RunWords, RunChildren, RunFiles):
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
        self._announced = None  # pid of the process that made sure of it
        self._known = None  # `info` of a child run that this process made
        if session is not None:
            session.attach(self)

    def _leave_session(self, api):
        """The session is over: the server is asked from now on."""
        self._api = api
        self._session = self._number = self._named = self._document = None

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

    def _ready(self):
        """The `Api`, once the server knows of the run: of a child that this process made, by its journal."""
        if self._known is not None and self._announced != os.getpid():
            self.flush()
            self._announced = os.getpid()
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
        if self._session is not None and self._known is not None:
            return dict(self._session.info, **self._known)
        document = self.document()
        info = {key: document.get(key) for key in ("experiment", "experiment_id", "parent_id", "root_id", "target")}
        info.update(run_id=self.id, run_number=document.get("number"), portal_url=document.get("portal_url"))
        return info

    def portal_url(self):
        """The address of the run's page; it holds no secret."""
        url = self.info.get("portal_url")
        if not url:
            url = "%s/runs/%s" % (self.info.get("server_url") or self.api.url, self.id)
        return url

    def __repr__(self):
        return "Run(%r)" % self.id

    # The end.

    def _workspace_id(self):
        if self._session is not None:
            return (self._session.info["workspace"] or {}).get("id")
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
            session = self._session
            session.ending(self.id)
            document = {"status": status}
            if error:
                document["error"] = error
            self._say(journal.END, document)
            self._document = None
            session.ended(self.id, document)
        else:
            self.flush()
            self._document = self._api.end_run(self.id, status, error)

    def cancel(self):
        """Asks for the end of the run: TERM to all its processes, after the grace time KILL. Returns at once."""
        session = self._session
        if session is not None:
            session.ending(self.id)
        self._document = self._asking().cancel_run(self.id)
        if session is not None:
            session.ended(self.id)

    def delete(self):
        """Deletes the run and all below it; `restore` brings them back within the server's grace time. One that is
        alive is refused."""
        return self._asking().delete_run(self.id)

    def restore(self):
        """Undoes `delete`."""
        self.api.restore_run(self.id)
        self._document = None

    def archive(self):
        """Lists leave it out that do not ask for ``view="archived"`` or ``"all"``."""
        self._document = self._asking().archive_run(self.id)

    def unarchive(self):
        """Undoes `archive`."""
        self._document = self._asking().unarchive_run(self.id)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.complete()
        else:
            self.fail("%s: %s" % (kind.__name__, error))
        return False

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
