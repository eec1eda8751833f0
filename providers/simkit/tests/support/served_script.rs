//! Runs a client's script against a served account, in a folder of its own: shared by the tests of real clients.
//!
//! The clients need programs that not every machine has. `KUBEPROOF_CLIENTS` names those that must be installed, separated
//! by commas, each with its program if that differs from its name: `google=DIR/bin/python`. A requested client that is
//! missing is a failure; the others are shown as ignored.
//!
//! tidy: real time (clients sign with their own clock, and ask for what was written today).

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::journal::Call;
use kubeproof_contract::process::{ProcessSpec, Programs};
use kubeproof_contract::serve::{ClientEnvironment, ServeError, Served, Serving};
use kubeproof_simkit::paced_clock::{PacedClock, runtime};
use libtest_mimic::{Failed, Trial};

/// The variable that names the clients.
pub const CLIENTS: &str = "KUBEPROOF_CLIENTS";
/// The longest that a script takes.
const LIMIT: Duration = Duration::from_mins(15);

/// A test: what a client does in a fresh account, and what is wrong.
pub type Test = fn(program: &str) -> Result<(), String>;

/// A client: its name, its usual program, and its tests by title.
pub type Client = (&'static str, &'static str, &'static [(&'static str, Test)]);

/// How a cloud is served, and what leads its clients there.
pub struct Account {
    /// As in `KUBEPROOF_CONTROL_GCP`.
    pub name: &'static str,
    /// How many times as fast as real time its time passes.
    pub time_scale: u32,
    pub serve: fn(Serving) -> Result<Arc<dyn Served>, ServeError>,
    pub environment: fn(&dyn Served, &Path) -> ClientEnvironment,
}

/// A finished script.
pub struct Ran {
    pub success: bool,
    pub printed: String,
    pub said: String,
    /// What is in the account that was not, and what is not that was.
    pub changes: Vec<String>,
    /// The calls that it made.
    pub calls: Vec<Call>,
}

impl Ran {
    /// What a client did is right: it succeeded, and the account is as it was.
    pub fn clean(&self) -> Result<(), String> {
        let said = || format!("{}\n{}", self.printed, self.said);
        if !self.success {
            let count = self.calls.len();
            return Err(format!(
                "the script failed after {count} calls:\n{}",
                said()
            ));
        }
        if !self.changes.is_empty() {
            return Err(format!("left or gone: {:?}\n{}", self.changes, said()));
        }
        Ok(())
    }
}

/// The trials of these clients; those of one that is not requested are ignored.
pub fn trials(known: &'static [Client]) -> Vec<Trial> {
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let mut trials = Vec::new();
    for (name, usual, tests) in known {
        let asked = text.split(',').map(str::trim).find_map(|word| {
            let (asked, program) = word.split_once('=').unwrap_or((word, usual));
            (asked == *name).then(|| program.to_owned())
        });
        for (title, test) in *tests {
            let program = asked.clone();
            let trial = Trial::test(format!("{name}: {title}"), move || {
                let program = program.unwrap_or_default();
                present(&program).and_then(|()| test(&program).map_err(Failed::from))
            });
            let kind = match asked {
                Some(_) => String::new(),
                None => format!("not in {CLIENTS}"),
            };
            trials.push(trial.with_kind(kind).with_ignored_flag(asked.is_none()));
        }
    }
    trials
}

fn present(program: &str) -> Result<(), Failed> {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{CLIENTS} asks for `{program}`, which is not on this machine").into()),
    }
}

/// The folder of the clients' scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../harness/testdata/clients")
}

/// Runs a program with a script of that folder and its arguments, with the environment that leads clients to the account.
pub fn run(account: &Account, words: &[&str]) -> Result<Ran, String> {
    let (program, rest) = words.split_first().ok_or("no program")?;
    let (script, arguments) = rest.split_first().ok_or("no script")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let runtime = runtime().map_err(|error| error.to_string())?;
    let programs = Programs::default();
    let mut spec = ProcessSpec::new(program, LIMIT)
        .arguments([scripts().join(script)])
        .arguments(arguments)
        .folder(folder.path())
        .of(&programs);
    runtime.block_on(async {
        let scale = NonZeroU32::new(account.time_scale).ok_or("no scale")?;
        let _pace = PacedClock::keep(scale, &programs);
        let serving = Serving {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::starting_at(Timestamp::now()),
            time_scale: account.time_scale,
            seed: 1,
            faults: Vec::new(),
            environment: std::collections::BTreeMap::new(),
        };
        let served = (account.serve)(serving).map_err(|error| error.to_string())?;
        let redirect = (account.environment)(served.as_ref(), folder.path());
        for (path, content) in &redirect.files {
            std::fs::write(path, content).map_err(|error| error.to_string())?;
        }
        for variable in &redirect.variables {
            spec = match &variable.value {
                Some(value) => spec.variable(&variable.name, value),
                None => spec.without(&variable.name),
            };
        }
        // As the harness sets them for a command.
        let control = format!("http://{}/_kubeproof", served.address());
        let spec = spec
            .variable(&format!("KUBEPROOF_CONTROL_{}", account.name), control)
            .variable("KUBECONFIG", folder.path().join("kubeconfig"))
            .variable("NO_PROXY", "127.0.0.1,localhost")
            .variable("no_proxy", "127.0.0.1,localhost")
            .variable("HOME", folder.path());
        let names = || -> Vec<String> {
            let all = served.ground_truth().inventory();
            all.iter()
                .map(|one| format!("{} {} in {}", one.resource_type, one.id, one.scope))
                .collect()
        };
        let before = names();
        let output = spec.run().await.map_err(|error| error.to_string())?;
        let after = names();
        let calls = served.journal().calls();
        served.stop().await;
        let gone = before.iter().filter(|one| !after.contains(one));
        let new = after.iter().filter(|one| !before.contains(one));
        Ok(Ran {
            success: output.status.success(),
            printed: output.output,
            said: output.errors,
            changes: gone.chain(new).cloned().collect(),
            calls,
        })
    })
}
