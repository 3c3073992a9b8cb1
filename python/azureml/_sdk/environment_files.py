"""Environments in folders."""

import json
import os

from azureml._sdk.exceptions import UserErrorException

_DEFINITION, _CONDA, _DOCKERFILE = "azureml_environment.json", "conda_dependencies.yml", "BaseDockerfile"


def save(environment, path, overwrite):
    """Writes the definition, the conda file and the Dockerfile."""
    target = os.path.join(path, _DEFINITION)
    if os.path.exists(target) and not overwrite:
        raise UserErrorException("%s exists. Pass overwrite=True to replace it." % target)
    os.makedirs(path, exist_ok=True)
    definition = environment._to_definition()
    dockerfile = definition["docker"].get("baseDockerfile")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(definition, file, indent=4, ensure_ascii=False, default=str)
    environment.python.conda_dependencies.save(os.path.join(path, _CONDA))
    if dockerfile:
        with open(os.path.join(path, _DOCKERFILE), "w", encoding="utf-8") as file:
            file.write(dockerfile)


def load(path):
    """The environment in a folder; the conda file and the Dockerfile beside the definition win over it."""
    from azureml._sdk.conda_dependencies import CondaDependencies
    from azureml._sdk.environment import Environment

    target = os.path.join(path, _DEFINITION)
    try:
        with open(target, encoding="utf-8") as file:
            made = Environment._from_definition(json.load(file))
        if os.path.exists(os.path.join(path, _DOCKERFILE)):
            with open(os.path.join(path, _DOCKERFILE), encoding="utf-8") as file:
                made.docker.base_dockerfile = file.read()
    except (OSError, ValueError, AttributeError) as error:
        raise UserErrorException("%s cannot be read: %s." % (target, error))
    if os.path.exists(os.path.join(path, _CONDA)):
        edited = CondaDependencies(os.path.join(path, _CONDA))
        if edited.as_dict() != made.python.conda_dependencies.as_dict():
            made.python.conda_dependencies = edited
    return made
