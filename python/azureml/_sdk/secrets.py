"""What a spec only names, and the server has to have first: secrets of the workspace for passwords, folders."""

import hashlib


class Secrets:
    """Collects ``name → text`` and snapshots of folders while a spec is made; `store` keeps them."""

    def __init__(self):
        self._texts = {}
        self.folders = []

    def add(self, kind, place, user, text):
        """The name of the secret for ``user`` at ``place``; the same every time."""
        digest = hashlib.sha256(("%s\n%s\n%s" % (kind, place, user)).encode("utf-8")).hexdigest()
        name = "%s-%s" % (kind, digest[:16])
        self._texts[name] = text
        return name

    def store(self, workspace):
        """Keeps those that were not kept yet through this connection to the server."""
        for folder in self.folders:
            folder.upload(workspace._api)
        if not self._texts:
            return
        kept = workspace._api.__dict__.setdefault("_kept_secrets", set())
        for name, text in self._texts.items():
            key = (workspace._workspace_id, name, hashlib.sha256(text.encode("utf-8")).hexdigest())
            if key not in kept:
                workspace._call("set_secret", name, text)
                kept.add(key)
