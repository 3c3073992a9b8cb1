"""Folders of runs that have no executor: interactive runs (`start_logging`) and offline ones.

`<root>/<run id>/` holds ``run.json`` (docs/dev/formats/local-run.md), ``journal/`` and, of offline runs, ``files/``. root is
``$RUNWRIGHT_OFFLINE_DIR``, else ``${XDG_STATE_HOME:-~/.local/state}/runwright/runs``.
"""

import json
import os
import time

from runwright import _process, errors

INTERACTIVE, OFFLINE = "interactive", "offline"


def root():
    """The folder that the folders of runs are in."""
    named = os.environ.get("RUNWRIGHT_OFFLINE_DIR")
    if named:
        return os.path.abspath(os.path.expanduser(named))
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "runwright", "runs")


def folder_of(run_id):
    """The folder of one run; it need not exist."""
    return os.path.join(root(), run_id)


def new_info(kind, run_id, experiment, workspace=None, server_url=None, outputs=None):
    """What run.json says of a run that this process begins. outputs: absolute path of the folder whose files become
    the run's when it ends, or None."""
    return {
        "version": 1, "kind": kind, "run_id": run_id, "run_number": None, "experiment": experiment,
        "workspace": workspace, "parent_id": None, "root_id": run_id, "target": "local", "server_url": server_url,
        "portal_url": "%s/runs/%s" % (server_url, run_id) if server_url else None, "outputs": outputs,
        "start_us": int(time.time() * 1e6), "host": os.uname().nodename, "pid": os.getpid(),
        "start_ticks": _process.start_ticks(), "boot_id": _process.boot_id(),
    }


def write_info(folder, info):
    """Makes the folder (0700) and replaces its run.json."""
    os.makedirs(os.path.join(folder, "journal"), 0o700, exist_ok=True)
    os.chmod(folder, 0o700)
    path = os.path.join(folder, "run.json")
    with open(path + ".new", "w") as file:
        json.dump(info, file, indent=1)
    os.replace(path + ".new", path)


def read_info(folder):
    """The run.json of a folder; FailedPreconditionError where it is none of ours."""
    try:
        with open(os.path.join(folder, "run.json"), "rb") as file:
            info = json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise errors.FailedPreconditionError("%s is not the folder of a run: %s" % (folder, error))
    if info.get("kind") not in (INTERACTIVE, OFFLINE):
        raise errors.FailedPreconditionError("%s is the folder of a submitted run; its executor ships it" % folder)
    return info


def guid():
    """A random id in the usual spelling."""
    text = "".join("%02x" % b for b in os.urandom(16))
    return "-".join((text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:]))
