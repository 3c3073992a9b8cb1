"""An Environment as the server's spec (docs/dev/formats/environment.md), and what of it has no effect."""

import os

from runwright.environment_spec import answered_by_sdk

from azureml._sdk.exceptions import UserErrorException
from azureml._sdk.packages import conda_name, pip_name
from azureml._sdk.pip_options import PipOptions
from azureml._sdk.secrets import Secrets


def server_spec(environment, local_python=False, secrets=None, use_image=True):
    """``(spec, warnings)``: the spec as a dict; messages about what has no effect.

    local_python: the server is on this machine, so ``python`` means the interpreter that runs this program, and paths
    of this machine mean something to it. secrets: gets the passwords that the spec names (`secrets.Secrets`); they are
    to be stored before the spec is used. use_image: False leaves the image out.
    """
    secrets = Secrets() if secrets is None else secrets
    python, notes = environment.python, []
    image = _image(environment, secrets) if use_image else None
    if environment.spark.packages:
        notes.append("Spark packages are not installed in this release.")
    if python.user_managed_dependencies:
        path = _interpreter(python.interpreter_path, local_python and not image)
        spec = {"kind": "interpreter", "interpreter_path": path}
        notes += _own_interpreter_notes(python.conda_dependencies)
    else:
        spec = _packages(python.conda_dependencies, local_python, secrets, notes)
        notes += _interpreter_notes(python)
    members = (("image", image), ("framework", environment._framework), ("resolver", environment.resolver or os.environ.get("RUNWRIGHT_RESOLVER")))
    spec.update((key, value) for key, value in members if value)
    return spec, notes


def _packages(conda, local_python, secrets, notes):
    """Kind conda where there are conda packages but Python's own, else kind pip."""
    options = PipOptions(conda.pip_options, conda._folder, local_python, secrets)
    conda_packages = [p for p in conda.conda_packages if conda_name(p) not in ("python", "pip")]
    requirements = [options.without_password(line) for line in conda.pip_packages] + options.editables
    spec = {"kind": "conda" if conda_packages else "pip", "requirements": requirements}
    members = [("python", conda._asked_python()), ("constraints", options.constraints),
               ("index_url", options.index_url), ("extra_index_urls", options.extra_index_urls),
               ("find_links", options.find_links), ("credentials", options.credentials())]
    asked = [p for p in conda.conda_packages if conda_name(p) == "python"]
    if conda_packages:
        members += [("conda_packages", conda_packages), ("channels", list(conda.conda_channels))]
    if asked and conda.python_version is None and asked[-1].strip().lower() != "python":
        if conda_packages:
            conda_packages.append(asked[-1])
        else:
            notes.append("The Python version of %r is not understood, the server's Python is used; write 3.8 or 3.8.18."
                         % asked[-1])
    spec.update((key, value) for key, value in members if value)
    if options.others:
        notes.append("These pip options have no effect: %s." % ", ".join(options.others))
    return spec


def _image(environment, secrets):
    docker = environment.docker
    image = docker._image(secrets.folders)
    if not image:
        return None
    if docker.platform is not None:
        image["platform"] = _platform(docker.platform)
    registry = docker.base_image_registry
    if registry is not None and (registry.address or registry.username or registry.password):
        image["registry"] = _registry(registry, image, secrets)
    return image


def _registry(registry, image, secrets):
    out = {"address": registry.address or str(image.get("name", "")).split("/")[0]}
    if registry.username:
        out["username"] = registry.username
    if registry.password:
        if not registry.username:
            raise UserErrorException("The registry %s has a password without a username." % out["address"])
        registry.password_secret = secrets.add("registry", out["address"], registry.username, str(registry.password))
    if registry.password_secret:
        out["password_secret"] = registry.password_secret
    return out


def _platform(platform):
    if isinstance(platform, str):
        return platform
    members = [getattr(platform, name, None) for name in ("os", "architecture")]
    return "/".join(str(one).lower() for one in members if one)


def _interpreter(path, local_python):
    path = path or "python"
    if path == "python" and local_python:
        import sys

        return sys.executable or path
    return path


def _interpreter_notes(python):
    if python.interpreter_path in (None, "", "python"):
        return []
    return ["interpreter_path=%s has no effect: it counts only with user_managed_dependencies=True."
            % python.interpreter_path]


def _own_interpreter_notes(conda):
    """Packages listed beside an interpreter that is used as it is."""
    listed = [p for p in conda.pip_packages if not answered_by_sdk(pip_name(p))]
    listed += [p for p in conda.conda_packages if conda_name(p) not in ("python", "pip")]
    if not listed:
        return []
    return ["user_managed_dependencies=True uses the interpreter as it is; these packages are not installed: %s."
            % ", ".join(listed)]
