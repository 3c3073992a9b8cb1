"""tests/vectors/snapshot.json and ignore.json, which C++ passes too (src/cas/vectors_test.cc).

`python3 tests/python/test_snapshot_vectors.py --write` makes the expected values anew from the cases below.
"""

import json
import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "python"))

from runwright import _snapshot_tree, errors, snapshot  # noqa: E402
from runwright._ignore import IgnoreRules  # noqa: E402

VECTORS = os.path.join(ROOT, "tests", "vectors")


def load(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as file:
        return json.load(file)


def make_folder(root, entries):
    """Makes what `entries` of a vector say below `root` (bytes)."""
    for entry in entries:
        name = bytes.fromhex(entry["path_hex"]) if "path_hex" in entry else entry["path"].encode()
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        kind = entry["type"]
        if kind == "folder":
            os.makedirs(path, exist_ok=True)
        elif kind == "link":
            os.symlink(entry["target"].encode(), path)
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            with open(path, "wb") as file:
                file.write(entry.get("text", "").encode())
            os.chmod(path, int(entry.get("mode", "644"), 8))


def describe(folder):
    """The expected part of a vector."""
    try:
        made = snapshot.build(folder, cache=False)
    except errors.RunwrightError as error:
        return {"error": error.code}
    trees = {one.path.decode(): _snapshot_tree.encode(one).hex() for one in made._folders}
    return {
        "id": made.id,
        "files": made.files,
        "bytes": made.bytes,
        "skipped": sorted(made.skipped),
        "trees": trees,
    }


def test_snapshots(tmp_path):
    for index, case in enumerate(load("snapshot.json")):
        root = os.fsencode(str(tmp_path / str(index)))
        os.mkdir(root)
        make_folder(root, case["entries"])
        assert describe(root) == case["expected"], case["name"]


def test_ignore_rules():
    for case in load("ignore.json"):
        rules = IgnoreRules(case["rules"])
        for path, is_folder, ignored in case["paths"]:
            got = rules.excludes_with_parents(path.encode(), is_folder)
            assert got == ignored, (case["rules"], path, is_folder)


def f(path, text="", mode="644"):
    return {"path": path, "type": "file", "text": text, "mode": mode}


def d(path):
    return {"path": path, "type": "folder"}


def link(path, target):
    return {"path": path, "type": "link", "target": target}


SNAPSHOTS = [
    ("an empty folder", []),
    ("one file", [f("train.py", "print('hello')\n")]),
    ("an empty file", [f("empty")]),
    ("nested and empty folders", [f("a/b/c/deep.txt", "deep"), d("a/b/empty"), d("z"), f("top", "1")]),
    ("modes: any execute bit counts", [f("a", "x", "644"), f("b", "x", "755"), f("c", "x", "600"), f("d", "x", "654"), f("e", "x", "444"), f("g", "x", "601")]),
    ("links are text: inward, outward, dangling, to a folder, a circle",
     [f("file", "1"), d("folder"), link("in", "file"), link("out", "/etc/passwd"), link("up", "../.."), link("gone", "no such file"),
      link("folderlink", "folder"), link("loop", "loop"), link("folder/back", "..")]),
    ("names sort by bytes, folders among files",
     [f("a.b", "1"), f("a/x", "2"), f("a-b", "3"), f("a0", "4"), f("B", "5"), f("_", "6"), f("10", "7"), f("9", "8"), f(" space ", "9")]),
    ("unicode names, composed and decomposed",
     [f("\u00fc", "1"), f("u\u0308", "2"), f("\u65e5\u672c/\u8a9e.txt", "3"), f("\U0001f600", "4"), f("\uffff", "5"), f("z", "6")]),
    ("equal files and folders share digests", [f("a/x", "same"), f("b/x", "same"), f("c", "same")]),
    (".git is never part, at any depth; the ignore file itself is",
     [f(".git/HEAD", "ref"), f("sub/.git", "gitdir: elsewhere"), f("sub/.gitmodules", "kept"), f(".gitignore", "*.pyc\n"), f("m.pyc", "x"), f("sub/n.pyc", "x"), f("n.py", "kept")]),
    (".amlignore is used alone where it exists",
     [f(".amlignore", "data/\n"), f(".gitignore", "*.py\n"), f("a.py", "kept"), f("data/big", "out"), f("sub/data", "a file of that name stays")]),
    ("an empty .amlignore hides .gitignore", [f(".amlignore"), f(".gitignore", "*\n"), f("a.py", "kept")]),
    ("only the root's ignore file counts", [f("sub/.gitignore", "*\n"), f("sub/a", "kept")]),
    ("excluded folders keep nothing, re-included files come back",
     [f(".gitignore", "*.log\n!keep.log\nout/\n!out/important\n"), f("a.log", "x"), f("keep.log", "kept"), f("out/important", "x"), f("d/keep.log", "kept")]),
    ("a folder left out and a link of that name", [f(".gitignore", "venv/\n"), link("venv", "/opt/venv"), f("sub/venv/x", "1")]),
    ("FIFOs are skipped", [{"path": "pipe", "type": "fifo"}, f("a", "1"), {"path": "d/p", "type": "fifo"}]),
    ("an ignored FIFO is not even that", [f(".gitignore", "pipe\n"), {"path": "pipe", "type": "fifo"}]),
    ("a newline in a name is refused", [f("a\nb", "1")]),
    ("a control character in a folder's name is refused", [f("a\x7fb/c", "1")]),
    ("a name that is not UTF-8 is refused", [{"path_hex": "6162ff", "type": "file", "text": "1"}]),
    ("a surrogate in UTF-8 is refused", [{"path_hex": "eda080", "type": "file", "text": "1"}]),
    ("what is ignored may have any name", [f(".gitignore", "bad*\n"), {"path_hex": "626164ff", "type": "file"}, f("bad\n", "1"), f("ok", "1")]),
]

RULES = [
    ("", ["a", ".git", ".git/config", "a/.git", "a/.git/x", ".github/x", "x.git", ".gitignore"]),
    ("# comment\n\n   \n\\#hash\n\\!bang\n", ["# comment", "#hash", "!bang", "hash", "   ", "a"]),
    ("*.pyc\n__pycache__/\n", ["a.pyc", "d/a.pyc", ".pyc", "a.pyc/x", "a.pycx", "__pycache__", "__pycache__/x", "d/__pycache__/x", "pyc"]),
    ("/build\n", ["build", "build/x", "a/build", "builds"]),
    ("doc/frotz\n", ["doc/frotz", "a/doc/frotz", "doc/frotz/x", "frotz"]),
    ("doc/frotz/\n", ["doc/frotz", "a/doc/frotz", "doc/frotz/x"]),
    ("frotz/\n", ["frotz", "a/frotz", "a/frotz/x"]),
    ("foo/*\n", ["foo/a", "foo/a/b", "foo", "x/foo/a"]),
    ("**/foo\n", ["foo", "a/foo", "a/b/foo", "afoo", "foo/x"]),
    ("**/foo/bar\n", ["foo/bar", "a/foo/bar", "a/foo/x/bar"]),
    ("abc/**\n", ["abc", "abc/x", "abc/x/y", "a/abc/x"]),
    ("a/**/b\n", ["a/b", "a/x/b", "a/x/y/b", "a/xb", "ab", "c/a/b"]),
    ("a/**b\na**c\n", ["a/xb", "a/x/b", "axc", "a/c", "d/axc"]),
    ("**\n!a\n", ["a", "b", "a/b", "b/a"]),
    ("/**\n", ["a", "a/b"]),
    ("/*\n!/src\n!/train.py\n", ["train.py", "src", "src/a", "data", "data/train.py"]),
    ("*.log\n!keep.log\n", ["a.log", "keep.log", "d/keep.log", "keep.log/x.log"]),
    ("!a\na\n", ["a"]),
    ("a\n!a\n", ["a"]),
    ("out/\n!out/keep\n", ["out/keep", "out", "a/out/keep"]),
    ("out/*\n!out/keep\n", ["out/keep", "out/other", "out/keep/x"]),
    ("f?o\n", ["foo", "fo", "f/o", "fooo", "f\u00fco", "a/fxo"]),
    ("f??o\n", ["f\u00fco", "fooo"]),
    ("[abc].txt\n[!x]z\n[a-c0-9]q\n[^y]w\n", ["a.txt", "d.txt", "xz", "yz", "bq", "5q", "dq", "yw", "aw", "-q"]),
    ("[]a]x\n[a-]y\n[!]]k\n", ["]x", "ax", "-y", "ay", "by", "]k", "ak"]),
    ("[[:digit:]]x\n[[:upper:][:space:]]y\n[[:nope:]]z\n[[:alpha]q\n", ["1x", "ax", "Ay", " y", "ay", "az", ":q", "aq", "[q"]),
    ("[a\nb[\n\\\nc\\\n", ["[a", "a", "b[", "b", "\\", "c\\", "c"]),
    ("[\\]]x\n[a\\-c]y\n\\*z\n\\a\n", ["]x", "\\x", "-y", "by", "*z", "az", "a", "\\a"]),
    ("a/[!b]c\na?d\n", ["a//c", "a/c", "a/xc", "a/d", "axd"]),
    ("trail   \nkeep\\ \ntab\t\nback\\\\ \n", ["trail", "trail   ", "keep ", "keep", "tab", "tab\t", "back\\", "back\\ "]),
    (" lead\n", [" lead", "lead"]),
    ("crlf\r\nlast\r", ["crlf", "crlf\r", "last", "last\r"]),
    ("\ufeffbom\n", ["bom", "\ufeffbom"]),
    ("/\n!\n!/\n//\n", ["a", "a/b"]),
    ("\u00fc*\n*.\u65e5\u672c\n", ["\u00fcber", "x.\u65e5\u672c", "d/\u00fc", "uber"]),
    ("***\n!x*y***z\n", ["a", "xyz", "xaybz", "a/xyz"]),
    ("a*b*c*d*e*f*g*h*i\n", ["abcdefghi", "a" * 60 + "b" * 60 + "c" * 60]),
    ("Data\n", ["data", "Data", "DATA"]),
    ("a/b/\n!a/b/c\n", ["a/b/c", "a/b", "a/bb"]),
    ("*/foo\n", ["foo", "a/foo", "a/b/foo"]),
    ("*/\n!keep/\n", ["file", "folder", "keep", "keep/x", "folder/x", "keep/sub/x"]),
    (".*\n!.amlignore\n", [".env", ".amlignore", "a/.env", ".d/x", "x"]),
]


def write():
    import tempfile

    cases = []
    for name, entries in SNAPSHOTS:
        with tempfile.TemporaryDirectory() as folder:
            make_folder(os.fsencode(folder), entries)
            cases.append({"name": name, "entries": entries, "expected": describe(folder)})
    _dump("snapshot.json", cases)
    ignore = []
    for text, paths in RULES:
        rules = IgnoreRules(text)
        seen = [
            [path, is_folder, rules.excludes_with_parents(path.encode(), is_folder)]
            for path in paths
            for is_folder in (False, True)
        ]
        ignore.append({"rules": text, "paths": seen})
    _dump("ignore.json", ignore)


def _dump(name, cases):
    lines = [json.dumps(case, sort_keys=True) for case in cases]
    with open(os.path.join(VECTORS, name), "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write()
