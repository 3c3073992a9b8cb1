"""Part of `runwright.client.Api`: environments, their builds, what profiles know."""

from runwright._url import api_path as _path


class ApiEnvironments:
    """Base of Api."""

    # Environments.

    def list_environments(self, ws):
        return self._pages(_path("workspaces", ws, "environments"))

    def register_environment(self, ws, name, definition, spec):
        """``{name, version, env_id, definition, spec}``; the same definition gives the same version."""
        body = {"name": name, "definition": definition, "spec": spec}
        return self._post(_path("workspaces", ws, "environments"), body)

    def get_environment(self, ws, name, version=None):
        return self._get(_path("workspaces", ws, "environments", name), {"version": version})

    def list_builds(self):
        return self._pages("/api/v1/builds")

    def get_build(self, env_id, log_from=None):
        """With ``lock`` and ``log`` as text. log_from: bytes of the log to leave out."""
        return self._get(_path("builds", env_id), {"log_from": log_from})

    def start_build(self, spec):
        """Makes an environment ready without a run; its build with ``env_id`` and ``state``."""
        return self._post("/api/v1/builds", {"spec": spec}, timeout=600)

    def list_curated_environments(self):
        """``{name, description, spec}``, by name."""
        return self._pages("/api/v1/curated-environments")

    def list_frameworks(self):
        """``{name, versions, default}`` of the frameworks that have a profile, by name."""
        return self._pages("/api/v1/frameworks")

    def examine_builds(self, deep=False):
        """``{healthy, findings: [{health, subject, text, fix?}]}``. deep: every installed file is read."""
        return self._post("/api/v1/builds/examination", {"deep": bool(deep)}, timeout=3600)
