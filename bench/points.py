"""Points one by one, each acknowledged; 1,000,000 doubles there and back bit for bit; a series of 1,000,000 in 1,000 buckets."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

import load
from common import ROOT, percentile, row, venv, workspace
from journal_ingest import MlflowServer
from query import memory, server_pid

PEER = """
import json, sys, time
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
run = client.create_run(client.create_experiment('one-%d' % time.time_ns())).info.run_id
for i in range(20):
    client.log_metric(run, 'loss', i)
start = time.perf_counter()
for i in range(200):
    client.log_metric(run, 'loss', i, step=i)
print(json.dumps(200 / (time.perf_counter() - start)))
"""


def one_by_one(where):
    """Points a second of one client that waits for every answer."""
    connection = load.Connection(where)
    run = connection.ask("POST", "/api/v1/workspaces/%s/runs" % where[3], {"experiment": "points"})["id"]
    path, count = "/api/v1/runs/%s/metrics" % run, 5000
    begin = time.perf_counter()
    for i in range(count):
        connection.ask("POST", path, {"metrics": [{"name": "loss", "value": i * 0.5, "step": i}]})
    seconds = time.perf_counter() - begin
    values = connection.ask("GET", path)["metrics"][0]["values"]
    assert values == [i * 0.5 for i in range(count)]
    connection.close()
    return count / seconds


def syncs(folder):
    """Appends of 100 bytes a second, each on the disk before the next: what the disk allows at this hour."""
    count = 3000
    with tempfile.TemporaryFile(dir=folder) as file:
        begin = time.perf_counter()
        for _ in range(count):
            os.write(file.fileno(), b"x" * 100)
            os.fdatasync(file.fileno())
        return count / (time.perf_counter() - begin)


def million(count):
    """Doubles of any bits: NaN and the infinities among them."""
    rng = random.Random(11)
    bits = [rng.getrandbits(64) for _ in range(count - 3)] + [0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000]
    rng.shuffle(bits)
    return struct.unpack("<%dd" % count, struct.pack("<%dQ" % count, *bits))


def ship(where, values):
    """Points a second from journal pieces to acknowledged, and the run."""
    sys.path.insert(0, str(ROOT / "python"))
    import runwright._journal_writer as journal

    connection = load.Connection(where)
    run = connection.ask("POST", "/api/v1/workspaces/%s/runs" % where[3], {"experiment": "points"})["id"]
    with tempfile.TemporaryDirectory() as folder:
        writer = journal.JournalWriter(folder, run)
        for i, value in enumerate(values):
            writer.number("loss", value, i)
        writer.close()
        name = os.listdir(folder)[0]
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
    bounds, offset = [0], 8
    while offset < len(data):
        offset += 8 + struct.unpack_from("<I", data, offset)[0]
        if offset - bounds[-1] >= 1 << 20 or offset == len(data):
            bounds.append(offset)
    begin = time.perf_counter()
    for a, b in zip(bounds, bounds[1:]):
        connection.ask("POST", "/api/v1/runs/%s/journal?writer=%s&offset=%d" % (run, name[:16], a), data[a:b])
    seconds = time.perf_counter() - begin
    connection.close()
    return len(values) / seconds, run


def same(a, b):
    return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)


def buckets(where, run, values):
    """Milliseconds of 1,000 buckets, which must be exact."""
    connection = load.Connection(where)
    path = "/api/v1/runs/%s/metrics/series?name=loss&buckets=1000" % run
    times = []
    for _ in range(30):
        begin = time.perf_counter()
        made = connection.ask("GET", path)["buckets"]
        times.append((time.perf_counter() - begin) * 1000)
    connection.close()
    size = len(values) // 1000
    for i in range(0, 1000, 37):
        part = [v for v in values[i * size : (i + 1) * size] if v == v]
        assert same(float(made["min"][i]), min(part)) and same(float(made["max"][i]), max(part))
        assert same(float(made["last"][i]), values[(i + 1) * size - 1])
    return percentile(times, 0.5)


def run():
    peer = None
    python = venv("mlflow", ["mlflow"])
    if python:
        with MlflowServer(python) as url:
            done = subprocess.run([str(python), "-c", PEER, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            peer = json.loads(done.stdout.decode().splitlines()[-1])
    with workspace() as (project, env):
        where = load.access(project, env)
        rate = one_by_one(where)
        yield row("points one by one, each acked", rate, "points/s", peer, "mlflow log_metric (HTTP)", "2,000 points/s", better="higher")
        yield row("the same, of what the disk allows", rate, "points/s", syncs(env["XDG_DATA_HOME"]), "append + fdatasync", "0.29 (2,000 of 6,800/s)", better="higher")
        values = million(1000000)
        rate, name = ship(where, values)
        yield row("1,000,000 doubles -> durable", rate, "points/s", target="1,000,000 points/s")
        yield row("1,000,000 points -> 1,000 buckets", buckets(where, name, values), "ms", target="10 ms")
        connection = load.Connection(where)
        begin = time.perf_counter()
        connection.send("GET", "/api/v1/runs/%s/metrics" % name)
        _, answer = connection.receive()
        seconds = time.perf_counter() - begin
        connection.close()
        back = json.loads(answer)["metrics"][0]
        assert all(same(a, float(b)) for a, b in zip(values, back["values"])) and len(back["values"]) == len(values)
        assert back["steps"] == list(range(len(values)))
        yield row("1,000,000 points read whole", seconds, "s")
        yield row("server memory at its peak, points", memory(server_pid(env)), "MiB", target="64 MB")
