//! Real clients of Google Cloud test the simulated project over sockets; gcloud's test is in `harness/tests/clients`.
//!
//! google-api-python-client calls every method that the simulator implements, and each raw request and reply is held
//! against Google's discovery documents (`google_strict.py`). All are led through the door of the served project, so that
//! nothing in their programs knows of a simulator.

#[path = "../../../simkit/tests/support/driven_counts.rs"]
mod driven_counts;
#[path = "../../../simkit/tests/support/served_script.rs"]
mod served_script;

use std::collections::BTreeMap;
use std::process::ExitCode;

use kubeproof_gcp::client_environment::client_environment;
use kubeproof_gcp::rehearsal;
use libtest_mimic::Arguments;

use served_script::{Account, Client, Ran};

/// Its table tells how many methods of each service the simulator implements: all of them are driven.
const README: &str = include_str!("../../simulator/README.md");

/// The clients, each with its usual program, and its tests.
const KNOWN: &[Client] = &[(
    "google",
    "python3",
    &[
        (
            "every method, each request and reply held against its document",
            every_method,
        ),
        ("the judge objects to mistakes", judge),
        ("client libraries, each reply parsed", libraries),
    ],
)];

/// A served project.
const PROJECT: Account = Account {
    name: "GCP",
    // A cluster of five minutes takes half a second.
    time_scale: 600,
    serve: rehearsal::serve,
    environment: |served, folder| client_environment(served, folder, &BTreeMap::new()),
};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, served_script::trials(KNOWN)).exit_code()
}

fn run(words: &[&str]) -> Result<Ran, String> {
    served_script::run(&PROJECT, words)
}

fn libraries(program: &str) -> Result<(), String> {
    run(&[program, "google_libraries.py"])?.clean()
}

fn judge(program: &str) -> Result<(), String> {
    run(&[program, "google_strict.py"])?.clean()
}

/// What nothing deletes at once: a bucket goes a week later, and a key stays. The script checks that both are so far.
const STAYS: [&str; 2] = [
    "kms_crypto_key us-central1/every/every in us-central1",
    "log_bucket global/every in global",
];

/// The script fails when a method is not driven, or when the judge objects to a request or a reply.
fn every_method(program: &str) -> Result<(), String> {
    let mut ran = run(&[program, "google_every_method.py"])?;
    ran.changes
        .retain(|change| !STAYS.contains(&change.as_str()));
    ran.clean()?;
    driven_counts::hold(&ran.printed, README)
}
