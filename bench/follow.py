"""A script's print() to a follower of its log: the script prints its clock, the follower compares its own."""
from common import python_json, row, workspace

SCRIPT = """
import time
deadline = time.time() + 60
while not __import__('os').path.exists('outputs/go') and time.time() < deadline:
    time.sleep(0.01)
for _ in range(1000):
    print(repr(time.time()))
    time.sleep(0.005)
"""
CLIENT = """
import base64, json, os, sys, time
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
ws = Workspace.from_config()
env = Environment('bench'); env.python.user_managed_dependencies = True; env.python.interpreter_path = sys.executable
run = Experiment(ws, 'follow').submit(ScriptRunConfig(source_directory='job', script='clock.py', compute_target='local', environment=env))
data = os.path.join(os.environ['XDG_DATA_HOME'], 'runwright', 'runs', run.id, 'work', 'outputs')
delays = []
go = False
for event, _, text in ws._api.client.events('/api/v1/runs/%s/logs' % run.id):
    now = time.time()
    if not go and os.path.isdir(data):
        open(os.path.join(data, 'go'), 'w').close()
        go = True
    if event == 'log':
        delays += [(now - float(line)) * 1000 for line in base64.b64decode(json.loads(text)['bytes']).split()]
    if event == 'end':
        break
delays.sort()
assert len(delays) == 1000, len(delays)
print(json.dumps([delays[500], delays[990]]))
"""


def run():
    with workspace() as (project, env):
        (project / "job").mkdir()
        (project / "job" / "clock.py").write_text(SCRIPT)
        middle, late = python_json(CLIENT, env, project)
        yield row("print -> follower, p50", middle, "ms")
        yield row("print -> follower, p99", late, "ms", target="50 ms")
