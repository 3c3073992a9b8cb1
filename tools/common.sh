# Sourced by the other scripts: where things are.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Downloads and builds that repeat live outside of the clone and are made when absent.
CACHE=${RUNWRIGHT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/runwright-build}
mkdir -p "$CACHE"
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=4G
export UV_CACHE_DIR=${UV_CACHE_DIR:-$CACHE/uv}
JOBS=$(nproc)
# The system's interpreter runs the tools and tests: it has the packages that apt installed.
PYTHON=${RUNWRIGHT_TEST_PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=python3
say() { printf '%s\n' "$*" >&2; }
