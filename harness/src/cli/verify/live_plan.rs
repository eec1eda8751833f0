//! `verify --tier live --plan`: shows what a live run would do, and what is missing for it.

use std::path::Path;

use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;

use crate::cli::output::Output;
use crate::runner::{live_plan, spending};
use crate::trial::Trial;
use crate::wall_clock::today;
use crate::{exit_code, live};

/// Shows the plan. Whether it may be carried out does not change the exit code: nothing was to be run.
pub fn show(tier: Tier, trials: &[Trial], owner: &str, out: &Output) -> Result<u8, (u8, String)> {
    if tier != Tier::Live {
        let problem = "--plan is for --tier live: the other tiers cost nothing";
        return Err((exit_code::USAGE, problem.to_owned()));
    }
    let mut planned = Vec::new();
    for trial in trials {
        let plan = live_plan::plan(trial, owner, today());
        planned.push(plan.map_err(|error| (exit_code::UNKNOWN, error.to_string()))?);
    }
    out.report(&live_plan::text(&planned, &lacks(trials)));
    Ok(exit_code::PASSED)
}

/// What keeps the trials from being run, besides a missing confirmation.
fn lacks(trials: &[Trial]) -> Vec<String> {
    let mut lacks = Vec::new();
    match live::permit(&crate::simulate::environment::own(), true) {
        Err(missing) => lacks.push(missing.to_string()),
        Ok(permit) => {
            let providers: Vec<&dyn Provider> = trials
                .iter()
                .map(|trial| trial.scenario.provider.as_ref())
                .collect();
            let accounts = live::check_accounts(&permit.accounts, &providers);
            lacks.extend(accounts.err().map(|error| error.to_string()));
            let spending = spending::check(&permit, trials);
            lacks.extend(spending.err().map(|error| error.to_string()));
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for trial in trials {
        let provider = &trial.scenario.provider;
        if seen.contains(&provider.name()) {
            continue;
        }
        seen.push(provider.name());
        let ready = provider.readiness(Tier::Live, Path::new(".env"));
        lacks.extend(
            ready
                .err()
                .map(|why| format!("{}: {why}", provider.title())),
        );
    }
    lacks
}
