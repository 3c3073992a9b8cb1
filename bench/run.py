"""make bench: every benchmark with its peer in one run; a table for people and one JSON line for programs.

`python bench/run.py NAME…` runs some of them.
"""
import importlib
import json
import sys

ALL = ["footprint", "submit_latency", "follow", "log", "log_lines", "journal_ingest", "points", "query", "snapshot", "containers"]


def text(value):
    return "" if value is None else "%.4g" % value if value < 1000 else format(int(value), ",")


def main():
    rows = []
    print("%-38s %12s %-9s %12s %-26s %8s  %s" % ("what", "ours", "unit", "peer", "which peer", "x better", "target"))
    for name in sys.argv[1:] or ALL:
        for row in importlib.import_module(name).run():
            rows.append(row)
            print("%-38s %12s %-9s %12s %-26s %8s  %s" % (row["name"], text(row["ours"]), row["unit"], text(row["peer"]), row["peer_name"], text(row["ratio"]), row["target"]), flush=True)
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
