#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures once, then builds.
source "$(dirname "$0")/common.sh"
preset=$1
shift
cd "$ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
if [ -t 2 ]; then
  ninja -C "build/$preset" -j "$JOBS" "$@" >&2
else
  ninja -C "build/$preset" -j "$JOBS" "$@" >"$log" 2>&1 || { grep -E -A20 'error|FAILED' "$log" >&2; exit 1; }
fi
