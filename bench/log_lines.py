"""A script that prints as fast as it can, and a follower of its log: lines a second, and how far the follower is behind."""
from common import python_json, row, workspace
from query import memory, server_pid

# Every 1,000 lines one with the clock; the pace is 1,000,000 lines a second.
SCRIPT = """
import sys, time
out = sys.stdout
block = 'a line of a training script\\n' * 999
begin = time.time()
for i in range(int(sys.argv[1])):
    out.write('T%r\\n' % time.time() + block)
    out.flush()
    ahead = begin + (i + 1) / 1000.0 - time.time()
    if ahead > 0:
        time.sleep(ahead)
print('E%r' % (time.time() - begin))
"""
CLIENT = """
import base64, json, sys, time
from azureml.core import Workspace, Experiment, Environment, ScriptRunConfig
ws = Workspace.from_config()
env = Environment('bench'); env.python.user_managed_dependencies = True; env.python.interpreter_path = sys.executable
run = Experiment(ws, 'lines').submit(ScriptRunConfig(source_directory='job', script='lines.py', arguments=[sys.argv[1]], compute_target='local', environment=env))
delays, lines, took, rest = [], 0, 0.0, b''
for event, _, text in ws._api.client.events('/api/v1/runs/%s/logs' % run.id):
    now = time.time()
    if event == 'log':
        data, _, rest = (rest + base64.b64decode(json.loads(text)['bytes'])).rpartition(b'\\n')
        lines += data.count(b'\\n') + (1 if data else 0)
        for line in (b'\\n' + data).split(b'\\nT')[1:]:
            delays.append((now - float(line.split(b'\\n', 1)[0])) * 1000)
        last = data[data.rfind(b'\\n') + 1:]
        if last[:1] == b'E':
            took = float(last[1:])
    if event == 'end':
        break
assert lines == int(sys.argv[1]) * 1000 + 1, lines
delays.sort()
print(json.dumps([lines / took, delays[len(delays) // 2], delays[int(len(delays) * 0.99)]]))
"""


def run():
    with workspace() as (project, env):
        (project / "job").mkdir()
        (project / "job" / "lines.py").write_text(SCRIPT)
        rate, middle, late = python_json(CLIENT, env, project, ["5000"])
        yield row("log lines of one run, followed", rate, "lines/s", target="1,000,000 lines/s", better="higher")
        yield row("follower behind at that pace, p50", middle, "ms", target="50 ms")
        yield row("follower behind at that pace, p99", late, "ms")
        yield row("server memory at its peak, lines", memory(server_pid(env)), "MiB", target="64 MB")
