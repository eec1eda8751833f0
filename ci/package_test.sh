#!/usr/bin/env bash
# Tests an archive as its users have it: unpacked in a folder of its own, without a checkout, cargo, network or environment.
#   bash ci/package_test.sh ARCHIVE
# The program runs in a root that holds the unpacked archive, a folder for temporary files and the libraries that it is linked
# with, if any: what it reads of the machine besides cannot be there. Needs unshare (util-linux), as root or with user namespaces.
# On a machine that is not Linux only the folder and the environment are bare, and that is said.
set -euo pipefail

archive="$(realpath "${1:?usage: ci/package_test.sh ARCHIVE}")"
here="$(realpath "$(dirname "$0")")"
name="$(basename "$archive" .tar.gz)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
passed=0
fail() {
  echo "ci/package_test.sh: $*" >&2
  exit 1
}
pass() {
  passed=$((passed + 1))
  echo "  $*"
}

sum=(sha256sum)
command -v sha256sum >/dev/null 2>&1 || sum=(shasum -a 256)
(cd "$(dirname "$archive")" && "${sum[@]}" --check "$name.tar.gz.sha256" >/dev/null) || fail "the checksum is not that of the archive"
tar --extract --gzip --file "$archive" --directory "$place"
root="$place/$name"
for path in LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md scenarios/README.md completions/kubeproof.bash completions/_kubeproof \
  completions/kubeproof.fish man/man1/kubeproof.1 man/man1/kubeproof-verify.1; do
  [ -s "$root/$path" ] || fail "$path is missing or empty"
done
bash -n "$root/completions/kubeproof.bash"
pass "checksum; licences, README, scenarios, completions and manual pages are there"

# A folder that is neither tracked nor meant for users must not be in it.
if find "$root" \( -name .terraform -o -name .env -o -name '*.tfstate' -o -name kubeproof-runs \) | grep .; then
  fail "files of somebody's runs are in the archive"
fi
pass "no state, cache or secret of a run"

mkdir -p "$root/tmp"
scenarios=/scenarios
runs=/tmp
if [ "$(uname -s)" = Linux ]; then
  bash "$here/libraries.sh" "$root/kubeproof" "$root"
  confined=(unshare --net --root="$root" --wd=/)
  [ "$(id -u)" = 0 ] || confined=(unshare --map-root-user --net --root="$root" --wd=/)
  inside() { env -i "${confined[@]}" /kubeproof "$@"; }
else
  echo "  without unshare: only the folder and the environment are bare"
  scenarios="$root/scenarios"
  runs="$root/tmp"
  inside() { (cd "$root/tmp" && env -i TMPDIR="$root/tmp" "$root/kubeproof" "$@"); }
fi

[[ "$(inside --version)" =~ ^kubeproof\ [0-9]+\.[0-9]+ ]] || fail "--version says something else"
cmp -s <(inside completions bash) "$root/completions/kubeproof.bash" || fail "completions differ from those of the archive"
pass "--version, completions"

# Held to the processor's time: the real one hangs on what else the machine does, and is told.
TIMEFORMAT='%R %U'
took="$({ time inside demo --out "$runs/demo" >"$place/demo.txt" 2>"$place/demo.log"; } 2>&1)" || {
  cat "$place/demo.txt" "$place/demo.log"
  fail "demo does not succeed"
}
grep -q '✗ O1 orphans' "$place/demo.txt" || fail "demo shows no finding"
read -r real processor <<<"$took"
[ "${processor%%.*}" -lt 10 ] || fail "demo took $processor s of a processor; it has 10"
pass "demo shows its finding after $real s ($processor s of a processor)"

inside verify "$scenarios/aws/two-zones.yaml" --out "$runs/runs" --format json -q >"$place/verify.json" || fail "verify does not pass"
grep -q '"verdict": "pass"' "$place/verify.json" || fail "verify does not say pass"
# The replay of the demo's finding: verify can fail.
code=0
inside verify "$runs/demo/forgets-an-address.yaml" --out "$runs/wrong" -q >/dev/null 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "verify of a provisioner that leaves an address exits $code, and must exit 1"
pass "verify passes on a scenario of the archive, and finds what the demo's provisioner leaves (exit 1)"
[[ "$(inside report "$runs/runs" --format html -q)" == *"</html>"* ]] || fail "report writes no page"
pass "report writes the page of that run"
echo "$passed passed, 0 failed"
