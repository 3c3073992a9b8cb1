"""Proves that includes follow the module arrows.

Every src/<module>/CMakeLists.txt names its DEPS in rw_module(); a file of that module may include headers of
the module itself and of the modules reached through DEPS, nothing else. Heavy headers stay in the one module that wraps them.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
# Third-party headers that only one module may see.
OWNED = {
    "boost/": {"net"},
    "sqlite3.h": {"db"},
    "rapidjson/": {"json"},
    "openssl/": {"base", "net"},
    "CLI/": {"cli"},
    "filesystem": {"os"},
    "regex": set(),
}


def declared():
    deps = {}
    for listing in SOURCES.glob("*/CMakeLists.txt"):
        text = listing.read_text()
        found = re.search(r"rw_module\((.*?)\)", text, re.S)
        if not found:
            deps[listing.parent.name] = set()
            continue
        words = found.group(1).split()
        names = set()
        reading = False
        for word in words:
            if word.isupper() and "_" not in word or word == "TEST_LIBS":
                reading = word == "DEPS"
            elif reading:
                names.add(word)
        deps[listing.parent.name] = names
    return deps


def closure(module, deps):
    seen = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(deps.get(name, ()))
    return seen


def problems():
    deps = declared()
    for module in sorted(deps):
        allowed = closure(module, deps)
        for path in sorted((SOURCES / module).rglob("*")):
            if path.suffix not in {".cc", ".h", ".c"}:
                continue
            is_test = path.name.endswith("_test.cc") or "testing" in path.parts
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#include\s+([<"])([^">]+)[">]', line)
                if not found:
                    continue
                quote, name = found.groups()
                where = "%s:%d" % (path.relative_to(ROOT), number)
                head = name.split("/")[0]
                if quote == '"' and head in deps and head not in allowed and not is_test:
                    yield "%s includes %s, but '%s' does not name '%s' in its DEPS" % (where, name, module, head)
                for prefix, owners in OWNED.items():
                    mine = name == prefix or (prefix.endswith("/") and name.startswith(prefix))
                    if quote == "<" and mine and module not in owners and not is_test:
                        yield "%s includes <%s>, which only %s may" % (where, name, sorted(owners) or "nobody")
    for module in deps:
        for dep in deps[module]:
            if module in closure(dep, deps):
                yield "modules '%s' and '%s' depend on each other" % (module, dep)


found = list(problems())
print("\n".join(found))
sys.exit(1 if found else 0)
