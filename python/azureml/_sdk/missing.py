"""Names of the SDK that are not built yet.

Each can be imported, passed on, subclassed and looked into (``Dataset.File.from_files``); it raises `NotBuiltError`
when it is called, so that a program which only imports it runs.
"""

import sys

from runwright._lazy import LazyModule


def _refuse(path):
    from azureml._sdk.exceptions import NotBuiltError

    raise NotBuiltError(
        "%s is not part of this release of Runwright. Importing it works, calling it does not; "
        "docs/user/sdk-v1.md lists what does." % path
    )


def _is_public(name):
    return not (name.startswith("__") or name.startswith("_repr_") or name.startswith("_ipython_"))


class MissingMember:
    """What a name that is not built has inside: anything, until it is called."""

    def __init__(self, path):
        self._path = path

    def __getattr__(self, name):
        if not _is_public(name):
            raise AttributeError(name)
        return MissingMember(self._path + "." + name)

    def __call__(self, *args, **kwargs):
        _refuse(self._path)

    def __repr__(self):
        return "<%s: not built yet>" % self._path


class _MissingType(type):
    def __getattr__(cls, name):
        if not _is_public(name):
            raise AttributeError(name)
        return MissingMember(cls.__name__ + "." + name)

    def __call__(cls, *args, **kwargs):
        _refuse(cls.__name__)

    def __repr__(cls):
        return "<class %s: not built yet>" % cls.__name__


class _MissingModule(LazyModule):
    def __getattr__(self, name):
        if not _is_public(name):
            raise AttributeError(name)
        made = _MissingType(name, (), {"__doc__": "Not built yet: raises NotBuiltError when it is called."})
        setattr(self, name, made)
        return made


sys.modules[__name__].__class__ = _MissingModule
