#!/usr/bin/env bash
# Checks the HTML page in a real browser: makes the pages of a clean run, a failing run and a campaign, then looks at each
# in light and dark, at 1280 and 400 pixels, with and without script, and judges it with axe-core.
#   bash ci/page.sh KUBEPROOF [FOLDER]     FOLDER keeps the pages and the screenshots
# Installs Chromium from Debian's packages, and axe-core and playwright-core from npm, where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

program="$(realpath "${1:?usage: ci/page.sh KUBEPROOF [FOLDER]}")"
folder="${2:-$(mktemp -d)}"
mkdir -p "$folder"
folder="$(realpath "$folder")"
tools="$HOME/.cache/kubeproof/page"

if ! command -v chromium >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu
fi
if ! command -v node >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq nodejs npm
fi
if ! [ -d "$tools/node_modules/axe-core" ] || ! [ -d "$tools/node_modules/playwright-core" ]; then
  mkdir -p "$tools"
  npm install --prefix "$tools" --no-audit --no-fund --silent axe-core@4 playwright-core@1
fi

page() { # name expected-exit-code arguments…: one page, or a failure
  local name="$1" expected="$2" status=0
  shift 2
  (cd "$folder" && "$program" "$@") >"$folder/$name.html" 2>"$folder/$name.log" || status=$?
  if [ "$status" -ne "$expected" ]; then
    tail -5 "$folder/$name.log"
    echo "page $name: exit $status, expected $expected" >&2
    exit 1
  fi
}
root="$PWD"
page clean 0 verify "$root/scenarios/aws/two-zones.yaml" --out "$folder/clean-runs" --format html -q
page failing 1 verify "$root/harness/testdata/provisioners/hides_teardown_error.yaml" \
  "$root/harness/testdata/provisioners/leaks_elastic_ip.yaml" --out "$folder/failing-runs" --format html -q
page stored 1 report "$folder/failing-runs" --format html
page unknown 3 verify "$root/scenarios/aws/two-zones.yaml" --fault 'auditor/ec2:DescribeAddresses#1*1000=reject' \
  --out "$folder/unknown-runs" --format html -q
page campaign 1 faults "$root/harness/testdata/provisioners/tags_later.yaml" --effects lost-response,throttle,quota --sample 60 \
  --format html -q

# The stored run gives the same page as the run itself, calls and all.
cmp "$folder/failing.html" "$folder/stored.html"

NODE_PATH="$tools/node_modules" node ci/page.cjs "$folder" clean failing stored unknown campaign
