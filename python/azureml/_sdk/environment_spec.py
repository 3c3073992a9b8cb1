"""An Environment as the server's spec (docs/dev/formats/environment.md), and what of it has no effect."""

from runwright.environment_spec import answered_by_sdk

from azureml._sdk.packages import conda_name, pip_name


def server_spec(environment, local_python=False):
    """``(spec, warnings)``: the spec as a dict; messages about what this release does not do.

    local_python: the server is on this machine, so ``python`` means the interpreter that runs this program.
    """
    python = environment.python
    notes = _image_notes(environment)
    if python.user_managed_dependencies:
        spec = {"kind": "interpreter", "interpreter_path": _interpreter(python.interpreter_path, local_python)}
        return spec, notes + _own_interpreter_notes(python.conda_dependencies)
    conda = python.conda_dependencies
    index, extra, links, other = conda._spec_indexes()
    spec = {"kind": "pip", "requirements": list(conda.pip_packages)}
    members = (("python", conda._asked_python()), ("index_url", index), ("extra_index_urls", extra),
               ("find_links", links))
    spec.update((key, value) for key, value in members if value)
    return spec, notes + _package_notes(conda, other) + _interpreter_notes(python)


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


def _package_notes(conda, other_options):
    notes = []
    packages = [p for p in conda.conda_packages if conda_name(p) not in ("python", "pip")]
    if packages:
        notes.append("Conda packages are not installed in this release: %s. List their pip names in pip_packages."
                     % ", ".join(packages))
    asked = [p for p in conda.conda_packages if conda_name(p) == "python"]
    if asked and conda.python_version is None and asked[-1].strip().lower() != "python":
        notes.append("The Python version of %r is not understood, the server's Python is used; write 3.8 or 3.8.18."
                     % asked[-1])
    if other_options:
        notes.append("These pip options have no effect: %s." % ", ".join(other_options))
    return notes


def _image_notes(environment):
    notes = []
    image = environment.docker._own_image()
    if image:
        notes.append("The image %s is not used: in this release every run is a process of the machine." % image)
    if environment.docker.arguments:
        notes.append("Docker arguments have no effect: %s." % " ".join(map(str, environment.docker.arguments)))
    if environment.spark.packages:
        notes.append("Spark packages are not installed in this release.")
    return notes
