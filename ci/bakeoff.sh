#!/usr/bin/env bash
# bakeoff.sh KUBEPROOF: the audit's corpus (harness/testdata/leaks) against aws-janitor and Cloud Custodian, both dry, on one
# simulated account. Run by hand; it installs both at fixed versions and prints a table.
set -euo pipefail
kubeproof="$(realpath "${1:?the kubeproof program}")"
cd "$(dirname "$0")/.."
place="$HOME/.cache/kubeproof/bakeoff"
boskos=v0.0.0-20250908171729-5e4ab7284e90
packages=(c7n==0.9.53 pyyaml)
if [ ! -x "$place/bin/aws-janitor" ]; then
  GOBIN="$place/bin" go install "sigs.k8s.io/boskos/cmd/aws-janitor@$boskos"
fi
if [ ! -x "$place/venv/bin/custodian" ]; then
  python3 -m venv "$place/venv"
  "$place/venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
fi
exec "$place/venv/bin/python" ci/bakeoff.py "$kubeproof" "$place/bin/aws-janitor" "$place/venv/bin/custodian"
