//! What commands print with `--format json`, judged against their published schemas by an independent validator.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::attest::{change, with_run};
use crate::judge::Judge;
use crate::program::{
    code, folder_with_scenario, json as parsed, kubeproof, stderr, stdout, testdata,
};

/// The exit code that goes with a verdict.
pub fn code_of(verdict: &str) -> i32 {
    let numbers = [("pass", 0), ("fail", 1), ("unknown", 3)];
    let found = numbers.iter().find(|(name, _)| *name == verdict);
    found.expect("a verdict").1
}

/// The output fits its schema and states its versions, and its verdict is the exit code; without any one of its keys it
/// does not fit.
#[track_caller]
fn check(arguments: &[&str], expected: &str) -> Value {
    let folder = folder_with_scenario();
    let wrong = testdata("provisioners").join("deletes_neighbours_vpc.yaml");
    std::fs::copy(wrong, folder.path().join("wrong.yaml")).expect("copied");
    if arguments[0] == "report" {
        kubeproof(folder.path(), &["verify", ".", "-q"]);
    }
    // A command of simulate comes last.
    let at = arguments.iter().position(|word| *word == "--");
    let (own, command) = arguments.split_at(at.unwrap_or(arguments.len()));
    let output = kubeproof(
        folder.path(),
        &[own, &["--format", "json", "-q"], command].concat(),
    );
    let said = stderr(&output);
    assert_eq!(code(&output), code_of(expected), "{arguments:?}: {said}");
    let document = parsed(&output);
    Judge::of_output(arguments[0]).accepts(&document);
    assert_eq!(document["verdict"], expected, "{arguments:?}");
    document
}

/// What a command prints for scripts.
enum Printed {
    /// A document with the two versions, the verdict and a published schema, as this function checks.
    Document(fn()),
    /// Something else, described here.
    Other(&'static str),
}
use Printed::{Document, Other};

/// Every command of the program.
const COMMANDS: &[(&str, Printed)] = &[
    ("verify", Document(records_of_verify)),
    ("simulate", Document(accounts_of_simulate)),
    ("faults", Document(a_campaign)),
    ("audit", Document(accounts_of_audit)),
    #[cfg(unix)]
    ("sweep", Document(crate::sweep::documents)),
    #[cfg(not(unix))]
    ("sweep", Other("its tests need an engine on a socket")),
    ("estimate", Document(estimates)),
    ("permissions", Document(least_permissions)),
    ("report", Document(records_of_report)),
    ("doctor", Document(what_can_run)),
    (
        "schema",
        Other("a JSON Schema, whose form its $schema names"),
    ),
    ("completions", Other("a script for a shell")),
    ("supported", Document(what_is_simulated)),
    ("demo", Other("a text for people")),
    (
        "init",
        Other("a scenario file, whose schema has its own place"),
    ),
    ("explain", Other("a text for people")),
    ("settle", Document(records_of_settle)),
    ("attest", Other("the evidence, for the person who signs it")),
];

fn records_of_verify() {
    check(&["verify", "s.yaml"], "pass");
    let wrong = check(&["verify", "wrong.yaml"], "fail");
    assert!(wrong["records"][0]["audit"]["missing"].is_array());
}

fn records_of_report() {
    check(&["report"], "fail");
}

/// A run whose bill is final is reported without asking anybody, by what its record says.
fn records_of_settle() {
    for (audit, expected) in [("pass", "pass"), ("fail", "fail")] {
        let (folder, run) = with_run();
        change(folder.path(), &run, |record| {
            record["cost"]["bill"] = json!({
                "from": "2026-11-02T09:05:00Z", "until": "2026-11-02T10:05:00Z",
                "final_after": "2026-12-09T00:00:00Z", "planned_minutes": 60,
                "estimate": {"lines": [], "left_out": []}, "lifetime_usd": {},
                "readings": [{
                    "read_at": "2026-12-10T00:00:00Z", "state": "final", "usd": null, "charges": [],
                    "is_closed": true, "notes": [],
                }],
            });
            record["audit"]["verdict"] = json!(audit);
        });
        let output = kubeproof(folder.path(), &["settle", "--format", "json"]);
        assert_eq!(code(&output), code_of(expected), "{}", stderr(&output));
        assert!(stderr(&output).contains("its bill is final"));
        let document = parsed(&output);
        Judge::of_output("settle").accepts(&document);
        assert_eq!(document["verdict"], expected);
    }
}

fn a_campaign() {
    let fault = "ec2:CreateVpc#1=reject";
    check(&["faults", "s.yaml", "--fault", fault], "pass");
}

fn accounts_of_audit() {
    let audit = check(&["audit", "s.yaml"], "pass");
    assert_eq!(audit["accounts"][0]["provider"], "aws");
    let fault = "auditor/ec2:DescribeAddresses=reject";
    check(&["audit", "s.yaml", "--fault", fault], "unknown");
}

fn least_permissions() {
    let answer = check(&["permissions", "s.yaml"], "pass");
    assert_eq!(answer["form"], "AWS IAM policy");
    assert_eq!(answer["proof"], Value::Null);
}

fn estimates() {
    let estimate = check(&["estimate", "s.yaml"], "pass");
    assert_eq!(estimate["estimates"][0]["scenario"], "s");
}

fn accounts_of_simulate() {
    let aws = ["simulate", "--cloud", "aws"];
    let command = ["--", "sh", "-c", "echo mine"];
    let passed = check(&[&aws[..], &command].concat(), "pass");
    assert_eq!(passed["command"], "succeeded");
    assert_eq!(passed["accounts"][0]["title"], "AWS EKS");
    let failed = check(&[&aws[..], &["--", "sh", "-c", "exit 7"]].concat(), "fail");
    assert_eq!(failed["command"], "failed");
    let fault = ["--fault", "ec2:CreateVpc=quota"];
    let unproven = check(&[&aws[..], &fault, &command].concat(), "unknown");
    assert_eq!(unproven["accounts"][0]["faults"][0]["struck"], 0);
}

fn what_can_run() {
    let doctor = check(&["doctor"], "pass");
    let rows = doctor["rows"].as_array().expect("rows");
    let row = |subject: &str| rows.iter().find(|row| row["subject"] == subject);
    assert_eq!(row("rehearsal").expect("a row")["status"], "yes");
    // The test's folder has none.
    assert_eq!(row("scenarios").expect("a row")["status"], "no");
    assert_eq!(row("cores").expect("a row")["status"], "info");
}

fn what_is_simulated() {
    let supported = check(&["supported"], "pass");
    assert_eq!(supported["clouds"][0]["title"], "AWS EKS");
}

/// The commands that the program's help lists.
fn listed() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let help = stdout(&kubeproof(folder.path(), &["--help"]));
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.map_while(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_prints_json_with_versions_verdict_and_schema_or_the_table_says_what_else() {
    let named: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(listed(), named);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, printed) in COMMANDS {
        let help = stdout(&kubeproof(folder.path(), &[name, "--help"]));
        let has_schema = code(&kubeproof(folder.path(), &["schema", "--output", name])) == 0;
        match printed {
            Document(shows) => {
                assert!(help.contains("--format <FORMAT>"), "{name}: {help}");
                assert!(has_schema, "{name}");
                shows();
            }
            Other(what) => {
                assert!(!help.contains("--format <FORMAT>"), "{name} prints {what}");
                assert!(!has_schema, "{name} prints {what}");
            }
        }
    }
}

#[test]
fn a_schema_refuses_what_is_not_an_output() {
    let judge = Judge::of_output("verify");
    let folder = folder_with_scenario();
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--format", "json", "-q"],
    );
    let right = parsed(&output);
    assert_eq!(judge.problem(&right), None);
    for (place, value) in [
        ("/verdict", Value::from("good")),
        ("/records/0/seed", Value::from("one")),
        ("/records/0/started_at", Value::from(7)),
        ("/records/0/cost/estimated", Value::from(0.5)),
        ("/matrix/0/cleanup/verdict", Value::Null),
        ("/criteria/0/number", Value::from(-1)),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(place).expect(place) = value;
        assert!(judge.problem(&wrong).is_some(), "{place}");
    }
}

/// The schema of what programs may write accepts exactly what is read, and the README's example fits it.
#[test]
fn what_a_program_may_write_fits_the_schema_as_far_as_it_is_read() {
    let judge = Judge::of_output("program");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("output.json");
    let check = |text: &str, expected: bool| {
        std::fs::write(&file, text).expect("written");
        let read = kubeproof_external::output::read(&file);
        assert_eq!(read.is_ok(), expected, "{text}: {read:?}");
        let problem = judge.problem(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(problem.is_none(), expected, "{text}: {problem:?}");
    };
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/external/README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let example = readme
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = example.expect("an example");
    check(example, true);
    let written: Value = serde_json::from_str(example).expect("JSON");
    let members = written.as_object().expect("an object").len();
    let schema = kubeproof_external::output::schema();
    let known = schema["properties"].as_object().expect("members").len();
    assert_eq!(members, known, "the README's example has every member");
    for right in [
        "{}",
        r#"{"left_behind": []}"#,
        r#"{"left_behind": ["unknown"]}"#,
        r#"{"kubeconfig": null, "claimed_usd_per_hour": "0.5", "made": {}}"#,
    ] {
        check(right, true);
    }
    for wrong in [
        "[7]",
        r#"{"left": []}"#,
        r#"{"left_behind": null}"#,
        r#"{"left_behind": "vpc-1"}"#,
        r#"{"left_behind": [" "]}"#,
        r#"{"left_behind": {"vpc": "vpc-1"}}"#,
        r#"{"made": ["vpc-1"]}"#,
        r#"{"made": {"vpc": 1}}"#,
        r#"{"kubeconfig": 7}"#,
    ] {
        check(wrong, false);
    }
}
