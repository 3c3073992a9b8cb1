#!/usr/bin/env bash
# SDK, command line and end-to-end tests against the real server in bin/.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
export RUNWRIGHT_BIN=$ROOT/bin PYTHONPATH=$ROOT/python PYTHONDONTWRITEBYTECODE=1
"$PYTHON" -m pytest -q -p no:cacheprovider tests "$@"
