"""CondaDependencies, Environment and their files."""

import pytest
from azureml._sdk import yaml_subset
from azureml._sdk.environment_spec import server_spec
from azureml._sdk.packages import conda_name, conda_version, pip_name
from azureml._sdk.secrets import Secrets
from azureml.core import Environment
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import DockerBuildContext
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, RunConfiguration
from azureml.exceptions import UserErrorException
from azureml_support import FakeApi
from runwright.environment_spec import parse_spec

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
    assert notes == [] and spec == {
        "kind": "conda", "python": "3.6.2", "extra_index_urls": ["https://example.org/simple"],
        "conda_packages": ["scikit-learn=0.20.3", "numpy"], "channels": ["conda-forge", "anaconda"],
        "requirements": ["azureml-defaults", "pandas>=0.25,<1.0", "torch==1.4.0; sys_platform == 'linux'"]}


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


def test_images():
    environment = Environment("x")
    environment.docker.enabled, environment.docker.base_image = True, DEFAULT_GPU_IMAGE
    assert "image" not in server_spec(environment)[0]
    environment.docker.base_image = "continuumio/miniconda3"
    assert server_spec(environment)[0] == {
        "kind": "pip", "requirements": ["azureml-defaults"], "image": {"name": "continuumio/miniconda3"}}
    assert "image" not in server_spec(environment, use_image=False)[0]
    environment.python.user_managed_dependencies = True
    assert server_spec(environment, local_python=True)[0] == {
        "kind": "interpreter", "interpreter_path": "python", "image": {"name": "continuumio/miniconda3"}}
    environment.docker.base_image = environment.docker.platform = None
    environment.docker.base_dockerfile = "FROM debian:12\nRUN true\n"
    assert server_spec(environment)[0]["image"] == {"dockerfile": "FROM debian:12\nRUN true\n"}


def test_dockerfiles(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM a\nCOPY --from=a /x /y\n")
    made = Environment.from_dockerfile("x", str(tmp_path / "Dockerfile"))
    assert server_spec(made)[0]["image"] == {"dockerfile": "FROM a\nCOPY --from=a /x /y\n"}
    context = DockerBuildContext.from_local_directory(None, str(tmp_path))
    assert server_spec(Environment.from_docker_build_context("x", context))[0]["image"]["dockerfile"].startswith("FROM a")
    copy = Environment.from_docker_build_context("x", context).clone("y")
    assert server_spec(copy)[0]["image"]["dockerfile"].startswith("FROM a")
    secrets = Secrets()
    assert "context" not in server_spec(Environment.from_docker_build_context("x", context), secrets=secrets)[0]["image"]
    assert secrets.folders == []
    made.docker.base_dockerfile = str(tmp_path / "none")
    with pytest.raises(UserErrorException, match="none cannot be read"):
        server_spec(made)


def test_a_build_context_that_copies_files_goes_along(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM a\nCOPY x /y\n")
    (folder / "x").write_text("1")
    made = Environment.from_docker_build_context("x", DockerBuildContext.from_local_directory(None, str(folder)))
    secrets = Secrets()
    image = server_spec(made, secrets=secrets)[0]["image"]
    assert image == {"dockerfile": "FROM a\nCOPY x /y\n", "context": secrets.folders[0].id}
    (folder / "x").write_text("2 and more")
    assert server_spec(made)[0]["image"]["context"] != image["context"]
    # A registered one is used where the folder is not.
    kept = made._to_definition()
    folder.rename(tmp_path / "moved")
    elsewhere, secrets = Environment._from_definition(kept), Secrets()
    assert server_spec(elsewhere, secrets=secrets)[0]["image"]["dockerfile"] == "FROM a\nCOPY x /y\n"
    assert secrets.folders == [] and elsewhere._to_definition() == kept
    assert "x" in repr(made)  # also where nothing can be read
    with pytest.raises(UserErrorException, match="cannot be read"):
        server_spec(made)


def test_an_image_with_packages_on_top_or_its_own_python(tmp_path):
    (tmp_path / "r.txt").write_text("numpy\n")
    assert server_spec(Environment.from_docker_image("x", "my/image"))[0]["kind"] == "interpreter"
    assert server_spec(Environment.from_docker_image("x", "my/image", pip_requirements=str(tmp_path / "r.txt")))[0] == {
        "kind": "pip", "requirements": ["azureml-defaults", "numpy"], "image": {"name": "my/image"}}
    with pytest.raises(UserErrorException, match="exclude each other"):
        Environment.from_docker_image("x", "my/image", pip_requirements="r", conda_specification="c")


def test_passwords_of_registries_become_secrets():
    api = FakeApi()
    ws, secrets = api.workspace(), Secrets()
    made = Environment.from_docker_image("x", "r.example.org/a", ContainerRegistry("r.example.org", "me", "hunter2"))
    spec, _ = server_spec(made, secrets=secrets)
    name = spec["image"]["registry"]["password_secret"]
    assert spec["image"]["registry"] == {"address": "r.example.org", "username": "me", "password_secret": name}
    secrets.store(ws)
    assert api.secrets == {name: "hunter2"}
    kept = made.register(ws)
    assert "hunter2" not in repr(made) + str(api.environments) + repr(made.docker.base_image_registry)
    assert server_spec(Environment.get(ws, "x"))[0] == spec and server_spec(kept)[0] == spec
    made.docker.base_image_registry = ContainerRegistry()
    made.docker.base_image_registry.password = "alone"
    with pytest.raises(UserErrorException, match="without a username"):
        server_spec(made)


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
    made.set_pip_option("-r requirements.txt")
    with pytest.raises(UserErrorException, match="pip_requirements_file="):
        server_spec(environment)


def test_constraints_and_editable_packages(tmp_path):
    (tmp_path / "c.txt").write_text("numpy<1.24  # old\n\n")
    (tmp_path / "r.txt").write_text("-c c.txt\n-e ./lib\nsix==1.0 --hash=sha256:00\n-e git+https://example.org/x@v1#egg=x\n")
    spec, notes = server_spec(Environment.from_pip_requirements("x", str(tmp_path / "r.txt")), local_python=True)
    assert notes == [] and spec["constraints"] == ["numpy<1.24"]
    assert sorted(spec["requirements"]) == sorted([
        "azureml-defaults", "six==1.0", "-e " + str(tmp_path / "lib"), "-e git+https://example.org/x@v1#egg=x"])
    parse_spec(spec)
    made = CondaDependencies()
    made.set_pip_option("-e .")
    environment = Environment("x")
    environment.python.conda_dependencies = made
    with pytest.raises(UserErrorException, match="does not see"):
        server_spec(environment)


def test_passwords_of_indexes_become_secrets():
    made, secrets = CondaDependencies(), Secrets()
    made.set_pip_option("--index-url https://me:p%40ss@host.example/simple")
    made.set_pip_option("--extra-index-url https://{{secret:feed}}@other.example/simple")
    made.add_pip_package("tool @ https://token@third.example/tool-1.0.tar.gz")
    made.add_pip_package("git+ssh://git@fourth.example/x")
    environment = Environment("x")
    environment.python.conda_dependencies = made
    spec, _ = server_spec(environment, secrets=secrets)
    assert spec["index_url"] == "https://host.example/simple" and spec["extra_index_urls"] == ["https://other.example/simple"]
    assert spec["requirements"][1:] == ["tool @ https://third.example/tool-1.0.tar.gz", "git+ssh://git@fourth.example/x"]
    by_url = {one["url"]: one["secret"] for one in spec["credentials"]}
    assert set(by_url) == {"https://host.example/", "https://other.example/", "https://third.example/"}
    assert by_url["https://other.example/"] == "feed"
    assert secrets._texts == {by_url["https://host.example/"]: "me:p@ss", by_url["https://third.example/"]: "token"}
    parse_spec(spec)
    ws = FakeApi().workspace()
    made = environment.clone("kept").register(ws)
    assert ws._api.secrets == secrets._texts and "p%40ss" not in str(ws._api.environments) and "token@" not in str(ws._api.environments)
    assert server_spec(made)[0] == spec == server_spec(Environment.get(ws, "kept"))[0]


def test_curated_environments():
    ws = FakeApi().workspace()
    made = Environment.get(ws, "azureml-pytorch-1.6-gpu")
    assert made.name == "AzureML-PyTorch-1.6-GPU" and made.version == "1"
    assert server_spec(made)[0] == {"kind": "pip", "python": "3.8", "requirements": ["azureml-defaults", "pillow"],
                                    "framework": {"name": "pytorch", "version": "1.6", "gpu": True}}
    copy = made.clone("mine")
    copy.python.conda_dependencies.add_pip_package("numpy")
    assert copy.register(ws).version == "1" and server_spec(Environment.get(ws, "mine"))[0]["framework"]["name"] == "pytorch"
    assert list(Environment.list(ws)) == ["AzureML-Minimal", "AzureML-PyTorch-1.6-GPU", "mine"] == list(ws.environments)


def test_an_environment_is_built_without_a_run(capsys):
    ws, made = FakeApi().workspace(), Environment("x")
    made.python.conda_dependencies.add_pip_package("pandas==1.1")
    assert made.get_image_details(ws)["imageExistsInRegistry"] is False
    build = made.build(ws)
    assert build.status == "Building"
    build.wait_for_completion(show_output=True)
    assert build.status == "Succeeded" and "Resolving\nReady\n" in capsys.readouterr().out
    details = made.get_image_details(ws)
    assert details["imageExistsInRegistry"] and details["lock"] == "pandas==1.1\n" and details["buildId"] == "b1"
    assert Environment("y").build_local(ws).status == "Succeeded"


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
    assert list(Environment.list(ws))[-1] == "train" and list(ws.environments)[-1] == "train"
    copy = again.clone("other")
    assert (copy.name, copy.version) == ("other", None) and server_spec(copy) == server_spec(again)
    with pytest.raises(UserErrorException, match="Did you mean train"):
        Environment.get(ws, "trian")
    with pytest.raises(UserErrorException, match="reserved|service's"):
        Environment("AzureML-Mine").register(ws)
    with pytest.raises(UserErrorException, match="Did you mean AzureML-Minimal"):
        Environment.get(ws, "AzureML-Minimum")


def test_environments_are_saved_and_loaded(tmp_path):
    made = Environment("x")
    made.python.conda_dependencies.set_python_version("3.7")
    made.save_to_directory(str(tmp_path / "e"))
    assert server_spec(Environment.load_from_directory(str(tmp_path / "e"))) == server_spec(made)
    with pytest.raises(UserErrorException, match="overwrite"):
        made.save_to_directory(str(tmp_path / "e"))


def test_what_was_edited_in_the_folder_counts(tmp_path):
    made = Environment("x")
    made.docker.base_dockerfile = "FROM a\n"
    made._framework = {"name": "chainer"}
    made.save_to_directory(str(tmp_path))
    assert server_spec(Environment.load_from_directory(str(tmp_path))) == server_spec(made)
    conda = tmp_path / "conda_dependencies.yml"
    conda.write_text(conda.read_text().replace("python=3.8", "python=3.9"))
    (tmp_path / "BaseDockerfile").write_text("FROM b\n")
    spec, _ = server_spec(Environment.load_from_directory(str(tmp_path)))
    assert spec["python"] == "3.9" and spec["image"] == {"dockerfile": "FROM b\n"} and spec["framework"] == {"name": "chainer"}


def test_a_run_configuration_is_saved_and_loaded(tmp_path):
    made = RunConfiguration(script="train.py", arguments=["--a", 1])
    made.target, made.environment.python.user_managed_dependencies = "cluster", True
    made.environment_variables = {"A": "1"}
    made.save(str(tmp_path), "mine")
    assert (tmp_path / ".azureml" / "mine.runconfig").is_file()
    assert RunConfiguration.load(str(tmp_path), "mine")._to_definition() == made._to_definition()
    with pytest.raises(UserErrorException, match="other"):
        RunConfiguration.load(str(tmp_path), "other")


def test_a_run_configuration_of_the_command_line_of_2018_is_loaded(tmp_path):
    (tmp_path / "aml_config").mkdir()
    (tmp_path / "aml_config" / "conda_dependencies.yml").write_text("dependencies:\n- python=3.6.2\n- pip:\n  - numpy\n")
    (tmp_path / "aml_config" / "docker.runconfig").write_text(
        "# The script to run.\nscript: train.py\narguments: []\ntarget: local\nframework: Python\ncommunicator: None\nautoPrepareEnvironment: true\n"
        "environment:\n  environmentVariables:\n    EXAMPLE_ENV_VAR: EXAMPLE_VALUE\n  python:\n    userManagedDependencies: false\n"
        "    interpreterPath: python\n    condaDependenciesFile: aml_config/conda_dependencies.yml\n  docker:\n    enabled: true\n"
        "    baseImage: my/image:1\n    sharedVolumes: true\n    arguments: []\nnodeCount: 1\n")
    made = RunConfiguration.load(str(tmp_path), "docker")
    assert made.script == "train.py" and made.environment.environment_variables == {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
    assert server_spec(made.environment)[0] == {"kind": "pip", "python": "3.6.2", "requirements": ["numpy"], "image": {"name": "my/image:1"}}


def test_options_are_replaced_and_removed():
    made = CondaDependencies()
    for line in ("--index-url https://a/s", "--extra-index-url https://b/s", "-i https://c/s"):
        made.set_pip_option(line)
    assert list(made.pip_options) == ["--extra-index-url https://b/s", "-i https://c/s"]
    made.remove_pip_option("--extra-index-url")
    made.remove_pip_option("-i https://c/s")
    assert list(made.pip_options) == [] and made.get_default_number_of_packages() == (1, 1)


def test_files_that_are_not_there():
    with pytest.raises(UserErrorException, match="nothing.yml"):
        CondaDependencies("nothing.yml")
    with pytest.raises(UserErrorException, match="nothing.txt"):
        Environment.from_pip_requirements("x", "nothing.txt")
