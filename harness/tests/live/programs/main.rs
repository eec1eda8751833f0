//! Programs as provisioners in the live tier, through the run's proxy: boto3, terraform and a script of Hugging Face against the second process, and
//! boto3 against moto, which checks the signatures that the proxy makes.
//!
//! Like the clients' tests they need programs that not every machine has: `KUBEPROOF_CLIENTS` names those that must be
//! installed.
//!
//! tidy: real time (programs and sockets are real).

#![cfg(unix)]

mod moto;
#[allow(dead_code, reason = "shared with the tests of the live tier")]
#[path = "../network.rs"]
mod network;
mod orphan;
mod passes;
#[allow(dead_code, reason = "shared with the tests of the live tier")]
#[path = "../run.rs"]
mod run;
#[allow(dead_code, reason = "shared with the tests of the live tier")]
#[path = "../second_process.rs"]
mod second_process;
#[path = "../../clients/run/server.rs"]
mod server;
#[path = "../../support/threads.rs"]
mod threads;
#[path = "../../clients/moto/transport.rs"]
mod transport;
#[allow(
    dead_code,
    reason = "shared with the harness's tests, which use more of it"
)]
#[path = "../../../testdata/provisioners/variant.rs"]
mod variant;

use std::process::ExitCode;

use kubeproof::trial::plan::{CLIENTS, clients_of};
use kubeproof_reports::record::Record;
use libtest_mimic::{Arguments, Trial};

/// The id of the account that the second process serves.
const ACCOUNT: &str = "123456789012";

/// A test, and the clients that it needs.
type Test = (&'static str, &'static [&'static str], fn());

const TESTS: &[Test] = &[
    (
        "a boto3 script passes and never sees the real key",
        &["boto3"],
        passes::boto3,
    ),
    (
        "an answer that boto3 loses is injected, and the script survives",
        &["boto3"],
        passes::boto3_loses_an_answer,
    ),
    (
        "a script of Hugging Face passes and never sees the real token",
        &["huggingface"],
        passes::hugging_face,
    ),
    (
        "an answer that a script of Hugging Face loses is injected, and it survives",
        &["huggingface"],
        passes::hugging_face_loses_an_answer,
    ),
    (
        "terraform leaves what a lost answer made, which is found, priced and swept",
        &["terraform"],
        orphan::terraform,
    ),
    (
        "moto accepts what the proxy has signed anew for a boto3 script",
        &["boto3", "moto"],
        moto::accepts,
    ),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    threads::for_waiting_tests(&mut arguments);
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let asked = clients_of(&text);
    let trials = TESTS.iter().map(|(name, clients, test)| {
        let missing = clients
            .iter()
            .find(|name| !asked.iter().any(|asked| asked == *name));
        let kind = missing.map_or_else(String::new, |name| format!("{name}: not in {CLIENTS}"));
        Trial::test(*name, move || {
            test();
            Ok(())
        })
        .with_kind(kind)
        .with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The program of a client.
fn program(client: &str) -> String {
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let mut words = text.split(',').map(str::trim);
    let found = words.find_map(|word| match word.split_once('=') {
        Some((name, program)) => (name == client).then(|| program.to_owned()),
        None => (word == client).then(|| client.to_owned()),
    });
    found.expect("a client that was asked for")
}

/// The phases and findings of a record, for messages.
fn told(record: &Record) -> String {
    let phases = record.phases.iter();
    let phases: String = phases
        .map(|phase| format!("\n{}: {}: {}", phase.name, phase.verdict, phase.message))
        .collect();
    format!("{phases}\n{:#?}\n{}", record.findings, record.cost.message)
}
