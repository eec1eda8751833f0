#!/usr/bin/env bash
# Tests the action as a forge calls it: with its variables, an event, and a forge on loopback that has a release and comments.
#   bash ci/action/test.sh ARCHIVE
# ARCHIVE is a release for this machine, whatever its name says. Needs jq, curl and python3; checks the action's file and the
# examples against the schemas of their forges, which a Python package holds.
set -euo pipefail

archive="$(realpath "${1:?usage: ci/action/test.sh ARCHIVE}")"
cd "$(dirname "$0")/../.."
root="$PWD"
. ci/clients.sh
tools="$HOME/.cache/kubeproof/schemas"
clients_environment "$tools" check-jsonschema==0.39.0
place="$(mktemp -d)"
forge=""
finish() {
  [ -z "$forge" ] || kill "$forge" 2>/dev/null || true
  rm -rf "$place"
}
trap finish EXIT
passed=0
fail() {
  [ ! -f "$place/log.txt" ] || tail -40 "$place/log.txt" >&2
  echo "ci/action/test.sh: $*" >&2
  exit 1
}
pass() {
  passed=$((passed + 1))
  echo "  $*"
}

"$tools/bin/check-jsonschema" --builtin-schema vendor.github-actions ci/action/action.yml >"$place/schema.txt" || fail "$(cat "$place/schema.txt")"
sed '/^runs:/,$d' ci/action/action.yml >"$place/broken.yml"
if "$tools/bin/check-jsonschema" --builtin-schema vendor.github-actions "$place/broken.yml" >/dev/null; then
  fail "the schema calls an action right that does not run"
fi
"$tools/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci ci/gitlab-example.yml >"$place/schema.txt" || fail "$(cat "$place/schema.txt")"
# Each input is handed over, under the name that the script reads.
while read -r input; do
  grep -q "inputs\.$input\b" ci/action/action.yml || fail "the input $input is not used"
done < <(sed -n '/^inputs:/,/^outputs:/s/^  \([a-z0-9-]*\):$/\1/p' ci/action/action.yml)
pass "action.yml and the GitLab example are as their schemas say"

# A release, under the name that it has for this machine.
# shellcheck source=ci/action/install.sh
. ci/action/install.sh
version="$(basename "$archive" | sed -E 's/^kubeproof-([0-9]+\.[0-9]+\.[0-9]+[^-]*)-.*/\1/')"
name="kubeproof-$version-$(release_target)"
mkdir -p "$place/releases" "$place/unpacked" "$place/checkout"
tar --extract --gzip --file "$archive" --directory "$place/unpacked"
mv "$place/unpacked"/* "$place/unpacked/$name"
tar --create --gzip --file "$place/releases/$name.tar.gz" --directory "$place/unpacked" "$name"
(cd "$place/releases" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "v$version" >"$place/releases/latest"
program="$place/unpacked/$name/kubeproof"
echo '[]' >"$place/comments.json"
python3 ci/action/forge.py "$place/releases" "$place/port" "$place/comments.json" &
forge=$!
for _ in $(seq 100); do
  [ -s "$place/port" ] && break
  sleep 0.1
done
server="http://127.0.0.1:$(cat "$place/port")"

# A repository with a scenario that passes and one that does not.
cp -R "$root/scenarios" "$place/checkout/scenarios"
cp "$root/harness/testdata/provisioners/leaks_elastic_ip.yaml" "$place/checkout/scenarios/leaks.yaml"
echo '{"pull_request": {"number": 7}}' >"$place/event.json"

# action CODE VARIABLE=VALUE…: runs the action; its exit code must be CODE.
action() {
  local expected="$1" code=0
  shift
  : >"$place/output.txt" && : >"$place/summary.md"
  (cd "$place/checkout" && env -i PATH="$PATH" HOME="$HOME" RUNNER_TEMP="$place" GITHUB_ACTIONS=true GITHUB_SERVER_URL="$server" \
    GITHUB_API_URL="$server" GITHUB_REPOSITORY=owner/name GITHUB_RUN_ID=42 GITHUB_WORKFLOW=ci GITHUB_JOB=verify \
    GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH="$place/event.json" GITHUB_OUTPUT="$place/output.txt" \
    GITHUB_STEP_SUMMARY="$place/summary.md" ACTION_REPOSITORY=kubeproof/kubeproof ACTION_REF=main INPUT_TOKEN=may-write \
    INPUT_COMMENT_AUTHOR='github-actions[bot]' INPUT_PROGRAM="$program" INPUT_PATHS=scenarios/lambda/filesystem.yaml "$@" \
    bash "$root/ci/action/run.sh") >"$place/log.txt" 2>&1 || code=$?
  [ "$code" -eq "$expected" ] || fail "$*: exit $code, expected $expected"
}
comments() { jq "$1" "$place/comments.json"; }
output() { sed -n "s/^$1=//p" "$place/output.txt"; }

action 0 INPUT_PROGRAM= INPUT_VERSION="$version" GITHUB_EVENT_NAME=push
[ "$(output verdict)" = pass ] || fail "the verdict is $(output verdict)"
[ "$(comments length)" = 0 ] || fail "a push has a comment"
grep -q 'Lambda Cloud: filesystem' "$place/summary.md" || fail "the matrix is not in the summary"
for file in report.html junit.xml kubeproof.sarif report.md report.json; do
  [ -s "$(output reports)/$file" ] || fail "$file is missing"
done
pass "installs a named version, verifies, writes summary, HTML, JUnit, SARIF; a push has no comment"
action 0 INPUT_PROGRAM= ACTION_REF="v$version" INPUT_SHA256="$(cut -d ' ' -f 1 "$place/releases/$name.tar.gz.sha256")" GITHUB_EVENT_NAME=push
action 0 INPUT_PROGRAM= GITHUB_EVENT_NAME=push
pass "installs the version of its own tag with a pinned checksum, and the latest release"
action 1 INPUT_PROGRAM= INPUT_VERSION="$version" INPUT_SHA256=0000
grep -q 'nothing was run' "$place/log.txt" || fail "a wrong checksum is not told"
[ ! -s "$place/output.txt" ] || fail "a program with a wrong checksum was run"
action 1 INPUT_PROGRAM= INPUT_VERSION=9.9.9
action 1 INPUT_PROGRAM= INPUT_VERSION='../1'
pass "refuses a wrong checksum, a release that there is not, and a version that is none"

# A hundred comments of others are before ours, one of which copies the marker.
jq -n '[range(100) | {id: ., body: "<!-- kubeproof: ci / verify -->", user: {login: "somebody"}}]' >"$place/comments.json"
action 0
[ "$(comments length)" = 101 ] || fail "the pull request has $(comments length) comments"
grep -q 'everything requested passed' <<<"$(comments '.[100].body')" || fail "the comment does not say that it passed"
action 1 INPUT_PATHS=$'scenarios/leaks.yaml\nscenarios/lambda/filesystem.yaml'
[ "$(comments length)" = 101 ] || fail "the second run writes a comment of its own"
[ "$(comments '.[100].writes')" = 2 ] || fail "the comment is not updated"
[ "$(comments '[.[0:100][] | select(.writes)] | length')" = 0 ] || fail "a comment of somebody else is written"
grep -q '\*\*O1 orphans\*\* in leaks-elastic-ip' <<<"$(comments '.[100].body')" || fail "the comment does not name the finding"
[ "$(output verdict)" = fail ] || fail "the verdict is $(output verdict)"
uri="$(jq -r '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri' "$(output sarif)")"
[ "$uri" = scenarios/leaks.yaml ] || fail "SARIF places the finding in $uri, which is no path of the repository"
pass "comments once and updates its comment, on the second page; a finding is named, and fails the job"

action 1 INPUT_PATHS=scenarios/leaks.yaml KUBEPROOF_COMMENT_LIMIT=6000
body="$(comments '.[100].body')"
[ "$(comments '.[100].body | length')" -le 6000 ] || fail "the comment has $(comments '.[100].body | length') characters"
grep -q 'Cut here' <<<"$body" || fail "a comment that was cut does not say so"
grep -q '</details>.*actions/runs/42' <<<"$body" || fail "a comment that was cut does not end as others"
# A report that is longer than a forge takes: the same one ten times.
cat >"$place/long.sh" <<'PROGRAM'
#!/usr/bin/env bash
code=0
times=1
[[ "$*" != *"--format markdown"* ]] || times=10
for _ in $(seq "$times"); do "$PROGRAM_UNDER_IT" "$@" || code=$?; done
exit "$code"
PROGRAM
chmod +x "$place/long.sh"
action 1 INPUT_PATHS=scenarios/leaks.yaml INPUT_PROGRAM="$place/long.sh" PROGRAM_UNDER_IT="$program"
[ "$(wc -m <"$(output reports)/report.md")" -gt 65536 ] || fail "the report is too short to be cut"
[ "$(comments '.[100].body | length')" -le 65536 ] || fail "the comment is longer than a forge takes"
pass "cuts a comment to what a forge takes, and says so"

action 0 INPUT_PATHS=scenarios/leaks.yaml INPUT_FAIL_ON=never
cat >"$place/unknown.sh" <<'PROGRAM'
#!/usr/bin/env bash
# Verifies with an observer that is refused, so that the run is inconclusive.
if [ "$1" = verify ]; then exec "$PROGRAM_UNDER_IT" "$@" --fault 'auditor/lambda:ListInstances#1*1000=reject'; fi
exec "$PROGRAM_UNDER_IT" "$@"
PROGRAM
chmod +x "$place/unknown.sh"
unknown=(INPUT_PROGRAM="$place/unknown.sh" PROGRAM_UNDER_IT="$program")
action 3 "${unknown[@]}"
grep -q 'inconclusive, which is not a pass' <<<"$(comments '.[100].body')" || fail "an inconclusive run is not called so"
action 0 "${unknown[@]}" INPUT_FAIL_ON=finding
action 1 INPUT_PATHS=scenarios/leaks.yaml INPUT_FAIL_ON=finding
action 2 INPUT_FAIL_ON=sometimes
action 2 INPUT_FAIL_ON=never INPUT_PATHS=scenarios/nothing.yaml
pass "fails on findings and on what is unknown, unless fail-on says otherwise; a usage error always fails"

action 0 INPUT_TOKEN=read-only
grep -q '::warning::no comment on pull request 7: Resource not accessible' "$place/log.txt" || fail "a comment that was refused is not told"
action 0 INPUT_COMMENT=false INPUT_TOKEN=
grep -q '::warning::' "$place/log.txt" && fail "a comment that was not asked for is tried"
grep -q may-write "$place/log.txt" && fail "the token is in the log"
pass "a token that may not comment is a warning; without the input no comment is tried"
echo "$passed passed, 0 failed"
