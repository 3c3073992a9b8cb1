"""What an import costs and brings along, in every interpreter of this machine."""

import os
import re
import subprocess

import pytest
from sdk_support import SDK

HEAVY = {
    "asyncio", "collections.abc", "concurrent", "dataclasses", "email", "http", "inspect", "json", "logging", "random",
    "shutil", "socket", "ssl", "subprocess", "tempfile", "threading", "typing", "urllib", "uuid",
}
MODULES = [
    "_api_environments", "_api_workspaces", "_crash", "_http", "_http_connection", "_http_events", "_url", "_journal_backlog", "_journal_writer", "_lazy", "_local_session", "_notebook_cells", "_notebook_kernel", "_notebook_magics", "_notebook_shell", "_offline_api", "_outbox", "_process", "_pulse", "_replay",
    "_run_children", "_run_files", "_run_metrics", "_run_words", "_session", "_shipper", "client", "compute", "config",
    "errors", "files", "gitinfo", "interactive", "journal", "local_runs", "models", "notebook", "offline", "run", "stream", "submit",
    "values", "workspace",
]


def modules_after(interpreter, env, statement):
    code = "import sys; before = set(sys.modules); %s; print(' '.join(set(sys.modules) - before))" % statement
    return set(subprocess.check_output([interpreter, "-S", "-c", code], env=env).decode().split())


def test_importing_runwright_brings_nothing_along(interpreter, clean_env):
    loaded = modules_after(interpreter, clean_env(), "import runwright")
    assert loaded == {"runwright", "runwright._lazy"}


def test_the_run_brings_nothing_heavy_along(interpreter, clean_env):
    loaded = modules_after(interpreter, clean_env(), "import runwright.run, runwright.submit")
    assert not loaded & (HEAVY - {"collections.abc"}), loaded & HEAVY


def test_every_module_can_be_imported(interpreter, clean_env):
    code = "; ".join("import runwright." + name for name in MODULES)
    code += "; import runwright; [getattr(runwright, name) for name in dir(runwright)]"
    subprocess.run([interpreter, "-W", "error", "-c", code], check=True, env=clean_env())


def test_a_name_that_is_not_there_is_an_attribute_error():
    import runwright

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        runwright.nothing
    with pytest.raises(ImportError):
        exec("from runwright import nothing")
    assert "log" in dir(runwright)


def test_every_module_is_in_the_list():
    from sdk_support import SDK

    there = {name[:-3] for name in os.listdir(os.path.join(SDK, "runwright")) if name.endswith(".py")}
    others = {name for name in there if re.match("snapshot|_snapshot|_ignore|_stat_cache|environment_|conda_solver|__init__", name)}
    assert there - others == set(MODULES)


@pytest.mark.parametrize("package", ["azureml", "runwright"])
def test_an_old_python_is_told_so(package):
    """Of Python 2 and 3.5 only the version check is seen, so it stands before everything else."""
    with open(os.path.join(SDK, package, "__init__.py"), encoding="utf-8") as file:
        lines = [line for line in file.read().split('"""')[2].splitlines() if line.strip()]
    assert lines[0] == "import sys" and lines[1].startswith("if sys.version_info < (3, 6):")
