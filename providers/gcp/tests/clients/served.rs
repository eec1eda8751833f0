//! Runs a client's script against a served project, in a folder of its own.
//!
//! tidy: real time (clients sign with their own clock, and ask for what was written today).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::process::{ProcessSpec, Programs};
use kubeproof_contract::serve::Serving;
use kubeproof_gcp::client_environment::client_environment;
use kubeproof_gcp::rehearsal;
use kubeproof_simkit::paced_clock::{PacedClock, runtime};

/// A cluster of five minutes takes half a second.
const SCALE: u32 = 600;
/// The longest that a script takes.
const LIMIT: Duration = Duration::from_mins(15);

/// A finished script.
pub struct Ran {
    pub success: bool,
    pub printed: String,
    pub said: String,
    /// What is in the project that was not, and what is not that was.
    pub changes: Vec<String>,
}

/// The folder of the clients' scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../harness/testdata/clients")
}

/// Runs a program with a script of that folder and its arguments, with the environment that leads clients here.
pub fn run(words: &[&str]) -> Result<Ran, String> {
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
        let scale = NonZeroU32::new(SCALE).ok_or("no scale")?;
        let _pace = PacedClock::keep(scale, &programs);
        let serving = Serving {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::starting_at(Timestamp::now()),
            time_scale: SCALE,
            seed: 1,
            faults: Vec::new(),
            environment: BTreeMap::new(),
        };
        let served = rehearsal::serve(serving).map_err(|error| error.to_string())?;
        let redirect = client_environment(served.as_ref(), folder.path(), &BTreeMap::new());
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
            .variable("KUBEPROOF_CONTROL_GCP", control)
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
        served.stop().await;
        let gone = before.iter().filter(|one| !after.contains(one));
        let new = after.iter().filter(|one| !before.contains(one));
        Ok(Ran {
            success: output.status.success(),
            printed: output.output,
            said: output.errors,
            changes: gone.chain(new).cloned().collect(),
        })
    })
}
