#!/usr/bin/env bash
# Validates SARIF of a clean run, failing runs, an unknown run and a campaign against the schema of SARIF 2.1.0, which
# Microsoft's package of matchers holds.
#   bash ci/sarif.sh KUBEPROOF
# Installs the schema and a validator from npm where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

program="$(realpath "${1:?usage: ci/sarif.sh KUBEPROOF}")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
tools="$HOME/.cache/kubeproof/sarif"
schema="$tools/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"

if ! command -v node >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq nodejs npm
fi
if ! [ -f "$schema" ] || ! [ -d "$tools/node_modules/ajv-draft-04" ]; then
  mkdir -p "$tools"
  npm install --prefix "$tools" --no-audit --no-fund --silent --legacy-peer-deps --ignore-scripts \
    @microsoft/jest-sarif@1.0.0-beta.0 ajv@8 ajv-draft-04@1 ajv-formats@3
fi

sarif() { # name expected-exit-code arguments…
  local name="$1" expected="$2" status=0
  shift 2
  "$program" "$@" --format sarif >"$folder/$name.sarif" 2>"$folder/$name.log" || status=$?
  if [ "$status" -ne "$expected" ]; then
    tail -5 "$folder/$name.log"
    echo "sarif $name: exit $status, expected $expected" >&2
    exit 1
  fi
}
wrong=harness/testdata/provisioners
sarif clean 0 verify scenarios/lambda/one-a10.yaml --out "$folder/clean" -q
sarif failing 1 verify "$wrong/hides_teardown_error.yaml" "$wrong/leaks_elastic_ip.yaml" --out "$folder/failing" -q
sarif stored 1 report "$folder/failing"
sarif unknown 3 verify scenarios/aws/two-zones.yaml --fault 'auditor/ec2:DescribeAddresses#1*1000=reject' --out "$folder/unknown" -q
sarif campaign 1 faults "$wrong/tags_later.yaml" --effects lost-response,throttle,quota --sample 60 -q
cmp "$folder/failing.sarif" "$folder/stored.sarif"

NODE_PATH="$tools/node_modules" node - "$schema" "$folder" clean failing unknown campaign <<'NODE'
const fs = require("fs");
const Ajv = require("ajv-draft-04");
const [schema, folder, ...names] = process.argv.slice(2);
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
require("ajv-formats")(ajv);
const valid = ajv.compile(JSON.parse(fs.readFileSync(schema, "utf8")));
const read = (name) => JSON.parse(fs.readFileSync(`${folder}/${name}.sarif`, "utf8"));
let failed = 0;
for (const name of names) {
  const document = read(name);
  const count = document.runs[0].results.length;
  const ok = valid(document) && (name === "clean") === (count === 0);
  console.log(`${name}: ${ok ? "valid" : "wrong"}, ${count} results`);
  if (!ok) {
    failed += 1;
    console.log(valid.errors);
  }
}
// What is broken on purpose must be told.
const broken = read("failing");
delete broken.runs[0].results[0].message;
broken.runs[0].results[1].level = "fatal";
if (valid(broken)) {
  failed += 1;
  console.log("a result without a message and with a level that there is not was called valid");
}
console.log(`${names.length + 1 - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
NODE
