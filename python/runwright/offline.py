"""Offline runs: the same API with everything kept in a local folder, until `runwright sync` sends it to a server."""

import os

from runwright import errors, local_runs
from runwright._local_session import LocalSession
from runwright.run import Run


def offline_run(experiment="offline", run_id=None):
    """A run of this process without a server. Nothing is on disk until something is said."""
    run_id = run_id or "OfflineRun_" + local_runs.guid()
    info = local_runs.new_info(local_runs.OFFLINE, run_id, experiment)
    return Run(None, run_id, session=OfflineSession(info, local_runs.folder_of(run_id)))


class OfflineSession(LocalSession):
    """The session of an offline run and of its children."""

    def __init__(self, info, folder):
        LocalSession.__init__(self, info, folder)
        from runwright._offline_api import OfflineApi

        self.api = OfflineApi(self)

    def flush(self, timeout=300):
        """Everything said is in the folder; there is nobody to acknowledge it."""
        if not self.writer.flush_memory():
            raise errors.NoSpaceError(
                "The disk below %s is full: part of what was logged is still in memory" % self.folder)

    def _at_exit(self):
        if os.path.isdir(self.folder):  # a program that said nothing leaves nothing
            LocalSession._at_exit(self)
