//! Starts the program in the same way for all tests, with a scenario for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scenario that passes.
pub const SCENARIO: &str = "scenario: s
description: d
provider: aws
cluster:
  kubernetes_version: \"1.34\"
  node_groups:
    - name: workers
      instance_type: t3.medium
      count: 2
";

/// Runs the program in a folder and waits for it.
pub fn kubeproof(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments)
        .output()
        .expect("the program starts")
}

/// The command that runs the program in a folder, without what this machine's user has set.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubeproof"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("COLUMNS", "100");
    for variable in [
        "KUBEPROOF_LIVE_ACCOUNT",
        "KUBEPROOF_LIVE_BUDGET_USD",
        "KUBEPROOF_OWNER",
        "KUBEPROOF_CLIENTS",
    ] {
        command.env_remove(variable);
    }
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Its exit code, or -1.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// A file of the test data.
pub fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// A folder with one scenario, `s.yaml`, in it.
pub fn folder_with_scenario() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    folder
}

/// The document of `--format json`.
#[track_caller]
pub fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Nothing was started: no run directory was made.
#[track_caller]
pub fn nothing_was_made(folder: &Path) {
    let made = folder.join("kubeproof-runs").exists();
    assert!(!made, "a run directory was made");
}
