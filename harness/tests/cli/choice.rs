//! Which trials `verify` runs and when it stops: `--list`, `--only-failed`, `--fail-fast`; and where its reports go.

use std::path::Path;

use serde_json::Value;

use crate::judge::Judge;
use crate::program::{
    SCENARIO, code, folder_with_scenario, json, kubeproof, nothing_was_made, stderr, stdout,
    testdata,
};

/// A folder with a scenario that passes, and one that leaks an address.
fn one_right_one_wrong() -> tempfile::TempDir {
    let folder = folder_with_scenario();
    let from = testdata("provisioners").join("leaks_elastic_ip.yaml");
    std::fs::copy(from, folder.path().join("a.yaml")).expect("copied");
    folder
}

fn names(document: &Value) -> Vec<(String, String)> {
    let records = document["records"].as_array().expect("records");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let all = records.iter();
    all.map(|it| (text(it, "scenario"), text(it, "verdict")))
        .collect()
}

fn pair(name: &str, verdict: &str) -> (String, String) {
    (name.to_owned(), verdict.to_owned())
}

fn lines(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let output = kubeproof(folder, arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn a_list_has_each_trial_on_a_line_and_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let failures = "failures:\n  - name: slow\n    faults: [\"ec2:CreateVpc#1=throttle\"]\n    expect: survives\n";
    std::fs::write(
        folder.path().join("s.yaml"),
        format!("{SCENARIO}{failures}"),
    )
    .expect("written");
    assert_eq!(
        lines(folder.path(), &["verify", "s.yaml", "--list"]),
        [
            "run      s (rehearsal, s.yaml)",
            "run      s/slow (rehearsal, s.yaml)"
        ]
    );
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--list", "--format", "json"],
    );
    let document = json(&output);
    assert_eq!(Judge::of_output("list").problem(&document), None);
    assert_eq!(document["trials"][1]["part"], "slow");
    assert_eq!(document["trials"][0]["part"], "lifecycle");
    assert_eq!(document["trials"][0]["skipped"], Value::Null);
    nothing_was_made(folder.path());
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--list", "--format", "html"],
    );
    assert_eq!(code(&output), 2);
}

#[test]
fn only_what_did_not_pass_last_time_runs_again() {
    let folder = one_right_one_wrong();
    let again = [
        "verify",
        "a.yaml",
        "s.yaml",
        "--only-failed",
        "--format",
        "json",
    ];
    let output = kubeproof(folder.path(), &again);
    assert_eq!(code(&output), 2, "without records: {}", stderr(&output));
    assert!(
        stderr(&output).contains("without --only-failed first"),
        "{}",
        stderr(&output)
    );
    let first = kubeproof(
        folder.path(),
        &["verify", "a.yaml", "s.yaml", "--format", "json"],
    );
    let expected = [pair("leaks-elastic-ip", "fail"), pair("s", "pass")];
    assert_eq!(names(&json(&first)), expected);
    let output = kubeproof(folder.path(), &again);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(names(&json(&output)), [pair("leaks-elastic-ip", "fail")]);
    // Once it is mended there is nothing to run, which is no pass.
    let right = SCENARIO.replace("scenario: s", "scenario: leaks-elastic-ip");
    std::fs::write(folder.path().join("a.yaml"), right).expect("written");
    let output = kubeproof(folder.path(), &again);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = kubeproof(folder.path(), &again);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("nothing to run"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_first_finding_stops_the_run_and_the_rest_is_unknown_and_never_a_pass() {
    let folder = one_right_one_wrong();
    let arguments = [
        "verify",
        "a.yaml",
        "s.yaml",
        "--fail-fast",
        "--jobs",
        "1",
        "--format",
        "json",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let expected = [pair("leaks-elastic-ip", "fail"), pair("s", "unknown")];
    assert_eq!(names(&json(&output)), expected);
    assert!(
        stderr(&output).contains("1 trials were not run"),
        "{}",
        stderr(&output)
    );
    // Without a finding it changes nothing.
    let arguments = ["verify", "s.yaml", "--fail-fast", "--format", "json"];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(names(&json(&output)), [pair("s", "pass")]);
}

#[test]
fn what_is_inconclusive_exits_as_a_finding_where_that_is_asked_for() {
    let folder = folder_with_scenario();
    let fault = "ec2:CreateVpc#99=throttle";
    for (more, expected) in [
        (&[][..], 3),
        (&["--fail-on", "finding"], 3),
        (&["--fail-on", "unknown"], 1),
    ] {
        let arguments = [&["verify", "s.yaml", "--fault", fault], more].concat();
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), expected, "{more:?}: {}", stderr(&output));
    }
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--fail-on", "never"]);
    assert_eq!(code(&output), 2, "a finding never exits with 0");
}

#[test]
fn one_run_writes_reports_in_several_formats() {
    let folder = folder_with_scenario();
    let arguments = [
        "verify",
        "s.yaml",
        "--report",
        "html=r.html",
        "--report",
        "junit=r.xml",
        "--report",
        "json=r.json",
        "--format",
        "json",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert_eq!(text("r.json"), stdout(&output));
    assert!(text("r.html").starts_with("<!doctype html>"));
    assert!(text("r.xml").contains("<testsuites"));
    let fault = "ec2:CreateVpc#1=throttle";
    let arguments = [
        "faults",
        "s.yaml",
        "--fault",
        fault,
        "--report",
        "json=c.json",
        "--format",
        "json",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(text("c.json"), stdout(&output));
}

#[test]
fn a_report_that_has_no_place_is_refused_before_anything_runs() {
    let folder = folder_with_scenario();
    for (reports, expected) in [
        (&["--report", "html"][..], "write a format and a file"),
        (&["--report", "pdf=x"], "is not a report format"),
        (
            &["--report", "html=no/x.html"],
            "the folder of no/x.html does not exist",
        ),
        (
            &["--report", "html=x", "--report", "json=x"],
            "names x twice",
        ),
    ] {
        let output = kubeproof(folder.path(), &[&["verify", "s.yaml"], reports].concat());
        assert_eq!(code(&output), 2, "{reports:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    nothing_was_made(folder.path());
}
