"""Journal to durable points a second at the server, beside MLflow's log_batch over HTTP."""
import re
import socket
import subprocess
import tempfile
import time

from common import python_json, row, venv, workspace

OURS = """
import json, os, struct, sys, time
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
import runwright._journal_writer as journal
ws = Workspace.from_config()
env = Environment('bench'); env.python.user_managed_dependencies = True; env.python.interpreter_path = sys.executable
config = ScriptRunConfig(source_directory='job', script='nothing.py', compute_target='local', environment=env)
run = Experiment(ws, 'ingest').submit(config)
run.wait_for_completion()
points = int(sys.argv[1])
folder = os.path.abspath('journal')
os.makedirs(folder)
writer = journal.JournalWriter(folder, run.id)
for i in range(points):
    writer.number('loss', i * 0.5, None)
writer.close()
name = [n for n in os.listdir(folder)][0]
data = open(os.path.join(folder, name), 'rb').read()
bounds = [0]
offset = 8
while offset < len(data):
    offset += 8 + struct.unpack_from('<I', data, offset)[0]
    if offset - bounds[-1] >= 1 << 20 or offset == len(data):
        bounds.append(offset)
client = run._run.api.client if hasattr(run, '_run') else ws._api.client
start = time.perf_counter()
for a, b in zip(bounds, bounds[1:]):
    client.json('POST', '/api/v1/runs/%s/journal' % run.id, query=[('writer', name[:16]), ('offset', str(a))], body=data[a:b])
seconds = time.perf_counter() - start
assert len(run.get_metrics()['loss']) == points
print(json.dumps(points / seconds))
"""
PEER = """
import json, sys, time
import mlflow
from mlflow.entities import Metric
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
run = client.create_run(client.create_experiment('bench-%d' % time.time_ns()))
count = 0
start = time.perf_counter()
while time.perf_counter() - start < 3:
    client.log_batch(run.info.run_id, metrics=[Metric('loss', i * 0.5, int(time.time() * 1000), count + i) for i in range(1000)])
    count += 1000
print(json.dumps(count / (time.perf_counter() - start)))
"""


class MlflowServer:
    """mlflow's own server on SQLite, for as long as the block runs."""

    def __init__(self, python):
        self.python = python

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="rw-mlflow-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % port
        self.process = subprocess.Popen(
            [str(self.python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
             "--backend-store-uri", "sqlite:///%s/mlflow.db" % self.home.name, "--default-artifact-root", self.home.name],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return self.url
            except OSError:
                time.sleep(0.2)
        self.__exit__()
        raise SystemExit("mlflow server did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()


def run():
    with workspace() as (project, env):
        (project / "job").mkdir()
        (project / "job" / "nothing.py").write_text("pass\n")
        ours = python_json(OURS, env, project, ["600000"])
        peer = None
        python = venv("mlflow", ["mlflow"])
        if python:
            with MlflowServer(python) as url:
                done = subprocess.run([str(python), "-c", PEER, url], stdout=subprocess.PIPE, check=True, cwd=str(project))
                peer = float(re.findall(r"[\d.e+]+", done.stdout.decode())[-1])
        yield row("journal -> durable points", ours, "points/s", peer, "mlflow log_batch (HTTP)", "300,000 points/s", better="higher")
