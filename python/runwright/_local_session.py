"""What interactive and offline runs have in common: a journal of their own, and an end that this process gives them."""

import atexit
import os
import weakref

from runwright import _crash, _session, journal, local_runs


class LocalSession:
    """As `runwright._session.RunSession`, for a run that this process began itself. Nothing is made on disk before
    something is said. A run that is open when the program ends is ended as the program did."""

    def __init__(self, info, folder, warn=None):
        from runwright._journal_writer import JournalWriter

        self.info, self.folder = info, folder
        self.run_id = info["run_id"]
        self.pid = os.getpid()
        self.writer = JournalWriter(os.path.join(folder, "journal"), self.run_id, warn, self._prepare)
        self._runs = weakref.WeakSet()
        self._open = [self.run_id]  # runs of this process that have not ended, the root first
        _crash.watch()
        atexit.register(self._at_exit)
        _session.local.append(self)

    def _prepare(self):
        if not os.path.exists(os.path.join(self.folder, "run.json")):
            local_runs.write_info(self.folder, self.info)

    # What runs tell.

    def attach(self, run):
        """A `Run` that says things through this session."""
        self._runs.add(run)

    def child_made(self, run_id):
        self._open.append(run_id)

    def ending(self, run_id):
        """Before the run's end is said."""

    def ended(self, run_id, said=None):
        """After it. said: the END record's document, None where the server was told."""
        if run_id in self._open:
            self._open.remove(run_id)

    # The end of the program.

    def _at_exit(self):
        if os.getpid() != self.pid or self not in _session.local:
            return
        status, error = _crash.outcome()
        left, self._open = self._open, []
        if self.run_id in left:
            self.ending(self.run_id)
        document = {"status": status}
        if error:
            document["error"] = error
        for run_id in reversed(left):
            self.writer.record(journal.END, dict(document, run_id=run_id))
        self.ended(self.run_id, document if left else None)
        self.writer.flush_memory()

    def leave(self):
        """The session is over: runs that used it ask the server from now on."""
        atexit.unregister(self._at_exit)
        if self in _session.local:
            _session.local.remove(self)
        for run in list(self._runs):
            run._leave_session(self.api)
        self.writer.close()
