"""Curated environments: names of the service's own, answered by the server's profiles."""

from azureml._sdk.exceptions import UserErrorException


def curated_environments(workspace):
    """name → Environment; empty where the server knows none."""
    return {item["name"]: _environment(item) for item in _items(workspace)}


def curated_environment(workspace, name):
    """The one of that name, in any case; None where there is none."""
    wanted = str(name).lower()
    for item in _items(workspace):
        if item["name"].lower() == wanted:
            return _environment(item)
    return None


def _items(workspace):
    from runwright.errors import NotFoundError, RunwrightError

    from azureml._sdk import exceptions

    try:
        return list(workspace._api.list_curated_environments())
    except NotFoundError:  # a server without them
        return []
    except RunwrightError as error:
        raise exceptions.translated(error, UserErrorException)


def _environment(item):
    from azureml._sdk.environment import Environment

    spec, made = item.get("spec") or {}, Environment(item["name"])
    made.version = "1"
    conda = made.python.conda_dependencies
    if spec.get("python"):
        conda.set_python_version(spec["python"])
    for package in spec.get("conda_packages") or ():
        conda.add_conda_package(package)
    for channel in spec.get("channels") or ():
        conda.add_channel(channel)
    for line in spec.get("requirements") or ():
        conda.add_pip_package(line)
    if spec.get("image"):
        made.docker.base_image = spec["image"].get("name")
        made.docker.base_dockerfile = spec["image"].get("dockerfile")
    made._framework = dict(spec["framework"]) if spec.get("framework") else None
    made.resolver = spec.get("resolver")
    return made
