#!/usr/bin/env bash
# Tests a wheel as its users have it: installed by pip into a fresh environment, and run by uvx; no index is asked.
#   bash ci/wheel/test.sh WHEEL
set -euo pipefail

wheel="$(realpath "${1:?usage: ci/wheel/test.sh WHEEL}")"
cd "$(dirname "$0")/../.."
. ci/clients.sh
tools="$HOME/.cache/kubeproof/wheel-test"
clients_environment "$tools" uv==0.13.9 twine==7.0.0
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
cd "$place"
fail() {
  echo "ci/wheel/test.sh: $*" >&2
  exit 1
}

"$tools/bin/twine" check --strict "$wheel" >twine.txt || {
  cat twine.txt >&2
  fail "the metadata are not as an index wants them"
}
echo "  metadata: as an index wants them"

python3 -m venv fresh
fresh/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps "$wheel"
bare=(env -i "PATH=/usr/bin:/bin")
version="$("${bare[@]}" fresh/bin/kubeproof --version)"
case "$version" in
"kubeproof "[0-9]*) ;;
*) fail "the installed program says $version" ;;
esac
demo="$("${bare[@]}" fresh/bin/kubeproof demo --out demo 2>/dev/null)" || fail "the installed demo does not succeed"
[[ "$demo" == *"✗ O1 orphans"* ]] || fail "the installed demo shows no finding"
# RECORD is right when pip removes all that it has installed.
fresh/bin/pip uninstall --quiet --yes kubeproof
[ ! -e fresh/bin/kubeproof ] || fail "pip leaves the program behind"
echo "  pip: installs $version, its demo shows its finding, and uninstalls it"

demo="$(UV_OFFLINE=1 UV_CACHE_DIR="$place/uv" UV_NO_CONFIG=1 "$tools/bin/uvx" --quiet --python "$(command -v python3)" --from "$wheel" \
  kubeproof demo --out uvx-demo 2>uvx.log)" || {
  cat uvx.log >&2
  fail "uvx does not run the demo"
}
[[ "$demo" == *"✗ O1 orphans"* ]] || fail "uvx shows no finding"
echo "  uvx: runs its demo"
echo "3 passed, 0 failed"
