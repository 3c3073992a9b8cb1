#!/usr/bin/env bash
# tools/chaos.sh KILLS [SEED]: random kills under load; a seed repeats the choices, not their timing.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
export RUNWRIGHT_BIN=$ROOT/bin PYTHONPATH=$ROOT/python PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" tests/chaos/chaos.py --kills "$1" ${2:+--seed "$2"}
