//! `kubeproof audit`: lists an account and shows what is in it; deletes nothing.
//!
//! Unlike the audit phase of a trial it has no baseline, so whatever carries a run's tag counts as left behind.

use std::fmt::Write as _;
use std::path::PathBuf;

use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;
use kubeproof_reports::output::{self, Output as JsonOutput};
use kubeproof_reports::record::Coverage;
use schemars::JsonSchema;
use serde::Serialize;

use super::account_of_run::{allowed_accounts, in_allowed_account};
use super::output::{Output, TableOrJson};
use super::verify::{TierName, owner};
use crate::audit::inventory;
use crate::cost::usd as dollars;
use crate::scenario::{Scenario, injectable};
use crate::trial::injected;
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::today;
use crate::{exit_code, providers, scenario};

const AFTER_HELP: &str = "\
Every resource type is listed in every scope of the account (a region, where there are regions), to
the last page. There is no baseline: what carries a run's tag, or the name of one where there are no
tags, counts as left behind. Types and scopes that are not covered are named.

Exit codes:
  0   nothing of a run is left
  1   something carries a run's tag or name
  2   usage or scenario error, or an account that may not be listed; nothing was listed
  3   inconclusive: something could not be listed, or a fault was not injected

Examples:
  kubeproof audit FILE                                 a fresh simulated account
  kubeproof audit FILE --tier live --region REGION     one region of a real account";

/// Options of `audit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Scenario files or folders that name the accounts [default: scenarios/]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only accounts of this provider; may be repeated
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Only this scope, such as a region; may be repeated [default: all of the account]
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Tier: a fresh simulated account, or a real one
    #[arg(long, value_name = "TIER", default_value = "rehearsal")]
    tier: TierName,
    /// Random seed of the simulated account
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Inject this fault into the audit, such as 'auditor/SERVICE:OPERATION=reject'
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

/// What an audit found.
#[derive(Debug, Serialize, JsonSchema)]
struct Accounts<'a> {
    accounts: &'a [Account],
}

/// What an audit of one account found.
#[derive(Debug, Serialize, JsonSchema)]
struct Account {
    provider: &'static str,
    tier: String,
    coverage: Coverage,
    /// The faults that were not injected as often as requested: the audit is inconclusive about them.
    not_injected: Vec<String>,
    resources: Vec<Found>,
}

/// One resource.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    resource_type: String,
    id: String,
    name: Option<String>,
    region: String,
    /// Scope, with provider and account.
    scope: String,
    run: Option<String>,
    expires: Option<String>,
    monthly_cost_usd: Option<Decimal>,
    /// What one request to it would start, with its price, where it costs nothing as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_when_used: Option<String>,
}

/// Lists the accounts and shows what is in them.
pub fn run(args: &Args, out: &Output) -> u8 {
    // Listing costs nothing, but it must be the account that was meant.
    let allowed = match args.tier {
        TierName::Live => allowed_accounts("the id of the account that may be listed"),
        _ => Ok(Vec::new()),
    };
    let allowed = match allowed {
        Ok(allowed) => allowed,
        Err(refusal) => return out.code(Err(refusal)),
    };
    let scenarios = match scenario::read::all(&args.paths, &providers::shared()) {
        Ok(scenarios) => scenarios,
        Err(problems) => return out.problems(&problems),
    };
    let mut accounts: Vec<Account> = Vec::new();
    let each = one_each(&scenarios, &args.provider, args.tier.into());
    if let Some(reason) = refused(&args.fault, &each, args.tier.into()) {
        out.error(&reason);
        return exit_code::USAGE;
    }
    for scenario in each {
        match audit(scenario, args, &allowed) {
            Ok(account) => accounts.push(account),
            Err((code, problem)) => {
                out.error(&problem);
                return code;
            }
        }
    }
    if accounts.is_empty() {
        out.error("nothing to audit: no scenario matches the chosen providers and tier");
        return exit_code::USAGE;
    }
    match args.format {
        TableOrJson::Table => out.report(&table(&accounts)),
        TableOrJson::Json => {
            let document = Accounts {
                accounts: &accounts,
            };
            out.report(&JsonOutput::new(verdict(&accounts), document).text());
        }
    }
    exit_code::of([verdict(&accounts)])
}

/// One scenario for each provider: all of one provider have the same account.
pub(super) fn one_each<'a>(
    scenarios: &'a [Scenario],
    chosen: &[String],
    tier: Tier,
) -> Vec<&'a Scenario> {
    let mut each: Vec<&Scenario> = Vec::new();
    for scenario in scenarios {
        let name = scenario.provider.name();
        let wanted = (chosen.is_empty() || chosen.iter().any(|other| other == name))
            && scenario.provider.tiers().contains(&tier);
        if wanted && !each.iter().any(|other| other.provider.name() == name) {
            each.push(scenario);
        }
    }
    each
}

/// Why a fault can be injected into none of these audits.
fn refused(faults: &[Fault], scenarios: &[&Scenario], tier: Tier) -> Option<String> {
    for fault in faults {
        if fault.target.actor != Actor::Auditor {
            return Some(format!(
                "`{fault}` matches no call: an audit makes only the auditor's calls; write \
                 `auditor/{}:{}`",
                fault.target.service, fault.target.operation
            ));
        }
        let reason = |scenario: &&Scenario| refusal(fault, scenario, tier);
        let reasons: Option<Vec<String>> = scenarios.iter().map(reason).collect();
        let reasons = reasons.unwrap_or_default();
        // Prefer a reason with a suggestion.
        let told = reasons
            .iter()
            .find(|reason| reason.contains("did you mean"));
        if let Some(reason) = told.or(reasons.first()) {
            return Some(reason.clone());
        }
    }
    injectable::colliding(faults)
}

fn refusal(fault: &Fault, scenario: &Scenario, tier: Tier) -> Option<String> {
    let provider = scenario.provider.as_ref();
    injectable::refusal(std::slice::from_ref(fault), provider, tier)
}

/// Something that a run left behind is a finding. A cell that was not listed, or a fault that was not injected, makes
/// the verdict unknown.
fn verdict(accounts: &[Account]) -> Verdict {
    let left = accounts
        .iter()
        .flat_map(|account| &account.resources)
        .any(|found| found.run.is_some());
    let hidden = accounts
        .iter()
        .any(|account| !account.coverage.failed.is_empty() || !account.not_injected.is_empty());
    match (left, hidden) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Unknown,
        (false, false) => Verdict::Pass,
    }
}

/// Audits the account of one scenario.
///
/// # Errors
/// With the exit code and the reason.
fn audit(scenario: &Scenario, args: &Args, allowed: &[String]) -> Result<Account, (u8, String)> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let tier: Tier = args.tier.into();
    let mut faults = args.fault.clone();
    // Those of other providers are injected into the audits of their accounts.
    faults.retain(|fault| refusal(fault, scenario, tier).is_none());
    let trial = Trial {
        scenario: scenario.clone(),
        part: Part::Lifecycle(faults),
        tier,
        seed: args.seed,
    };
    let options = RunOptions {
        owner: owner(),
        ..RunOptions::quiet()
    };
    let runtime = runtime(&trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let context = TrialContext::new(&trial, &options, &Silent::shared(), today())
            .map_err(|error| unknown(error.to_string()))?;
        let auditor = context.observer(Actor::Auditor);
        if trial.tier == Tier::Live {
            in_allowed_account(auditor.as_ref(), allowed, "nothing was listed").await?;
        }
        let scopes: Vec<Scope> = args.region.iter().map(Scope::from).collect();
        let inventory = inventory::take_everywhere(auditor.as_ref(), &scopes, &[]).await;
        let mut coverage = inventory.coverage;
        let resources = match auditor.complete(inventory.resources.clone()).await {
            Ok(complete) => complete,
            Err(error) => {
                coverage
                    .failed
                    .push(format!("details of resources: {error}"));
                inventory.resources
            }
        };
        let plan = context.plan.as_ref();
        let (provider, account) = (scenario.provider.name(), auditor.learned().account);
        let found = |resource: Resource| {
            let scope = resource.scope.in_account(provider, account.as_deref());
            found(plan, resource, scope)
        };
        Ok(Account {
            provider: scenario.provider.name(),
            tier: trial.tier.to_string(),
            coverage,
            not_injected: injected::missing(
                &context.faults.tally(),
                &context.faults.failed_changes(),
                None,
            ),
            resources: resources.into_iter().map(found).collect(),
        })
    })
}

/// A resource, whose it is, and what it costs.
fn found(plan: &dyn Plan, resource: Resource, scope: String) -> Found {
    let owner = plan.owner_of(&resource);
    let owner = owner.or_else(|| plan.owner_by_name(&resource));
    let expires = owner.as_ref().and_then(|owner| owner.expires);
    Found {
        monthly_cost_usd: plan.monthly_cost(&resource).map(|cost| cost.usd),
        starts_when_used: plan.starts_when_used(&resource),
        expires: expires.map(|at| at.to_string()),
        run: owner.map(|owner| owner.run),
        resource_type: resource.resource_type,
        id: resource.id,
        name: resource.name,
        region: resource.scope.to_string(),
        scope,
    }
}

fn table(accounts: &[Account]) -> String {
    let mut text = String::new();
    for account in accounts {
        let coverage = &account.coverage;
        let _ = writeln!(
            text,
            "{} ({}): {} of {} cells listed, {} resources",
            account.provider,
            account.tier,
            coverage.listed,
            coverage.cells,
            account.resources.len()
        );
        for failed in &coverage.failed {
            let _ = writeln!(text, "  not listed: {failed}");
        }
        for line in &account.not_injected {
            let _ = writeln!(text, "  {line}");
        }
        for line in &coverage.not_covered {
            let _ = writeln!(text, "  not covered: {line}");
        }
        for found in &account.resources {
            let name = found
                .name
                .as_deref()
                .map(|name| format!(" ({name})"))
                .unwrap_or_default();
            let run = match (&found.run, &found.expires) {
                (Some(run), Some(expires)) => format!("  run {run}, expires {expires}"),
                (Some(run), None) => format!("  run {run}"),
                _ => String::new(),
            };
            let cost = match found.monthly_cost_usd {
                Some(usd) => format!("  {} a month", dollars(usd, 2)),
                None => String::new(),
            };
            let starts = found.starts_when_used.as_ref();
            let starts = starts.map_or_else(String::new, |starts| format!(" now, and {starts}"));
            let _ = writeln!(
                text,
                "  {} {}{name} in {}{cost}{starts}{run}",
                found.resource_type, found.id, found.region
            );
        }
    }
    text
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> serde_json::Value {
    output::schema::<Accounts<'_>>()
}

#[cfg(test)]
mod tests;
