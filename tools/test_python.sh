#!/usr/bin/env bash
# SDK, command line and end-to-end tests against the real server in bin/.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
export RUNWRIGHT_BIN=$ROOT/bin PYTHONPATH=$ROOT/python PYTHONDONTWRITEBYTECODE=1
# What users log comes from numpy and matplotlib: the tests log what the real ones make.
# matplotlib has to fit to the numpy that the system may have, which is found first.
numpy=$("$PYTHON" -c 'import numpy; print("numpy==" + numpy.__version__)' 2>/dev/null || echo numpy)
export RUNWRIGHT_TEST_PACKAGES=$CACHE/test-packages-$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-${numpy//==/-}
if [ ! -e "$RUNWRIGHT_TEST_PACKAGES/.complete" ]; then
  if "$ROOT/bin/uv" pip install -q --python "$PYTHON" --target "$RUNWRIGHT_TEST_PACKAGES" "$numpy" matplotlib; then
    touch "$RUNWRIGHT_TEST_PACKAGES/.complete"
  else
    say "SKIPPED: numpy and matplotlib could not be installed; the tests that log their values are skipped"
  fi
fi
# Containers are started from an image made here: there is no registry that a test could rely on.
export RUNWRIGHT_TEST_IMAGE=$CACHE/container-base-bookworm.tar
"$ROOT/tools/container_image.sh" "$RUNWRIGHT_TEST_IMAGE" ||
  say "SKIPPED: no base image could be made (debootstrap needs root and a Debian mirror); the tests of containers are skipped"
# What frameworks train on, and PyTorch: too much for whoever only builds.
"$ROOT/tools/setup.sh" "$ROOT/tools/test_packages.txt" ||
  say "SKIPPED: the packages of tools/test_packages.txt could not be installed; the tests of what is missing are skipped"
"$PYTHON" -m pytest -q -rs -p no:cacheprovider tests "$@"
