"""Starts Runwright's compatibility shims in a Python process of a run, then whatever sitecustomize there would have been.

This folder is first on PYTHONPATH only where a run has shims or a source map (RUNWRIGHT_COMPAT names the file that lists them).
The syntax is that of every Python: a script may start another one.
"""

import os
import sys


def _start_shims(here):
    path = os.environ.get("RUNWRIGHT_COMPAT")
    if not path or sys.version_info < (3, 6):
        return
    # importlib.util and json would cost every script 15 ms.
    from importlib.machinery import ModuleSpec, SourceFileLoader

    folder = os.path.dirname(here)
    name, file = "_runwright_compat", os.path.join(folder, "__init__.py")
    loader = SourceFileLoader(name, file)
    spec = ModuleSpec(name, loader, origin=file, is_package=True)
    spec.submodule_search_locations.append(folder)
    package = type(sys)(name)
    package.__spec__, package.__loader__, package.__file__ = spec, loader, file
    package.__package__, package.__path__ = name, spec.submodule_search_locations
    sys.modules[name] = package
    loader.exec_module(package)
    package.start(path)


def _start_the_next_one(here):
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401 -- the user's or the system's
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", own)


def _main():
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        _start_shims(here)
    except Exception as error:  # a script never fails for a shim
        sys.stderr.write("runwright: the compatibility shims were not started: %s: %s\n" % (type(error).__name__, error))
    _start_the_next_one(here)


_main()
