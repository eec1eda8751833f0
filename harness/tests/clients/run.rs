//! Runs a client as a shell script under `kubeproof simulate`, in its own folder, and checks the output.

pub mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A 10-minute cluster takes a second.
pub const SCALE: u32 = 600;
/// The message after a lifecycle that left nothing.
pub const CLEAN: &str = "left behind: nothing";
/// The files into which the script writes the calls that were made.
pub const CALLS: [&str; 2] = ["calls-aws.json", "calls-lambda.json"];

/// The folder of the clients' scripts.
pub fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clients")
}

/// A finished script.
pub struct Ran {
    pub folder: tempfile::TempDir,
    pub output: Output,
}

/// Runs a shell script under `kubeproof simulate`, which finally writes the calls that were made.
pub fn simulate(script: &str, variables: &[(&str, &str)]) -> Ran {
    paced(SCALE, script, variables)
}

/// The same with another time scale.
pub fn paced(scale: u32, script: &str, variables: &[(&str, &str)]) -> Ran {
    let script = format!("{script}; bash \"$DATA/journal.sh\"");
    started(&["--time-scale", &scale.to_string()], &script, variables)
}

/// Runs a shell script where only this cloud is simulated.
pub fn one_cloud(cloud: &str, script: &str, variables: &[(&str, &str)]) -> Ran {
    let options = ["--cloud", cloud, "--time-scale", &SCALE.to_string()];
    started(&options, script, variables)
}

fn started(options: &[&str], script: &str, variables: &[(&str, &str)]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
        .current_dir(folder.path())
        .arg("simulate")
        .args(options)
        .args(["--", "sh", "-euc", script])
        .env("DATA", testdata())
        .env("EXTERNAL", testdata().join("../../../scenarios/external"))
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts");
    Ran { folder, output }
}

impl Ran {
    /// Expects this exit code and messages that contain all of `words`.
    pub fn expect(&self, code: i32, words: &[&str]) -> Result<(), String> {
        let said = String::from_utf8_lossy(&self.output.stderr);
        let printed = self.printed();
        let missing = words.iter().find(|words| !said.contains(**words));
        if self.output.status.code() == Some(code) && missing.is_none() {
            return Ok(());
        }
        let got = self.output.status;
        Err(format!(
            "expected exit code {code} and {words:?}, got {got}:\n{printed}\n{said}"
        ))
    }

    /// Its standard output.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }
}
