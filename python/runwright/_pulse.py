"""Heartbeats of interactive runs: the server is told that the process that logs one still lives."""

import threading
import time

from runwright import _process, errors

_AGAIN_SECONDS = 5  # after a heartbeat that nobody answered
_OLD_SERVER_SECONDS = 3600  # one that knows no heartbeats is asked again after an update


class Pulse:
    """api, run_id: of the run. process: `process_of`. `beat` is cheap while none is due."""

    def __init__(self, api, run_id, process):
        self._api, self._run_id, self._process = api, run_id, process
        self._last = self._next = 0  # wall clock: it goes on while the machine sleeps
        self.over = False  # the server says that the run has ended

    def beat(self):
        now = time.time()
        if self._last <= now < self._next:
            return
        pause = _AGAIN_SECONDS
        try:
            answer = self._api.heartbeat(self._run_id, self._process)
            self.over, pause = answer["over"], answer["seconds"]
        except (errors.NotFoundError, errors.UnsupportedError):
            pause = _OLD_SERVER_SECONDS
        except (errors.RunwrightError, OSError):
            pass
        self._last, self._next = now, now + pause

    def keep(self):
        """In the background until the run is over, for a run that has no session."""

        def work():
            while not self.over:
                self.beat()
                time.sleep(_AGAIN_SECONDS)

        threading.Thread(target=work, name="runwright-pulse", daemon=True).start()


def process_of(info, folder):
    """What a heartbeat says of this process. info: run.json of its run. folder: of the run, or None."""
    process = {key: info[key] for key in ("host", "pid", "start_ticks", "boot_id")}
    return dict(process, pid_space=_process.pid_space(), folder=folder or "")
