#!/usr/bin/env bash
# The simulator. SEEDS=n runs seeds 1..n; SEED=n replays one; MUTANT=name plants a mutant; MUTANT=list names them. From 1,000 seeds on
# it also says which fault points were hit how often, and fails when one never was.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
tools/build.sh sim runwright-sim
arguments=()
[ -z "${MUTANT:-}" ] || arguments+=(--mutant "$MUTANT")
seeds=${SEEDS:-1000}
if [ -n "${SEED:-}" ]; then
  arguments+=(--seed "$SEED")
else
  arguments+=(--seeds "$seeds" --jobs "$JOBS")
  [ -n "${MUTANT:-}" ] || [ "$seeds" -lt 1000 ] || arguments+=(--coverage yes)
fi
exec build/sim/sim/runwright-sim "${arguments[@]}"
