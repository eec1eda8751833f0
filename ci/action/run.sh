#!/usr/bin/env bash
# What the action does: installs the program, verifies, and reports in the ways of the forge. `action.yml` hands over its inputs
# as INPUT_…; the forge sets GITHUB_….
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=install.sh
. "$here/install.sh"
# shellcheck source-path=SCRIPTDIR source=comment.sh
. "$here/comment.sh"
# The forge refuses a summary of more than 1 MiB.
summary_limit=1000000

case "${INPUT_FAIL_ON:=unknown}" in
unknown | finding | never) ;;
*)
  echo "::error::fail-on is '$INPUT_FAIL_ON', and must be unknown, finding or never" >&2
  exit 2
  ;;
esac

place="$(mktemp -d "${RUNNER_TEMP:-/tmp}/kubeproof-XXXXXX")"
reports="$place/reports"
mkdir "$reports"
program="${INPUT_PROGRAM:-}"
if [ -z "$program" ]; then
  mkdir "$place/program"
  install_release "$place/program"
  program="$place/program/kubeproof"
fi
"$program" --version

arguments=(--tier "${INPUT_TIER:-rehearsal}")
while read -r path; do
  [ -z "$path" ] || arguments+=("$path")
done <<<"${INPUT_PATHS:-scenarios}"
providers="${INPUT_PROVIDERS:-}"
for provider in ${providers//,/ }; do arguments+=(--provider "$provider"); done

# What is printed quotes programs under test: the forge must not read commands in it.
token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
echo "::stop-commands::$token"
code=0
"$program" verify "${arguments[@]}" --out "$reports/runs" --format table || code=$?
echo "::$token::"
if [ "$code" -eq 2 ] || [ "$code" -gt 3 ]; then
  # Nothing was run, or it was ended: there is no report.
  echo "exit-code=$code" >>"$GITHUB_OUTPUT"
  echo "::error::kubeproof verify ended with exit code $code (2: usage or scenario error, 70: internal error)"
  exit "$code"
fi

# The exit code of `report` is that of the run; another one means that there is no report.
report() {
  local status=0
  "$program" report "$reports/runs" --format "$1" -q >"$reports/$2" || status=$?
  if [ "$status" -ne "$code" ]; then
    echo "::error::kubeproof report --format $1 exits $status, and verify has exited $code"
    exit 70
  fi
}
report html report.html
report junit junit.xml
report sarif kubeproof.sarif
report markdown report.md
report json report.json

verdict="$(jq -r .verdict "$reports/report.json")"
case "$code" in
0) heading="✓ kubeproof: everything requested passed" ;;
1) heading="✗ kubeproof: findings" ;;
*) heading="? kubeproof: inconclusive, which is not a pass" ;;
esac
{
  echo "verdict=$verdict"
  echo "exit-code=$code"
  echo "reports=$reports"
  echo "sarif=$reports/kubeproof.sarif"
} >>"$GITHUB_OUTPUT"

if [ "$(wc -c <"$reports/report.md")" -le "$summary_limit" ]; then
  cat "$reports/report.md" >>"$GITHUB_STEP_SUMMARY"
else
  # Bytes, cut at the end of a line.
  head -c "$summary_limit" "$reports/report.md" | sed '$d' >>"$GITHUB_STEP_SUMMARY"
  printf '\n*Cut here: the whole report is in the artefact.*\n' >>"$GITHUB_STEP_SUMMARY"
fi
case "${GITHUB_EVENT_NAME:-}" in
pull_request | pull_request_target)
  if [ "${INPUT_COMMENT:-true}" = true ]; then comment "$heading" "$reports/report.json" "$reports/report.md"; fi
  ;;
esac

case "$INPUT_FAIL_ON/$code" in
never/* | */0) exit 0 ;;
finding/3)
  echo "::warning::inconclusive: something could not be determined, which is not a pass"
  exit 0
  ;;
*)
  echo "::error::$heading (see the summary)"
  exit "$code"
  ;;
esac
