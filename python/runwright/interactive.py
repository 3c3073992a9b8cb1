"""Interactive runs: begun by `start_logging` in a notebook or a program, shipped by a thread while it goes on."""

import os
import sys
import threading
import time

from runwright import errors, local_runs
from runwright._local_session import LocalSession
from runwright._pulse import Pulse, process_of
from runwright._shipper import Shipper
from runwright.run import Run

_SHIP_SECONDS = 0.2
_END_SECONDS = 10  # how long an end waits for a server that is away; what is left is for `runwright sync`
TYPE = "azureml.interactiverun"


def start_logging(api, workspace, experiment, outputs=None, snapshot_directory=".", run_id=None, **members):
    """Begins a run, Running on this machine, and returns it; complete(), fail() or leaving it as a context manager
    ends it.

    workspace: its JSON. outputs: the folder whose files become the run's at its end, default ``outputs``; it is made.
    snapshot_directory: the folder to keep a snapshot of, None for none. members: as in schema RunNew.
    """
    from runwright.submit import submit

    run_id = run_id or local_runs.guid()
    outputs = os.path.abspath(outputs or "outputs")
    info = local_runs.new_info(local_runs.INTERACTIVE, run_id, experiment, workspace, api.url, outputs)
    folder = local_runs.folder_of(run_id)
    document = submit(api, workspace["id"], experiment, snapshot_directory, run_id=run_id, type=TYPE,
                      process=process_of(info, folder), **members)
    info.update(run_number=document.get("number"), portal_url=document.get("portal_url"))
    info.update(experiment_id=document.get("experiment_id"))
    try:
        os.makedirs(outputs, exist_ok=True)
    except OSError as error:
        sys.stderr.write("runwright: the outputs folder %s cannot be made: %s\n" % (outputs, error))
        info["outputs"] = None
    try:
        local_runs.write_info(folder, info)
    except OSError as error:
        sys.stderr.write("runwright: %s cannot be written: %s. What is logged is kept in memory until the server has "
                         "it; the outputs folder is not collected.\n" % (folder, error))
        Pulse(api, run_id, process_of(info, None)).keep()
        return Run(api, run_id, document)
    return Run(None, run_id, session=InteractiveSession(api, info, folder))


class InteractiveSession(LocalSession):
    """The session of a run of `start_logging` and of its children."""

    def __init__(self, api, info, folder):
        LocalSession.__init__(self, info, folder)
        self.api = api
        self._shipper = Shipper(api, self.run_id, self.writer.folder)
        self._pulse = Pulse(api, self.run_id, process_of(info, folder))
        self._stop = threading.Event()
        self._kept = False  # that something is left for `runwright sync` was said
        threading.Thread(target=self._work, name="runwright-ship", daemon=True).start()

    def _work(self):
        pause = _SHIP_SECONDS
        while not self._stop.wait(pause):
            self._pulse.beat()
            try:
                self._shipper.ship()
                pause = _SHIP_SECONDS
            except (errors.RunwrightError, OSError):
                pause = min(5.0, pause * 2)  # flush() and the end say what is wrong

    def flush(self, timeout=300):
        """Waits until the server has made durable what every process of the run said."""
        if not self.writer.flush_memory():
            raise errors.NoSpaceError(
                "The disk below %s is full: part of what was logged is still in memory" % self.folder)
        deadline, pause = time.time() + timeout, 0.05
        while True:
            try:
                return self._shipper.ship()
            except errors.UnavailableError:
                if time.time() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def flush_quietly(self):
        """A short attempt at `flush`, for who is about to ask the server something else."""
        try:
            self.flush(1)
        except errors.RunwrightError:
            pass

    def leave(self):
        self._stop.set()
        LocalSession.leave(self)

    # The end.

    def ending(self, run_id):
        """The files below the outputs folder become the run's."""
        if run_id != self.run_id or os.getpid() != self.pid or not self.info["outputs"]:
            return
        from runwright import files

        try:
            self.flush(_END_SECONDS)  # waits for a server that is away
            files.store_outputs(self.api, self.run_id, self.info["outputs"])
            self.info["outputs"] = None
            local_runs.write_info(self.folder, self.info)
        except (errors.RunwrightError, OSError) as error:
            self._keep(error)

    def ended(self, run_id, said=None):
        LocalSession.ended(self, run_id)
        if os.getpid() != self.pid or (self._open and run_id != self.run_id):
            return
        try:
            self.flush(_END_SECONDS)
        except errors.NoSpaceError as error:
            return self._end_without_disk(error, said)
        except errors.RunwrightError as error:
            return self._keep(error)
        if not self._open and not self.info["outputs"]:
            self._finish()

    def _end_without_disk(self, error, said):
        """The end itself goes to the server, past the journal that has no room for it."""
        self._keep(error)
        try:
            self._shipper.ship()
            if said is not None:
                self.api.end_run(self.run_id, said["status"], said.get("error"))
        except errors.RunwrightError:
            pass  # `runwright sync` ends the run

    def _keep(self, error):
        if not self._kept:
            sys.stderr.write("runwright: run %s is not on the server as a whole: %s\nWhat is missing is kept in %s; "
                             "`runwright sync` sends it.\n" % (self.run_id, error, self.folder))
        self._kept = True

    def _finish(self):
        """All is on the server: the folder goes, unless a forked process still logs."""
        import shutil

        alone = not self._shipper.others_alive()
        self.leave()
        if alone:
            shutil.rmtree(self.folder, ignore_errors=True)
