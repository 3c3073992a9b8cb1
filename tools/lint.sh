#!/usr/bin/env bash
# Everything that reads sources: module arrows, formatting, clang-tidy, ruff.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
"$PYTHON" tools/check_modules.py
"$PYTHON" tools/tidy.py
git ls-files '*.cc' '*.h' | xargs clang-format-14 --dry-run -Werror
cmake --preset dev >/dev/null
git ls-files 'src/*.cc' | grep -v -E '_test\.cc$' | xargs -P "$JOBS" -n 4 clang-tidy-14 -p build/dev --quiet
"$ROOT/bin/uv" tool run ruff check python tests tools bench examples
