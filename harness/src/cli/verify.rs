//! `kubeproof verify`: runs scenarios and reports the results.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use clap::ValueEnum;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::record::Record;
use kubeproof_reports::word::counted;
use kubeproof_reports::{judge, unseen};

use super::output::{FormatName, Output};
use super::{explain, progress, signals};
use crate::run_directory::DEFAULT_FOLDER;
use crate::runner::{self, readiness, spending};
use crate::scenario::find;
use crate::trial::Trial;
use crate::trial::demand;
use crate::trial::plan::{CLIENTS, Choice, Plan, clients_of, plan};
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::cancel::CancelToken;
use crate::trial_context::{JOB_IMAGE_VARIABLE, RunOptions};
use crate::{exit_code, live, providers, scenario};

mod live_plan;
mod minimal;

const AFTER_HELP: &str = "\
A fault that was not injected, or not as often as asked, makes its trial unknown, and so does one
that outlasts all attempts.

Each trial leaves a folder DIR/<run id> with its record, journal and log; `kubeproof report` shows
them again, and `kubeproof sweep` lists what an interrupted run left behind.

A live run spends money in a real account. It needs:
  KUBEPROOF_LIVE_ACCOUNT     the ids of the accounts that may be used, separated by commas
  KUBEPROOF_LIVE_BUDGET_USD  the most that all trials together may cost
  --yes-spend-money          your confirmation
--plan shows beforehand what it would make and cost. The bill comes days later: the trial is pending
until `kubeproof settle` has read it.

Exit codes:
  0   every trial passed
  1   a finding
  2   usage or scenario error, or live trials that may cost too much; nothing was run
  3   inconclusive: a trial is unknown or was not run, or the bill is not final

Examples:
  kubeproof verify                                     all of scenarios/, in rehearsal
  kubeproof verify FILE --only TRIAL                   one trial of a scenario
  kubeproof verify FILE --fault SERVICE:OPERATION#1=lost-response
  kubeproof verify --tier kind --jobs 1                on a real cluster on this machine";

fn after_help() -> String {
    format!("{}\n{AFTER_HELP}", demand::help())
}

/// The tiers, as the command line names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TierName {
    /// Simulators in this process; needs nothing else
    Rehearsal,
    /// A real Kubernetes cluster made by kind on Docker
    Kind,
    /// A real cloud account; costs money
    Live,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Rehearsal => Self::Rehearsal,
            TierName::Kind => Self::Kind,
            TierName::Live => Self::Live,
        }
    }
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help())]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(
        value_name = "PATH",
        long_help = "Scenario files or folders [default: scenarios/].\n\
            In scenarios/ itself, named or not, scenarios that need a client program run only if \
            KUBEPROOF_CLIENTS names it; any other file or folder given here always runs."
    )]
    paths: Vec<PathBuf>,
    /// Tier of evidence
    #[arg(long, value_name = "TIER", default_value = "rehearsal")]
    tier: TierName,
    /// Only scenarios of this provider; may be repeated
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Run each scenario once with this fault; may be repeated
    #[arg(
        long,
        value_name = "SPEC",
        long_help = "Run each scenario once with this fault; may be repeated.\n\
            [actor/]service:operation[#occurrence][*times]=effect[(argument)]\n\
            For async-… and partial, it is the first accepted call from that occurrence on.\n\
            With --only, the fault is added to those of the selected trials."
    )]
    fault: Vec<Fault>,
    /// Run only this trial, such as two-zones/lost-vpc-answer; may be repeated
    #[arg(long, value_name = "TRIAL")]
    only: Vec<String>,
    /// Folder for run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Format of the report [default: table]
    #[arg(
        long,
        value_name = "FORMAT",
        long_help = "Format of the report [default: table].\n\
            For several scenarios the table shows the matrix, all findings, and the details of what \
            did not pass; with --verbose, or for a single scenario, all details. The other formats \
            always include everything."
    )]
    format: Option<FormatName>,
    /// Number of trials to run in parallel [default: number of cores; 1 when live]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Rehearse in an account without a second cluster
    #[arg(
        long,
        long_help = "Rehearse in an account without a second cluster.\n\
            By default the same provisioner first creates a cluster for another run, whose name starts with \
            this run's name; it must survive the run and is torn down afterwards."
    )]
    no_bystander: bool,
    /// Rehearse again under the least permissions, and without each of them, for the row permissions.minimal
    #[arg(long, conflicts_with_all = ["plan", "fault", "only"])]
    prove_permissions: bool,
    /// Show what a live run would make, for how long and at what price, and run nothing
    #[arg(
        long,
        conflicts_with = "format",
        long_help = "Show what a live run would make, for how long and at what price, and run nothing.\n\
            Makes no call: prices are those of the tables, and the operations for which it needs \
            permissions are those of a rehearsal. Also says what is missing for the run."
    )]
    plan: bool,
    /// Confirm that a live run may spend money
    #[arg(long)]
    yes_spend_money: bool,
}

/// Runs scenarios and reports.
pub fn run(args: &Args, out: &Output) -> u8 {
    let plan = match planned(args, out) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    for line in &plan.skipped {
        out.say(&format!("skipped  {line}"));
    }
    let refused = |(code, reason): (u8, String)| {
        out.error(&reason);
        code
    };
    if args.plan {
        return match live_plan::show(args.tier.into(), &plan.trials, &owner(), out) {
            Ok(code) => code,
            Err(refusal) => refused(refusal),
        };
    }
    let accounts = match allowed(args, &plan.trials) {
        Ok(accounts) => accounts,
        Err(refusal) => return refused(refusal),
    };
    let cancel = CancelToken::default();
    let options = RunOptions {
        owner: owner(),
        env_file: PathBuf::from(".env"),
        out: Some(args.out.clone()),
        cancel: cancel.clone(),
        accounts,
        job_image: std::env::var(JOB_IMAGE_VARIABLE).ok(),
        bystander: BystanderState::unless(args.no_bystander),
        sandbox: None,
        checkpoint: None,
        limited_to: None,
        calls: None,
    };
    if let Err(refusal) = ready(&plan.trials, &options) {
        return refused(refusal);
    }
    if let Err(error) = signals::listen(cancel.clone()) {
        out.say(&format!("warning: Ctrl-C cannot be caught here: {error}"));
    }
    let progress = progress::new(out, args.tier.into());
    let jobs = jobs(args.jobs, args.tier);
    let clean_up = signals::CleanUp(&cancel);
    let mut ran = runner::run_all(&plan.trials, jobs, &options, &progress);
    ran.add(runner::left_out(&plan.left_out, &options));
    if args.prove_permissions {
        let more = minimal::fill(&plan.trials, &mut ran.records, (&options, jobs));
        ran.errors.extend(more);
    }
    report(&ran.records, args, out, scenarios_of(&plan.trials) > 1);
    let left = ran.records.iter();
    let left = left.filter(|record| unseen::is_not_begun(record)).count();
    if left > 0 && cancel.is_cancelled() {
        out.error(&format!("stopped: {left} trials were not run"));
    }
    for error in &ran.errors {
        out.error(&error.to_string());
    }
    drop(clean_up);
    conclude(&ran, args, out)
}

/// Prints what was asked for, to standard output.
fn report(records: &[Record], args: &Args, out: &Output, several: bool) {
    let format = args.format.map_or(Format::Table, Format::from);
    let style = Style {
        brief: out.verbose == 0 && several,
        ..out.style()
    };
    out.report(&render(format, records, &style));
}

/// Says the verdict of the whole, and returns its exit code.
fn conclude(ran: &runner::RunResults, args: &Args, out: &Output) -> u8 {
    let records = &ran.records;
    // A record that could not be written proves nothing.
    let unwritten = ran.errors.iter().map(|_| Verdict::Unknown);
    let whole = Verdict::of_all(unwritten.chain([judge::all(records)]));
    out.say(&last_line(whole, records, &args.out.display().to_string()));
    if let Some(hint) = explain::hint(records) {
        out.say(&hint);
    }
    exit_code::of([whole])
}

/// The last line for people: the verdict, and where the records are.
fn last_line(whole: Verdict, records: &[Record], folder: &str) -> String {
    let count = |wanted: Verdict| {
        let all = records.iter().map(|record| judge::trial(record).0);
        all.filter(|verdict| *verdict == wanted).count()
    };
    let skipped = match count(Verdict::Skipped) {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    let passed = count(Verdict::Pass);
    let trials = counted(records.len(), "trial");
    format!("{whole}: {passed} of {trials} passed{skipped}; records are in {folder}")
}

/// The number of scenarios of these trials.
fn scenarios_of(trials: &[Trial]) -> usize {
    let files = trials.iter().map(|trial| &trial.scenario.file);
    files.collect::<BTreeSet<_>>().len()
}

/// Reads the scenarios and plans the trials. Nothing runs when anything is wrong with them.
fn planned(args: &Args, out: &Output) -> Result<Plan, u8> {
    let usage = |message: String| {
        out.error(&message);
        exit_code::USAGE
    };
    if let Some(name) = args
        .provider
        .iter()
        .find(|name| providers::find(name).is_none())
    {
        let known = providers::names();
        return Err(usage(format!(
            "unknown provider `{name}` (expected one of {known})"
        )));
    }
    let scenarios = scenario::read::all(&args.paths, &providers::shared())
        .map_err(|problems| out.problems(&problems))?;
    let choice = Choice {
        tier: args.tier.into(),
        providers: args.provider.clone(),
        seed: args.seed,
        faults: args.fault.clone(),
        only: args.only.clone(),
        clients: find::is_default(&args.paths).then(|| {
            let named = std::env::var(CLIENTS).unwrap_or_default();
            clients_of(&named)
        }),
    };
    plan(&scenarios, &choice).map_err(|error| usage(error.to_string()))
}

/// Whether the programs that the trials need are installed: without them nothing can be determined.
fn ready(trials: &[Trial], options: &RunOptions) -> Result<(), (u8, String)> {
    let mut seen = BTreeSet::new();
    for trial in trials
        .iter()
        .filter(|trial| seen.insert(&trial.scenario.file))
    {
        readiness::of_programs(trial, options).map_err(|missing| {
            let name = trial.scenario.name();
            let reason = format!("{name} cannot run here: {missing}; nothing was created");
            (exit_code::UNKNOWN, reason)
        })?;
    }
    Ok(())
}

fn usage(error: impl Display) -> (u8, String) {
    (exit_code::USAGE, error.to_string())
}

/// Whether the trials may be run in their tier, and when live in which accounts.
/// A tier whose requirements are missing is unknown, not a usage error.
fn allowed(args: &Args, trials: &[Trial]) -> Result<Vec<String>, (u8, String)> {
    let accounts = match args.tier {
        TierName::Rehearsal => return Ok(Vec::new()),
        TierName::Kind => Vec::new(),
        TierName::Live => {
            let permit = live::permit(&crate::simulate::environment::own(), args.yes_spend_money)
                .map_err(usage)?;
            let providers: Vec<&dyn Provider> = trials
                .iter()
                .map(|trial| trial.scenario.provider.as_ref())
                .collect();
            live::check_accounts(&permit.accounts, &providers).map_err(usage)?;
            spending::check(&permit, trials).map_err(usage)?;
            permit.accounts
        }
    };
    for trial in trials {
        let (provider, tier) = (&trial.scenario.provider, trial.tier);
        provider
            .readiness(tier, std::path::Path::new(".env"))
            .map_err(|reason| {
                let title = provider.title();
                let code = match tier {
                    Tier::Live => exit_code::USAGE,
                    _ => exit_code::UNKNOWN,
                };
                let reason = format!(
                    "{title} cannot run here in the tier {tier}: {reason}; nothing was created"
                );
                (code, reason)
            })?;
    }
    Ok(accounts)
}

/// The value of the owner tag, from `KUBEPROOF_OWNER`, in characters that every cloud accepts.
pub(super) fn owner() -> String {
    let name = std::env::var("KUBEPROOF_OWNER").unwrap_or_else(|_| "kubeproof".to_owned());
    let fits = |c: &char| c.is_ascii_alphanumeric() || "-_.@".contains(*c);
    let name: String = name.chars().filter(fits).take(60).collect();
    if name.is_empty() {
        "kubeproof".to_owned()
    } else {
        name
    }
}

/// How many trials run in parallel. In a real account one, unless more are requested: quotas are shared, and so is what
/// others see.
fn jobs(asked: Option<u16>, tier: TierName) -> usize {
    match (asked, tier) {
        (Some(asked), _) => usize::from(asked),
        (None, TierName::Live) => 1,
        (None, _) => cores(),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_trials_run_one_at_a_time_unless_more_are_asked_for() {
        assert_eq!(jobs(None, TierName::Live), 1);
        assert_eq!(jobs(Some(3), TierName::Live), 3);
        assert_eq!(jobs(None, TierName::Rehearsal), cores());
    }
}
