"""A follower has a line soon after the script printed it. The figure is in the benchmarks; the bound here only tells following from polling."""
import json

CLIENT = """
import json, sys, time
from azureml.core import Workspace
import runwright
ws = Workspace.from_config()
import runwright.config
api = ws._api
delays = []
seen = b''
for event, _, data in api.client.events('/api/v1/runs/%s/logs' % sys.argv[1]):
    now = time.time()
    if event == 'log':
        import base64
        for line in base64.b64decode(json.loads(data)['bytes']).split():
            delays.append((now - float(line)) * 1000)
    if event == 'end':
        break
delays.sort()
print(json.dumps({'lines': len(delays), 'p50': delays[len(delays) // 2], 'p99': delays[int(len(delays) * .99)]}))
"""


def test_follower_delay(installation):
    installation.write("clock.py", "import time\ntime.sleep(0.5)\nfor _ in range(300):\n    print(repr(time.time()))\n    time.sleep(0.01)\n")
    run_id = installation.json("submit", "clock.py")["id"]
    result = json.loads(installation.python(CLIENT, run_id).stdout)
    assert result["lines"] == 300
    assert result["p99"] < 1000, result
