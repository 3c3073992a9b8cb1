#!/usr/bin/env bash
# Unit, conformance and simulator tests in C++ (dev preset), and the checks of the sources.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
"$PYTHON" tools/check_modules.py
"$PYTHON" tools/tidy.py
tools/build.sh dev
ctest --test-dir build/dev -j "$JOBS" --output-on-failure
