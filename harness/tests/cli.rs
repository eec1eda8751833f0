//! The program as a user meets it: exit codes, messages, what goes to which stream.
//!
//! Apart from the library's tests because it runs the binary itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SCENARIO: &str = "scenario: s
description: d
provider: aws
cluster:
  kubernetes_version: \"1.34\"
  node_groups:
    - name: workers
      instance_type: t3.medium
      count: 2
";

fn kubeproof(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubeproof"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("COLUMNS", "100");
    for variable in [
        "KUBEPROOF_LIVE_ACCOUNT",
        "KUBEPROOF_LIVE_BUDGET_USD",
        "KUBEPROOF_OWNER",
    ] {
        command.env_remove(variable);
    }
    command.output().expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// A scenario file that must be refused, nothing run, with these words said.
#[track_caller]
fn refused(content: &[u8], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), content).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains(expected), "expected `{expected}` in:\n{said}");
    assert!(said.contains("nothing was run"), "{said}");
    assert_eq!(stdout(&output), "");
    assert!(
        !folder.path().join("kubeproof-runs").exists(),
        "a run directory was made"
    );
}

#[track_caller]
fn refused_change(from: &str, to: &str, expected: &str) {
    assert!(SCENARIO.contains(from), "{from}");
    refused(SCENARIO.replace(from, to).as_bytes(), expected);
}

#[test]
fn files_that_are_no_scenarios_are_refused() {
    refused(b"", "s.yaml: is empty");
    refused(b" \n\n", "s.yaml: is empty");
    refused(b"a\0b", "NUL");
    refused(&[0xff, 0xfe, 0x00], "is not text");
    refused(&vec![b'a'; (1 << 20) + 1], "1 MiB");
    refused(b"- a\n- b\n", "s.yaml:1:1: expected `key: value` lines");
}

#[test]
fn a_mistake_is_shown_with_file_line_column_and_what_would_be_right() {
    refused_change(
        "description",
        "descripton",
        "s.yaml:2:1: unknown field `descripton`",
    );
    refused_change("description", "descripton", "did you mean `description`?");
    refused_change(
        "count: 2",
        "count: many",
        "s.yaml:9:14: expected a whole number, found `many`",
    );
    refused_change(
        "count: 2",
        "count: -1",
        "s.yaml:9:14: -1 is not a number of nodes from 1 to 100",
    );
    refused_change(
        "t3.medium",
        "t3.mega",
        "no price is known for instance type `t3.mega`",
    );
    refused_change("      count: 2\n", "", "missing field `count`");
    refused_change(
        "scenario: s",
        "scenario: Two Zones",
        "`Two Zones` is not a name",
    );
    refused_change(
        "provider: aws",
        "provider: awz",
        "there is no provider `awz`; known: aws",
    );
    let cidr = "  vpc_cidr: 10.0.0.1/16\n  node_groups:";
    refused_change("  node_groups:", cidr, "the network is 10.0.0.0/16");
    let zero = "cost:\n  duration_minutes: 0\ncluster:";
    refused_change(
        "cluster:",
        zero,
        "s.yaml:5:3: `duration_minutes: 0` is out of range: 1 to 1440",
    );
    let defect = "provisioner:\n  defect: none-such\ncluster:";
    refused_change("cluster:", defect, "none-such");
    let fault =
        "failures:\n  - name: f\n    faults: [\"ec2:CreateVpc\"]\n    expect: survives\ncluster:";
    refused_change("cluster:", fault, "it has no `=effect`");
}

#[test]
fn all_mistakes_of_all_files_are_shown_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), "").expect("written");
    std::fs::write(folder.path().join("b.yaml"), "provider: aws\n").expect("written");
    let output = kubeproof(folder.path(), &["verify", "."]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2);
    assert!(
        said.contains("a.yaml: is empty") && said.contains("b.yaml:1:1:"),
        "{said}"
    );
    assert!(said.contains("2 problems; nothing was run"), "{said}");
}

#[track_caller]
fn usage(arguments: &[&str], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    let output = kubeproof(folder.path(), arguments);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{arguments:?}: {said}");
    assert!(said.contains(expected), "expected `{expected}` in:\n{said}");
    assert!(
        !folder.path().join("kubeproof-runs").exists(),
        "a run directory was made"
    );
}

#[test]
fn what_cannot_be_run_is_a_usage_error() {
    usage(
        &["verify", "nowhere.yaml"],
        "nowhere.yaml: no such file or folder",
    );
    usage(&["verify"], "scenarios: no such file or folder");
    usage(
        &["verify", "s.yaml", "--provider", "moon"],
        "there is no provider `moon`; known: aws",
    );
    usage(
        &["verify", "s.yaml", "--tier", "kind"],
        "no provider for the tier kind yet",
    );
    usage(&["verify", "s.yaml", "--tier", "live"], "nothing to run");
    usage(
        &["verify", "s.yaml", "--only", "t"],
        "there is no trial `t`; trials: s",
    );
    usage(&["verify", "s.yaml", "--fault", "x"], "`x` is not a fault");
    usage(&["verify", "s.yaml", "--format", "yaml"], "possible values");
    usage(&["frobnicate"], "unrecognized subcommand");
    usage(
        &["schema", "--provider", "moon"],
        "there is no provider `moon`",
    );
}

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
    assert!(
        !folder.path().join("kubeproof-runs").exists(),
        "a run directory was made"
    );
}

#[test]
fn json_goes_to_standard_output_and_words_to_standard_error() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
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

/// A wrong provisioner must be caught: exit 1, with these words in its findings and a replay.
#[track_caller]
fn caught(file: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = testdata("provisioners").join(file);
    let path = path.to_str().expect("a path");
    let output = kubeproof(folder.path(), &["verify", path, "--format", "json", "-q"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let records = document["records"].as_array().expect("records");
    let findings: Vec<_> = records
        .iter()
        .flat_map(|record| record["findings"].as_array().cloned())
        .flatten()
        .collect();
    let text = serde_json::to_string_pretty(&findings).expect("text");
    for word in expected {
        assert!(text.contains(word), "expected `{word}` in:\n{text}");
    }
    for finding in &findings {
        let replay = finding["replay"].as_str().expect("a replay");
        assert!(
            replay.starts_with("kubeproof verify ") && replay.contains("--seed 1"),
            "{replay}"
        );
    }
}

#[test]
fn a_leaked_address_is_named_with_its_price() {
    caught(
        "leaks_elastic_ip.yaml",
        &["O1 orphans", "elastic_ip eipalloc-", "$3.65 a month"],
    );
}

#[test]
fn a_hidden_teardown_error_is_found_by_what_is_left() {
    caught(
        "hides_teardown_error.yaml",
        &[
            "O1 orphans",
            "nat_gateway nat-",
            "$32.85 a month",
            "though teardown reported success",
        ],
    );
}

#[test]
fn a_twin_is_found_even_when_it_is_cleaned_up() {
    caught("twin_vpc_on_retry.yaml", &["O2 twins", "vpc"]);
}

#[test]
fn a_neighbours_vpc_that_is_deleted_is_found() {
    caught("deletes_neighbours_vpc.yaml", &["O6 decoys", "vpc vpc-"]);
}

#[test]
fn a_cluster_that_is_not_ready_is_not_believed() {
    caught("lies_about_ready.yaml", &["O3 truth", "aws."]);
}

#[test]
fn the_well_known_claim_is_corrected_to_the_digit() {
    caught(
        "claims_too_little.yaml",
        &[
            "claims $0.18 an hour",
            "the list price is $0.2876",
            "NAT gateways ($0.0900)",
            "disks ($0.0044)",
        ],
    );
}

#[test]
fn a_listing_that_fails_makes_the_verdict_unknown_and_exit_code_three() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    for fault in [
        "auditor/ec2:DescribeAddresses=reject",
        "auditor/ec2:DescribeAddresses#2=reject",
    ] {
        let arguments = [
            "verify", "s.yaml", "--fault", fault, "--format", "json", "-q",
        ];
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), 3, "{fault}: {}", stderr(&output));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let audit = &document["records"][0]["audit"];
        assert_eq!(audit["verdict"], "unknown", "{audit}");
        assert!(audit["coverage"]["failed"][0].is_string(), "{audit}");
    }
}

#[test]
fn an_estimate_shows_every_line_and_the_total() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
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
fn the_commands_that_only_tell_always_succeed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
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
fn help_names_every_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = kubeproof(folder.path(), &["--help"]);
    let help = stdout(&output);
    for (code, meaning) in kubeproof::exit_code::ALL {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{code} ")));
        assert!(
            line.is_some_and(|line| line.contains(meaning)),
            "{code} {meaning} in:\n{help}"
        );
    }
}
