//! What the program writes to which stream, what it leaves on disk, and how much a report says.

use crate::program::{
    SCENARIO, code, command, folder_with_scenario, json, kubeproof, nothing_was_made, stderr,
    stdout, testdata,
};

#[test]
fn live_is_refused_until_account_budget_and_confirmation_are_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{SCENARIO}tiers: [live]\n");
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--tier", "live"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    for word in [
        "KUBEPROOF_LIVE_ACCOUNT",
        "KUBEPROOF_LIVE_BUDGET_USD",
        "--yes-spend-money",
    ] {
        assert!(said.contains(word), "{said}");
    }
    nothing_was_made(folder.path());
}

#[test]
fn json_goes_to_standard_output_and_messages_to_standard_error() {
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = json(&output);
    let record = &document["records"][0];
    assert_eq!(record["verdict"], "pass", "{record}");
    assert!(document["matrix"].is_array() && document["criteria"].is_array());
    assert!(
        stderr(&output).contains("records are in"),
        "{}",
        stderr(&output)
    );
    let run = folder
        .path()
        .join("kubeproof-runs")
        .join(record["run_id"].as_str().expect("an id"));
    for file in [
        "record.json",
        "journal.jsonl",
        "kubeproof.log",
        "intent.json",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let again = kubeproof(folder.path(), &["report", "--format", "json"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert_eq!(
        stdout(&again),
        stdout(&output),
        "a report of the records is the same report"
    );
}

#[test]
fn an_estimate_shows_every_line_and_the_total() {
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), &["estimate", "s.yaml"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for word in ["NAT gateway", "0.0900", "0.2876", "expected"] {
        assert!(
            stdout(&output).contains(word),
            "{word} in:\n{}",
            stdout(&output)
        );
    }
}

#[test]
fn the_commands_that_only_print_always_succeed() {
    let folder = folder_with_scenario();
    for arguments in [
        &["doctor"][..],
        &["schema"],
        &["completions", "bash"],
        &["--version"],
        &["help"],
        &["audit", "s.yaml"],
        &["audit", "s.yaml", "--format", "json"],
    ] {
        let output = kubeproof(folder.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        assert!(!stdout(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_last_line_says_the_verdict_and_where_the_records_are() {
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--out", "here"]);
    assert_eq!(
        stderr(&output).lines().last(),
        Some("pass: 1 of 1 trial passed; records are in here")
    );
}

#[test]
fn a_table_of_several_scenarios_shows_the_details_of_what_did_not_pass() {
    let folder = folder_with_scenario();
    let from = testdata("provisioners").join("claims_too_little.yaml");
    std::fs::copy(from, folder.path().join("wrong.yaml")).expect("copied");
    let output = kubeproof(folder.path(), &["verify", "."]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let brief = stdout(&output);
    let place = |text: &str, word: &str| text.find(word).unwrap_or(usize::MAX);
    assert!(brief.starts_with("Matrix"), "{brief}");
    assert!(place(&brief, "Matrix") < place(&brief, "Findings"));
    assert!(!brief.contains("Success criteria"), "{brief}");
    let criteria = kubeproof(folder.path(), &["report", "--criteria"]);
    assert!(stdout(&criteria).contains("Success criteria"));
    let said = stderr(&output);
    let hint = said
        .lines()
        .filter(|line| line.starts_with("`kubeproof explain "));
    assert_eq!(hint.count(), 1, "{said}");
    assert!(brief.contains("replay: kubeproof verify"), "{brief}");
    assert_eq!(brief.matches("\n preflight ").count(), 1, "{brief}");
    assert!(
        brief.contains("Passed, details with --verbose: s ("),
        "{brief}"
    );
    let verbose = stdout(&kubeproof(folder.path(), &["verify", ".", "-v"]));
    assert_eq!(verbose.matches("\n preflight ").count(), 2, "{verbose}");
    let one = stdout(&kubeproof(folder.path(), &["verify", "s.yaml"]));
    assert_eq!(one.matches("\n preflight ").count(), 1, "{one}");
}

#[test]
fn a_report_is_as_wide_as_it_is_asked_to_be() {
    let folder = folder_with_scenario();
    let widest = |columns: &str| {
        let verify = command(folder.path(), &["verify", "s.yaml"])
            .env("COLUMNS", columns)
            .output();
        let text = stdout(&verify.expect("the program starts"));
        // Commands must stay copyable, so they are not wrapped.
        let lines = text.lines().filter(|line| !line.contains("kubeproof "));
        lines.map(|line| line.chars().count()).max().expect("lines")
    };
    let [narrow, wide] = ["90", "160"].map(widest);
    assert!(narrow <= 90, "{narrow}");
    assert!((101..=160).contains(&wide), "{wide}");
}
