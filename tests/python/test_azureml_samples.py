"""Programs as the sample notebooks on environments and estimators have them, cell after cell, on a real server."""

import os
import sys

import pytest
from azureml_support import forget_warnings

TRAIN = """
import math, os, sys
from azureml.core.run import Run
import numpy as np
os.makedirs("./outputs", exist_ok=True)
run = Run.get_submitted_run()
for alpha in np.arange(0.0, 1.0, 0.25):
    mse = (alpha - 0.5) ** 2
    run.log("alpha", alpha)
    run.log("mse", mse)
    with open("outputs/ridge_{0:.2f}.pkl".format(alpha), "w") as file:
        file.write(str(mse))
    print("alpha is {0:.2f}, and mse is {1:0.2f}".format(alpha, mse))
print(os.environ.get("MESSAGE"))
"""
DUMMY = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--numbers-in-sequence", type=int, dest="count", default=10)
args = parser.parse_args()
run = Run.get_context()
a, b = 0, 1
for _ in range(args.count):
    run.log("Fibonacci numbers", a)
    a, b = b, a + b
run.complete()
"""
NUMPY = """
__version__ = "1.23.5"
def arange(start, stop, step):
    return [start + step * i for i in range(int((stop - start) / step))]
"""


@pytest.fixture
def ws(package_index, request, tmp_path, monkeypatch):
    package_index({
        "numpy": ("1.23.5", {"numpy/__init__.py": NUMPY}), "pillow": ("9.5.0", {"PIL/__init__.py": "__version__ = '9.5.0'\n"}),
        "scikit-learn": ("1.2.2", {"sklearn/__init__.py": "__version__ = '1.2.2'\n"}),
    })
    server = request.getfixturevalue("server")
    import runwright
    from azureml.core import Workspace

    forget_warnings()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "dummy_train.py").write_text(DUMMY)
    runwright.create_workspace("lab", server=server.url).write_config(str(tmp_path))
    return Workspace.from_config()


def test_training_on_the_local_machine(ws, tmp_path, capsys):
    from azureml.core import Environment, Experiment, ScriptRunConfig
    from azureml.core.conda_dependencies import CondaDependencies

    print(ws.name, ws.resource_group, ws.location, ws.subscription_id, sep="\n")
    exp = Experiment(workspace=ws, name="train-on-local")

    # An interpreter of the user's own.
    user_managed_env = Environment("user-managed-env")
    user_managed_env.python.user_managed_dependencies = True
    (tmp_path / "numpy.py").write_text(NUMPY)  # what the user's own Python has
    src = ScriptRunConfig(source_directory="./", script="train.py")
    src.run_config.environment = user_managed_env
    run = exp.submit(src)
    assert run.wait_for_completion(show_output=True)["status"] == "Completed"
    (tmp_path / "numpy.py").unlink()

    # An environment that is made for the run.
    system_managed_env = Environment("system-managed-env")
    system_managed_env.python.user_managed_dependencies = False
    cd = CondaDependencies.create(pip_packages=["numpy"])
    system_managed_env.python.conda_dependencies = cd
    src.run_config.environment = system_managed_env
    run = exp.submit(src)
    run.wait_for_completion(show_output=True)
    assert "alpha is 0.50, and mse is 0.00" in capsys.readouterr().out

    # The same on the SDK's default image.
    docker_env = Environment("docker-env")
    docker_env.python.user_managed_dependencies = False
    docker_env.docker.enabled = True
    print("Base Docker image is:", docker_env.docker.base_image)
    docker_env.python.conda_dependencies = cd
    src.run_config.environment = docker_env
    run = exp.submit(src)
    assert run.wait_for_completion(show_output=True)["warnings"] == []

    metrics = run.get_metrics()
    best_alpha = metrics["alpha"][metrics["mse"].index(min(metrics["mse"]))]
    run.register_model(model_name="best_ridge_model", model_path="./outputs/ridge_{0:.2f}.pkl".format(best_alpha))
    assert ws.models["best_ridge_model"].version == 1
    assert {"user-managed-env", "system-managed-env", "docker-env"} <= set(ws.environments)


def test_using_environments(ws, tmp_path):
    from azureml.core import Environment, Experiment, ScriptRunConfig
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.environment import SparkPackage

    myenv = Environment(name="myenv")
    conda_dep = CondaDependencies()
    conda_dep.add_pip_package("numpy")
    conda_dep.add_pip_package("pillow")
    myenv.python.conda_dependencies = conda_dep
    myenv.environment_variables = {"MESSAGE": "Hello from Azure Machine Learning"}

    myexp = Experiment(workspace=ws, name="environment-example")
    runconfig = ScriptRunConfig(source_directory=".", script="train.py")
    runconfig.run_config.target = "local"
    runconfig.run_config.environment = myenv
    run = myexp.submit(config=runconfig)
    run.wait_for_completion(show_output=True)
    assert "Hello from Azure Machine Learning" in run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]
    assert run.get_environment().version == "1"

    assert myenv.register(workspace=ws).version == "1"
    for name, env in ws.environments.items():
        print("Name {} \t version {}".format(name, env.version))
    restored_environment = Environment.get(workspace=ws, name="myenv", version="1")
    assert restored_environment.environment_variables == myenv.environment_variables
    assert "numpy" in restored_environment.python.conda_dependencies.serialize_to_string()

    # Other ways to make one.
    conda_dep.save(str(tmp_path / "conda.yml"))
    (tmp_path / "requirements.txt").write_text("numpy\n")
    for other in (Environment.from_conda_specification("other", str(tmp_path / "conda.yml")),
                  Environment.from_pip_requirements("other", str(tmp_path / "requirements.txt"))):
        assert other.register(ws).version in ("1", "2")

    # Its image, its registry, Spark: definitions that are kept.
    myenv.docker.enabled = True
    myenv.docker.base_image = "mcr.microsoft.com/azureml/base-gpu"
    myenv.docker.base_image_registry.address = "myregistry.azurecr.io"
    myenv.docker.base_image_registry.username = "username"
    myenv.docker.base_image_registry.password = "password"
    myenv.python.user_managed_dependencies = True
    myenv.spark.repositories = ["https://mmlspark.azureedge.net/maven"]
    myenv.spark.packages = [SparkPackage("com.microsoft.ml.spark", "mmlspark_2.11", "0.12")]
    assert myenv.register(ws).version == "2"
    (secret,) = ws.get_default_keyvault().list_secrets()
    assert secret["name"].startswith("registry-") and ws.get_default_keyvault().get_secret(secret["name"]) == "password"

    # Made ready before anybody needs it.
    quick = Environment.get(ws, "myenv", "1")
    build = quick.build(workspace=ws)
    build.wait_for_completion(show_output=True)
    assert build.status == "Succeeded" and quick.get_image_details(ws)["imageExistsInRegistry"]


def test_how_to_use_an_estimator(ws, tmp_path):
    from azureml.core import ComputeTarget, Experiment
    from azureml.core.compute import AmlCompute
    from azureml.core.compute_target import ComputeTargetException
    from azureml.core.container_registry import ContainerRegistry
    from azureml.train.estimator import Estimator
    from azureml.widgets import RunDetails

    exp = Experiment(workspace=ws, name="estimator-test")
    cluster_name = "cpu-cluster"
    try:
        cpu_cluster = ComputeTarget(workspace=ws, name=cluster_name)
    except ComputeTargetException:
        compute_config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
        cpu_cluster = ComputeTarget.create(ws, cluster_name, compute_config)
        cpu_cluster.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)

    script_params = {"--numbers-in-sequence": 10}
    est = Estimator(source_directory=".", script_params=script_params, compute_target=cpu_cluster, entry_script="dummy_train.py",
                    use_docker=False)
    run = exp.submit(est)
    RunDetails(run).show()
    run.wait_for_completion(show_output=True)
    assert run.get_metrics()["Fibonacci numbers"][-1] == 34 and run.get_status() == "Completed"

    # Packages of a file, and a change after construction.
    (tmp_path / "environment.yml").write_text("name: x\ndependencies:\n  - python\n  - pip:\n      - azureml-defaults\n      - numpy\n")
    est = Estimator(source_directory=".", compute_target="local", entry_script="train.py", conda_dependencies_file="environment.yml")
    est.conda_dependencies.add_pip_package("pillow")
    est.run_config.environment_variables["MESSAGE"] = "changed"
    run = exp.submit(est)
    run.wait_for_completion(show_output=True)
    assert "changed" in run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]

    # An image of Docker Hub whose own Python is used: the image map answers it with a process.
    image_registry_details = ContainerRegistry()
    assert image_registry_details.address is None
    est = Estimator(source_directory=".", compute_target="local", entry_script="dummy_train.py", custom_docker_image="continuumio/miniconda3",
                    user_managed=True)
    run = exp.submit(est)
    details = run.wait_for_completion(show_output=True)
    assert "continuumio/miniconda3" in str(details["warnings"])

    # A notebook.
    (tmp_path / "train.ipynb").write_text(
        '{"nbformat": 4, "nbformat_minor": 2, "metadata": {"kernelspec": {"name": "python3", "language": "python"}}, "cells": ['
        '{"cell_type": "code", "metadata": {}, "source": ["from azureml.core import Run\\n", "Run.get_context().log(\'x\', 1)"]}]}')
    est = Estimator(source_directory=".", compute_target="local", entry_script="train.ipynb", pip_packages=["azureml-contrib-notebook"])
    run = exp.submit(est)
    run.wait_for_completion(show_output=True)
    assert run.get_metrics() == {"x": 1} and "outputs/train.ipynb" in run.get_file_names()


def test_a_curated_environment(ws):
    from azureml.core import Environment, Experiment, ScriptRunConfig

    curated = Environment.get(workspace=ws, name="AzureML-Minimal")
    assert [name for name in Environment.list(workspace=ws) if name.startswith("AzureML-Tutorial")] == ["AzureML-Tutorial"]
    run = Experiment(ws, "curated").submit(ScriptRunConfig(".", "dummy_train.py", environment=curated, compute_target="local"))
    assert run.wait_for_completion()["status"] == "Completed"
    own = Environment.get(ws, "azureml-minimal").clone("customized")
    own.python.conda_dependencies.add_pip_package("numpy")
    run = Experiment(ws, "curated").submit(ScriptRunConfig(".", "train.py", environment=own))
    assert run.wait_for_completion()["status"] == "Completed" and Environment.get(ws, "customized").version == "1"


def test_the_interpreter_is_the_one_that_was_named(ws):
    from azureml.core import Environment, Experiment, ScriptRunConfig

    with open("which.py", "w") as file:
        file.write("import sys; print('runs on', sys.executable)")
    own = Environment("own")
    own.python.user_managed_dependencies, own.python.interpreter_path = True, os.path.realpath(sys.executable)
    run = Experiment(ws, "which").submit(ScriptRunConfig(".", "which.py", environment=own))
    run.wait_for_completion()
    assert "runs on " + os.path.realpath(sys.executable) in run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]
