"""Part of `runwright.client.Api`: the server, workspaces, experiments and secrets."""

from runwright._url import api_path as _path


class ApiWorkspaces:
    """Base of Api."""

    # Server.

    def health(self):
        """``{status, version}``; needs no token."""
        return self.client.json("GET", "/healthz")

    def get_server(self):
        return self._get("/api/v1/server")

    def stop_server(self):
        return self._post("/api/v1/server/stop")

    def create_login_link(self, path=None):
        """``{url}``: logs a browser in once, within 60 s."""
        return self._post("/api/v1/login-links", {"path": path} if path else {}, idempotent=False)

    def collect_garbage(self, dry_run=False):
        """Removes what the retention rules say, or says what it would; the report of openapi.yaml."""
        return self._post("/api/v1/server/gc", {"dry_run": bool(dry_run)}, timeout=3600)

    def get_retention(self):
        """Rules in days; None keeps for ever."""
        return self._get("/api/v1/server/retention")

    def set_retention(self, **days):
        """Changes those rules that are given; returns all of them."""
        return self.client.json("PATCH", "/api/v1/server/retention", None, days)

    def list_sources(self):
        """The source map: ``{prefix, folder}``, the longest prefix first."""
        return self._pages("/api/v1/server/sources")

    def add_sources(self, rules):
        """rules: a list of ``{prefix, folder}``; all or none. One of the same prefix is replaced."""
        return self._post("/api/v1/server/sources", {"rules": list(rules)})

    def remove_source(self, prefix):
        return self.client.json("DELETE", "/api/v1/server/sources", {"prefix": prefix})

    # Workspaces and experiments.

    def list_workspaces(self, name=None, subscription_id=None, resource_group=None):
        query = {"name": name, "subscription_id": subscription_id, "resource_group": resource_group}
        return self._pages("/api/v1/workspaces", query)

    def create_workspace(self, name, exist_ok=False, **members):
        """members: subscription_id, resource_group, location; None is left out."""
        body = {"name": name, "exist_ok": bool(exist_ok)}
        body.update((key, value) for key, value in members.items() if value is not None)
        return self._post("/api/v1/workspaces", body, idempotent=bool(exist_ok))

    def get_workspace(self, ws):
        return self._get(_path("workspaces", ws))

    def list_experiments(self, ws, view=None):
        """view: "active" (the default), "archived", "all" or "deleted"."""
        return self._pages(_path("workspaces", ws, "experiments"), {"view": view})

    def create_experiment(self, ws, name):
        """An existing one is answered."""
        return self._post(_path("workspaces", ws, "experiments"), {"name": name})

    def get_experiment(self, ws, name):
        return self._get(_path("workspaces", ws, "experiments", name))

    def delete_experiment(self, ws, name_or_id, delete_children=False):
        """ConflictError where it has runs, unless delete_children deletes them too."""
        query = {"delete_children": True} if delete_children else None
        return self.client.json("DELETE", _path("workspaces", ws, "experiments", name_or_id), query)

    def archive_experiment(self, ws, name_or_id):
        return self._post(_path("workspaces", ws, "experiments", name_or_id, "archive"))

    def reactivate_experiment(self, ws, name_or_id):
        return self._post(_path("workspaces", ws, "experiments", name_or_id, "reactivate"))

    # Secrets.

    def list_secrets(self, ws):
        """``{name, created_time, updated_time}``, by name; no values."""
        return self._pages(_path("workspaces", ws, "secrets"))

    def get_secret(self, ws, name):
        """``{name, value, …}``; NotFoundError where there is none."""
        return self._get(_path("workspaces", ws, "secrets", name))

    def set_secret(self, ws, name, value):
        return self.client.json("PUT", _path("workspaces", ws, "secrets", name), None, {"value": value})

    def delete_secret(self, ws, name):
        return self.client.json("DELETE", _path("workspaces", ws, "secrets", name))
