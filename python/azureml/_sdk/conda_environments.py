"""Conda environments of this machine."""

import json
import os

from azureml._sdk.exceptions import UserErrorException


def interpreter_of(name):
    """The path of the interpreter of the conda environment ``name`` (or the folder of one)."""
    for folder in _folders(name):
        if name in (os.path.basename(folder), folder):
            return os.path.join(folder, "bin", "python")
    raise UserErrorException("There is no conda environment %s here." % name)


def _folders(name):
    import subprocess

    if os.path.isabs(name) and os.path.isdir(name):
        return [name]
    wrong = None
    for program in ("conda", "mamba", "micromamba"):
        try:
            listed = subprocess.check_output([program, "env", "list", "--json"], stderr=subprocess.DEVNULL)
            return json.loads(listed.decode("utf-8")).get("envs") or []
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            wrong = wrong or error
    raise UserErrorException("conda env list does not work here: %s. Name the interpreter instead: "
                             "env.python.interpreter_path." % wrong)
