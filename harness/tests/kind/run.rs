//! Starts the program in its own folder, and checks the engine with Docker's own client.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use crate::program::command;

pub const SCENARIO: &str =
    "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {}\n";

/// A folder that contains the scenario.
pub fn folder() -> Result<tempfile::TempDir, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).map_err(|error| error.to_string())?;
    Ok(folder)
}

pub struct Running {
    child: Child,
    errors: BufReader<std::process::ChildStderr>,
    output: JoinHandle<String>,
    said: String,
}

/// The result of a finished run.
pub struct Done {
    pub code: Option<i32>,
    pub output: String,
    /// Its standard error.
    pub said: String,
}

impl Running {
    pub fn start(folder: &Path, arguments: &[&str]) -> Result<Self, String> {
        let mut child = command(folder, arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let errors = child.stderr.take().ok_or("no standard error")?;
        let mut output = child.stdout.take().ok_or("no standard output")?;
        let output = std::thread::spawn(move || {
            let mut text = String::new();
            // The assertions show what is missing.
            let _ = output.read_to_string(&mut text);
            text
        });
        Ok(Self {
            child,
            errors: BufReader::new(errors),
            output,
            said: String::new(),
        })
    }

    /// Reads standard error up to a line that contains `words`; fails if the program ends first.
    pub fn until(&mut self, words: &str) -> Result<(), String> {
        loop {
            let mut line = String::new();
            let read = self.errors.read_line(&mut line);
            let count = read.map_err(|error| error.to_string())?;
            self.said += &line;
            if line.contains(words) {
                return Ok(());
            }
            if count == 0 {
                return Err(format!("it never said `{words}`:\n{}", self.said));
            }
        }
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) -> Result<(), String> {
        let sent = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        match sent {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("the signal was not sent: {other:?}")),
        }
    }

    /// Waits until it has ended.
    pub fn end(mut self) -> Result<Done, String> {
        self.errors
            .read_to_string(&mut self.said)
            .map_err(|error| error.to_string())?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        Ok(Done {
            code: status.code(),
            output: self.output.join().unwrap_or_default(),
            said: self.said,
        })
    }
}

impl Done {
    pub fn ended_with(&self, code: i32) -> Result<(), String> {
        if self.code == Some(code) {
            return Ok(());
        }
        let (got, said, output) = (self.code, &self.said, &self.output);
        Err(format!("exit {got:?}, expected {code}:\n{said}\n{output}"))
    }

    /// Whether its standard error contains `words`.
    pub fn has_said(&self, words: &str) -> Result<(), String> {
        if self.said.contains(words) {
            return Ok(());
        }
        Err(format!("it did not say `{words}`:\n{}", self.said))
    }
}

/// Runs the program until it ends.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<Done, String> {
    Running::start(folder, arguments)?.end()
}

/// The ids of the runs in a folder.
pub fn runs(folder: &Path) -> Result<Vec<String>, String> {
    let folder = folder.join("kubeproof-runs");
    let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut ids: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    ids.sort();
    Ok(ids)
}

/// Nothing of these runs is left, according to Docker's own client.
pub fn nothing_is_left(folder: &Path) -> Result<(), String> {
    for id in runs(folder)? {
        let name = format!("kp-{id}");
        let label = format!("label=io.x-k8s.kind.cluster={name}");
        let containers = docker(&["ps", "-aq", "--filter", &label])?;
        let networks = docker(&["network", "ls", "--format", "{{.Name}}"])?;
        let network = networks.lines().any(|line| line == name);
        let kubeconfig = folder.join("kubeproof-runs").join(&id).join("kubeconfig");
        if !containers.trim().is_empty() || network || kubeconfig.exists() {
            return Err(format!(
                "{name} is still there: containers [{}], network {network}, kubeconfig {}",
                containers.trim(),
                kubeconfig.exists()
            ));
        }
    }
    Ok(())
}

/// A sweep removed everything that is certainly the run's. Unnamed resources that parallel tests leave on the same
/// engine are listed for a person to decide, and do not belong to this run.
pub fn is_swept(done: &Done) -> Result<(), String> {
    let said = format!("{}\n{}", done.output, done.said);
    let mut left = said.lines().filter(|line| line.starts_with("by hand"));
    let only_volumes = left.clone().all(|line| line.contains(" docker_volume "));
    if done.code == Some(1) && left.next().is_some() && only_volumes {
        return Ok(());
    }
    done.ended_with(0)
}

/// The output of Docker's own client.
pub fn docker(arguments: &[&str]) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("docker")
        .args(arguments)
        .output()
        .map_err(|error| format!("docker: {error}"))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        let words = String::from_utf8_lossy(&stderr).into_owned();
        Err(format!("docker {arguments:?}: {words}"))
    }
}
