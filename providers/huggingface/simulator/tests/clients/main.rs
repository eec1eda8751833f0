//! Hugging Face's own client tests the simulated account over sockets.
//!
//! It needs a program that not every machine has. `KUBEPROOF_CLIENTS` names those that must be installed, separated by
//! commas, each with its program if that differs from its name: `huggingface=DIR/bin/python`. A requested client that is
//! missing is a failure; without a request its tests are shown as ignored.
//!
//! `huggingface_hub` is led to the account by the environment alone (`HTTPS_PROXY`, `SSL_CERT_FILE`, `HF_TOKEN`), so that nothing
//! in its programs knows of a simulator. Each raw reply is held against the members that it must and may have
//! (`huggingface_strict.py`), and every operation that the simulator answers is called.

mod served;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use kubeproof_huggingface_simulator::answered_operations;
use libtest_mimic::{Arguments, Failed, Trial};

use served::Ran;

/// The variable that names the clients.
const CLIENTS: &str = "KUBEPROOF_CLIENTS";
/// The client, and its usual program.
const NAME: &str = "huggingface";
const USUAL: &str = "python3";

/// A test: what a client does in a fresh account, and what is wrong.
type Test = fn(program: &str) -> Result<(), String>;

const TESTS: &[(&str, Test)] = &[
    (
        "every operation, each reply held against its members",
        every_call,
    ),
    ("the judge objects to mistakes", judge),
    ("its list misses five of 25 endpoints", list),
    ("the program hf", command_line),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let asked = text.split(',').map(str::trim).find_map(|word| {
        let (name, program) = word.split_once('=').unwrap_or((word, USUAL));
        (name == NAME).then(|| program.to_owned())
    });
    let trials = TESTS.iter().map(|(title, test)| {
        let program = asked.clone();
        let trial = Trial::test(format!("{NAME}: {title}"), move || {
            let program = program.unwrap_or_default();
            present(&program).and_then(|()| test(&program).map_err(Failed::from))
        });
        let kind = match asked {
            Some(_) => String::new(),
            None => format!("not in {CLIENTS}"),
        };
        trial.with_kind(kind).with_ignored_flag(asked.is_none())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
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

/// What a client did is right: it succeeded, and the account is as it was.
fn clean(ran: &Ran) -> Result<(), String> {
    let said = || format!("{}\n{}", ran.printed, ran.said);
    if !ran.success {
        return Err(format!("the script failed:\n{}", said()));
    }
    if !ran.changes.is_empty() {
        return Err(format!("left or gone: {:?}\n{}", ran.changes, said()));
    }
    Ok(())
}

fn judge(program: &str) -> Result<(), String> {
    clean(&served::run(&[program, "huggingface_strict.py"])?)
}

fn list(program: &str) -> Result<(), String> {
    clean(&served::run(&[program, "huggingface_list.py"])?)
}

fn command_line(program: &str) -> Result<(), String> {
    clean(&served::run(&[program, "huggingface_command_line.py"])?)
}

fn every_call(program: &str) -> Result<(), String> {
    let ran = served::run(&[program, "huggingface_every_call.py"])?;
    clean(&ran)?;
    let answered: BTreeSet<&str> = answered_operations().collect();
    let called: BTreeSet<&str> = ran.called.iter().map(String::as_str).collect();
    let missing: Vec<&&str> = answered.difference(&called).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("the client never called {missing:?}"))
}
