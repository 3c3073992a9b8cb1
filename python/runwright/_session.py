"""What this process already knows: the run that it is part of, and the workspace that it loaded last."""

import os

from runwright import errors

RETRY_SECONDS = 60  # how long a question inside a run waits for an executor that is being restarted

_run_session = None
_loaded = None  # (server URL, token) of the workspace that was loaded last
local = []  # the `LocalSession`s of runs that this process began and that are not over


class RunSession:
    """The run that this process belongs to: ``RUNWRIGHT_RUN_DIR`` and its run.json (docs/dev/formats/run-folder.md).

    folder: the run folder. info: run.json as a dict. writer: the `JournalWriter` of this process. api: an `Api` over
    exec.sock, made when something is asked for the first time.
    """

    def __init__(self, folder):
        import json

        from runwright._journal_writer import JournalWriter

        self.folder = folder
        try:
            with open(os.path.join(folder, "run.json"), "rb") as file:
                self.info = json.loads(file.read().decode("utf-8"))
        except (OSError, ValueError) as error:
            raise errors.FailedPreconditionError(
                "RUNWRIGHT_RUN_DIR is %s, but its run.json cannot be read: %s. Unset the variable if this process is not "
                "part of a run." % (folder, error)
            )
        self.run_id = self.info["run_id"]
        self.writer = JournalWriter(os.path.join(folder, "journal"), self.run_id)
        self._api = None
        self._acked = None  # (writer, offset) that the server has
        self.writer.tell_lost = self._tell_lost

    def _tell_lost(self, points):
        """The disk is full at the end of this process: its executor says with the run how much was not logged."""
        message = "%d points could not be logged: the disk below %s was full" % (points, self.folder)
        try:
            self.api.warn(self.run_id, "journal", message)
        except errors.RunwrightError:
            pass

    def attach(self, run):
        """A `Run` that says things through this session."""

    def child_made(self, run_id):
        """A child run was begun."""

    def ending(self, run_id):
        """The end of a run is about to be said."""

    def ended(self, run_id, said=None):
        """It was said (``said``: the END record's document); the server ends what the script leaves open."""

    @property
    def api(self):
        if self._api is None:
            from runwright._http import Client
            from runwright.client import Api

            socket_path = os.path.join(self.folder, "exec.sock")
            self._api = Api(Client("unix:" + socket_path, retry_seconds=RETRY_SECONDS))
        return self._api

    def flush(self, timeout=300):
        """Waits until the server has made durable what this process said. Raises when nobody answers."""
        writer = self.writer
        if not writer.flush_memory():
            raise errors.NoSpaceError(
                "The disk below %s is full: part of what was logged is still in memory" % self.folder
            )
        wanted = (writer.writer, writer.offset)
        if writer.writer is None or writer.offset == 0 or wanted == self._acked:
            return
        self.api.flush(self.run_id, writer.writer, writer.offset, timeout)
        self._acked = wanted


def run_session():
    """The `RunSession` of this process, or None outside of a run. A folder that cannot be read is an error."""
    global _run_session
    folder = os.environ.get("RUNWRIGHT_RUN_DIR")
    if not folder:
        return None
    if _run_session is None or _run_session.folder != folder:
        _run_session = RunSession(folder)
    return _run_session


def remember(server, token):
    """The workspace loaded last is on this server: later look-ups that name none use it."""
    global _loaded
    _loaded = (server, token)


def loaded():
    """``(server, token)`` of the workspace that was loaded last in this process, or None."""
    return _loaded


def forget():
    """As in a fresh process (tests)."""
    global _loaded, _run_session
    _loaded = _run_session = None
    for session in list(local):
        session.leave()
