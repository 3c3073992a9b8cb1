"""What git says about a source folder: recorded with each run.

Branch, commit and URL are read from `.git` itself; only whether something is uncommitted is asked of `git`, which
runs while the caller does something else.
"""

import os
import time

_DIRTY_SECONDS = 2.0


class GitQuery(object):
    """Asks git in the background, so that hashing the folder goes on meanwhile. A folder outside of a repository, or
    a machine without git, costs next to nothing."""

    def __init__(self, folder):
        folder = os.path.realpath(folder)
        self._git_dir = _find(folder)
        self._status = _start_status(folder) if self._git_dir else None

    def properties(self):
        """Run properties: ``azureml.git.*`` and their ``mlflow.source.git.*`` twins; {} without a repository. Waits
        for git, 2 s at most; without its answer `azureml.git.dirty` is left out."""
        if self._git_dir is None:
            return {}
        facts = _facts(self._git_dir)
        dirty = self._status()
        self._status = lambda: dirty
        if dirty is not None:
            facts["azureml.git.dirty"] = str(dirty)
        return facts


def _find(folder):
    """The repository's git folder, from here or a parent; follows the files of worktrees and submodules."""
    while True:
        path = os.path.join(folder, ".git")
        if os.path.isdir(path):
            return path
        text = _read(path)
        if text.startswith("gitdir: "):
            return os.path.join(folder, text[8:].strip())
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _facts(git_dir):
    common = _read(os.path.join(git_dir, "commondir")).strip()
    common = os.path.join(git_dir, common) if common else git_dir
    head = _read(os.path.join(git_dir, "HEAD")).strip()
    branch, commit = "", head
    if head.startswith("ref: "):
        reference = head[5:].strip()
        branch = reference[11:] if reference.startswith("refs/heads/") else reference
        commit = _resolve(git_dir, common, reference)
    url = without_credentials(_url(_read(os.path.join(common, "config")), branch))
    facts = {}
    for value, names in (
        (url, ("azureml.git.repository_uri", "mlflow.source.git.repoURL")),
        (branch, ("azureml.git.branch", "mlflow.source.git.branch")),
        (commit, ("azureml.git.commit", "mlflow.source.git.commit")),
    ):
        if value:
            facts.update(dict.fromkeys(names, value))
    return facts


def _resolve(git_dir, common, reference):
    """The commit of a branch; "" for one without commits."""
    for folder in (git_dir, common):
        text = _read(os.path.join(folder, reference)).strip()
        if text:
            return text
    for line in _read(os.path.join(common, "packed-refs")).splitlines():
        commit, _, name = line.partition(" ")
        if name == reference:
            return commit
    return ""


def _url(config, branch):
    """Of the branch's remote, else of `origin`, else of the only one."""
    section = ""
    urls = {}
    remote_of_branch = ""
    for line in config.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line[1 : line.find("]")]
            continue
        key, _, value = line.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"')
        if section.startswith('remote "') and key == "url":
            urls.setdefault(section[8:-1], value)
        elif section == 'branch "%s"' % branch and key == "remote":
            remote_of_branch = value
    for name in (remote_of_branch, "origin"):
        if name in urls:
            return urls[name]
    return list(urls.values())[0] if len(urls) == 1 else ""


def without_credentials(url):
    """User name, password and query are taken out of http(s) URLs, the password of others."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("/")
    user, at, host_alone = host.rpartition("@")
    if scheme.lower() in ("http", "https", "ftp", "ftps"):
        path = path.partition("?")[0].partition("#")[0]
        return scheme + "://" + host_alone + slash + path
    return scheme + "://" + user.partition(":")[0] + at + host_alone + slash + path


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def _start_status(folder):
    """A function that gives True or False, or None when `git` is absent, fails or takes too long."""
    arguments = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", folder]
    arguments += ["status", "--porcelain", "--ignore-submodules=dirty", "--", "."]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment["LC_ALL"] = "C"
    read_end, write_end = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        pid = _spawn(arguments, environment, null, write_end)
    except OSError:
        pid = None
    finally:
        os.close(write_end)
        os.close(null)
    if pid is None:
        os.close(read_end)
        return lambda: None
    return lambda: _finish_status(pid, read_end)


def _spawn(arguments, environment, null, output):
    if hasattr(os, "posix_spawnp"):
        actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
        return os.posix_spawnp(arguments[0], arguments, environment, file_actions=actions)
    pid = os.fork()
    if pid == 0:
        try:
            for fd, target in ((null, 0), (output, 1), (null, 2)):
                os.dup2(fd, target)
            os.execvpe(arguments[0], arguments, environment)
        finally:
            os._exit(127)
    return pid


def _finish_status(pid, read_end):
    import select
    import signal

    deadline = time.time() + _DIRTY_SECONDS
    dirty = timed_out = False
    try:
        ready = select.select([read_end], [], [], max(0, deadline - time.time()))[0]
        timed_out = not ready
        dirty = bool(ready) and bool(os.read(read_end, 1))
    finally:
        os.close(read_end)
        if dirty or timed_out:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    if dirty:
        return True
    return False if not timed_out and status == 0 else None
