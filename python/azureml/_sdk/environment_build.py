"""Environments made ready without a run."""

import sys
import time

from azureml._sdk import exceptions

_WAIT_SECONDS = (0.1, 2.0)  # between two looks: the first, the longest


class ImageBuildDetails:
    """An environment on its way. ``status``: Resolving, Building, Succeeded or Failed."""

    def __init__(self, workspace, env_id, state):
        self._workspace, self._env_id, self._state = workspace, env_id, state
        self._shown = 0  # bytes of the log that were printed

    @property
    def status(self):
        if self._state not in ("Ready", "Failed"):
            self._look()
        return "Succeeded" if self._state == "Ready" else self._state

    @property
    def log(self):
        """What the build has printed so far."""
        return self._build().get("log") or ""

    def _build(self, log_from=None):
        from runwright.errors import NotFoundError, RunwrightError

        try:
            return self._workspace._api.get_build(self._env_id, log_from)
        except NotFoundError:  # nothing is built for an interpreter that is used as it is
            return {"state": self._state}
        except RunwrightError as error:
            raise exceptions.translated(error)

    def _look(self, show_output=False):
        build = self._build(self._shown if show_output else None)
        self._state = build.get("state") or "Ready"
        if show_output and build.get("log"):
            self._shown += len(build["log"].encode("utf-8"))
            sys.stdout.write(build["log"])
            sys.stdout.flush()
        return build

    def wait_for_completion(self, show_output=True):
        """Waits; UserErrorException with the cause where it cannot be made."""
        pause, longest = _WAIT_SECONDS
        while True:
            build = self._look(show_output)
            if self._state in ("Ready", "Failed"):
                break
            time.sleep(pause)
            pause = min(longest, pause * 1.5)
        if self._state == "Failed":
            raise exceptions.UserErrorException("The environment could not be made: %s" % (build.get("error") or ""))
        if show_output:
            print("Environment build finished, operation \"Succeeded\"")
        return self


def start_build(environment, workspace):
    """Asks the server to make it ready."""
    answer = workspace._call_plainly("start_build", _spec_of(environment, workspace))
    return ImageBuildDetails(workspace, answer["env_id"], answer.get("state") or "Ready")


def image_details(environment, workspace):
    """What is known of the environment's build; ``imageExistsInRegistry`` says whether it is ready."""
    from runwright.environment_spec import env_id
    from runwright.errors import NotFoundError

    spec = _spec_of(environment, workspace)
    key, build = env_id(spec), {}
    try:
        build = workspace._api.get_build(key) or {}
    except NotFoundError:
        pass
    image = spec.get("image") or {}
    return {
        "environmentName": environment.name, "environmentVersion": environment.version,
        "imageExistsInRegistry": build.get("state") == "Ready", "state": build.get("state"),
        "environmentId": key, "buildId": build.get("build_id"), "pythonVersion": build.get("python"),
        "pythonPath": build.get("python_path"), "folder": build.get("folder"), "packages": build.get("packages"),
        "lock": build.get("lock"), "warnings": build.get("warnings") or [],
        "dockerImage": {"name": image.get("name"), "registry": {
            "address": (image.get("registry") or {}).get("address"),
            "username": (image.get("registry") or {}).get("username"), "password": None}},
        "ingredients": {"dockerfile": image.get("dockerfile"),
                        "condaSpecification": environment.python.conda_dependencies.serialize_to_string()},
    }


def _spec_of(environment, workspace):
    from azureml._sdk.environment_spec import server_spec
    from azureml._sdk.secrets import Secrets

    secrets = Secrets()
    spec = server_spec(environment, workspace._is_local(), secrets)[0]
    secrets.store(workspace)
    return spec
