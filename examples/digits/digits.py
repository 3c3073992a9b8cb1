"""A complete program of the SDK v1: train on a cluster, follow it, keep the model, score it.

Run it in a folder with a config.json (`runwright init` writes one):  python digits.py
"""

import os
import shutil
import threading

from azureml.core import Experiment, Model, ScriptRunConfig
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.run import RUNNING_STATES
from azureml.core.workspace import Workspace
from azureml.train.sklearn import SKLearn

HERE = os.path.dirname(os.path.abspath(__file__))


def watch(run, stop):
    """Prints each phase of a run and the newest accuracy while the program waits for it."""
    status = accuracy = None
    while not stop.wait(0.2):
        now = run.get_status()
        if now != status:
            status = now
            print("[phase] %s" % status, flush=True)
        values = run.get_metrics("accuracy").get("accuracy")
        latest = values[-1] if isinstance(values, list) else values
        if latest != accuracy:
            accuracy = latest
            print("[metric] accuracy %.4f" % accuracy, flush=True)
        if status not in RUNNING_STATES:
            return


def follow(run):
    """Waits for a run with its log on the screen, phases and metrics between the lines."""
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(run, stop))
    watcher.start()
    try:
        return run.wait_for_completion(show_output=True)
    finally:
        stop.set()
        watcher.join()


def main():
    ws = Workspace.from_config()
    print(ws.name, ws.resource_group, ws.location, ws.subscription_id, sep="\t")
    experiment = Experiment(workspace=ws, name="digits")

    try:
        cluster = ComputeTarget(workspace=ws, name="cpu-cluster")
        print("Found existing compute target")
    except ComputeTargetException:
        print("Creating a new compute target...")
        settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
        cluster = ComputeTarget.create(ws, "cpu-cluster", settings)
        cluster.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)

    estimator = SKLearn(
        source_directory=os.path.join(HERE, "train"),
        entry_script="train.py",
        script_params={"--epochs": 20, "--alpha": 0.001},
        compute_target=cluster,
        pip_packages=["joblib"],
    )
    run = experiment.submit(estimator, tags={"example": "digits"})
    print(run)
    follow(run)

    metrics = run.get_metrics()
    print("Metrics: loss %.4f -> %.4f, accuracy %.4f, %d batches" % (
        metrics["loss"][0], metrics["loss"][-1], metrics["accuracy"][-1], len(metrics["batch accuracy"])))
    print("Files: %s" % ", ".join(run.get_file_names()))

    model = run.register_model(
        model_name="digits",
        model_path="outputs/model.pkl",
        tags={"data": "digits"},
        model_framework=Model.Framework.SCIKITLEARN,
        description="Reads handwritten digits",
    )
    print("Registered model %s, version %d" % (model.name, model.version))

    # This program needs no scikit-learn: the model is scored by a second run, in the environment that trained it.
    scoring = os.path.join(os.getcwd(), "scoring")
    shutil.rmtree(scoring, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "score"), scoring)
    path = Model(ws, "digits").download(target_dir=scoring, exist_ok=True)
    run.download_file("outputs/held_out.npz", output_file_path=os.path.join(scoring, "held_out.npz"))
    print("Downloaded the model to %s" % path)

    score = experiment.submit(ScriptRunConfig(
        source_directory=scoring,
        script="score.py",
        arguments=["--model", os.path.basename(path)],
        compute_target=cluster,
        environment=run.get_environment(),
    ))
    score.wait_for_completion(show_output=True)
    accuracy = score.get_metrics()["accuracy"]
    if accuracy < 0.9:
        raise SystemExit("The model reads only %.1f %% of the held-out digits" % (100 * accuracy))

    print("""The model reads %.1f %% of the held-out digits. What to look at next:
  examples/digits/digits.py       what you just saw; the script that trained is train/train.py beside it
  runwright runs list             your runs, where your server runs; `runwright runs show RUN` for one of them
  runwright open RUN              a run's page in the browser: status, metrics, log
  runwright models list           models by version
  docs/user/sdk-v1.md             what of the SDK v1 works""" % (100 * accuracy))


if __name__ == "__main__":
    main()
