//! What a scenario allows: shown with its reason in every format, no failure until its last day, and nothing else is
//! covered by it.

use std::path::Path;

use serde_json::Value;

use crate::program::{code, json, kubeproof, stderr, stdout, testdata};

const FILE: &str = "s.yaml";

/// A folder with a wrong provisioner whose scenario has these entries.
fn folder_with(file: &str, allow: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(testdata("provisioners").join(file)).expect("text");
    std::fs::write(folder.path().join(FILE), format!("{text}\n{allow}\n")).expect("written");
    folder
}

/// A wrong provisioner that leaves one resource behind, and does nothing else wrong.
const LEAKS: &str = "azure_forgets_assignments.yaml";

/// What `verify` says: its exit code, its document, and what it says to people.
fn verify(folder: &Path) -> (i32, Value, String) {
    let arguments = ["verify", FILE, "--no-bystander", "--format", "json"];
    let output = kubeproof(folder, &arguments);
    (code(&output), json(&output), stderr(&output))
}

fn id_of_leak() -> String {
    let folder = folder_with(LEAKS, "");
    let (code, document, said) = verify(folder.path());
    assert_eq!(code, 1, "{said}");
    let findings = document["records"][0]["findings"].as_array().cloned();
    let findings = findings.expect("findings");
    let leak = findings.iter().find(|it| it["oracle"] == "O1 orphans");
    let id = leak.and_then(|it| it["id"].as_str()).map(str::to_owned);
    id.unwrap_or_else(|| panic!("no leak in {findings:?}"))
}

#[track_caller]
fn allowed(entry: &str) -> (tempfile::TempDir, Value) {
    let folder = folder_with(LEAKS, entry);
    let (code, document, said) = verify(folder.path());
    assert_eq!(code, 0, "{entry}: {said}\n{}", document["records"][0]);
    assert!(!said.contains("matched nothing"), "{said}");
    let record = document["records"][0].clone();
    assert_eq!(record["findings"], serde_json::json!([]));
    assert_eq!(record["verdict"], "pass");
    assert_eq!(
        record["allowed"].as_array().map(Vec::len),
        Some(1),
        "{record}"
    );
    (folder, record)
}

#[test]
fn a_leak_of_an_allowed_type_passes_and_is_shown_with_its_reason_everywhere() {
    let (folder, record) = allowed(
        "allow:\n  - type: role_assignment\n    reason: ticket 17, the address is shared\n    until: 2999-01-31",
    );
    let permission = &record["allowed"][0]["permission"];
    assert_eq!(permission["by"], "type role_assignment");
    assert_eq!(permission["until"], "2999-01-31");
    let id = record["allowed"][0]["finding"]["id"]
        .as_str()
        .expect("an id");
    for format in ["table", "markdown", "json", "junit", "html", "sarif"] {
        let shown = stdout(&kubeproof(folder.path(), &["report", "--format", format]));
        let plain: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["ticket 17, the address is shared", "2999-01-31", id] {
            assert!(
                plain.contains(words),
                "{format} does not show `{words}`:\n{shown}"
            );
        }
    }
    // A leak that is accepted is a leak: no criterion calls it a clean teardown.
    let shown = stdout(&kubeproof(
        folder.path(),
        &["report", "--criteria", "--format", "markdown"],
    ));
    assert!(shown.contains("which the scenario allows"), "{shown}");
}

#[test]
fn a_leak_is_allowed_by_the_id_of_its_finding() {
    let id = id_of_leak();
    let (_folder, record) = allowed(&format!("allow: [{{finding: {id}, reason: known}}]"));
    assert_eq!(record["allowed"][0]["finding"]["id"], id.as_str());
}

#[test]
fn an_entry_that_is_over_fails_with_its_reason_and_its_day() {
    let entry = "allow: [{type: role_assignment, reason: ticket 17, until: 2020-01-31}]";
    let folder = folder_with(LEAKS, entry);
    let (code, document, said) = verify(folder.path());
    assert_eq!(code, 1, "{said}");
    let found = document["records"][0]["findings"].to_string();
    let words =
        "the scenario allowed it (type role_assignment: ticket 17) until 2020-01-31, which is over";
    assert!(found.contains(words), "{found}");
    assert!(!said.contains("matched nothing"), "{said}");
}

#[test]
fn another_type_covers_nothing_and_is_told() {
    let entry = "allow: [{type: vpc, reason: known}]";
    let folder = folder_with(LEAKS, entry);
    let (code, document, said) = verify(folder.path());
    assert_eq!(code, 1, "{said}");
    assert_eq!(document["records"][0].get("allowed"), None);
    assert!(
        said.contains("warning: s.yaml: `allow` of type vpc matched nothing"),
        "{said}"
    );
}

#[test]
fn harm_to_others_is_not_covered_by_the_type_of_what_was_harmed() {
    let entry = "allow: [{type: vpc, reason: known}]";
    let folder = folder_with("deletes_neighbours_vpc.yaml", entry);
    let (code, document, said) = verify(folder.path());
    assert_eq!(code, 1, "{said}");
    let found = document["records"][0]["findings"].to_string();
    assert!(found.contains("O6 bystanders"), "{found}");
}

#[test]
fn a_campaign_shows_what_is_allowed_and_finds_nothing() {
    let entry = "allow: [{type: role_assignment, reason: known, until: 2999-01-31}]";
    let folder = folder_with(LEAKS, entry);
    let arguments = [
        "faults",
        FILE,
        "--no-bystander",
        "--sample",
        "1",
        "--format",
        "json",
    ];
    let output = kubeproof(folder.path(), &arguments);
    let document = json(&output);
    // One lifecycle of many is no pass.
    assert_eq!(code(&output), 3, "{}\n{document:#}", stderr(&output));
    assert_eq!(document["findings"], serde_json::json!([]));
    let allowed = document["allowed"].to_string();
    assert!(
        allowed.contains("until 2999-01-31 (type role_assignment): known"),
        "{allowed}"
    );
}

#[test]
fn an_entry_needs_a_reason_and_one_subject() {
    let check = |entry: &str, expected: &str| {
        let folder = folder_with(LEAKS, &format!("allow: [{entry}]"));
        let output = kubeproof(folder.path(), &["verify", FILE]);
        assert_eq!(code(&output), 2, "{entry}");
        let said = stderr(&output);
        assert!(said.contains(expected), "{entry}: {said}");
    };
    check("{type: role_assignment}", "reason");
    check("{type: role_assignment, reason: ' '}", "`reason` is empty");
    check("{reason: r}", "either `type` or `finding`");
    check(
        "{type: role_assignment, finding: F-0123456789, reason: r}",
        "either `type` or `finding`",
    );
    check(
        "{finding: F-1, reason: r}",
        "`F-1` is not the id of a finding",
    );
    check("{type: vpc, reason: r, until: soon}", "soon");
}
