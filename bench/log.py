#!/usr/bin/env python3
"""`run.log` beside one bare write() of the same size, mlflow.log_metric and tensorboardX, in microseconds.

    bench/log.py [--calls 100000] [--peers PYTHON]...

--peers: a Python that has mlflow or tensorboardX (repeatable); without it the peers are left out. No server is running: logging
needs none. Prints one JSON object: name → {"p50_us", "p999_us", "calls"}, and the ratios beside `write`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = "training_loss"


def measure(call, calls, warm=1000):
    """p50 and p99.9 of ``call(i)``."""
    clock = time.perf_counter
    for i in range(min(warm, calls)):
        call(i)
    times = []
    for i in range(calls):
        begin = clock()
        call(i)
        times.append(clock() - begin)
    times.sort()
    return {
        "p50_us": round(times[calls // 2] * 1e6, 2),
        "p999_us": round(times[min(calls - 1, calls * 999 // 1000)] * 1e6, 2),
        "calls": calls,
    }


def run_folder(folder):
    """A run folder as an executor makes it; nobody listens at exec.sock."""
    os.makedirs(os.path.join(folder, "journal"))
    with open(os.path.join(folder, "run.json"), "w") as file:
        json.dump({"version": 1, "run_id": "bench_1700000000_00000000", "experiment": "bench", "workspace": {"id": "w"}}, file)
    os.environ["RUNWRIGHT_RUN_DIR"] = folder


def ours(folder, calls):
    """run.log and the bare write, in turns so that a noisy moment hits both."""
    run_folder(os.path.join(folder, "run"))
    sys.path.insert(0, os.path.join(ROOT, "python"))
    import runwright

    run = runwright.current()
    run.log(NAME, 0.5)
    writer = run.session.writer
    before = writer.offset
    run.log(NAME, 0.5)
    record = b"x" * (writer.offset - before)
    fd = os.open(os.path.join(folder, "bare"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    rounds = {"write": [], "run.log": []}
    for _ in range(5):
        rounds["write"].append(measure(lambda i: os.write(fd, record), calls // 5))
        rounds["run.log"].append(measure(lambda i: run.log(NAME, 0.001 * i), calls // 5))
    os.close(fd)
    return {name: middle(results) for name, results in rounds.items()}


def middle(results):
    return {
        "p50_us": sorted(one["p50_us"] for one in results)[len(results) // 2],
        "p999_us": sorted(one["p999_us"] for one in results)[len(results) // 2],
        "calls": sum(one["calls"] for one in results),
    }


def peers(folder, calls):
    """To be run by a Python that has them."""
    found = {}
    try:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(os.path.join(folder, "tensorboard"))
        found["tensorboardX"] = measure(lambda i: writer.add_scalar(NAME, 0.001 * i, i), calls)
        writer.close()
    except ImportError:
        pass
    try:
        import mlflow

        mlflow.set_tracking_uri("sqlite:///" + os.path.join(folder, "mlflow.db"))
        mlflow.set_experiment("bench")
        with mlflow.start_run():
            found["mlflow.log_metric"] = measure(lambda i: mlflow.log_metric(NAME, 0.001 * i, step=i), max(200, calls // 100), 20)
    except ImportError:
        pass
    return found


def collect(calls, peer_pythons=()):
    """name → figures, for us, the bare write and the peers."""
    with tempfile.TemporaryDirectory() as folder:
        found = ours(folder, calls)
        for python in peer_pythons:
            command = [python, os.path.abspath(__file__), "--only-peers", folder, "--calls", str(min(20000, calls))]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            found.update(json.loads(out.decode().splitlines()[-1]))
    return found


def run():
    """Rows of `make bench`."""
    from common import real_python, row, venv

    command = [real_python(), os.path.abspath(__file__)]
    for name in ("mlflow", "tensorboardX"):
        python = venv(name, [name])
        if python is not None:
            command += ["--peers", str(python)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode())
    p50, p999 = found["run.log"]["p50_us"], found["run.log"]["p999_us"]
    rows = [
        row("run.log p50", p50, "us", found["write"]["p50_us"], "os.write of that size", "write + 2 us"),
        row("run.log p99.9", p999, "us", found["write"]["p999_us"], "os.write of that size", "100 us"),
    ]
    for name in ("tensorboardX", "mlflow.log_metric"):
        if name in found:
            rows.append(row("run.log p50", p50, "us", found[name]["p50_us"], name))
            rows.append(row("run.log p99.9", p999, "us", found[name]["p999_us"], name))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100000)
    parser.add_argument("--peers", metavar="PYTHON", action="append", default=[], help="a Python that has mlflow or tensorboardX")
    parser.add_argument("--only-peers", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_peers:
        print(json.dumps(peers(options.only_peers, options.calls)))
        return
    found = collect(options.calls, options.peers)
    base = found["write"]["p50_us"]
    found["over_write_us"] = round(found["run.log"]["p50_us"] - base, 2)
    found["ratios"] = {
        name: round(one["p50_us"] / found["run.log"]["p50_us"], 2)
        for name, one in found.items()
        if isinstance(one, dict) and name != "run.log"
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
