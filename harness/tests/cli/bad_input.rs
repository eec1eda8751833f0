//! Invalid scenario files and command lines: refused with a location and a correction.
//!
//! Nothing may be started, and standard output must be empty.

use std::path::Path;

use crate::program::{
    SCENARIO, code, folder_with_scenario, kubeproof, nothing_was_made, stderr, stdout, testdata,
};

/// A scenario file is refused with a message that contains `expected`, and nothing is run.
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
    nothing_was_made(folder.path());
}

#[track_caller]
fn refused_change(from: &str, to: &str, expected: &str) {
    assert!(SCENARIO.contains(from), "{from}");
    refused(SCENARIO.replace(from, to).as_bytes(), expected);
}

#[test]
fn files_that_are_not_scenarios_are_refused() {
    refused(b"", "s.yaml: is empty");
    refused(b" \n\n", "s.yaml: is empty");
    refused(b"a\0b", "NUL");
    refused(&[0xff, 0xfe, 0x00], "is not text");
    refused(&vec![b'a'; (1 << 20) + 1], "1 MiB");
    refused(b"- a\n- b\n", "s.yaml:1:1: expected `key: value` lines");
}

#[test]
fn a_mistake_is_shown_with_file_line_column_and_a_correction() {
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
        "unknown instance type `t3.mega`; known: t3.2xlarge",
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
        "unknown provider `awz` (expected one of aws, gcp, azure, huggingface, lambda, kind)",
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
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), arguments);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{arguments:?}: {said}");
    assert!(said.contains(expected), "expected `{expected}` in:\n{said}");
    nothing_was_made(folder.path());
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
        "unknown provider `moon` (expected one of aws",
    );
    usage(
        &["verify", "s.yaml", "--tier", "kind"],
        "does not name the tier kind (tiers: rehearsal)",
    );
    usage(&["verify", "s.yaml", "--tier", "live"], "nothing to run");
    usage(
        &["verify", "s.yaml", "--only", "t"],
        "unknown trial `t` (expected one of s)",
    );
    usage(&["verify", "s.yaml", "--fault", "x"], "`x` is not a fault");
    usage(&["verify", "s.yaml", "--format", "yaml"], "possible values");
    usage(&["frobnicate"], "unrecognized subcommand");
    usage(&["schema", "--provider", "moon"], "unknown provider `moon`");
}

/// The bad scenario file of this name is refused with the reviewed message.
#[track_caller]
fn refused_as_reviewed(name: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("{name}.yaml");
    let from = testdata("bad").join(&file);
    std::fs::copy(from, folder.path().join(&file)).expect("copied");
    said_as_reviewed(folder.path(), name, &["verify", &file]);
}

/// A usage error with the reviewed message; standard output is empty, and nothing was made.
#[track_caller]
fn said_as_reviewed(folder: &Path, name: &str, arguments: &[&str]) {
    let output = kubeproof(folder, arguments);
    assert_eq!(code(&output), 2, "{name}: {}", stderr(&output));
    assert_eq!(stdout(&output), "", "{name}");
    nothing_was_made(folder);
    insta::assert_snapshot!(format!("bad__{name}"), stderr(&output));
}

#[test]
fn every_bad_scenario_file_is_refused_with_a_reviewed_message() {
    for name in [
        "unknown_key",
        "wrong_type",
        "impossible_cidr",
        "unknown_instance_type",
        "negative_count",
        "unknown_provider",
        "fault_without_effect",
        "empty",
        "binary",
    ] {
        refused_as_reviewed(name);
    }
}

#[test]
fn every_bad_command_line_is_refused_with_a_reviewed_message() {
    let folder = folder_with_scenario();
    std::fs::create_dir(folder.path().join("none")).expect("a folder");
    for (name, arguments) in [
        ("folder_without_scenarios", &["verify", "none"][..]),
        ("missing_path", &["verify", "nowhere.yaml"]),
        (
            "provider_option",
            &["verify", "s.yaml", "--provider", "moon"],
        ),
        (
            "fault_option",
            &["verify", "s.yaml", "--fault", "ec2:CreateVpc"],
        ),
        (
            "fault_effect",
            &["verify", "s.yaml", "--fault", "ec2:CreateVpc=explode"],
        ),
        (
            "only_unknown",
            &[
                "verify",
                "s.yaml",
                "--only",
                "t",
                "--fault",
                "ec2:CreateVpc=reject",
            ],
        ),
    ] {
        said_as_reviewed(folder.path(), name, arguments);
    }
}
