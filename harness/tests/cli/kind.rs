//! The tier kind without its engine: reported immediately, with what to do, and never as a pass.

use std::process::Command;

use crate::program::{code, command, nothing_was_made, stderr, stdout};

const SCENARIO: &str = "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {}\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    folder
}

fn without_engine(mut command: Command) -> Command {
    command
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("PATH", "/nowhere")
        .env_remove("KUBEPROOF_KIND");
    command
}

#[test]
fn without_an_engine_it_is_unknown_and_says_what_is_missing_and_how_to_get_it() {
    let folder = folder();
    let arguments = ["verify", "s.yaml", "--tier", "kind"];
    let output = without_engine(command(folder.path(), &arguments))
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let said = stderr(&output);
    for words in [
        "the program `kind` is not on the search path: install it",
        "the program `docker`, which kind calls, is not on the search path: install",
        "/nowhere/docker.sock does not answer",
        "start it, or set DOCKER_HOST",
        "nothing was created",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    assert_eq!(stdout(&output), "");
    nothing_was_made(folder.path());
}

#[test]
fn an_engine_on_another_machine_is_refused() {
    let folder = folder();
    let output = command(folder.path(), &["verify", "s.yaml", "--tier", "kind"])
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("only an engine on this machine can be used"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_kind_scenario_does_not_run_in_rehearsal_and_says_so() {
    let folder = folder();
    let output = command(folder.path(), &["verify", "s.yaml"])
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("does not name the tier rehearsal (tiers: kind)"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn doctor_says_what_the_tier_kind_needs() {
    let folder = folder();
    let output = without_engine(command(folder.path(), &["doctor"]))
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let line = text.lines().find(|line| line.contains(" kind "));
    let line = line.expect("a line about kind");
    assert!(
        line.starts_with("no ") && line.contains("install it"),
        "{line}"
    );
}

#[test]
fn a_sweep_needs_the_run_directory_of_a_real_run() {
    let folder = folder();
    for (run, words) in [
        ("no-such-run", "intent.json cannot be read"),
        ("../up", "`../up` is not the id of a run"),
    ] {
        let output = command(folder.path(), &["sweep", "--run", run, "--delete"])
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
