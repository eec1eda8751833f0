#!/usr/bin/env bash
# Writes the bill of materials of the program for a target: every crate that is compiled into it, as CycloneDX JSON.
#   bash ci/sbom.sh TARGET FILE
# Installs cargo-cyclonedx by cargo where it is missing.
set -euo pipefail

usage="usage: ci/sbom.sh TARGET FILE"
target="${1:?$usage}"
file="${2:?$usage}"
mkdir -p "$(dirname "$file")"
file="$(realpath "$file")"
cd "$(dirname "$0")/.."
if ! [ -x "$HOME/.cache/kubeproof/bin/cargo-cyclonedx" ]; then
  # A folder of its own, so that our dependencies are not built again with other features.
  CARGO_TARGET_DIR="$(mktemp -d)" cargo install --debug --quiet --locked --root "$HOME/.cache/kubeproof" cargo-cyclonedx@0.5.9
fi
name="kubeproof-bill-of-materials-$$"
# It writes beside the manifest of each package of the workspace; only the program's is kept.
trap 'find . -path ./target -prune -o -name "$name.json" -exec rm {} +' EXIT
# With this variable the time and the random serial number are left out: the same commit gives the same file.
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" PATH="$HOME/.cache/kubeproof/bin:$PATH" \
  cargo cyclonedx --manifest-path harness/Cargo.toml --format json --spec-version 1.5 --target "$target" \
  --no-build-deps --override-filename "$name" --quiet
cp "harness/$name.json" "$file"
python3 - "$file" <<'PYTHON'
import json, os, pathlib, sys

file = pathlib.Path(sys.argv[1])
# Our own crates by their places in the repository, not on this machine.
text = file.read_text().replace(f"file://{os.getcwd()}/", "file:///")
file.write_text(text)
document = json.loads(text)
components = {component["name"] for component in document["components"]}
program = document["metadata"]["component"]["name"]
absent = {"kubeproof-contract", "tokio", "rustls", "ring", "clap"} - components
if document["bomFormat"] != "CycloneDX" or program != "kubeproof" or absent:
    sys.exit(f"ci/sbom.sh: a bill of {program} without {sorted(absent)}")
if os.getcwd() in text:
    sys.exit("ci/sbom.sh: the bill names a path of this machine")
# What only tests use is not in the program.
if "insta" in components:
    sys.exit("ci/sbom.sh: the bill names what only tests use")
print(f"  bill of materials: {program} and {len(components)} crates")
PYTHON
