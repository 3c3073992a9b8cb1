#!/usr/bin/env bash
# A server in a scratch folder, a complete SDK v1 program on real data, and no process afterwards.
source "$(dirname "$0")/common.sh"
# Folders of a demo live in the cache, where uv can link packages instead of copying them.
scratch=$(mktemp -d "$CACHE/demo.XXXXXX")
export XDG_CONFIG_HOME=$scratch/config XDG_DATA_HOME=$scratch/data XDG_CACHE_HOME=$scratch/cache
export PYTHONPATH=$ROOT/python PATH=$ROOT/bin:$PATH
unset RUNWRIGHT_SERVER RUNWRIGHT_TOKEN RUNWRIGHT_RUN_DIR

finish() {
  status=$?
  runwright server stop --data "$scratch/data/runwright" >/dev/null 2>&1 || true
  chmod -R u+w "$scratch"  # environments are read-only
  rm -rf "$scratch"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir -p "$scratch/project"
cp -r "$ROOT"/examples/digits/. "$scratch/project/"
cd "$scratch/project"
say "Starting a server and writing config.json (runwright init)"
runwright init . --workspace digits
"$PYTHON" digits.py
