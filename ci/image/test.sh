#!/usr/bin/env bash
# Tests an image as its users run it: without network, with a read-only root, as its own user and as any other.
#   bash ci/image/test.sh IMAGE
set -euo pipefail

image="${1:?usage: ci/image/test.sh IMAGE}"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
fail() {
  echo "ci/image/test.sh: $*" >&2
  exit 1
}
run=(docker run --rm --network none --read-only --tmpfs /tmp)

[ "$(docker image inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ] || fail "the image runs as root"
[[ "$("${run[@]}" "$image" --version)" =~ ^kubeproof\ [0-9]+\. ]] || fail "--version says something else"
echo "  --version; the user is not root"
demo="$("${run[@]}" "$image" 2>/dev/null)" || fail "the demo, which runs without a command, does not succeed"
[[ "$demo" == *"✗ O1 orphans"* ]] || fail "the demo shows no finding"
demo="$("${run[@]}" --user 12345:12345 "$image" demo 2>/dev/null)" || fail "the demo needs the image's own user"
[[ "$demo" == *"✗ O1 orphans"* ]] || fail "the demo shows no finding to another user"
echo "  demo shows its finding, also to another user"
"${run[@]}" "$image" verify scenarios/gcp/autopilot.yaml --out /tmp/runs -q >/dev/null || fail "verify does not pass on a scenario of the image"
code=0
"${run[@]}" "$image" verify scenarios/nothing.yaml >/dev/null 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "verify of a file that there is not exits $code, and must exit 2"
echo "  verify passes on a scenario of the image, and exits 2 without one"
# A folder of the user's own, and the records in it.
mkdir "$place/mine"
chmod 777 "$place/mine"
"${run[@]}" --volume "$place/mine:/mine" --workdir /mine "$image" verify /home/kubeproof/scenarios/lambda/filesystem.yaml \
  --format junit -q >"$place/junit.xml" || fail "verify does not pass in a folder of the user's"
grep -q '<testsuites' "$place/junit.xml" || fail "verify writes no JUnit"
[ -d "$place/mine/kubeproof-runs" ] || fail "the records are not in the user's folder"
echo "  verify in a folder of the user's leaves its records there"
echo "4 passed, 0 failed"
