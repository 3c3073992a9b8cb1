"""Environments: the same again, a cold build beside the bare installer, twenty runs that wait for one build, a build that a node fetches."""
import json
import os
import shutil
import subprocess
import time
import zipfile

from common import BIN, percentile, python_json, real_python, row, workspace

REQUIREMENTS = ["pandas==2.2.2", "scikit-learn==1.5.0", "matplotlib==3.9.0", "requests==2.32.3", "flask==3.0.3", "sqlalchemy==2.0.31"]
ROUNDS = 5
WARM_ROUNDS = 40
SCRIPT = "import time\nprint(time.time_ns(), flush=True)\n"
CLIENT = """
import json, sys, time
import runwright
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
ws = Workspace.from_config()
requirements = json.loads(sys.argv[1])
rounds = int(sys.argv[2])
packages = Environment('packages')
packages.python.conda_dependencies = CondaDependencies.create(pip_packages=requirements)
interpreter = Environment('interpreter')
interpreter.python.user_managed_dependencies = True
interpreter.python.interpreter_path = sys.argv[3]
experiment = Experiment(ws, 'environments')
out = {'packages': [], 'interpreter': []}
for i in range(rounds + 3):
    for name, env in (('packages', packages), ('interpreter', interpreter)):
        config = ScriptRunConfig(source_directory='job', script='first_line.py', compute_target='local', environment=env)
        start = time.time_ns()
        run = experiment.submit(config)
        run.wait_for_completion()
        run.download_file('azureml-logs/70_driver_log.txt', 'log.txt')
        if i >= 3:
            out[name].append((int(open('log.txt').read().split()[0]) - start) / 1e6)
print(json.dumps(out))
"""
TWENTY = """
import json, sys
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
ws = Workspace.from_config()
env = Environment('twenty')
env.python.conda_dependencies = CondaDependencies.create(pip_packages=json.loads(sys.argv[1]))
runs = [Experiment(ws, 'twenty').submit(ScriptRunConfig(source_directory='job', script='first_line.py', compute_target='local', environment=env)) for _ in range(20)]
for run in runs:
    run.wait_for_completion()
    assert run.get_status() == 'Completed', run.get_details()
logs = 0
for run in runs:
    run.download_file('azureml-logs/20_image_build_log.txt', 'build.txt')
    logs += 'Published build' in open('build.txt').read()
print(json.dumps({'told': logs}))
"""


# Packages of 20 modules each, made here: what is fetched does not depend on an index.
FETCHED = 100
FETCHED_MODULES = 20
FETCHED_ROUNDS = 7
METADATA = "Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
IMPORT = "import time, rwbench7\nprint(time.time_ns(), flush=True)\n"
MODULE = "".join("def function_%d(value):\n    \"\"\"Number %d.\"\"\"\n    return value + %d\n\n\n" % (i, i, i) for i in range(40))


def cli(project, env, *arguments):
    return subprocess.run([str(BIN / "runwright")] + list(arguments), cwd=str(project), env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def bare(project, env, lock):
    """uv venv + uv pip sync, with a warm cache. Beside the project: what is in it goes along with each run."""
    folder = project.parent / "bare"
    shutil.rmtree(str(folder), ignore_errors=True)
    start = time.monotonic()
    subprocess.run([str(BIN / "uv"), "venv", "-q", "--python", real_python(), str(folder)], env=env, check=True)
    subprocess.run([str(BIN / "uv"), "pip", "sync", "-q", "--python", str(folder / "bin" / "python"), str(lock)], env=env, check=True)
    return (time.monotonic() - start) * 1000


def ours(project, env):
    """What the server took to make the same, until it is published."""
    cli(project, env, "env", "gc", "--unused-days", "0")
    pip = [word for requirement in REQUIREMENTS for word in ("--pip", requirement)]
    start = time.monotonic()
    cli(project, env, "env", "build", *pip)
    return (time.monotonic() - start) * 1000


def make_wheels(folder):
    folder.mkdir()
    for i in range(FETCHED):
        name = "rwbench%d" % i
        info = name + "-1.0.dist-info/"
        with zipfile.ZipFile(str(folder / (name + "-1.0-py3-none-any.whl")), "w") as wheel:
            wheel.writestr(name + "/__init__.py", "from . import module_0\n")
            for module in range(FETCHED_MODULES):
                wheel.writestr("%s/module_%d.py" % (name, module), MODULE)
            for file, text in (("METADATA", METADATA % name), ("WHEEL", WHEEL), ("RECORD", "")):
                wheel.writestr(info + file, text)


def first_import(project, env, pip):
    """Milliseconds from the submission of a run to its first import."""
    start = time.time_ns()
    run = json.loads(cli(project, env, "submit", "--json", *pip, "--target", "nodes", "job/import.py"))["id"]
    cli(project, env, "logs", run, "--follow")
    got = project.parent / "got"
    cli(project, env, "runs", "get", run, "azureml-logs/70_driver_log.txt", "-o", str(got))
    return (int((got / "azureml-logs" / "70_driver_log.txt").read_text().split()[0]) - start) / 1e6


def fetched(project, env):
    """Added to a run by a node that has nothing yet, where the server has the packed build."""
    wheels, node = project.parent / "wheels", project.parent / "node"
    make_wheels(wheels)
    (project / "job" / "import.py").write_text(IMPORT)
    cli(project, env, "compute", "create", "nodes", "--vm-size", "STANDARD_D2_V2", "--env-root", str(node))
    pip = [word for i in range(FETCHED) for word in ("--pip", "rwbench%d @ file://%s" % (i, wheels / ("rwbench%d-1.0-py3-none-any.whl" % i)))]
    cli(project, env, "env", "build", *pip)
    root = os.path.join(env["XDG_DATA_HOME"], "runwright", "env")
    deadline = time.monotonic() + 120
    while set(builds(env)) - set(os.listdir(os.path.join(root, "bytecode"))):
        assert time.monotonic() < deadline, "no byte code"
        time.sleep(0.1)
    first_import(project, env, pip)  # packs the build
    added = []
    for _ in range(FETCHED_ROUNDS):
        warm = first_import(project, env, pip)
        subprocess.run(["chmod", "-R", "u+w", str(node)], check=True)
        shutil.rmtree(str(node))
        added.append(first_import(project, env, pip) - warm)
    size = sum(entry.stat().st_size for entry in os.scandir(os.path.join(root, "packs")))
    return percentile(added, 0.5), size


def builds(env):
    folder = os.path.join(env["XDG_DATA_HOME"], "runwright", "env", "builds")
    return [name for name in os.listdir(folder) if not name.startswith(".")]


def run():
    with workspace() as (project, env):
        job = project / "job"
        job.mkdir()
        (job / "first_line.py").write_text(SCRIPT)
        pip = [word for requirement in REQUIREMENTS for word in ("--pip", requirement)]
        cli(project, env, "env", "build", *pip)
        lock = project / "lock.txt"
        cli(project, env, "env", "lock", *pip, "-o", str(lock))
        packages = len([line for line in lock.read_text().splitlines() if "==" in line])
        bare(project, env, lock)
        rounds = [(bare(project, env, lock), ours(project, env)) for _ in range(ROUNDS)]
        peer, own = percentile([b for b, _ in rounds], 0.5), percentile([o for _, o in rounds], 0.5)
        yield row("cold build of %d packages, p50" % packages, own, "ms", peer, "uv venv + uv pip sync", "1.05x")
        cli(project, env, "env", "gc", "--unused-days", "0")
        told = python_json(TWENTY, env, project, [json.dumps(REQUIREMENTS)])["told"]
        yield row("20 runs waiting for a build: builds", len(builds(env)), "builds", 20, "one each", "1 (log told %d times)" % told)
        warm = python_json(CLIENT, env, project, [json.dumps(REQUIREMENTS), str(WARM_ROUNDS), real_python()])
        extra = percentile([ours - theirs for ours, theirs in zip(warm["packages"], warm["interpreter"])], 0.5)
        yield row("same environment again, added p50", extra, "ms", target="5 ms")
        added, size = fetched(project, env)
        yield row("new node, fetched build of %d packages (%.0f MB packed): to the first import, added p50" % (FETCHED, size / 1e6), added, "ms", target="50 ms")
