//! The clock while programs run: machine time is not cloud time, and a program is interrupted before it is killed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{SCENARIO, code, command, json, kubeproof, stderr};

/// Computes for some seconds. In half a second of waiting, a minute passes in the cloud.
const COMPUTES: &str = "i=0; while [ $i -lt 4000000 ]; do i=$((i+1)); done";

/// A folder with a scenario whose program is this shell script, at most a minute long in the cloud.
fn with(script: &str, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let script = script.replace('\'', "''");
    let text = format!(
        "{SCENARIO}provisioner:\n  command:\n    provision: [sh, -c, '{script}']\n    teardown: [sh, \
         -c, 'true']\n  time_scale: 120\n{more}limits:\n  provision_minutes: 1\n"
    );
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    folder
}

/// The record of its trial.
fn record(folder: &Path, expected_code: i32) -> Value {
    let output = kubeproof(folder, &["verify", "s.yaml", "--format", "json", "-q"]);
    assert_eq!(code(&output), expected_code, "{}", stderr(&output));
    json(&output)["records"][0].clone()
}

fn phase<'a>(record: &'a Value, name: &str) -> &'a Value {
    let phases = record["phases"].as_array().expect("phases");
    let found = phases.iter().find(|phase| phase["name"] == name);
    found.unwrap_or_else(|| panic!("no phase {name}: {record}"))
}

fn of_oracle(record: &Value, oracle: &str) -> Vec<String> {
    let findings = record["findings"].as_array().expect("findings");
    let found = findings.iter().filter(|it| it["oracle"] == oracle);
    found.map(|it| it["message"].to_string()).collect()
}

/// The content of a file that the program wrote into the run's folder.
fn written(folder: &Path, name: &str) -> String {
    let runs = std::fs::read_dir(folder.join("kubeproof-runs")).expect("runs");
    let run = runs.flatten().next().expect("a run").path();
    std::fs::read_to_string(run.join("provisioner").join(name)).unwrap_or_default()
}

#[test]
fn a_program_that_computes_beyond_its_minute_of_the_cloud_is_not_late() {
    let folder = with(COMPUTES, "");
    // That it made no cluster is a finding; that it took long is not.
    let record = record(folder.path(), 1);
    let provision = phase(&record, "provision");
    assert_eq!(provision["verdict"], "pass", "{record}");
    assert!(provision["seconds"].as_u64() < Some(60), "{provision}");
    assert_eq!(of_oracle(&record, "O5 ends"), Vec::<String>::new());
}

#[test]
fn a_program_that_waits_beyond_its_minute_of_the_cloud_is_late() {
    let folder = with("sleep 30", "");
    let record = record(folder.path(), 1);
    assert_eq!(phase(&record, "provision")["verdict"], "fail", "{record}");
    let found = of_oracle(&record, "O5 ends").join("\n");
    assert!(found.contains("its limit is 1 minute"), "{record}");
}

#[test]
fn limits_that_a_scenario_does_not_name_are_longer_where_time_goes_faster() {
    let folder = with("sleep 3", "");
    let file = folder.path().join("s.yaml");
    let text = std::fs::read_to_string(&file).expect("text");
    let text = text.replace("limits:\n  provision_minutes: 1\n", "");
    // Three seconds are three hours there; with a slow clock the limit is 90 minutes.
    let text = text.replace("time_scale: 120", "time_scale: 3600");
    std::fs::write(&file, text).expect("written");
    let record = record(folder.path(), 1);
    let provision = phase(&record, "provision");
    assert_eq!(provision["verdict"], "pass", "{provision}");
    assert!(provision["seconds"].as_u64() > Some(90 * 60), "{provision}");
}

#[test]
fn a_program_that_is_late_is_interrupted_and_can_save_what_it_knows() {
    let script = "trap 'echo saved > \"$KUBEPROOF_DIR/state\"; exit 1' INT; sleep 30 & wait";
    let folder = with(script, "");
    let record = record(folder.path(), 1);
    assert_eq!(phase(&record, "provision")["verdict"], "fail", "{record}");
    assert_eq!(written(folder.path(), "state"), "saved\n");
}

#[test]
fn a_program_that_never_ends_by_itself_and_computes_is_unknown() {
    let folder = with("while true; do :; done", "  real_limit_seconds: 1\n");
    // Its teardown would fail too, and prove as little: it is not run.
    let file = folder.path().join("s.yaml");
    let text = std::fs::read_to_string(&file).expect("text");
    let text = text.replace("teardown: [sh, -c, 'true']", "teardown: [sh, -c, 'exit 1']");
    assert!(text.contains("exit 1"), "{text}");
    std::fs::write(&file, text).expect("written");
    let record = record(folder.path(), 3);
    let provision = phase(&record, "provision");
    assert_eq!(provision["verdict"], "unknown", "{record}");
    let message = provision["message"].to_string();
    for words in [
        "O5 cannot tell",
        "limit of 1 s of real time",
        "the cloud's clock stood",
        "raise real_limit_seconds",
    ] {
        assert!(message.contains(words), "`{words}` is not in {message}");
    }
    assert_eq!(record["findings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_program_that_reaches_its_real_limit_by_waiting_fails() {
    let folder = with("sleep 30", "  real_limit_seconds: 1\n");
    let file = folder.path().join("s.yaml");
    let text = std::fs::read_to_string(&file).expect("text");
    let text = text.replace("provision_minutes: 1", "provision_minutes: 600");
    std::fs::write(&file, text).expect("written");
    let record = record(folder.path(), 1);
    let found = of_oracle(&record, "O5 ends").join("\n");
    assert!(found.contains("limit of 1 s of real time"), "{record}");
}

#[test]
fn an_interrupted_verify_interrupts_its_program_and_lets_it_save_what_it_knows() {
    let script =
        "trap 'echo saved > \"$KUBEPROOF_DIR/state\"; exit 1' INT; echo ready; sleep 30 & wait";
    let folder = with(script, "");
    let file = folder.path().join("s.yaml");
    let text = std::fs::read_to_string(&file).expect("text");
    let text = text.replace("provision_minutes: 1", "provision_minutes: 600");
    std::fs::write(&file, text).expect("written");
    let mut child = command(folder.path(), &["verify", "s.yaml", "-v"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut errors = BufReader::new(child.stderr.take().expect("standard error"));
    let mut said = String::new();
    while !said.contains("ready") && errors.read_line(&mut said).expect("a line") > 0 {}
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    errors.read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{said}");
    assert_eq!(written(folder.path(), "state"), "saved\n", "{said}");
}
