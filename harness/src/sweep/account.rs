//! Runs a sweep: lists the account, and deletes what the confirmed plan names.
//!
//! Only what the confirmed plan deletes, and the plan of the latest listing still deletes, is deleted. Each deletion is
//! logged before it is sent.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kubeproof_contract::clock::Clock;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scope::Scope;

use crate::audit::compare::words;
use crate::audit::inventory;
use crate::run_directory::registry;
use crate::run_directory::{Identity, Intent};
use crate::sweep::log::{Event, Log};
use crate::sweep::{Action, Decision, plan, suspects};

/// How many rounds of deletions are made: resources that others depend on go in a later round.
const ROUNDS_MAX: usize = 10;

/// What is swept.
#[derive(Clone, Copy)]
pub struct Swept<'a> {
    pub account: &'a dyn Observer,
    pub naming: &'a dyn Naming,
    pub intent: &'a Intent,
    /// Scopes; empty means all that are enabled.
    pub scopes: &'a [Scope],
    /// The folder of runs.
    pub out: Option<&'a Path>,
}

/// What one listing of an account shows about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepListing {
    /// What is to be done with each resource that may be the run's, in deletion order.
    pub decisions: Vec<Decision>,
    /// What could not be listed or deleted.
    pub failed: Vec<String>,
    /// What is outside of what was listed.
    pub not_covered: Vec<String>,
    /// What was deleted before this listing, and is no longer in it.
    pub deleted: Vec<Decision>,
}

impl SweepListing {
    /// The decisions of this kind.
    pub fn of(&self, action: Action) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(move |it| it.action == action)
    }
}

/// Lists everything in the named scopes or, where none are named, in all that are enabled and in those of the
/// run, and plans what is to be done with what may be the run's.
pub async fn list_and_plan(swept: Swept<'_>) -> SweepListing {
    let (account, intent) = (swept.account, swept.intent);
    let before = intent.before.iter();
    let besides: Vec<Scope> = before
        .flat_map(|before| before.regions.iter().map(Scope::from))
        .collect();
    let inventory = inventory::take_everywhere(account, swept.scopes, &besides).await;
    let mut failed = inventory.coverage.failed;
    let resources = match account.complete(inventory.resources.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            failed.push(format!("details of resources: {error}"));
            inventory.resources
        }
    };
    let is_known = |run: &str| run != intent.run.id && registry::knows(run, swept.out);
    let suspects = suspects(intent, (account, swept.naming), &resources, is_known);
    SweepListing {
        decisions: plan(intent, swept.naming, &suspects),
        failed,
        not_covered: inventory.coverage.not_covered,
        deleted: Vec::new(),
    }
}

/// Why nothing more was deleted: the log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}", .path.display())]
pub struct LogError {
    pub path: PathBuf,
    pub source: std::io::Error,
}

/// Deletes what `first` plans to, in deletion order, until it is gone or nothing changes any more. Returns
/// the last listing.
///
/// # Errors
/// When the log cannot be written: then nothing more is deleted.
pub async fn delete(
    swept: Swept<'_>,
    deleter: &dyn Deleter,
    first: SweepListing,
    log: &mut Log,
    clock: Clock,
    say: &dyn Fn(&str),
) -> Result<SweepListing, LogError> {
    let confirmed: BTreeSet<Identity> = first
        .of(Action::Delete)
        .map(|decision| Identity::of(&decision.resource))
        .collect();
    let mut current = first;
    let mut problems = Vec::new();
    let mut deleted: Vec<Decision> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let is_confirmed = |it: &&Decision| confirmed.contains(&Identity::of(&it.resource));
        let round: Vec<Decision> = current
            .of(Action::Delete)
            .filter(is_confirmed)
            .cloned()
            .collect();
        if round.is_empty() {
            problems.clear();
            break;
        }
        problems.clear();
        for decision in &round {
            let resource = &decision.resource;
            let note = |log: &mut Log, event, why: &str| {
                let written = log.write(clock.now(), event, resource, why);
                let path = log.path().to_owned();
                written.map_err(|source| LogError { path, source })
            };
            note(log, Event::Deleting, &decision.why)?;
            match deleter.delete(resource).await {
                Ok(()) => {
                    note(log, Event::Deleted, &decision.why)?;
                    say(&format!("deleted {}", words(resource)));
                    deleted.retain(|earlier| !earlier.resource.is_same(resource));
                    deleted.push(decision.clone());
                }
                Err(error) => {
                    note(log, Event::Failed, &error.to_string())?;
                    problems.push(format!("not deleted: {}: {error}", words(resource)));
                }
            }
        }
        tokio::time::sleep(swept.account.settle()).await;
        current = list_and_plan(swept).await;
    }
    current.failed.append(&mut problems);
    let is_left = |gone: &Decision| {
        let mut all = current.decisions.iter();
        all.any(|left| left.resource.is_same(&gone.resource))
    };
    deleted.retain(|gone| !is_left(gone));
    current.deleted = deleted;
    Ok(current)
}
