"""submit() to the script's first line in a warm environment, beside bare python and Slurm's srun."""
import subprocess

from common import now_ns, percentile, python_json, real_python, row, workspace
from slurm import cluster

ROUNDS = 60
SCRIPT = "import time\nprint(time.time_ns(), flush=True)\n"
CLIENT = """
import json, sys, time
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
ws = Workspace.from_config()
env = Environment('bench')
env.python.user_managed_dependencies = True
env.python.interpreter_path = sys.argv[1]
config = ScriptRunConfig(source_directory='job', script='first_line.py', compute_target='local', environment=env)
experiment = Experiment(ws, 'first-line')
out = []
for i in range(int(sys.argv[2]) + 5):
    start = time.time_ns()
    run = experiment.submit(config)
    returned = time.time_ns()
    run.wait_for_completion()
    run.download_file('azureml-logs/70_driver_log.txt', 'log.txt')
    line = int(open('log.txt').read().split()[0])
    if i >= 5:
        out.append([(line - start) / 1e6, (returned - start) / 1e6])
print(json.dumps(out))
"""


def bare(command, rounds, cwd):
    out = []
    for _ in range(rounds):
        start = now_ns()
        done = subprocess.run(command, cwd=str(cwd), stdout=subprocess.PIPE, check=True)
        out.append((int(done.stdout.split()[0]) - start) / 1e6)
    return out


def run():
    with workspace() as (project, env):
        job = project / "job"
        job.mkdir()
        (job / "first_line.py").write_text(SCRIPT)
        command = [real_python(), str(job / "first_line.py")]
        python = bare(command, ROUNDS, job)
        measured = python_json(CLIENT, env, project, [real_python(), str(ROUNDS)])
        ours = [total for total, _ in measured]
        returned = [call for _, call in measured]
        base50, base99 = percentile(python, 0.5), percentile(python, 0.99)
        yield row("submit -> first line, p50", percentile(ours, 0.5), "ms", base50, "bare python", "bare + 25 ms")
        yield row("submit -> first line, p99", percentile(ours, 0.99), "ms", base99, "bare python", "bare + 60 ms")
        yield row("submit() returns, p50", percentile(returned, 0.5), "ms")
        with cluster() as slurm:
            if slurm:
                srun = bare(slurm + command, 20, job)
                yield row("submit -> first line, p50", percentile(ours, 0.5), "ms", percentile(srun, 0.5), "srun")
