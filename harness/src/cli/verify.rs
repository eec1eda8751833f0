//! `kubeproof verify`: runs scenarios and reports the results.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::unseen;

use super::output::Output;
use super::{progress, report_files, signals};
use crate::runner::{self, RunResults, readiness, spending};
use crate::scenario::find;
use crate::trial::Trial;
use crate::trial::plan::{CLIENTS, Choice, Plan, clients_of, plan};
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::cancel::CancelToken;
use crate::trial_context::{JOB_IMAGE_VARIABLE, RunOptions};
use crate::{exit_code, live, providers, scenario};

mod args;
mod conclude;
mod fail_fast;
mod last_run;
mod list;
mod live_plan;
mod minimal;

pub use self::args::{Args, TierName};
pub use self::list::List;

/// Runs scenarios and reports.
pub fn run(args: &Args, out: &Output) -> u8 {
    let plan = match planned(args, out) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    if args.list {
        return list::show(&plan, args, out);
    }
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
        keep: args.keep,
        calls: None,
    };
    if let Err(refusal) = ready(&plan.trials, &options) {
        return refused(refusal);
    }
    if let Err(error) = signals::listen(cancel.clone()) {
        out.say(&format!("warning: Ctrl-C cannot be caught here: {error}"));
    }
    let mut progress = progress::new(out, args.tier.into());
    if args.fail_fast {
        progress = fail_fast::stopping(progress, &cancel);
    }
    let jobs = jobs(args.jobs, args.tier);
    let clean_up = signals::CleanUp(&cancel);
    let mut ran = runner::run_all(&plan.trials, jobs, &options, &progress);
    ran.add(runner::left_out(&plan.left_out, &options));
    if args.prove_permissions {
        let more = minimal::fill(&plan.trials, &mut ran.records, (&options, jobs));
        ran.errors.extend(more);
    }
    let code = told(args, &plan, (&ran, &cancel), out);
    drop(clean_up);
    code
}

/// Reports what ran, says what a reader should know besides, and concludes.
fn told(args: &Args, plan: &Plan, (ran, cancel): (&RunResults, &CancelToken), out: &Output) -> u8 {
    let several = scenarios_of(&plan.trials) > 1;
    let unwritten = conclude::report(&ran.records, args, out, several).err();
    for line in conclude::unused_entries(&plan.trials, &ran.records) {
        out.say(&format!("warning: {line}"));
    }
    let left = ran.records.iter();
    let left = left.filter(|record| unseen::is_not_begun(record)).count();
    if left > 0 && cancel.is_cancelled() {
        out.error(&format!("stopped: {left} trials were not run"));
    }
    for error in &ran.errors {
        out.error(&error.to_string());
    }
    let code = conclude::conclude(ran, args, out);
    match unwritten {
        None => code,
        Some(problems) => {
            for problem in &problems {
                out.error(problem);
            }
            exit_code::unwritten(code)
        }
    }
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
    let plan = plan(&scenarios, &choice).map_err(|error| usage(error.to_string()))?;
    report_files::check(&args.report).map_err(usage)?;
    if args.keep && args.tier == TierName::Rehearsal {
        let problem =
            "`--keep` is for the tiers kind and live: nothing of a rehearsal is left to look at";
        return Err(usage(problem.to_owned()));
    }
    if !args.only_failed {
        return Ok(plan);
    }
    last_run::only_failed(plan, &args.out).map_err(usage)
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
