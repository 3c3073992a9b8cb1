#!/usr/bin/env bash
# setup.sh [LIST]: installs the Debian packages of LIST (default tools/packages.txt) that are missing, and bin/uv.
source "$(dirname "$0")/common.sh"
list=${1:-$ROOT/tools/packages.txt}

missing_packages() {
  { xargs -a "$list" dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null || true; } |
    awk '$2 == "installed" {print $1}' | sort -u |
    comm -13 - <(sort -u "$list")
}

install_packages() {
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      say "These Debian packages are missing. Install them, then run the same command again:"
      say "  sudo apt-get install --no-install-recommends $missing"
      exit 1
    fi
  fi
  say "Installing: $missing"
  "${as_root[@]}" apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

install_uv() {
  [ -x "$ROOT/bin/uv" ] && return 0
  mkdir -p "$ROOT/bin" "$CACHE/bin"
  if [ ! -x "$CACHE/bin/uv" ]; then
    local folder
    folder=$(mktemp -d)
    say "Fetching uv"
    "$PYTHON" -m pip download --quiet --no-deps --only-binary=:all: --disable-pip-version-check -d "$folder" "uv>=0.9" >&2
    "$PYTHON" - "$folder" "$CACHE/bin" <<'PY'
import glob, os, sys, zipfile
folder, target = sys.argv[1:]
wheel = zipfile.ZipFile(glob.glob(os.path.join(folder, "uv-*.whl"))[0])
name = next(n for n in wheel.namelist() if n.endswith("/scripts/uv"))
temporary = os.path.join(target, "uv.tmp")
with open(temporary, "wb") as out:
    out.write(wheel.read(name))
os.chmod(temporary, 0o755)
os.replace(temporary, os.path.join(target, "uv"))
PY
    rm -rf "$folder"
  fi
  cp "$CACHE/bin/uv" "$ROOT/bin/uv.tmp"
  mv "$ROOT/bin/uv.tmp" "$ROOT/bin/uv"
}

install_packages
install_uv
