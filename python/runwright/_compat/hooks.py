"""Waits for imports: calls after a module was executed, and modules under names that they once had.

One finder in front of sys.meta_path. It looks at names only; a module that nobody waits for is found by the others as ever.
"""

import sys

from . import report

_waiting = {}  # module name -> [(shim, function)]
_aliases = {}  # old name -> (new name, shim, note, missing)


def when_imported(name, function):
    """`function(module)` after `name` was executed; now, where it is there already."""
    shim = function.__module__.rpartition(".")[2]
    if name in sys.modules and getattr(getattr(sys.modules[name], "__spec__", None), "_initializing", False) is not True:
        return _call(shim, function, sys.modules[name])
    _waiting.setdefault(name, []).append((shim, function))
    _stand_first()


def alias(old, new, note, missing):
    """`import old` (and what lies below it), where nothing else has it, gives `new`, with `note` told; `missing` is the next step
    where there is no `new` either."""
    _aliases[old] = (new, note, missing)
    _stand_first()


def provide(name, make):
    """`import name`, where nothing else has it, gives what `make(module)` puts into an empty package."""
    _aliases[name] = (make, None, None)
    _stand_first()


def _stand_first():
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def _call(shim, function, module):
    try:
        function(module)
    except Exception as error:
        report.failed(shim, error)


class _Finder(object):
    def find_spec(self, name, path=None, target=None):
        if name in _waiting:
            return _watched(name, path, target)
        for old, (new, note, missing) in _aliases.items():
            below = name.startswith(old + ".") and not callable(new)
            if not (name == old or below) or _of_others(name, path, target) is not None:
                continue
            if callable(new):
                return _spec(name, _Maker(new), True)
            return _spec(name, _Alias(new + name[len(old):], note, missing), False)
        return None


_FINDER = _Finder()


def _spec(name, loader, is_package):
    from importlib.machinery import ModuleSpec

    return ModuleSpec(name, loader, is_package=is_package)


def _of_others(name, path, target):
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        spec = find(name, path, target) if find and finder is not _FINDER else None
        if spec is not None:
            return spec
    return None


def _watched(name, path, target):
    spec = _of_others(name, path, target)
    execute = getattr(getattr(spec, "loader", None), "exec_module", None)
    if execute is None:
        return spec

    def exec_module(module):
        # Loaders of archives are shared by their modules.
        if module.__name__ == name:
            vars(spec.loader).pop("exec_module", None)
        execute(module)
        if module.__name__ == name:
            for shim, function in _waiting.get(name, ()):
                _call(shim, function, sys.modules.get(name, module))

    try:
        spec.loader.exec_module = exec_module
    except AttributeError:
        report.failed("for " + name, AttributeError("its loader %r cannot be watched" % spec.loader))
    return spec


class _Alias(object):
    """The loader of a module that has another name today: both names are one object."""

    def __init__(self, new, note, missing):
        self.new, self.note, self.missing = new, note, missing

    def create_module(self, spec):
        from importlib import import_module

        try:
            module = import_module(self.new)
        except ImportError as error:
            if getattr(error, "name", None) != self.new.partition(".")[0]:
                raise
            raise ModuleNotFoundError("No module named '%s'. %s" % (spec.name, self.missing), name=spec.name)
        self.spec = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec  # the import machinery put the old name's there
        report.note("compat", self.note)


class _Maker(object):
    """The loader of a stand-in: a package whose content a function makes."""

    def __init__(self, make):
        self.make = make

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.make(module)
