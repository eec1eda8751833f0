//! Microsoft's management clients test the simulated subscription over sockets; az's tests are in `harness/tests/clients`.
//!
//! They call every operation that the simulator implements, and each raw request and reply is held against the models and
//! operations inside those packages (`azure_strict.py`). They are led to the served subscription as to any cloud that is
//! not the public one.

#[path = "../../../simkit/tests/support/driven_counts.rs"]
mod driven_counts;
#[path = "../../../simkit/tests/support/served_script.rs"]
mod served_script;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use kubeproof_azure::client_environment::client_environment;
use kubeproof_azure::rehearsal;
use kubeproof_azure_simulator::{answered_operations, operation_of};
use libtest_mimic::Arguments;

use served_script::{Account, Client, Ran};

/// Its table tells how many operations of each service were driven.
const README: &str = include_str!("../../simulator/README.md");

/// The clients, each with its usual program, and its tests.
const KNOWN: &[Client] = &[(
    "azure",
    "python3",
    &[
        (
            "every operation, each request and reply held against its model",
            every_operation,
        ),
        ("the judge objects to mistakes", judge),
    ],
)];

/// A served subscription.
const SUBSCRIPTION: Account = Account {
    name: "AZURE",
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
    served_script::run(&SUBSCRIPTION, words)
}

fn judge(program: &str) -> Result<(), String> {
    run(&[program, "azure_strict.py"])?.clean()
}

/// The script fails when an operation of a package is not driven, or when the judge objects to a request or a reply. It
/// cannot know of operations that no package has: whether those were driven, too, is seen here.
fn every_operation(program: &str) -> Result<(), String> {
    let ran = run(&[program, "azure_every_operation.py"])?;
    ran.clean()?;
    let of_probe = ran.printed.lines().find_map(|line| {
        let count = line.strip_prefix("calls of the probe: ")?;
        count.parse::<usize>().ok()
    });
    let of_probe = of_probe.ok_or("the script does not say how many calls its probe made")?;
    let driven = ran.calls.get(of_probe..).unwrap_or_default().iter();
    let driven: BTreeSet<&str> = driven
        .filter_map(|call| {
            let (method, path) = call.target.split_once(' ')?;
            operation_of(method, path)
        })
        .collect();
    let missing: Vec<&str> = answered_operations()
        .filter(|name| !driven.contains(name))
        .collect();
    if !missing.is_empty() {
        return Err(format!("simulated, and driven by no client: {missing:?}"));
    }
    driven_counts::hold(&ran.printed, README)
}
