"""100,000 runs × 10 metrics × 5 parameters: pages sorted by any metric, recovery after kill -9, memory; beside MLflow's
search_runs over a twentieth of them. RUNWRIGHT_BENCH_RUNS sets another number of runs."""
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

import load
from common import BIN, ROOT, percentile, row, venv, workspace
from journal_ingest import MlflowServer

sys.path.insert(0, str(ROOT / "python"))
from runwright._http import Client  # noqa: E402
from runwright.client import Api  # noqa: E402

RUNS = int(os.environ.get("RUNWRIGHT_BENCH_RUNS", "100000"))
PAGED = RUNS * 3 // 10  # of them in the experiment that is read to its end
PEER_RUNS = min(RUNS, 5000)  # over 100,000 runs the peer's first page takes many minutes

PEER = """
import json, sys, time
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
experiments = sys.argv[2].split(',')
def page(experiment, order, size, token=None):
    start = time.perf_counter()
    found = client.search_runs([experiment], order_by=[order], max_results=size, page_token=token)
    return time.perf_counter() - start, found.token
page(experiments[1], 'metrics.m1 DESC', 100)
first = sorted(page(experiments[1], 'metrics.m%d DESC' % i, 100)[0] for i in range(5))
token, spent = None, []
for i in range(3):
    seconds, token = page(experiments[0], 'metrics.m1 DESC', 1000, token)
    spent.append(seconds)
print(json.dumps([first[2] * 1000, sum(spent) / 3]))
"""


def fill(where, runs, paged, metrics, params):
    """Runs of two experiments, with their metrics and parameters."""

    def work(part):
        rng = random.Random(part)
        ids = ["bench_%010d_%08x" % (1700000000 + i, i) for i in range(part, runs, 2)]

        load.pump(where, (("POST", "/api/v1/workspaces/%s/runs" % where[3], {
            "experiment": "paged" if i < paged else "rest", "run_id": run, "tags": {"team": "t%d" % (i % 7)},
            "params": {"p%d" % k: rng.random() for k in range(params)}}) for i, run in zip(range(part, runs, 2), ids)))
        load.pump(where, (("POST", "/api/v1/runs/%s/metrics" % run, {
            "metrics": [{"name": "m%d" % k, "value": rng.random()} for k in range(metrics)]}) for run in ids))

    load.in_two(work)


def first_pages(where, metrics, count, experiment):
    """Milliseconds of first pages of 100, by a metric at random."""
    connection = load.Connection(where)
    rng = random.Random(5)
    out = []
    for _ in range(count):
        sort = rng.choice(["-metrics.m%d", "metrics.m%d", "-max(metrics.m%d)", "min(metrics.m%d)"]) % rng.randrange(metrics)
        scope = "&experiment=" + experiment if experiment else ""
        begin = time.perf_counter()
        items = connection.ask("GET", "/api/v1/workspaces/%s/runs?sort=%s&limit=100%s" % (where[3], sort, scope))["items"]
        out.append((time.perf_counter() - begin) * 1000)
        assert len(items) == 100
    connection.close()
    return out


def all_pages(where, paged):
    """Seconds to read the paged experiment to its end, sorted by a metric; every run once and in order. Through the
    SDK's client, as the peer's."""
    api = Api(Client("http://%s:%d" % where[:2], where[2]))
    best = None
    for sort in ("-metrics.m3", "metrics.m5", "-max(metrics.m1)"):
        name = sort.strip("-").replace("max(", "").replace(")", "").split(".")[1]
        begin = time.perf_counter()
        runs = list(api.list_runs(where[3], "paged", sort=sort, limit=paged))
        seconds = time.perf_counter() - begin
        values = [run["metrics"][name]["last"] for run in runs]
        assert len({run["id"] for run in runs}) == len(values) == paged, len(values)
        assert values == sorted(values, reverse=sort[0] == "-")
        best = min(best or seconds, seconds)
    return best


def server_pid(env):
    return json.loads((pathlib.Path(env["XDG_DATA_HOME"]) / "runwright" / "server.json").read_text())["pid"]


def memory(pid, field="VmHWM"):
    """MiB"""
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int([line for line in status.splitlines() if line.startswith(field)][0].split()[1]) / 1024


def recovery(env):
    """Milliseconds from the start of a server after kill -9 to its first answer."""
    out = []
    for _ in range(5):
        pid = server_pid(env)
        os.kill(pid, signal.SIGKILL)
        while os.path.exists("/proc/%d" % pid) and pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] not in "ZX":
            time.sleep(0.001)
        begin = time.perf_counter()
        server = subprocess.Popen([str(BIN / "runwright"), "server"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert b"http" in server.stdout.readline()
        out.append((time.perf_counter() - begin) * 1000)
        env["_server"] = str(server.pid)
    return percentile(out, 0.5)


def peer_figures(python):
    """(first page in ms, a page of 1,000 in s) of MLflow's server on SQLite with runs of the same kind."""
    server = MlflowServer(python)
    with server as url:
        made = subprocess.run([str(python), "-c", "import mlflow,sys; mlflow.set_tracking_uri(sys.argv[1]); c=mlflow.MlflowClient(); print(c.create_experiment('paged'), c.create_experiment('rest'))", url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        experiments = made.stdout.decode().split()[-2:]
        rng = random.Random(1)
        db = sqlite3.connect(server.home.name + "/mlflow.db")
        runs = [("%032x" % i, "r%d" % i, "FINISHED", 1700000000000 + i, 1700000000000 + i, "active", "/x", int(experiments[0 if i < PEER_RUNS * 3 // 10 else 1])) for i in range(PEER_RUNS)]
        db.executemany("INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?,?,'LOCAL','','','u',?,?,?,'',?,?,?)", runs)
        db.executemany("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,1,0,0,?)", (("m%d" % k, rng.random(), run[0]) for k in range(10) for run in runs))
        db.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)", (("p%d" % k, str(rng.random()), run[0]) for k in range(5) for run in runs))
        db.commit()
        db.close()
        done = subprocess.run([str(python), "-c", PEER, url, ",".join(experiments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return json.loads(done.stdout.decode().splitlines()[-1])


def wide_cost():
    """Ten times as many metrics and parameters a run: how many times a first page, and all pages, cost."""
    runs, paged = max(2000, RUNS // 10), max(1000, RUNS // 20)
    figures = []
    for metrics, params in ((10, 5), (100, 50)):
        with workspace() as (project, env):
            where = load.access(project, env)
            fill(where, runs, paged, metrics, params)
            first_pages(where, metrics, 20, "rest")
            figures.append((percentile(first_pages(where, metrics, 200, "rest"), 0.5), all_pages(where, paged)))
    return figures[1][0] / figures[0][0], figures[1][1] / figures[0][1]


def run():
    peer_page, peer_thousand = None, None
    python = venv("mlflow", ["mlflow"])
    if python:
        peer_page, peer_thousand = peer_figures(python)
    with workspace() as (project, env):
        where = load.access(project, env)
        fill(where, RUNS, PAGED, 10, 5)
        first_pages(where, 10, 20, "rest")
        runs = format(RUNS, ",")
        for name, experiment in (("of one experiment", "rest"), ("of the workspace", "")):
            times = first_pages(where, 10, 300, experiment)
            yield row("page of 100 by a metric, %s, p50" % name, percentile(times, 0.5), "ms", peer_page, "mlflow, %s runs" % format(PEER_RUNS, ","), "5 ms at %s runs" % runs)
            yield row("page of 100 by a metric, %s, p99" % name, percentile(times, 0.99), "ms", target="20 ms")
        yield row("%s runs in pages by a metric" % format(PAGED, ","), all_pages(where, PAGED), "s", peer_thousand and peer_thousand * PAGED / 1000, "mlflow (3 pages, scaled)", "0.5 s")
        yield row("server memory at its peak, %s runs" % runs, memory(server_pid(env)), "MiB", target="64 MB")
        try:
            yield row("kill -9 to serving, %s runs" % runs, recovery(env), "ms", target="200 ms")
        finally:
            subprocess.run([str(BIN / "runwright"), "server", "stop"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first, pages = wide_cost()
    yield row("10 times the metrics and params: page", first, "times", target="2 times")
    yield row("10 times the metrics and params: all", pages, "times", target="2 times")
