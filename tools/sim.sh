#!/usr/bin/env bash
# The simulator. SEEDS=n runs seeds 1..n; SEED=n replays one; MUTANT=name plants a mutant; MUTANT=list names them.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
tools/build.sh sim runwright-sim
arguments=()
[ -z "${MUTANT:-}" ] || arguments+=(--mutant "$MUTANT")
if [ -n "${SEED:-}" ]; then arguments+=(--seed "$SEED"); else arguments+=(--seeds "${SEEDS:-200}"); fi
exec build/sim/sim/runwright-sim "${arguments[@]}"
