//! Plans a sweep without the folder of a run: what carries the marks of runs whose expiry is over. Pure.
//!
//! There is no baseline, and marks are claims: tools also mark what they adopt. So only what is shown to be a run's own is
//! deleted.
//!
//! | what is known | action |
//! |---|---|
//! | its run is not over, or it may remain by design | not listed |
//! | it carries all marks of an expired run, and the cloud dates it after the run's beginning | delete, once the plan is confirmed |
//! | the same without a date, and its name is the run's own for one of its parts | delete, once the plan is confirmed |
//! | the cloud dates it before the run's beginning | keep, whatever its marks say |
//! | anything else that carries a run's marks, names a run, or belongs to what does | leave to a person |

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::journal;
use kubeproof_contract::marks::{Naming, Owner};
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use super::{Action, Decision};
use crate::audit::compare::retained;
use crate::run_directory::Identity;

/// The digits of a plan's hash: enough to confirm what was read.
const HASH_DIGITS: usize = 12;

/// The time that a run's resources may live: what [`Run::new`] gives them.
fn began(expires: Timestamp) -> Timestamp {
    let of_run = Run::new("", "", Timestamp::UNIX_EPOCH);
    let lifetime: SignedDuration = of_run.expires_at.duration_since(of_run.started_at);
    expires.checked_sub(lifetime).unwrap_or(expires)
}

/// The runs that marks in this inventory name, and whose expiry is over: the latest, where marks of one run differ.
pub fn expired_runs(naming: &dyn Naming, inventory: &[Resource], now: Timestamp) -> Vec<Run> {
    let mut latest: BTreeMap<String, (Timestamp, String)> = BTreeMap::new();
    for owner in inventory.iter().filter_map(|it| naming.owner_of(it)) {
        let (Some(expires), Some(name)) = (owner.expires, owner.owner) else {
            continue;
        };
        let known = latest.entry(owner.run).or_insert((expires, name));
        known.0 = known.0.max(expires);
    }
    let over = latest
        .into_iter()
        .filter(|(_, (expires, _))| *expires < now);
    over.map(|(id, (expires_at, owner))| Run {
        id,
        owner,
        started_at: began(expires_at),
        expires_at,
    })
    .collect()
}

/// The decision for everything that may be left of expired runs, in the order of the inventory, which is that of deletion.
pub fn plan(
    (account, naming): (&dyn Observer, &dyn Naming),
    inventory: &[Resource],
    now: Timestamp,
) -> Vec<Decision> {
    let runs = expired_runs(naming, inventory, now);
    let marked = inventory.iter().filter_map(|it| naming.owner_of(it));
    let is_over = |id: &String| runs.iter().any(|run| run.id == *id);
    let not_over: BTreeSet<String> = marked
        .map(|owner| owner.run)
        .filter(|id| !is_over(id))
        .collect();
    let types = account.resource_types();
    let decide = |resource: &Resource| {
        if retained(resource, types).is_some() {
            return None;
        }
        let (action, why) = match naming.owner_of(resource) {
            Some(owner) => of_marked(naming, &runs, resource, &owner, now)?,
            None => {
                let by_name = naming.owner_by_name(resource);
                match by_name.filter(|owner| !not_over.contains(&owner.run)) {
                    Some(owner) => of_named(&owner),
                    None => of_unmarked(account, &runs, resource, inventory)?,
                }
            }
        };
        Some(Decision {
            resource: resource.clone(),
            action,
            why,
        })
    };
    inventory.iter().filter_map(decide).collect()
}

/// What carries the marks of a run.
fn of_marked(
    naming: &dyn Naming,
    runs: &[Run],
    resource: &Resource,
    owner: &Owner,
    now: Timestamp,
) -> Option<(Action, String)> {
    let id = &owner.run;
    let Some(run) = runs.iter().find(|run| run.id == *id) else {
        // Of a run that is not over, or one of which nothing says when it is.
        let untold = owner.expires.is_none();
        let why = format!("carries the mark of the run {id}, and nothing says when it expires");
        return untold.then_some((Action::LeaveToPerson, why));
    };
    let (Some(expires), Some(_)) = (owner.expires, &owner.owner) else {
        let why = format!("carries the mark of the expired run {id}, but not its owner and expiry");
        return Some((Action::LeaveToPerson, why));
    };
    if expires >= now {
        return None;
    }
    let how = format!("carries the marks of the run {id}, which expired at {expires}");
    let began = began(expires);
    Some(match resource.created_at {
        Some(at) if at < began => {
            let why = format!("{how}, but was made at {at}, before that run can have begun");
            (Action::NotTheRuns, why)
        }
        Some(at) => (Action::Delete, format!("{how}; made at {at}")),
        None if is_named_by(naming, run, resource) => {
            (Action::Delete, format!("{how}, and has a name of its own"))
        }
        None => {
            let why =
                format!("{how}, but nothing shows that the run made it: neither date nor name");
            (Action::LeaveToPerson, why)
        }
    })
}

/// Whether a name is one that a run gives to its own parts. A longer name of another run that begins alike is not.
fn is_named_by(naming: &dyn Naming, run: &Run, resource: &Resource) -> bool {
    let names = [resource.name.as_deref(), Some(resource.id.as_str())];
    let is_part =
        |part: &str| part.is_empty() || part.starts_with(|c: char| c.is_ascii_lowercase());
    names
        .into_iter()
        .flatten()
        .any(|name| run.part_of(name).is_some_and(is_part) || name == naming.name(run, ""))
}

/// What has the name of a run's part, where its type has no marks.
fn of_named(owner: &Owner) -> (Action, String) {
    let why = format!(
        "is named as a part of the run {}, and has no marks",
        owner.run
    );
    (Action::LeaveToPerson, why)
}

/// What carries no mark of a run, but belongs to what is left of an expired one.
fn of_unmarked(
    account: &dyn Observer,
    runs: &[Run],
    resource: &Resource,
    inventory: &[Resource],
) -> Option<(Action, String)> {
    runs.iter().find_map(|run| {
        let proofs = account.proofs(run, resource, inventory);
        let why = || {
            let proofs = proofs.join("; ");
            format!("may be of the expired run {}: {proofs}", run.id)
        };
        (!proofs.is_empty()).then(|| (Action::LeaveToPerson, why()))
    })
}

/// The hash of a plan: of what it deletes, and of nothing else.
pub fn hash(decisions: &[Decision]) -> String {
    let mut deleted: Vec<Identity> = decisions
        .iter()
        .filter(|decision| decision.action == Action::Delete)
        .map(|decision| Identity::of(&decision.resource))
        .collect();
    deleted.sort();
    // Plain data always serialises.
    let text = serde_json::to_string(&deleted).unwrap_or_default();
    let digest = journal::digest(text.as_bytes());
    digest.chars().take(HASH_DIGITS).collect()
}

#[cfg(test)]
mod tests;
