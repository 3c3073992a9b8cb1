#!/usr/bin/env bash
# Benchmarks with their peers. Peers that are Debian packages are installed where that needs no question.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
if [ "$(id -u)" -eq 0 ]; then
  dpkg -s slurm-wlm restic >/dev/null 2>&1 ||
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm restic >/dev/null 2>&1 ||
    say "SKIPPED: slurm-wlm and restic could not be installed; their columns stay empty"
fi
export RUNWRIGHT_BIN=$ROOT/bin
exec "$PYTHON" bench/run.py "$@"
