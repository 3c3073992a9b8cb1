"""Images as SDK programs name them, in containers of a real podman."""
from test_containers import BASE, engine, home, pytestmark  # noqa: F401

TRAIN = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log("shm_mb", os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize >> 20)
print("in a container", os.path.exists("/run/.containerenv"), os.path.exists("/marked"), sys.argv[1:])
with open("outputs/model.txt", "w") as file:
    file.write("model")
"""
ESTIMATOR = """
from azureml.core import Experiment, Workspace
from azureml.train.estimator import Estimator
ws = Workspace.from_config()
estimator = Estimator(source_directory="src", entry_script="train.py", script_params={"--lr": 0.1}, compute_target="local",
                      custom_docker_base_image=%r, user_managed=True, shm_size="96m")
run = Experiment(ws, "images").submit(estimator)
run.wait_for_completion(show_output=True)
assert run.get_metrics() == {"shm_mb": 96}, run.get_metrics()
run.download_file("outputs/model.txt", "model.txt")
estimator.run_config.environment.docker.shm_size = "128m"
run = Experiment(ws, "images").submit(estimator)
run.wait_for_completion()
assert run.get_metrics() == {"shm_mb": 128}, run.get_metrics()
"""
DOCKERFILE = """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config()
env = Environment("from-dockerfile")
env.python.user_managed_dependencies = True
env.docker.enabled = True
env.docker.base_image = None
env.docker.base_dockerfile = "FROM %s\\nRUN touch /marked\\n"
run = Experiment(ws, "images").submit(ScriptRunConfig("src", "train.py", environment=env))
run.wait_for_completion(show_output=True)
assert Environment.get(ws, "from-dockerfile").version == "1"
"""


def test_an_estimator_names_an_image(home):  # noqa: F811
    home.write("src/train.py", TRAIN)
    out = home.python(ESTIMATOR % BASE).stdout.decode()
    assert "in a container True False ['--lr', '0.1']" in out and (home.project / "model.txt").read_text() == "model"


def test_an_environment_has_a_dockerfile(home):  # noqa: F811
    home.write("src/train.py", TRAIN)
    assert "in a container True True []" in home.python(DOCKERFILE % BASE).stdout.decode()
