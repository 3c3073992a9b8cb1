"""What git says about a source folder: recorded with each run."""

import os


class GitQuery(object):
    """Asks git in the background, so that hashing the folder goes on meanwhile. A folder outside of a repository, or
    a machine without git, costs nothing and gives nothing."""

    def __init__(self, folder):
        self._process = None
        self._root = _repository(os.path.abspath(folder))
        if self._root is None:
            return
        import subprocess

        command = ["git", "--no-optional-locks", "-C", folder, "status", "--porcelain=v2", "--branch"]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError:
            pass

    def properties(self):
        """Run properties: ``azureml.git.*`` and their ``mlflow.source.git.*`` twins; empty without a repository."""
        if self._process is None:
            return {}
        text = self._process.communicate()[0].decode("utf-8", "replace")
        if self._process.returncode != 0:
            return {}
        facts = parse_status(text)
        url = _remote_url(self._root)
        if url:
            facts["repository_uri"] = url
        names = {"repository_uri": "repoURL", "branch": "branch", "commit": "commit"}
        found = {"azureml.git." + key: value for key, value in facts.items()}
        found.update(("mlflow.source.git." + twin, facts[key]) for key, twin in names.items() if key in facts)
        return found


def _repository(folder):
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def parse_status(text):
    """commit, branch and dirty of ``git status --porcelain=v2 --branch``."""
    facts = {"dirty": "False"}
    for line in text.splitlines():
        if line.startswith("# branch.oid ") and not line.endswith("(initial)"):
            facts["commit"] = line.split(" ", 2)[2]
        elif line.startswith("# branch.head ") and not line.endswith("(detached)"):
            facts["branch"] = line.split(" ", 2)[2]
        elif line and not line.startswith("#"):
            facts["dirty"] = "True"
    return facts


def _remote_url(root):
    """URL of the remote ``origin`` without any credential in it, or None."""
    path = os.path.join(root, ".git", "config")
    section = None
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                line = line.strip()
                if line.startswith("["):
                    section = line
                elif section == '[remote "origin"]' and line.partition("=")[0].strip() == "url":
                    return strip_credentials(line.partition("=")[2].strip())
    except OSError:
        pass
    return None


def strip_credentials(url):
    """``https://user:secret@host/x`` → ``https://host/x``."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
