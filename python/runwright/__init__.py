"""Runwright: runs, metrics, files and models of machine-learning programs on your own machines.

Inside a run::

    import runwright
    runwright.log("loss", 0.1)

Outside of one::

    ws = runwright.open_workspace()    # of config.json here or above, or the only one known
    run = ws.submit("train", folder="src", script="train.py", arguments=["--lr", "0.1"])
    run.wait(show_output=True)
    print(run.get_metrics())

Importing this module loads nothing else: each name is imported when it is first used.
"""

import sys

if sys.version_info < (3, 6):
    raise ImportError("Runwright's Python packages need Python 3.6 or newer; this is Python %d.%d (%s)" % (
        sys.version_info[0], sys.version_info[1], sys.executable))

from runwright import _lazy

__version__ = "0.1.0"

_lazy.install(
    __name__,
    {
        "Workspace": "runwright.workspace:Workspace",
        "Run": "runwright.run:Run",
        "Model": "runwright.models:Model",
        "Compute": "runwright.compute:Compute",
        "RunwrightError": "runwright.errors:RunwrightError",
        "open_workspace": "runwright.workspace:open_workspace",
        "create_workspace": "runwright.workspace:create_workspace",
        "current": "runwright.run:current",
        "get_run": "runwright.run:get_run",
        "log": "runwright.run:log",
        "log_list": "runwright.run:log_list",
        "log_row": "runwright.run:log_row",
        "log_table": "runwright.run:log_table",
        "tag": "runwright.run:tag",
        "upload_file": "runwright.run:upload_file",
        "flush": "runwright.run:flush",
        "errors": "runwright.errors",
    },
)
