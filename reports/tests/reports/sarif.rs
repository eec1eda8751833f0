//! SARIF: results where a forge can show them, and what the schema requires.

use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::record::Record;
use serde_json::Value;

use crate::common::{audit_denied, claims_too_little, hostile, leaks_an_address, records};

fn document(records: &[Record]) -> Value {
    let text = render(Format::Sarif, records, &Style::default());
    serde_json::from_str(&text).expect("JSON")
}

fn lines(document: &Value) -> Vec<(String, u64)> {
    let results = document["runs"][0]["results"].as_array().expect("results");
    let line = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        let file = place["artifactLocation"]["uri"].as_str().expect("a file");
        let line = place["region"]["startLine"].as_u64().expect("a line");
        (file.to_owned(), line)
    };
    results.iter().map(line).collect()
}

#[test]
fn a_sarif_document() {
    let records = [leaks_an_address(), claims_too_little(), audit_denied()];
    insta::assert_snapshot!(render(Format::Sarif, &records, &Style::default()));
}

#[test]
fn a_finding_is_at_the_line_of_its_forced_failure_or_of_the_part_that_it_is_about() {
    let text = "scenario: s\nprovider: p\ncluster:\n  x: 1\nfailures:\n  - name: one\n  - name: \"two\"\ncost:\n  y: 1\n";
    let check = |scenario: &str, mut record: Record, expected: u64| {
        record.scenario = scenario.to_owned();
        record.text = text.into();
        assert_eq!(lines(&document(&[record]))[0].1, expected, "{scenario}");
    };
    check("s", leaks_an_address(), 3);
    check("s", claims_too_little(), 8);
    check("s/one", leaks_an_address(), 6);
    check("s/two", leaks_an_address(), 7);
    check("s/two", audit_denied(), 7);
    // What is not in the file is at its first line, never at a wrong one.
    check("s/three", leaks_an_address(), 1);
    check("s", audit_denied(), 1);
}

#[test]
fn what_is_unknown_is_a_warning_and_a_pass_is_nothing() {
    let results = |records: &[Record]| {
        let document = document(records);
        let all = document["runs"][0]["results"].as_array().cloned();
        all.expect("results")
    };
    let unknown = results(&[audit_denied()]);
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0]["level"], "warning");
    assert_eq!(results(&[crate::common::passing()]), Vec::<Value>::new());
}

#[test]
fn the_same_finding_of_another_run_has_the_same_fingerprint() {
    let of = |record: Record| {
        document(&[record])["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let mut again = leaks_an_address();
    again.audit.orphans[0].id = "eipalloc-0f99".to_owned();
    again.findings[0].message = again.findings[0].message.replace("0d22", "0f99");
    assert_eq!(of(leaks_an_address()), of(again));
    assert_ne!(of(leaks_an_address()), of(claims_too_little()));
}

/// What the schema of SARIF 2.1.0 requires (OASIS, errata 01: `required` of `sarifLog`, `run`, `tool`,
/// `toolComponent`, `reportingDescriptor`, `result`), and what GitHub needs to show a result (a file and a line). `ci/sarif.sh` validates
/// against the schema itself.
#[test]
fn every_required_member_is_there_whatever_the_records_say() {
    for records in [records(), vec![hostile()], Vec::new()] {
        let document = document(&records);
        assert_eq!(document["version"], "2.1.0");
        let run = &document["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "kubeproof");
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        assert!(rules.iter().all(|rule| rule["id"].is_string()));
        for result in run["results"].as_array().expect("results") {
            assert!(
                result["message"]["text"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
            let index = result["ruleIndex"]
                .as_u64()
                .and_then(|it| usize::try_from(it).ok());
            assert_eq!(rules[index.expect("an index")]["id"], result["ruleId"]);
        }
        for (file, line) in lines(&document) {
            assert!(
                line >= 1 && !file.contains([' ', '<', '#', '\\']),
                "{file}:{line}"
            );
        }
    }
}
