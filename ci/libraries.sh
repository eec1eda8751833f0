#!/usr/bin/env bash
# Copies the shared libraries that a program is linked with to the same places below a folder, and says so.
#   bash ci/libraries.sh BINARY ROOT
# A release is static and needs none. A development build is linked with the C library of the machine that built it.
set -euo pipefail

usage="usage: ci/libraries.sh BINARY ROOT"
program="${1:?$usage}"
root="${2:?$usage}"
if ! linked="$(ldd "$program" 2>/dev/null)" || [[ "$linked" == *"statically linked"* ]]; then
  echo "  $(basename "$program") is static: it needs no library"
  exit 0
fi
names=()
while read -r path; do
  mkdir -p "$root$(dirname "$path")"
  cp --dereference "$path" "$root$path"
  names+=("$(basename "$path")")
done < <(grep -oE '/[^ ]+ \(0x' <<<"$linked" | sed 's/ (0x//')
echo "  $(basename "$program") is linked with ${names[*]}: copied beside it"
