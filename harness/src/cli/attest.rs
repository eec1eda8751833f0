//! `kubeproof attest`: a person signs a live run that passed.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::format::{Format, render};
use kubeproof_reports::judge;
use kubeproof_reports::record::Record;

use super::account_of_run::{Refusal, run_folder};
use super::output::Output;
use crate::exit_code;
use crate::run_directory::attestation::{self, SigningKey};
use crate::run_directory::{DEFAULT_FOLDER, unfinished};
use crate::wall_clock::today;

/// The longest answer that is read from a terminal, bytes.
const ANSWER_MAX: u64 = 4096;

const AFTER_HELP: &str = "\
Shows the run's evidence, asks for a name and a statement, and signs the digests of record.json and
journal.jsonl (Ed25519) into attestation.json in the run's folder. Only then do reports call a live
row verified. A file that changes afterwards, as when a bill is read again, must be attested anew.
Others who are to trust it add the printed key to ~/.config/kubeproof/attesters.

Exit codes:
  0   signed
  2   usage error, no key, or a run that cannot be attested; nothing was signed

Examples:
  kubeproof attest --new-key                           once, for yourself
  kubeproof attest RUN                                 look at it, and sign it";

/// Options of `attest`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Id of the run
    #[arg(value_name = "RUN", required_unless_present = "new_key")]
    run: Option<String>,
    /// Folder with run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Your name; asked for on a terminal
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What you attest, such as what you saw in the cloud's console; asked for on a terminal
    #[arg(long, value_name = "TEXT")]
    statement: Option<String>,
    /// Make your key, if you have none yet, and print its public part
    #[arg(long, conflicts_with_all = ["run", "name", "statement"])]
    new_key: bool,
}

/// Signs a run, or makes a key.
pub fn run(args: &Args, out: &Output) -> u8 {
    let done = match (&args.run, args.new_key) {
        (Some(run), false) => attest(run, args, out),
        _ => new_key(out),
    };
    out.code(done.map(|()| exit_code::PASSED))
}

fn usage<T>(problem: impl Into<String>) -> Result<T, Refusal> {
    Err((exit_code::USAGE, problem.into()))
}

fn refused(error: attestation::AttestationError) -> Refusal {
    (exit_code::USAGE, error.to_string())
}

fn new_key(out: &Output) -> Result<(), Refusal> {
    let path = attestation::key_file().map_err(refused)?;
    let key = SigningKey::make(&path).map_err(refused)?;
    out.say(&format!("your key is in {}", path.display()));
    out.report(&format!("{}\n", key.public()));
    Ok(())
}

fn attest(run: &str, args: &Args, out: &Output) -> Result<(), Refusal> {
    let folder = run_folder(&args.out, run)?;
    let record = match unfinished::of_folder(&folder) {
        Ok(Some(record)) => record,
        Ok(None) => return usage(format!("{} is not the folder of a run", folder.display())),
        Err(problem) => return usage(problem.to_string()),
    };
    may_be_attested(&record, run)?;
    let path = attestation::key_file().map_err(refused)?;
    if !path.exists() {
        return usage("you have no key yet: make one with `kubeproof attest --new-key`");
    }
    let key = SigningKey::read(&path).map_err(refused)?;
    out.tell(render(Format::Table, std::slice::from_ref(&record), &out.style()).trim_end());
    let name = asked("your name", args.name.as_ref(), out)?;
    let statement = asked("what you attest", args.statement.as_ref(), out)?;
    let signed = attestation::sign(&folder, run, (&name, &statement), &key, today());
    let signed = signed.map_err(refused)?;
    out.say(&format!(
        "{run}: attested by {} with the key {}",
        signed.name, signed.public_key
    ));
    Ok(())
}

/// Whether a record is of a live run that passed: nothing else can be verified.
fn may_be_attested(record: &Record, run: &str) -> Result<(), Refusal> {
    let (verdict, why) = judge::trial(record);
    if record.run_id != run {
        return usage(format!(
            "the folder {run} holds the record of the run {}",
            record.run_id
        ));
    }
    if record.tier != Tier::Live {
        return usage(format!(
            "{run} is of the tier {}: only live runs can be verified",
            record.tier
        ));
    }
    match verdict {
        Verdict::Pass => Ok(()),
        Verdict::Pending => usage(format!(
            "{run} is pending ({why}): run `kubeproof settle` until its bill is final"
        )),
        _ => usage(format!(
            "{run} is {verdict} ({why}): only a run that passed can be verified"
        )),
    }
}

/// The text that was given, or that a person types.
fn asked(what: &str, given: Option<&String>, out: &Output) -> Result<String, Refusal> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    if !std::io::stdin().is_terminal() {
        return usage(format!(
            "{what} cannot be asked for: standard input is not a terminal; give --name and --statement"
        ));
    }
    out.tell(&format!("{what}:"));
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .take(ANSWER_MAX)
        .read_line(&mut line);
    match read {
        Ok(_) => Ok(line),
        Err(error) => usage(format!("{what} cannot be read: {error}")),
    }
}
