"""Modules whose names are imported when they are first used, so that importing the module costs next to nothing.

A module-level ``__getattr__`` would do from Python 3.7 on; changing the module's class does for 3.6 as well.
"""

import sys


class LazyModule(type(sys)):
    """A module with a table ``_lazy_names``: name → "module" or "module:attribute"."""

    def __getattr__(self, name):
        target = self.__dict__.get("_lazy_names", {}).get(name)
        if target is None:
            raise AttributeError("module %r has no attribute %r" % (self.__name__, name))
        module_name, _, attribute = target.partition(":")
        __import__(module_name)
        value = sys.modules[module_name]
        if attribute:
            value = getattr(value, attribute)
        self.__dict__[name] = value
        return value

    def __dir__(self):
        return sorted(set(self.__dict__) | set(self.__dict__.get("_lazy_names", {})))


def install(module_name, names):
    """Makes ``module_name`` (already in sys.modules) resolve ``names`` on first use."""
    module = sys.modules[module_name]
    module.__dict__.setdefault("_lazy_names", {}).update(names)
    module.__class__ = LazyModule
