//! `kubeproof sweep --expired`: what is left of runs whose expiry is over, without any run's folder.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::private;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;

use super::{Args, confirm, delete_all, plan, resources, verdict};
use crate::cli::account_of_run::{Refusal, allowed_accounts, in_allowed_account};
use crate::cli::audit::one_each;
use crate::cli::output::Output;
use crate::cli::verify::owner;
use crate::scenario::Scenario;
use crate::sweep::account::{SweepListing, list_and_plan_expired};
use crate::sweep::{Action, expired};
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::today;
use crate::{exit_code, providers, scenario};

/// Shows or removes what is left in the account of each scenario.
pub fn run(args: &Args, out: &Output) -> u8 {
    out.code(swept(args, out))
}

fn swept(args: &Args, out: &Output) -> Result<u8, Refusal> {
    let allowed = allowed_accounts("the ids of the accounts that may be swept")?;
    let scenarios = match scenario::read::all(&args.paths, &providers::shared()) {
        Ok(scenarios) => scenarios,
        Err(problems) => return Ok(out.problems(&problems)),
    };
    let each = one_each(&scenarios, &args.provider, Tier::Live);
    if each.is_empty() {
        let problem = "nothing to sweep: no scenario is of these providers and for the tier live";
        return Err((exit_code::USAGE, problem.to_owned()));
    }
    let mut verdicts = Vec::new();
    for scenario in each {
        verdicts.push(account(scenario, args, &allowed, out)?);
    }
    Ok(exit_code::of(verdicts))
}

/// Sweeps the account of one scenario.
fn account(
    scenario: &Scenario,
    args: &Args,
    allowed: &[String],
    out: &Output,
) -> Result<Verdict, Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let provider = scenario.provider.name();
    let trial = Trial {
        scenario: scenario.clone(),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Live,
        seed: 1,
    };
    let options = RunOptions {
        owner: owner(),
        ..RunOptions::quiet()
    };
    let runtime = runtime(&trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let context = TrialContext::new(&trial, &options, &Silent::shared(), today())
            .map_err(|error| unknown(error.to_string()))?;
        let account = context.observer(Actor::Provisioner);
        let id = in_allowed_account(account.as_ref(), allowed, "nothing was changed").await?;
        let scopes: Vec<Scope> = args.region.iter().map(Scope::from).collect();
        let naming: &dyn Naming = context.plan.as_ref();
        let list = async || {
            let of = (account.as_ref(), naming);
            list_and_plan_expired(of, &scopes, context.clock.now()).await
        };
        let mut left = list().await;
        let count = left.of(Action::Delete).count();
        let hash = expired::hash(&left.decisions);
        out.report(&format!(
            "{provider}:{id}: plan {hash}: {} to delete\n{}",
            resources(count),
            plan(&left, args)
        ));
        if args.delete && count > 0 {
            confirmed(args, &hash, count, out)?;
            let folder = args.out.join(format!("expired-{provider}"));
            private::folder(&folder)
                .map_err(|error| unknown(format!("the sweep's log cannot be opened: {error}")))?;
            left = delete_all(&context, (account.as_ref(), &folder), list, left, out).await?;
        }
        report(&left, args, out);
        Ok(verdict(&left))
    })
}

/// Whether the plan is confirmed: by its hash, by `--yes`, or by a person who types the hash.
fn confirmed(args: &Args, hash: &str, count: usize, out: &Output) -> Result<(), Refusal> {
    match &args.confirm {
        Some(given) if given == hash => Ok(()),
        Some(given) => Err((
            exit_code::USAGE,
            format!("the plan has the hash {hash} by now, and not {given}; nothing was deleted"),
        )),
        None => confirm(args, hash, count, out),
    }
}

/// What is left, and what to do about it.
fn report(left: &SweepListing, args: &Args, out: &Output) {
    for line in &left.not_covered {
        out.say(&format!("not covered  {line}"));
    }
    for failed in &left.failed {
        out.error(failed);
    }
    let to_delete = left.of(Action::Delete).count();
    let by_hand = left.of(Action::LeaveToPerson).count();
    let hint = match (to_delete, args.delete) {
        (0, _) => "",
        (_, false) => "; nothing was deleted: add --delete to remove what expired runs made",
        (_, true) => "; run the same again",
    };
    if to_delete + by_hand > 0 {
        out.say(&format!(
            "{} of expired runs left, {by_hand} of them for a person to judge{hint}",
            resources(to_delete + by_hand)
        ));
    } else if left.failed.is_empty() {
        out.say("nothing of expired runs is left");
    } else {
        out.say("the check was incomplete: it is unknown whether anything is left");
    }
}
