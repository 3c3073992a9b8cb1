"""CondaDependencies, Environment and their files."""

import pytest
from azureml._sdk import yaml_subset
from azureml._sdk.environment_spec import server_spec
from azureml._sdk.packages import conda_name, conda_version, pip_name
from azureml.core import Environment
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, RunConfiguration
from azureml.exceptions import UserErrorException
from azureml_support import FakeApi

FILE = """\
# for training
name: project_environment
channels: [conda-forge, "anaconda"]
dependencies:
  - python=3.6.2   # of its time
  - 'scikit-learn=0.20.3'
  - pip:
      - azureml-defaults
      - pandas>=0.25,<1.0
      - "torch==1.4.0; sys_platform == 'linux'"
      - --extra-index-url https://example.org/simple
  - numpy
"""


@pytest.mark.parametrize("line, name", [
    ("Scikit_Learn", "scikit-learn"), ("scikit-learn==0.20.3", "scikit-learn"), ("scikit.learn [x] >= 1", "scikit-learn"),
    ("scikit-learn @ https://x/y.whl", "scikit-learn"), ("git+https://x/y#egg=Some_Thing", "some-thing"),
    ("-r file", ""), ("https://x/y.tar.gz", ""), ("pillow;python_version<'3'", "pillow"),
])
def test_names_of_requirements(line, name):
    assert pip_name(line) == name


def test_names_of_conda_packages():
    assert [conda_name(p) for p in ("python=3.6.2", "conda-forge::numpy", "Pandas >=1")] == ["python", "numpy", "pandas"]
    assert [conda_version(p) for p in ("python=3.6.2", "python==3.8", "python>=3.7", "python 3.9", "python", "python=3.7.*")] == [
        "3.6.2", "3.8", "3.7", "3.9", None, "3.7"]


def test_a_conda_file_is_read(tmp_path):
    path = tmp_path / "env.yml"
    path.write_text(FILE)
    made = CondaDependencies(str(path))
    assert list(made.conda_packages) == ["python=3.6.2", "scikit-learn=0.20.3", "numpy"]
    assert list(made.pip_packages) == ["azureml-defaults", "pandas>=0.25,<1.0", "torch==1.4.0; sys_platform == 'linux'"]
    assert list(made.conda_channels) == ["conda-forge", "anaconda"]
    assert made.python_version == "3.6.2"


def test_a_conda_file_comes_back_as_it_was_written(tmp_path):
    made = CondaDependencies.create(pip_packages=["pandas==1.1", "x[y]>=1; python_version < '3.9'", "a #1", "true", "1.0"],
                                    conda_packages=["numpy=1.18", "r: odd"], python_version="3.7")
    again = tmp_path / "again.yml"
    made.save(str(again))
    assert CondaDependencies(str(again)).as_dict() == made.as_dict()
    assert made.save_to_file(str(tmp_path), "other.yml") == "other.yml"
    assert (tmp_path / "other.yml").read_text() == made.serialize_to_string()


def test_what_a_new_one_holds():
    assert CondaDependencies().serialize_to_string().splitlines()[1:] == [
        "name: project_environment", "dependencies:", "- python=3.8", "- pip:", "  - azureml-defaults", "channels:",
        "- anaconda", "- conda-forge"]


def test_packages_are_replaced_by_name():
    made = CondaDependencies.create(pip_packages=["Pillow==5.4.1"], conda_packages=["numpy=1.1"])
    made.add_pip_package("pillow==6.0")
    made.add_conda_package("numpy=1.2")
    made.add_channel("mine")
    made.add_tensorflow_conda_package("gpu", "1.13")
    assert list(made.pip_packages) == ["azureml-defaults", "pillow==6.0"]
    assert list(made.conda_packages) == ["python=3.8", "numpy=1.2", "tensorflow-gpu=1.13"]
    made.remove_pip_package("PILLOW")
    made.remove_conda_package("numpy")
    assert list(made.pip_packages) == ["azureml-defaults"] and "mine" in made.conda_channels


@pytest.mark.parametrize("text, words", [
    ("a: &x 1", "line 1: anchors"), ("a: *x", "aliases"), ("a: !t 1", "tags"), ("a: |\n  x", "block scalars"),
    ("a:\n\tb: 1", "line 2: a tab"), ("a: 1\n---\nb: 2", "several documents"), ("a: 1\na: 2", "second time"),
    ("a: [1, 2", "cannot be read"), ("a: 'x", "cannot be read"), ("a: one\n  two", "next line"),
])
def test_what_is_not_read_is_refused_with_its_line(text, words):
    with pytest.raises(yaml_subset.YamlError, match=words):
        yaml_subset.load(text)


def test_yaml_values():
    text = "a: 1\nb: 1.5\nc: true\nd: ~\ne: '1'\nf: {x: [1, two], \"y: z\": null}\ng:\n- - 1\n  - 2\n-  k: v\n   l: w\nh: a#b 'c' d\n"
    assert yaml_subset.load(text) == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "1", "f": {"x": [1, "two"], "y: z": None},
        "g": [[1, 2], {"k": "v", "l": "w"}], "h": "a#b 'c' d"}


@pytest.mark.parametrize("value", [
    {"a": [], "b": {}, "c": None, "d": True, "e": "true", "f": "yes", "g": "", "h": " x ", "i": "a: b", "j": "- x", "k": "é\n",
     "l": [[1, [2]], {"x": {"y": [{"z": 1}]}}], "m": "#x", "n": "1e5", "o": "@x", "p": "a'b\"c", "q": 1.5, "r": "2020-01-01"},
    ["x", {"pip": ["a"]}], [],
])
def test_yaml_comes_back(value):
    assert yaml_subset.load(yaml_subset.dump(value)) == value


def test_the_spec_of_a_new_environment_asks_for_nothing():
    assert server_spec(Environment("x")) == ({"kind": "pip", "requirements": ["azureml-defaults"]}, [])


def test_the_spec_of_a_conda_file(tmp_path):
    (tmp_path / "env.yml").write_text(FILE)
    spec, notes = server_spec(Environment.from_conda_specification("x", str(tmp_path / "env.yml")))
    assert spec == {
        "kind": "pip", "python": "3.6.2", "extra_index_urls": ["https://example.org/simple"],
        "requirements": ["azureml-defaults", "pandas>=0.25,<1.0", "torch==1.4.0; sys_platform == 'linux'"]}
    assert len(notes) == 1 and "scikit-learn=0.20.3, numpy" in notes[0]


def test_the_spec_of_an_existing_interpreter():
    environment = Environment("x")
    environment.python.user_managed_dependencies = True
    assert server_spec(environment)[0] == {"kind": "interpreter", "interpreter_path": "python"}
    import sys

    assert server_spec(environment, local_python=True)[0]["interpreter_path"] == sys.executable
    environment.python.interpreter_path = "/opt/python"
    assert server_spec(environment, local_python=True)[0]["interpreter_path"] == "/opt/python"
    environment.python.user_managed_dependencies = False
    assert "has no effect" in server_spec(environment)[1][0]


def test_images_are_named_only_when_they_are_the_users():
    environment = Environment("x")
    environment.docker.enabled, environment.docker.base_image = True, DEFAULT_GPU_IMAGE
    assert server_spec(environment)[1] == []
    environment.docker.base_image = "continuumio/miniconda3"
    assert "continuumio/miniconda3" in server_spec(environment)[1][0]


def test_requirements_files(tmp_path):
    (tmp_path / "more.txt").write_text("numpy\n")
    (tmp_path / "requirements.txt").write_text("# x\n-r more.txt\n--index-url https://example.org/s\nPandas == 1.1 # y\n")
    spec, _ = server_spec(Environment.from_pip_requirements("x", str(tmp_path / "requirements.txt")))
    assert spec["requirements"] == ["azureml-defaults", "numpy", "Pandas == 1.1"]
    assert spec["index_url"] == "https://example.org/s" and "python" not in spec


def test_pip_options():
    made = CondaDependencies.create(pip_indexurl="https://example.org/s?a=b", pip_packages=[
        "--extra-index-url=https://example.org/t?c=d", "-f /wheels", "--pre"])
    environment = Environment("x")
    environment.python.conda_dependencies = made
    spec, notes = server_spec(environment)
    assert spec == {"kind": "pip", "requirements": ["azureml-defaults"], "index_url": "https://example.org/s?a=b",
                    "extra_index_urls": ["https://example.org/t?c=d"], "find_links": ["/wheels"]}
    assert len(notes) == 1 and "--pre" in notes[0]
    made.add_pip_package("-r requirements.txt")
    with pytest.raises(UserErrorException, match="pip_requirements_file="):
        server_spec(environment)


def test_environments_are_registered_and_read_back():
    ws = FakeApi().workspace()
    made = Environment("train")
    made.python.conda_dependencies.add_pip_package("pandas")
    made.environment_variables["A"] = "b"
    assert made.register(ws).version == "1" and made.version == "1"
    made.docker.base_image_registry.password = "secret"
    assert made.register(ws).version == "1"
    made.python.conda_dependencies.add_pip_package("numpy")
    assert made.register(ws).version == "2"
    again = Environment.get(ws, "train", version="1")
    assert again.version == "1" and again.environment_variables == {"A": "b"}
    assert list(again.python.conda_dependencies.pip_packages) == ["azureml-defaults", "pandas"]
    assert "python" not in server_spec(again)[0]
    assert list(Environment.list(ws)) == ["train"] and list(ws.environments) == ["train"]
    copy = again.clone("other")
    assert (copy.name, copy.version) == ("other", None) and server_spec(copy) == server_spec(again)
    with pytest.raises(UserErrorException, match="Did you mean train"):
        Environment.get(ws, "trian")
    with pytest.raises(UserErrorException, match="reserved|service's"):
        Environment("AzureML-Mine").register(ws)
    with pytest.raises(UserErrorException, match="Curated environments"):
        Environment.get(ws, "AzureML-Minimal")


def test_environments_are_saved_and_loaded(tmp_path):
    made = Environment("x")
    made.python.conda_dependencies.set_python_version("3.7")
    made.save_to_directory(str(tmp_path / "e"))
    assert server_spec(Environment.load_from_directory(str(tmp_path / "e"))) == server_spec(made)
    with pytest.raises(UserErrorException, match="overwrite"):
        made.save_to_directory(str(tmp_path / "e"))


def test_a_run_configuration_is_saved_and_loaded(tmp_path):
    made = RunConfiguration(script="train.py", arguments=["--a", 1])
    made.target, made.environment.python.user_managed_dependencies = "cluster", True
    made.environment_variables = {"A": "1"}
    made.save(str(tmp_path), "mine")
    assert (tmp_path / ".azureml" / "mine.runconfig").is_file()
    assert RunConfiguration.load(str(tmp_path), "mine")._to_definition() == made._to_definition()
    with pytest.raises(UserErrorException, match="other"):
        RunConfiguration.load(str(tmp_path), "other")


def test_files_that_are_not_there():
    with pytest.raises(UserErrorException, match="nothing.yml"):
        CondaDependencies("nothing.yml")
    with pytest.raises(UserErrorException, match="nothing.txt"):
        Environment.from_pip_requirements("x", "nothing.txt")
