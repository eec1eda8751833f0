//! `kubeproof settle`: reads the bills of live runs again, until they are final.

use std::path::{Path, PathBuf};

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::judge;
use kubeproof_reports::record::Record;

use super::account_of_run::{Refusal, allowed_accounts, run_folder, same_account};
use super::output::{FormatName, Output};
use crate::cost::settlement;
use crate::run_directory::{self, DEFAULT_FOLDER, Intent, unfinished};
use crate::settle::{NotDue, is_due, read_again};
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::today;
use crate::{exit_code, providers, scenario};

const AFTER_HELP: &str = "\
A bill is pending until it shows the run, provisional while it may change, stable when it was the
same for a day, two days after the run, and final when the cloud has closed it. Only a final bill
is judged. Each reading is kept in the run's record, which is written anew; nothing else in it
changes. Needs the run's folder, and credentials of the run's account, which must be named in
KUBEPROOF_LIVE_ACCOUNT. Nothing is created or deleted, but some clouds charge for reading: a
cent for each page.

Exit codes:
  0   every bill is final and agrees, or no run waits for one
  1   a finding
  2   usage error, or another account
  3   a bill is not final, or could not be read

Examples:
  kubeproof settle                                     all runs that wait for their bill
  kubeproof settle RUN --again                         one run, whenever it was read last";

/// Options of `settle`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Ids of runs [default: all that wait for their bill]
    #[arg(value_name = "RUN")]
    runs: Vec<String>,
    /// Folder with run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Read bills that were read less than a day ago as well
    #[arg(long)]
    again: bool,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
}

/// Reads the bills that are due, and reports.
pub fn run(args: &Args, out: &Output) -> u8 {
    out.code(settled(args, out))
}

fn usage<T>(problem: String) -> Result<T, Refusal> {
    Err((exit_code::USAGE, problem))
}

fn settled(args: &Args, out: &Output) -> Result<u8, Refusal> {
    let mut records = Vec::new();
    let mut refusals: Vec<Refusal> = Vec::new();
    for folder in folders(args)? {
        let mut record = match unfinished::of_folder(&folder) {
            Ok(Some(record)) => record,
            // Without a name it is any folder; with one it must be a run.
            Ok(None) if args.runs.is_empty() => continue,
            Ok(None) => return usage(format!("{} is not the folder of a run", folder.display())),
            Err(problem) => return Ok(out.problems(&[problem])),
        };
        let run = record.run_id.clone();
        match is_due(&record, today(), args.again) {
            Err(NotDue::NoBill) if args.runs.is_empty() => continue,
            Err(NotDue::NoBill) => {
                return usage(format!(
                    "the run {run} waits for no bill: only live runs that made a cluster do"
                ));
            }
            Err(NotDue::Final) => out.say(&format!("{run}: its bill is final")),
            Err(NotDue::Before(next)) => out.say(&format!(
                "{run}: not read, because nothing new can show before {next}; --again reads it now"
            )),
            Ok(()) => match read_bill(&folder, &mut record, args) {
                Ok(()) => out.say(&told(&record)),
                Err((code, problem)) => refusals.push((code, format!("{run}: {problem}"))),
            },
        }
        records.push(record);
    }
    for (_, problem) in &refusals {
        out.error(problem);
    }
    if records.is_empty() {
        let folder = args.out.display();
        out.say(&format!("no run in {folder} waits for its bill"));
        return Ok(exit_code::PASSED);
    }
    let format = args.format.map_or(Format::Table, Format::from);
    let style = Style {
        brief: out.verbose == 0 && records.len() > 1,
        ..out.style()
    };
    out.report(&render(format, &records, &style));
    if let Some((code, _)) = refusals.first() {
        return Ok(*code);
    }
    let bills = records.iter().map(|record| record.cost.verdict);
    let whole = Verdict::of_all(bills.chain([judge::all(&records)]));
    Ok(exit_code::of([whole]))
}

/// The folders of the runs that were asked for, or of all.
fn folders(args: &Args) -> Result<Vec<PathBuf>, Refusal> {
    if !args.runs.is_empty() {
        let named = args.runs.iter().map(|run| run_folder(&args.out, run));
        return named.collect();
    }
    let listed = std::fs::read_dir(&args.out).and_then(|entries| {
        let paths = entries.map(|entry| Ok(entry?.path()));
        paths.collect::<std::io::Result<Vec<PathBuf>>>()
    });
    let mut folders = match listed {
        Ok(folders) => folders,
        Err(error) => return usage(format!("{}: {error}", args.out.display())),
    };
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    Ok(folders)
}

/// Reads the bill of a run and writes its record.
fn read_bill(folder: &Path, record: &mut Record, args: &Args) -> Result<(), Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let intent = match run_directory::read_intent(folder) {
        Ok(intent) => intent,
        Err(error) => return usage(error.to_string()),
    };
    if intent.run.id != record.run_id || intent.tier != Tier::Live {
        let folder = folder.display();
        return usage(format!(
            "{folder} is a copy: its record and its intent are not of the same live run"
        ));
    }
    let allowed = allowed_accounts("the id of the account that may be read")?;
    let trial = trial(&intent)?;
    let options = RunOptions {
        owner: intent.run.owner.clone(),
        out: Some(args.out.clone()),
        ..RunOptions::quiet()
    };
    let runtime = runtime(&trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let (run, progress) = (intent.run.clone(), Silent::shared());
        let context = TrialContext::of_run(&trial, run, &options, &progress, today())
            .map_err(|error| unknown(error.to_string()))?;
        let biller = context.observer(Actor::Biller);
        if let Some(why) = same_account(biller.as_ref(), &intent, &allowed)
            .await?
            .into_iter()
            .next()
        {
            return Err(unknown(why));
        }
        let budget = trial.scenario.content.cost.budget_usd.0;
        let whose = (biller.as_ref(), &intent.run);
        read_again(record, whose, budget, context.clock, |text| {
            context.redact(text)
        })
        .await;
        run_directory::write_record(folder, record)
            .map_err(|error| unknown(format!("its record cannot be written: {error}")))
    })
}

/// The trial of a run, of which nothing but the account is used.
fn trial(intent: &Intent) -> Result<Trial, Refusal> {
    match scenario::read::parse(&intent.file, &intent.text, &providers::shared()) {
        Ok(scenario) => Ok(Trial {
            scenario,
            part: Part::Lifecycle(Vec::new()),
            tier: intent.tier,
            seed: intent.seed,
        }),
        Err(problems) => {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            usage(all.join("\n"))
        }
    }
}

/// What a reading has shown, and when the next one can show more.
fn told(record: &Record) -> String {
    let (run, message) = (&record.run_id, &record.cost.message);
    let Some(bill) = &record.cost.bill else {
        return format!("{run}: {message}");
    };
    let next = settlement::next_reading(bill);
    let next = next.map_or_else(String::new, |at| format!("; read it again after {at}"));
    format!("{run}: {}: {message}{next}", bill.state())
}
