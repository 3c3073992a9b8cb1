#!/usr/bin/env bash
# container_image.sh FILE.tar: a Debian with Python for containers, made once by debootstrap (one minute).
source "$(dirname "$0")/common.sh"
target=$1
[ -e "$target" ] && exit 0
[ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null || exit 1
folder=$(mktemp -d "$CACHE/debootstrap-XXXXXX")
trap 'rm -rf "$folder"' EXIT
say "Making a base image for containers"
debootstrap --variant=minbase --include=python3 bookworm "$folder/root" >"$folder/log" 2>&1 || { tail -5 "$folder/log" >&2; exit 1; }
rm -rf "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/*
tar -C "$folder/root" -c . >"$target.tmp"
mv "$target.tmp" "$target"
