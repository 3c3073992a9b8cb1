"""Snapshots from Python: the stat cache, hostile folders, what is sent, and the facts of git."""

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "python"))

from runwright import _snapshot_hash, _snapshot_size, _snapshot_upload, errors, gitinfo, snapshot  # noqa: E402
from runwright._ignore import IgnoreRules  # noqa: E402


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RUNWRIGHT_SNAPSHOT_MAX_BYTES", raising=False)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def settled(monkeypatch):
    """Files written by the test count as old enough for their times to be trusted."""
    monkeypatch.setattr(_snapshot_hash, "_TICK_NS", -3600 * 10 ** 9)


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# The stat cache.


def test_unchanged_files_are_not_read_again(source, settled):
    for name in ("a/x", "a/y", "b"):
        write(source, name, name)
    first = snapshot.build(source)
    assert (first.hashed, first.files, first.bytes) == (3, 3, 7)
    second = snapshot.build(source)
    assert (second.hashed, second.id, second.files, second.bytes) == (0, first.id, 3, 7)
    write(source, "a/y", "changed")
    third = snapshot.build(source)
    assert third.hashed == 1 and third.id != first.id
    write(source, "a/y", "a/y")
    assert snapshot.build(source).id == first.id
    (source / "b").rename(source / "c")
    moved = snapshot.build(source)
    assert moved.id == snapshot.build(source, cache=False).id != first.id


def test_fresh_files_are_read_again(source):
    write(source, "a", "old!")
    before = os.stat(str(source / "a"))
    snapshot.build(source)
    write(source, "a", "new!")
    os.utime(str(source / "a"), ns=(before.st_atime_ns, before.st_mtime_ns))
    again = snapshot.build(source)
    assert again.hashed == 1
    assert hashlib.sha256(b"new!").hexdigest() in again.blobs


def test_random_changes_give_what_a_fresh_look_gives(source, settled):
    rnd = random.Random(7)
    names = ["%s/%s" % (d, f) for d in ("a", "a/b", "c", ".") for f in "xyz"]
    write(source, ".amlignore", "*z\n!a/z\n")
    for _ in range(150):
        path = source / rnd.choice(names)
        if path.is_dir() and not path.is_symlink():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            action = rnd.randrange(5)
            if action == 0 and os.path.lexists(str(path)):
                path.unlink()
            elif action == 1 and not os.path.lexists(str(path)):
                path.symlink_to(rnd.choice(names))
            elif action == 2 and path.exists():
                path.chmod(rnd.choice([0o644, 0o755]))
            elif not path.is_symlink():
                path.write_text(str(rnd.random()))
        except (NotADirectoryError, FileExistsError, FileNotFoundError):
            continue
        cached, fresh = snapshot.build(source), snapshot.build(source, cache=False)
        assert cached.id == fresh.id
        assert (cached.files, cached.bytes, cached.blobs) == (fresh.files, fresh.bytes, fresh.blobs)


def test_another_kind_under_the_same_name_is_seen(source, settled):
    write(source, "a", "file")
    write(source, "d/x", "1")
    snapshot.build(source)
    (source / "a").unlink()
    write(source, "a/now", "folder")
    (source / "d" / "x").unlink()
    (source / "d").rmdir()
    write(source, "d", "file")
    assert snapshot.build(source).id == snapshot.build(source, cache=False).id


def test_damaged_caches_are_not_used(source, tmp_path, settled):
    write(source, "a", "1")
    first = snapshot.build(source)
    (cache,) = (tmp_path / "cache" / "runwright" / "snapshots").iterdir()
    good = cache.read_bytes()
    for bad in [b"", good[:50], good[:-1], good + b"x"] + [
        good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :] for i in range(0, len(good), 7)
    ]:
        cache.write_bytes(bad)
        assert snapshot.build(source).id == first.id


def test_without_a_place_for_the_cache(source, monkeypatch):
    write(source, "a", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert snapshot.build(source).id == snapshot.build(source, cache=False).id


# Hostile folders.


def test_fifos_and_sockets_are_skipped_and_named(source):
    os.mkfifo(str(source / "pipe"))
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(str(source), os.O_RDONLY)
        listener.bind("/proc/self/fd/%d/sock" % folder)
        os.close(folder)
        made = snapshot.build(source)
    assert sorted(made.skipped) == ["pipe", "sock"]
    assert made.files == 0


@pytest.mark.parametrize("name", [b"new\nline", b"\xff\xfe", b"tab\t", b"\xed\xa0\x80"])
def test_names_that_cannot_be_stored_are_named(source, name):
    (source / "d").mkdir()
    with open(os.path.join(os.fsencode(str(source)), b"d", name), "wb"):
        pass
    with pytest.raises(errors.InvalidArgumentError) as caught:
        snapshot.build(source)
    assert "d/" in str(caught.value) and ".amlignore" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_named(source):
    write(source, "d/secret", "1")
    (source / "d" / "secret").chmod(0)
    with pytest.raises(errors.PermissionDeniedError, match="d/secret"):
        snapshot.build(source)


def test_unreadable_is_an_error_that_names_the_file(source, monkeypatch):
    write(source, "d/secret", "1")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_snapshot_hash, "_hash_file", refuse)
    with pytest.raises(errors.PermissionDeniedError, match="d/secret"):
        snapshot.build(source)


def test_links_are_never_followed(source):
    (source / "loop").symlink_to("loop")
    (source / "up").symlink_to("..")
    (source / "out").symlink_to("/etc/passwd")
    made = snapshot.build(source)
    assert made.files == 3
    assert made.blobs[hashlib.sha256(b"/etc/passwd").hexdigest()] == b"/etc/passwd"


def test_deep_folders_are_refused_not_overflowed(source):
    here = os.getcwd()
    try:
        os.chdir(str(source))
        for _ in range(300):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    with pytest.raises(errors.TooLargeError):
        snapshot.build(source)


def test_a_folder_that_is_none(source):
    write(source, "file", "1")
    for path in (source / "none", source / "file"):
        with pytest.raises(errors.NotFoundError):
            snapshot.build(path)


def test_hundred_thousand_files_in_one_folder(source, settled):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(source)
    with tempfile.TemporaryDirectory(dir=memory) as root:
        for i in range(100000):
            os.close(os.open("%s/%06d" % (root, i), os.O_CREAT | os.O_WRONLY))
        made = snapshot.build(root)
        assert made.files == 100000
        assert snapshot.build(root).id == made.id


def test_a_log_that_grows_is_whole_as_of_one_moment(source):
    (source / "log").write_bytes(b"x" * (1 << 20))
    stop = threading.Event()

    def append():
        with open(str(source / "log"), "ab", 0) as file:
            while not stop.is_set():
                file.write(b"x" * 100)

    writer = threading.Thread(target=append)
    writer.start()
    try:
        for _ in range(20):
            made = snapshot.build(source)
            assert hashlib.sha256(b"x" * made.bytes).hexdigest() in made.blobs
    finally:
        stop.set()
        writer.join()


def test_a_file_that_keeps_changing_is_an_error_that_names_it(source, monkeypatch):
    write(source, "busy", "0")
    real = _snapshot_hash._hash_bytes

    def rewritten(fd, size):
        digest = real(fd, size)
        os.utime(str(source / "busy"), ns=(0, random.randrange(10 ** 18)))
        return digest

    monkeypatch.setattr(_snapshot_hash, "_hash_bytes", rewritten)
    with pytest.raises(errors.ConflictError, match="busy"):
        snapshot.build(source)


def test_size_limits(source, monkeypatch):
    write(source, "data/train/a", "x" * 2000)
    with open(str(source / "data" / "huge"), "wb") as file:
        file.truncate(301 * 1000 * 1000)
    monkeypatch.setattr(_snapshot_hash, "_hash_file", lambda path: (bytes(32), 0, os.stat(path), True))
    texts = []
    snapshot.build(source, warn=texts.append)
    assert len(texts) == 1 and "data/huge" in texts[0] and ".amlignore" in texts[0]
    with pytest.warns(UserWarning, match="data/huge"):
        snapshot.build(source)
    monkeypatch.setenv("RUNWRIGHT_SNAPSHOT_MAX_BYTES", "300000000")
    with pytest.raises(errors.TooLargeError, match="RUNWRIGHT_SNAPSHOT_MAX_BYTES=301002000"):
        snapshot.build(source)
    monkeypatch.setenv("RUNWRIGHT_SNAPSHOT_MAX_BYTES", "many")
    with pytest.raises(errors.InvalidArgumentError):
        snapshot.build(source)


def test_the_sdk_v1_size_setting_is_honoured(source, monkeypatch):
    import types

    module = types.ModuleType("azureml._restclient.snapshots_client")
    module.SNAPSHOT_MAX_SIZE_BYTES = 400 * 1000 * 1000
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert _snapshot_size.max_bytes() == 400 * 1000 * 1000
    module.SNAPSHOT_MAX_SIZE_BYTES = 314572800
    assert _snapshot_size.max_bytes() == _snapshot_size.MAX_BYTES


# Ignore rules against git itself.

_TOKENS = [
    "a", "b", "c", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[a-c]", "\\a", ".py", "*.pyc", "[[:alpha:]]", "/**/",
    "**/", "/**", " ", "\\ ", "-", "[]a]", "[^]a]", "[a", "\\",
]  # fmt: skip


def test_ignore_rules_mean_what_git_means(tmp_path):
    rnd = random.Random(11)
    parts = ["a", "b", "c", "ab", "x.py", "x.pyc", ".h", "a b", "-"]
    try:
        subprocess.check_call(["git", "init", "-q", str(tmp_path / "repo")])
    except OSError:
        pytest.skip("git is not installed")
    for _ in range(150):
        lines = []
        while len(lines) < 3:
            line = "".join(rnd.choice(_TOKENS) for _ in range(rnd.randint(1, 5))) + rnd.choice(["", "", "", "/"])
            # git skips a literal beginning, and then takes '**' for a leading one: not what its manual says.
            if "**" not in line.lstrip("*/") or line.startswith("/") or "/**" in line:
                lines.append(rnd.choice(["", "", "", "!"]) + line)
        if any("b**" in line or "a**" in line or "c**" in line for line in lines):
            continue
        (tmp_path / "repo" / ".gitignore").write_text("\n".join(lines) + "\n")
        paths = sorted({"/".join(rnd.choice(parts) for _ in range(rnd.randint(1, 4))) for _ in range(30)})
        command = ["git", "-C", str(tmp_path / "repo"), "check-ignore", "--no-index", "-z", "--stdin", "-v", "-n"]
        asked = "\0".join(paths) + "\0"
        done = subprocess.run(command, input=asked.encode(), stdout=subprocess.PIPE)
        fields = done.stdout.decode().split("\0")
        rules = IgnoreRules("\n".join(lines))
        for index, path in enumerate(paths):
            pattern = fields[4 * index + 2]
            ignored = bool(pattern) and not pattern.startswith("!")
            assert rules.excludes_with_parents(path.encode(), False) == ignored, (lines, path)


# What is sent.


class FakeServer(object):
    """The four routes that an upload uses."""

    def __init__(self):
        self.blobs = {}
        self.calls = []
        self.streamed = []

    def request(self, method, path, query=None, body=None, headers=None):
        data = body.read() if hasattr(body, "read") else body
        self.calls.append(path)
        if path == "/api/v1/blobs/missing":
            digests = json.loads(data.decode())["digests"]
            return self._answer(200, {"missing": [d for d in digests if d not in self.blobs]})
        if path == "/api/v1/blobs/pack":
            while data:
                head, _, rest = data.partition(b"\n")
                digest, size = head.decode().split(" ")
                self._store(digest, rest[: int(size)])
                data = rest[int(size) :]
            return self._answer(200, {})
        if method == "PUT":
            digest = path.rsplit("/", 1)[1]
            self.streamed.append(digest)
            if hashlib.sha256(data).hexdigest() != digest:
                return self._answer(400, {"error": {"code": "InvalidArgument", "message": "wrong bytes"}})
            self._store(digest, data)
            return self._answer(201, {})
        missing = self._missing(json.loads(data.decode())["id"])
        if missing:
            error = {"code": "FailedPrecondition", "message": "missing"}
            return self._answer(412, {"error": error, "missing": missing})
        return self._answer(201, {})

    @staticmethod
    def _answer(status, document):
        return status, {}, json.dumps(document).encode()

    def _store(self, digest, data):
        assert hashlib.sha256(data).hexdigest() == digest
        self.blobs[digest] = data

    def _missing(self, digest):
        tree = self.blobs.get(digest)
        if tree is None:
            return [digest]
        out = []
        for line in tree[17:].split(b"\0")[:-1]:
            mode, part, _ = line.partition(b"\t")[0].decode().split(" ")
            if mode == "040000":
                out += self._missing(part)
            elif part not in self.blobs:
                out.append(part)
        return out


@pytest.fixture
def filled(source):
    for d in range(5):
        for f in range(20):
            write(source, "d%d/f%d" % (d, f), str(d * 100 + f))
    write(source, "large", "x" * (3 << 20))
    (source / "link").symlink_to("d0/f0")
    return source


def test_everything_is_sent_once(filled):
    server = FakeServer()
    progress = []
    made = snapshot.build(filled)
    snapshot.upload(server, made, lambda sent, total: progress.append((sent, total)))
    contents = {k: v if isinstance(v, bytes) else open(v, "rb").read() for k, v in made.blobs.items()}
    assert server.blobs == contents
    assert len(server.streamed) == 1
    assert progress[-1][0] == progress[-1][1] == made.bytes
    server.calls = []
    made.upload(server)
    assert server.calls == ["/api/v1/snapshots"]


def test_one_changed_file_sends_it_and_its_folders(filled):
    server = FakeServer()
    snapshot.send(server, filled)
    before = set(server.blobs)
    write(filled, "d3/f7", "changed")
    snapshot.send(server, filled)
    assert len(set(server.blobs) - before) == 3


def test_blobs_that_the_server_lost_are_sent_again(filled):
    server = FakeServer()
    made = snapshot.send(server, filled)
    del server.blobs[hashlib.sha256(b"307").hexdigest()]
    snapshot.upload(server, made)
    assert not server._missing(made.id)


def test_packs_are_bounded(source, monkeypatch):
    monkeypatch.setattr(_snapshot_upload, "_PACK_BLOBS", 10)
    for i in range(35):
        write(source, "f%d" % i, str(i))
    server = FakeServer()
    snapshot.send(server, source)
    assert server.calls.count("/api/v1/blobs/pack") == 4


def test_files_that_changed_since_are_named(filled):
    made = snapshot.build(filled)
    write(filled, "d1/f1", "changed")
    with pytest.raises(errors.ConflictError, match="d1/f1"):
        snapshot.upload(FakeServer(), made)
    made = snapshot.build(filled)
    write(filled, "large", "y" * (3 << 20))
    with pytest.raises(errors.ConflictError, match="large"):
        snapshot.upload(FakeServer(), made)
    (filled / "large").unlink()
    with pytest.raises(errors.ConflictError, match="large"):
        snapshot.upload(FakeServer(), made)


def test_send_looks_again_when_a_file_changed(filled, monkeypatch):
    real = snapshot.build
    changes = iter(["changed"])

    def build(folder, *arguments, **keywords):
        made = real(folder, *arguments, **keywords)
        for text in changes:
            write(filled, "d1/f1", text)
        return made

    monkeypatch.setattr(snapshot, "build", build)
    server = FakeServer()
    made = snapshot.send(server, filled)
    assert made.id == real(filled).id and not server._missing(made.id)


def test_a_large_file_that_grows_is_sent_as_it_was(source):
    write(source, "large", "x" * (3 << 20))
    made = snapshot.build(source)
    with open(str(source / "large"), "a") as file:
        file.write("more")
    server = FakeServer()
    snapshot.upload(server, made)
    assert server.blobs[server.streamed[0]] == b"x" * (3 << 20)


# Facts of git.


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main"]
    subprocess.check_call(["git", "-C", str(folder)] + identity + list(arguments), stdout=subprocess.DEVNULL)


@pytest.fixture
def repository(source):
    try:
        git(source, "init", "-q")
    except OSError:
        pytest.skip("git is not installed")
    git(source, "remote", "add", "origin", "https://me:secret@example.com/a/b.git?token=t")
    write(source, "sub/a", "1")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "one")
    return source


def test_facts_of_git(repository):
    head = subprocess.check_output(["git", "-C", str(repository), "rev-parse", "HEAD"]).decode().strip()
    facts = gitinfo.GitQuery(str(repository / "sub")).properties()
    assert facts == {
        "azureml.git.repository_uri": "https://example.com/a/b.git",
        "azureml.git.branch": "main",
        "azureml.git.commit": head,
        "azureml.git.dirty": "False",
        "mlflow.source.git.repoURL": "https://example.com/a/b.git",
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": head,
    }
    write(repository, "sub/a", "2")
    assert snapshot.git_properties(str(repository))["azureml.git.dirty"] == "True"
    git(repository, "pack-refs", "--all")
    git(repository, "checkout", "-q", "--detach")
    facts = snapshot.git_properties(str(repository))
    assert facts["azureml.git.commit"] == head and "azureml.git.branch" not in facts


def test_packed_branches_and_worktrees(repository, tmp_path):
    git(repository, "pack-refs", "--all")
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    facts = snapshot.git_properties(str(tmp_path / "tree"))
    assert facts["azureml.git.branch"] == "side"
    assert facts["azureml.git.commit"] == snapshot.git_properties(str(repository))["azureml.git.commit"]
    assert facts["azureml.git.repository_uri"] == "https://example.com/a/b.git"


def test_no_repository_no_facts(source):
    assert snapshot.git_properties(str(source)) == {}


def test_without_git_the_rest_is_known(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    facts = snapshot.git_properties(str(repository))
    assert facts["azureml.git.branch"] == "main" and "azureml.git.dirty" not in facts


@pytest.mark.parametrize(
    "url, clean",
    [
        ("https://u:p@h/x", "https://h/x"),
        ("http://token@h:8080/x?private_token=t#f", "http://h:8080/x"),
        ("ssh://git:pw@h/x", "ssh://git@h/x"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/repo", "/srv/repo"),
        ("https://a@b@h/x", "https://h/x"),
    ],
)
def test_urls_without_credentials(url, clean):
    assert gitinfo.without_credentials(url) == clean
