#!/usr/bin/env bash
# Checks the book: generated pages are current, it builds, its links lead somewhere, and the commands that it shows run.
#   bash ci/docs/check.sh KUBEPROOF
# Installs mdBook by cargo where it is missing.
set -euo pipefail

program="$(realpath "${1:?usage: ci/docs/check.sh KUBEPROOF}")"
cd "$(dirname "$0")/../.."
root="$PWD"
mdbook="$HOME/.cache/kubeproof/bin/mdbook"
if ! [ -x "$mdbook" ]; then
  # Without a server and a search index, which nothing here needs; its own folder, so that our dependencies are not built again.
  CARGO_TARGET_DIR="$(mktemp -d)" cargo install --debug --quiet --locked --root "$HOME/.cache/kubeproof" \
    --no-default-features mdbook@0.5.4
fi
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT

python3 ci/docs/generate.py "$program" --check
echo "  generated pages are as the program says"

"$mdbook" build ci/docs --dest-dir "$place/book" >"$place/mdbook.log" 2>&1 || {
  cat "$place/mdbook.log" >&2
  exit 1
}
if grep -E 'WARN|ERROR' "$place/mdbook.log"; then exit 1; fi
python3 ci/docs/links.py "$place/book"

# The commands of a page.
# shellcheck disable=SC2016 # a fence, not a command
commands() { sed -n '/^```console$/,/^```$/s/^\$ //p' "$1"; }

# The commands, in the order of a page, in a folder with what the archive brings.
count=0
mkdir "$place/bin"
ln -s "$program" "$place/bin/kubeproof"
for page in ci/docs/src/*.md; do
  folder="$place/$(basename "$page" .md)"
  mkdir "$folder"
  ln -s "$root/scenarios" "$folder/scenarios"
  while IFS= read -r line; do
    expected=0
    if [[ "$line" =~ \#\ exit\ ([0-9]+)$ ]]; then expected="${BASH_REMATCH[1]}"; fi
    code=0
    (cd "$folder" && env -u KUBEPROOF_CLIENTS PATH="$place/bin:/usr/bin:/bin" TMPDIR="$folder" bash -c "$line") \
      >"$place/out.txt" 2>&1 </dev/null || code=$?
    if [ "$code" -ne "$expected" ]; then
      tail -20 "$place/out.txt" >&2
      echo "ci/docs/check.sh: $page: \`$line\` exits $code, expected $expected" >&2
      exit 1
    fi
    count=$((count + 1))
  done < <(commands "$page")
done
[ "$count" -ge 20 ] || {
  echo "ci/docs/check.sh: only $count commands were found in the pages" >&2
  exit 1
}
echo "  $count commands of the pages ran as they say"
