//! The read-only phases: preflight before anything is created, checks afterwards.
//!
//! Kept separate from provisioning because the observer must not rely on what the provisioner reports.

use std::time::Duration;

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use crate::audit::compare::words;
use crate::audit::inventory;
use crate::live::{self, Refusal};
use crate::oracles::{Violation, ground_truth};
use crate::prices;
use crate::prices::{PriceOf, month};
use crate::programs::live_access::LiveAccess;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};

/// The longest that preflight may take, in the trial's clock.
const PREFLIGHT_LIMIT: Duration = Duration::from_mins(15);
/// The longest that the checks may take, in the trial's clock.
const CHECKS_LIMIT: Duration = Duration::from_mins(30);

/// Where live work is allowed.
pub struct LiveAllowance<'a> {
    /// How programs reach the account, if the provisioner is one.
    pub access: Option<LiveAccess>,
    /// The ids of the accounts in which the trial may happen.
    pub accounts: &'a [String],
}

/// Preflight. Anything but a pass or a skip stops the trial before anything is created. `live` is asked first, in live
/// trials.
pub async fn preflight(observer: &dyn Observer, live: Option<&LiveAllowance<'_>>) -> PhaseOutcome {
    // Before any other call: the first question is whether anything may happen in this account.
    if let Some(live) = live
        && let Err(refusal) = allowed(live, observer).await
    {
        let message = format!("{}; nothing was created", refusal.message);
        return PhaseOutcome::judged(refusal.verdict, message);
    }
    let Ok(checks) = tokio::time::timeout(PREFLIGHT_LIMIT, observer.preflight()).await else {
        let message = "no answer within 15 minutes; nothing was created";
        return PhaseOutcome::new(Verdict::Unknown, message);
    };
    let (verdict, message) = summary(&checks);
    let message = if stops(verdict) {
        format!("{message}; nothing was created")
    } else {
        message
    };
    PhaseOutcome::judged(verdict, message).with_checks(checks)
}

/// Whether a preflight with this verdict stops the trial.
pub fn stops(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Unknown)
}

/// Whether live work is allowed in the account: the account of programs in their own environment, and that of the
/// observer.
async fn allowed(live: &LiveAllowance<'_>, observer: &dyn Observer) -> Result<(), Refusal> {
    let asking = async {
        if let Some(access) = &live.access {
            access.credentials.checked().await?;
        }
        live::in_allowed_account(observer, live.accounts).await
    };
    match tokio::time::timeout(PREFLIGHT_LIMIT, asking).await {
        Ok(found) => found.map(drop),
        Err(_) => Err(Refusal::unknown(
            "no answer within 15 minutes whose credentials these are".to_owned(),
        )),
    }
}

/// What the checks of a cluster use.
pub struct Checked<'a> {
    pub observer: &'a dyn Observer,
    pub plan: &'a dyn Plan,
    pub run: &'a Run,
    /// For what a program says it made; `None` for a built-in provisioner.
    pub program_of: Option<&'a dyn Provider>,
    /// The ground truth, in a rehearsal.
    pub ground_truth: Option<&'a dyn GroundTruth>,
}

/// The checks of a provisioned cluster. What the provisioner reported must be true (O3).
pub async fn checks(
    using: &Checked<'_>,
    provisioned: &Provisioned,
    told: &mut Told,
) -> PhaseOutcome {
    let looking = using.observer.checks(using.run, provisioned);
    let Ok(checks) = tokio::time::timeout(CHECKS_LIMIT, looking).await else {
        return PhaseOutcome::new(Verdict::Unknown, "no answer within 30 minutes");
    };
    let (verdict, message) = summary(&checks);
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .collect();
    told.rows(checks.iter().cloned());
    if !failed.is_empty() {
        let untrue = |what: &str| -> Vec<Violation> {
            let message = |check: &&Check| {
                format!(
                    "the provisioner reported success, but {}: {}{what}",
                    check.id, check.evidence
                )
            };
            let messages = failed.iter().map(message);
            messages
                .map(|message| Violation::new("O3 truth", message))
                .collect()
        };
        // The prices take an inventory.
        told.if_cut_off(untrue(""));
        told.violations(untrue(&paid_for(using).await));
    }
    if let Some(provider) = using.program_of {
        compare_made(using, provider, provisioned, told).await;
    }
    PhaseOutcome::new(verdict, message)
}

/// What a provisioner says it made, by the ids that an inventory has. What no inventory has (a route, the attachment of a
/// policy) is left out.
pub fn said_made(provider: &dyn Provider, provisioned: &Provisioned) -> Vec<(String, String)> {
    let all = provisioned.made.iter();
    all.filter_map(|(name, id)| Some((name.clone(), provider.inventory_id(name, id)?)))
        .collect()
}

/// O3: what a program says it made is there.
async fn compare_made(
    using: &Checked<'_>,
    provider: &dyn Provider,
    provisioned: &Provisioned,
    told: &mut Told,
) {
    let said = said_made(provider, provisioned);
    if said.is_empty() {
        return;
    }
    let truth = match using.ground_truth {
        Some(ground_truth) => ground_truth.inventory(),
        None => {
            let inventory = inventory::take(using.observer).await;
            if !inventory.coverage.failed.is_empty() {
                told.note("what the provisioner says it made was not compared: a listing failed");
                return;
            }
            inventory.resources
        }
    };
    told.note(format!(
        "the provisioner says that it made {} things",
        provisioned.made.len()
    ));
    told.violations(ground_truth::made(&said, &truth));
}

/// What is paid for a cluster that is not what was reported: `; eks_cluster kp-1 costs $73.00 a month`.
async fn paid_for(using: &Checked<'_>) -> String {
    let inventory = inventory::take(using.observer).await;
    let price = prices::price(using.plan);
    match run_resource(using.run, using.plan, &inventory.resources, &price) {
        Some(resource) => format!(
            "; {} costs {} all the same",
            words(resource),
            month(price(resource))
        ),
        None => "; no resource carries the run's tag".to_owned(),
    }
}

/// The resource that represents the run: the most expensive one with the run's plain name, as the cluster has; else
/// the most expensive one with its tag.
fn run_resource<'a>(
    run: &Run,
    naming: &dyn Naming,
    resources: &'a [Resource],
    price: PriceOf<'_>,
) -> Option<&'a Resource> {
    let name = naming.name(run, "");
    let named = |resource: &Resource| {
        resource.id == name || resource.name.as_deref() == Some(name.as_str())
    };
    resources
        .iter()
        .filter(|resource| naming.is_marked(run, resource) || named(resource))
        .max_by_key(|resource| (named(resource), price(resource)))
}

/// The verdict over the checks, and as text which of them did not pass.
fn summary(checks: &[Check]) -> (Verdict, String) {
    let verdict = Verdict::of_all(checks.iter().map(|check| check.verdict));
    let passed = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Pass)
        .count();
    let not: Vec<String> = checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Unknown))
        .map(|check| format!("{}: {}", check.id, check.evidence))
        .collect();
    if checks.is_empty() {
        return (Verdict::Unknown, "nothing was checked".to_owned());
    }
    let count = format!("{passed} of {} passed", checks.len());
    if not.is_empty() {
        (verdict, count)
    } else {
        (verdict, format!("{count}; {}", not.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kubeproof_contract::Decimal;

    use super::*;
    use crate::audit::stub_plan::StubPlan;

    #[test]
    fn the_cluster_stands_for_its_run_even_when_something_else_costs_more() {
        let run = Run::new("r1", "o", Timestamp::UNIX_EPOCH);
        let mut machine = Resource::new("machine", "m-1", "r");
        machine.tags = run.tags();
        let cluster = Resource::new("cluster", "kp-r1", "r");
        let mut network = Resource::new("network", "n-1", "r");
        network.name = Some("kp-r1".to_owned());
        let bystander = Resource::new("cluster", "kp-legacy", "r");
        let price = |resource: &Resource| match resource.resource_type.as_str() {
            "machine" => Some(Decimal::ONE_HUNDRED),
            "cluster" => Some(Decimal::TEN),
            _ => Some(Decimal::ZERO),
        };
        let all = [machine.clone(), network, cluster.clone(), bystander.clone()];
        assert_eq!(
            run_resource(&run, &StubPlan::default(), &all, &price),
            Some(&cluster)
        );
        let all = [machine.clone(), bystander.clone()];
        assert_eq!(
            run_resource(&run, &StubPlan::default(), &all, &price),
            Some(&machine)
        );
        assert_eq!(
            run_resource(&run, &StubPlan::default(), &[bystander], &price),
            None
        );
    }
}
