"""Makes the public modules out of the table in `azureml._names`.

A finder at the end of ``sys.meta_path`` answers for every module of the table; a name in such a module is fetched from
its home when it is first used. So ``import azureml.core`` costs next to nothing, and nothing is loaded for names that
nobody uses.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

from runwright._lazy import LazyModule

from azureml._names import HOMES, MODULES

_HOME_OF = {name: home for home, names in HOMES.items() for name in names.split()}


class SdkModule(LazyModule):
    """A module of the table: its names and its submodules are there as soon as they are asked for."""

    def __getattr__(self, name):
        child = self.__name__ + "." + name
        if child in MODULES:
            return import_module(child)
        return super().__getattr__(name)

    def __dir__(self):
        prefix = self.__name__ + "."
        children = (name[len(prefix):] for name in MODULES if name.startswith(prefix))
        return sorted(set(super().__dir__()) | {name for name in children if "." not in name})


class _Finder:
    """Finder and loader for the modules of the table."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in MODULES:
            return ModuleSpec(name, _Finder, origin="azureml/_names.py", is_package=True)
        return None

    @staticmethod
    def create_module(spec):
        return SdkModule(spec.name)

    @staticmethod
    def exec_module(module):
        names = MODULES[module.__name__].split()
        # A name that is a module of its own (azureml.data.dataset_type_definitions) is found as such.
        module._lazy_names = {name: _target(name) for name in names if module.__name__ + "." + name not in MODULES}
        module.__all__ = [name for name in names if not name.startswith("_")]


def _target(name):
    return "azureml._sdk.%s:%s" % (_HOME_OF.get(name, "missing"), name)


def install():
    """Answers for the modules of the table from now on, and turns ``azureml`` itself into one of them."""
    if _Finder not in sys.meta_path:
        sys.meta_path.append(_Finder)
    sys.modules["azureml"].__class__ = SdkModule
    _make_urllib_lazy()


class _LazyUrllib(type(sys)):
    """``urllib`` with ``urllib.request`` imported when it is first used.

    Programs written for the SDK say ``import urllib`` and use ``urllib.request``, which importing the SDK loaded for
    them.
    """

    def __getattr__(self, name):
        if name in ("error", "parse", "request", "response"):
            return import_module("urllib." + name)
        raise AttributeError("module 'urllib' has no attribute %r" % name)


def _make_urllib_lazy():
    import urllib

    if type(urllib) is type(sys):
        urllib.__class__ = _LazyUrllib
