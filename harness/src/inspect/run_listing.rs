//! Listings of the run's resources between attempts, when no ground truth shows them.

use std::time::Duration;

use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;

use crate::audit::compare::{self, new_resources};
use crate::audit::inventory;
use crate::inspect::LISTINGS_MAX;
use crate::inspect::attribution::Attribution;
use crate::inspect::sources::Sources;

/// An inventory without what belongs to bystanders.
pub struct RunListing {
    /// What is proven to belong to the run.
    pub of_run: Vec<Resource>,
    /// What may belong to anyone.
    pub unproven: Vec<Resource>,
}

/// The longest that one listing may take: it delays the next attempt while resources cost money. A local engine lists
/// everything within a second; one that takes longer does not answer.
fn listing_limit(tier: Tier) -> Duration {
    match tier {
        Tier::Kind => Duration::from_secs(30),
        Tier::Rehearsal | Tier::Live => Duration::from_mins(10),
    }
}

/// Lists the account. `None` when it could not be listed.
pub async fn list_run(sources: Sources<'_>, account: &dyn Observer) -> Option<RunListing> {
    let limit = listing_limit(sources.trial.tier);
    let listed = tokio::time::timeout(limit, inventory::take(account)).await;
    let inventory = listed.ok()?;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let attribution = Attribution::now(sources, account);
    let all = attribution.without_bystanders(inventory.resources);
    let proven = |resource: &Resource| !account.proofs(sources.run, resource, &all).is_empty();
    let (of_run, unproven) = all.iter().cloned().partition(proven);
    Some(RunListing { of_run, unproven })
}

/// What was made since `before`, as it is listed and completed: in rehearsal everything new, elsewhere what is proven to be
/// the run's. `None` when it could not be listed.
pub async fn made_since(
    sources: Sources<'_>,
    account: &dyn Observer,
    before: &[Resource],
) -> Option<Vec<Resource>> {
    let RunListing { of_run, unproven } = list_run(sources, account).await?;
    // A simulated account has no other user.
    let alone = sources.ground_truth.is_some();
    let unproven = unproven.into_iter().filter(|_| alone);
    let all: Vec<Resource> = of_run.into_iter().chain(unproven).collect();
    account.complete(new_resources(before, &all)).await.ok()
}

/// The same, once nothing of the run disappears by itself any more: deletions take time to show.
pub async fn list_settled(sources: Sources<'_>, account: &dyn Observer) -> Option<RunListing> {
    let mut seen = list_run(sources, account).await?;
    for _ in 1..LISTINGS_MAX {
        if seen.of_run.is_empty() {
            break;
        }
        tokio::time::sleep(account.settle()).await;
        let now = list_run(sources, account).await?;
        let went = new_resources(&now.of_run, &seen.of_run);
        seen = now;
        if went.is_empty() {
            break;
        }
    }
    Some(seen)
}

/// These without what the cloud retains by design.
pub fn leaks(sources: Sources<'_>, account: &dyn Observer, of_run: &[Resource]) -> Vec<Resource> {
    let (provider, types) = (&sources.trial.scenario.provider, account.resource_types());
    let leaks = |resource: &&Resource| {
        compare::retained(resource, types).is_none() && provider.retained(resource).is_none()
    };
    of_run.iter().filter(leaks).cloned().collect()
}

/// What exists now: in rehearsal everything in the ground truth; elsewhere what is listed and proven to be the run's.
/// `None` when it cannot be listed. What is listed and belongs to bystanders is added to `bystanders_seen`.
pub async fn of_run(
    sources: Sources<'_>,
    account: &dyn Observer,
    bystanders_seen: &mut Vec<Resource>,
) -> Option<Vec<Resource>> {
    if let Some(ground_truth) = sources.ground_truth {
        return Some(ground_truth.inventory());
    }
    let attribution = Attribution::now(sources, account);
    let inventory = inventory::take(account).await;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let all = &inventory.resources;
    let theirs = |resource: &&Resource| attribution.proof(resource, all).is_some();
    bystanders_seen.extend(all.iter().filter(theirs).cloned());
    let ours = |resource: &&Resource| !account.proofs(sources.run, resource, all).is_empty();
    Some(all.iter().filter(ours).cloned().collect())
}
