#!/usr/bin/env bash
# Makes the archive of a release: the program, licences, README, changelog, scenarios, shell completions, manual pages.
#   bash ci/package.sh BINARY VERSION TARGET OUT
# Writes OUT/kubeproof-VERSION-TARGET.tar.gz, and its SHA-256 beside it. The same commit and binary give the same bytes: order,
# owners, modes and times are fixed (SOURCE_DATE_EPOCH, or the time of the commit). BINARY must run on this machine, because it
# writes its own completions and pages. Needs git, GNU tar and gzip.
set -euo pipefail

usage="usage: ci/package.sh BINARY VERSION TARGET OUT"
program="$(realpath "${1:?$usage}")"
version="${2:?$usage}"
target="${3:?$usage}"
mkdir -p "${4:?$usage}"
out="$(realpath "$4")"
cd "$(dirname "$0")/.."

tar=tar
if command -v gtar >/dev/null 2>&1; then tar=gtar; fi # macOS has GNU tar under this name
if [[ "$("$tar" --version 2>/dev/null)" != *"GNU tar"* ]]; then
  echo "ci/package.sh: needs GNU tar, for an archive that is the same every time (macOS: brew install gnu-tar)" >&2
  exit 2
fi
said="$("$program" --version)"
if [ "$said" != "kubeproof $version" ]; then
  echo "ci/package.sh: $program says \"$said\", and the archive is to be of $version" >&2
  exit 2
fi

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
name="kubeproof-$version-$target"
folder="$place/$name"
mkdir -p "$folder/completions"

cp "$program" "$folder/kubeproof"
chmod 755 "$folder/kubeproof"
# What git tracks and nothing else: a scenario's folder may hold state, caches and secrets of somebody's runs.
git ls-files -z -- LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md scenarios |
  "$tar" --create --null --files-from=- | "$tar" --extract --directory="$folder"
"$program" completions bash >"$folder/completions/kubeproof.bash"
"$program" completions zsh >"$folder/completions/_kubeproof"
"$program" completions fish >"$folder/completions/kubeproof.fish"
"$program" completions powershell >"$folder/completions/_kubeproof.ps1"
"$program" completions elvish >"$folder/completions/kubeproof.elv"
"$program" man "$folder/man/man1" >/dev/null

epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
"$tar" --create --format=gnu --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
  --mode='u=rwX,go=rX' --directory="$place" "$name" | gzip --no-name -6 >"$out/$name.tar.gz"
cd "$out"
if command -v sha256sum >/dev/null 2>&1; then
  sha256sum "$name.tar.gz" >"$name.tar.gz.sha256"
else
  shasum -a 256 "$name.tar.gz" >"$name.tar.gz.sha256"
fi
echo "$out/$name.tar.gz"
