#!/usr/bin/env bash
source "$(dirname "$0")/common.sh"
cd "$ROOT"
git ls-files '*.cc' '*.h' '*.c' | xargs clang-format-14 -i
"$ROOT/bin/uv" tool run ruff format python tests tools bench examples
