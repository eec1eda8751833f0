//! The help of the program and of each command, as reviewed: scripts and people rely on these texts.

use crate::program::{code, kubeproof, stderr, stdout};

#[test]
fn help_of_program_and_commands_is_as_reviewed() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [
        "",
        "verify",
        "simulate",
        "faults",
        "audit",
        "sweep",
        "settle",
        "attest",
        "estimate",
        "permissions",
        "report",
        "doctor",
        "schema",
        "completions",
        "demo",
        "init",
        "explain",
        "supported",
    ] {
        let arguments: Vec<&str> = match command {
            "" => vec!["--help"],
            _ => vec![command, "--help"],
        };
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), 0, "{command}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{command}");
        let name = if command.is_empty() {
            "program"
        } else {
            command
        };
        insta::assert_snapshot!(format!("help__{name}"), stdout(&output));
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
