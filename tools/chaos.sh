#!/usr/bin/env bash
# Random kills -9 under load. KILLS=n (default 100), SEED=n repeats what is killed when.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
export RUNWRIGHT_BIN=${RUNWRIGHT_BIN:-$ROOT/bin} PYTHONDONTWRITEBYTECODE=1
arguments=(--kills "${KILLS:-100}")
[ -z "${SEED:-}" ] || arguments+=(--seed "$SEED")
exec "$PYTHON" tests/chaos/chaos.py "${arguments[@]}"
