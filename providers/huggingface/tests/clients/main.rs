//! Hugging Face's own client tests the simulated account over sockets.
//!
//! `huggingface_hub` is led to the account by the environment alone, so that nothing in its programs knows of a simulator.
//! Each raw reply is held against the members that it must and may have (`huggingface_strict.py`), and every operation that
//! the simulator answers is called.

#[path = "../../../simkit/tests/support/served_script.rs"]
mod served_script;

use std::collections::BTreeSet;
use std::process::ExitCode;

use kubeproof_huggingface::client_environment::client_environment;
use kubeproof_huggingface::{rehearsal, routes};
use kubeproof_huggingface_simulator::{answered_operations, operation_of};
use libtest_mimic::Arguments;

use served_script::{Account, Client, Ran};

/// The client, with its usual program, and its tests.
const KNOWN: &[Client] = &[(
    "huggingface",
    "python3",
    &[
        (
            "every operation, each reply held against its members",
            every_call,
        ),
        ("the judge objects to mistakes", judge),
        ("its list misses five of 25 endpoints", list),
        ("the program hf", command_line),
    ],
)];

/// A served account.
const ACCOUNT: Account = Account {
    name: "HUGGINGFACE",
    // An endpoint of 80 s takes little more than a second, and its 15 minutes of idleness a quarter of a minute.
    time_scale: 60,
    serve: rehearsal::serve,
    environment: client_environment,
};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, served_script::trials(KNOWN)).exit_code()
}

fn run(words: &[&str]) -> Result<Ran, String> {
    served_script::run(&ACCOUNT, words)
}

fn judge(program: &str) -> Result<(), String> {
    run(&[program, "huggingface_strict.py"])?.clean()
}

fn list(program: &str) -> Result<(), String> {
    run(&[program, "huggingface_list.py"])?.clean()
}

fn command_line(program: &str) -> Result<(), String> {
    run(&[program, "huggingface_command_line.py"])?.clean()
}

/// The script fails when the judge objects to a reply. Whether each operation succeeded once is seen here.
fn every_call(program: &str) -> Result<(), String> {
    let ran = run(&[program, "huggingface_every_call.py"])?;
    ran.clean()?;
    let succeeded = ran.calls.iter().filter(|call| {
        let of_model = call.signature.service == routes::INFERENCE.name;
        !of_model && call.status.is_some_and(|status| status < 300)
    });
    let succeeded: BTreeSet<&str> = succeeded
        .filter_map(|call| {
            let (method, path) = call.target.split_once(' ')?;
            operation_of(method, path)
        })
        .collect();
    let missing: Vec<&str> = answered_operations()
        .filter(|name| !succeeded.contains(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("answered, and called by no client: {missing:?}"))
}
