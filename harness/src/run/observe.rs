//! The phases that only look: preflight before anything is created, checks after.
//!
//! Apart from provisioning because the observer must not lean on what the provisioner says.

use std::time::Duration;

use kubeproof_contract::account::Account;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;

use super::book::Book;
use super::look;
use super::stage::Stage;
use crate::audit::compare::words;
use crate::audit::inventory;
use crate::live::{self, Refusal};
use crate::oracles::price::{PriceOf, month};
use crate::oracles::truth;

/// The longest that preflight may take, in the trial's clock.
const PREFLIGHT_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The longest that the checks may take, in the trial's clock.
const CHECKS_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Preflight. `false` stops the trial before anything is created.
pub async fn preflight(book: &mut Book<'_, '_>, stage: &Stage<'_>, observer: &dyn Account) -> bool {
    let begun = book.begin("preflight");
    // Before any other call: the first question is whether anything may happen in this account.
    if stage.trial.tier == Tier::Live
        && let Err(refusal) = allowed(stage, observer).await
    {
        let message = format!("{}; nothing was created", refusal.message);
        book.end_judged(begun, refusal.verdict, message);
        return false;
    }
    let Ok(checks) = tokio::time::timeout(PREFLIGHT_LIMIT, observer.preflight()).await else {
        book.end(
            begun,
            Verdict::Unknown,
            "no answer within 15 minutes; nothing was created",
        );
        return false;
    };
    let (verdict, message) = summary(&checks);
    let go = !matches!(verdict, Verdict::Fail | Verdict::Unknown);
    let message = if go {
        message
    } else {
        format!("{message}; nothing was created")
    };
    book.checks.extend(checks);
    book.end_judged(begun, verdict, message);
    go
}

/// Whether the account is one in which live work may happen: that of programs by their own environment, and
/// that of the observer.
async fn allowed(stage: &Stage<'_>, observer: &dyn Account) -> Result<(), Refusal> {
    let asking = async {
        if let Some(access) = stage.access() {
            access.checked().await?;
        }
        live::in_allowed_account(observer, &stage.accounts).await
    };
    match tokio::time::timeout(PREFLIGHT_LIMIT, asking).await {
        Ok(found) => found.map(drop),
        Err(_) => Err(Refusal::unknown(
            "no answer within 15 minutes whose credentials these are".to_owned(),
        )),
    }
}

/// The checks of a provisioned cluster. What the provisioner reported must be true (O3).
pub async fn checks(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    observer: &dyn Account,
    provisioned: &Provisioned,
) {
    let begun = book.begin("checks");
    let looking = observer.checks(&stage.run, provisioned);
    let Ok(checks) = tokio::time::timeout(CHECKS_LIMIT, looking).await else {
        book.end(begun, Verdict::Unknown, "no answer within 30 minutes");
        return;
    };
    let (verdict, message) = summary(&checks);
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .collect();
    if !failed.is_empty() {
        let what = paid_for(stage, observer).await;
        for check in failed {
            let message = format!(
                "the provisioner reported success, but {}: {}{what}",
                check.id, check.evidence
            );
            book.find("O3 truth", message);
        }
    }
    book.checks.extend(checks);
    if stage.scenario().provisioner.is_external() {
        compare_made(book, stage, observer, provisioned).await;
    }
    book.end(begun, verdict, message);
}

/// O3: what a program says it made is there.
async fn compare_made(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    observer: &dyn Account,
    provisioned: &Provisioned,
) {
    let provider = &stage.trial.scenario.provider;
    let said: Vec<(String, String)> = provisioned
        .made
        .iter()
        .filter_map(|(name, id)| Some((name.clone(), provider.inventory_id(name, id)?)))
        .collect();
    if said.is_empty() {
        return;
    }
    let truth = match &stage.world {
        Some(world) => world.inventory(),
        None => {
            let inventory = inventory::take(observer).await;
            if !inventory.coverage.failed.is_empty() {
                book.note("what the provisioner says it made was not compared: a listing failed");
                return;
            }
            inventory.resources
        }
    };
    book.note(&format!(
        "the provisioner says that it made {} things",
        provisioned.made.len()
    ));
    book.find_all(truth::made(&said, &truth));
}

/// What is paid for a cluster that is not what was reported: `; eks_cluster kp-1 costs $73.00 a month`.
async fn paid_for(stage: &Stage<'_>, observer: &dyn Account) -> String {
    let inventory = inventory::take(observer).await;
    let price = look::price(observer);
    match run_resource(&stage.run, &inventory.resources, &price) {
        Some(resource) => format!(
            "; {} costs {} all the same",
            words(resource),
            month(price(resource))
        ),
        None => "; no resource carries the run's tag".to_owned(),
    }
}

/// The resource that stands for the run: the dearest of those that bear its plain name, as the cluster
/// does; else the dearest that carries its tag.
fn run_resource<'a>(
    run: &Run,
    resources: &'a [Resource],
    price: PriceOf<'_>,
) -> Option<&'a Resource> {
    let name = run.name("");
    let named = |resource: &Resource| {
        resource.id == name || resource.name.as_deref() == Some(name.as_str())
    };
    resources
        .iter()
        .filter(|resource| run.owns(&resource.tags) || named(resource))
        .max_by_key(|resource| (named(resource), price(resource)))
}

/// The verdict over checks, and in words which of them did not pass.
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

    #[test]
    fn the_cluster_stands_for_its_run_even_when_something_else_costs_more() {
        let run = Run::new("r1", "o", Timestamp::UNIX_EPOCH);
        let mut machine = Resource::new("machine", "m-1", "r");
        machine.tags = run.tags();
        let cluster = Resource::new("cluster", "kp-r1", "r");
        let mut network = Resource::new("network", "n-1", "r");
        network.name = Some("kp-r1".to_owned());
        let neighbour = Resource::new("cluster", "kp-legacy", "r");
        let price = |resource: &Resource| match resource.resource_type.as_str() {
            "machine" => Some(Decimal::ONE_HUNDRED),
            "cluster" => Some(Decimal::TEN),
            _ => Some(Decimal::ZERO),
        };
        let all = [machine.clone(), network, cluster.clone(), neighbour.clone()];
        assert_eq!(run_resource(&run, &all, &price), Some(&cluster));
        let all = [machine.clone(), neighbour.clone()];
        assert_eq!(run_resource(&run, &all, &price), Some(&machine));
        assert_eq!(run_resource(&run, &[neighbour], &price), None);
    }
}
