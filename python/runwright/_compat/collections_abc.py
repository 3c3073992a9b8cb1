"""collections.Mapping and the like, which live in collections.abc and are gone from collections since Python 3.10."""

import sys

from . import hooks, report


def install():
    if sys.version_info >= (3, 10):
        hooks.when_imported("collections", _extend)


def _extend(collections):
    original = getattr(collections, "__getattr__", None)

    def __getattr__(name):
        from importlib import import_module

        abc = import_module("collections.abc")
        if name in abc.__all__:
            report.note("compat", "collections.%s is gone from Python 3.10 and later: collections.abc.%s was used. Write that." % (name, name))
            value = getattr(abc, name)
            setattr(collections, name, value)
            return value
        if original is not None:
            return original(name)
        raise AttributeError("module 'collections' has no attribute %r" % name)

    collections.__getattr__ = __getattr__
