"""Compatibility shims: what lets code from another year run on the packages of today.

Loaded by site/sitecustomize.py as the package `_runwright_compat`, apart from `runwright`, which a script may never import. Which
shims are on is decided by the run's environment (profiles/); a process without RUNWRIGHT_COMPAT never sees this package.

A shim is a module with `install()`: it says which import it waits for (hooks.when_imported) and changes that module after it was
executed. Its first real use is told by report.note. An error in a shim is a warning, never the end of a script.
"""

SHIMS = ("numpy_aliases", "torch_load", "tf1", "tf1_fallback", "sklearn_externals", "chainer_iterator_epoch", "collections_abc", "gpu_to_cpu")


def start(path):
    """Installs what the file at `path` lists: `{"shims": [name], "sources": [rule]}`."""
    from importlib import import_module

    from . import report

    report.open_beside(path)
    with open(path, encoding="utf-8") as file:
        wanted = read(file.read())
    for name in wanted.get("shims") or ():
        if name not in SHIMS:
            report.note("compat", "there is no compatibility shim %r in this version of Runwright" % name)
            continue
        try:
            import_module("." + name, __name__).install()
        except Exception as error:
            report.failed(name, error)
    if wanted.get("sources"):
        try:
            import_module(".sources", __name__).install(wanted["sources"])
        except Exception as error:
            report.failed("sources", error)


def read(text):
    """What the file holds. Importing json takes longer than all shims together: the list that the executor writes where there are no
    sources is read without it."""
    parts = text.strip().split('{"shims":[', 1)
    names, _, rest = parts[-1].partition("]")
    if len(parts) == 2 and not parts[0] and rest in ("}", ',"sources":[]}'):
        found = [name[1:-1] for name in names.split(",") if name]
        if ",".join('"%s"' % name for name in found) == names and all(name.replace("_", "a").isalnum() for name in found):
            return {"shims": found}
    import json

    return json.loads(text)
