//! Runs a sweep: lists the account, and deletes what the confirmed plan names.
//!
//! Only what the confirmed plan deletes, and the plan of the latest listing still deletes, is deleted. Each deletion is
//! logged before it is sent.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::{Breadth, Listing, Scope};

use crate::audit::compare::words;
use crate::audit::inventory;
use crate::run_directory::registry;
use crate::run_directory::{Identity, Intent};
use crate::sweep::log::{Event, Log};
use crate::sweep::{Action, Decision, expired, plan, suspects};

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
    let resources = complete(account, inventory.resources, &mut failed).await;
    let is_known = |run: &str| run != intent.run.id && registry::knows(run, swept.out);
    let suspects = suspects(intent, (account, swept.naming), &resources, is_known);
    SweepListing {
        decisions: plan(intent, swept.naming, &suspects),
        failed,
        not_covered: inventory.coverage.not_covered,
        deleted: Vec::new(),
    }
}

/// Lists everything in the named scopes or, where none are named, in all that are enabled, and plans what is to be done
/// with what is left of runs whose expiry is over at `now`.
pub async fn list_and_plan_expired(
    (account, naming): (&dyn Observer, &dyn Naming),
    scopes: &[Scope],
    now: Timestamp,
) -> SweepListing {
    let inventory = inventory::take_everywhere(account, scopes, &[]).await;
    let mut failed = inventory.coverage.failed;
    let resources = complete(account, inventory.resources, &mut failed).await;
    SweepListing {
        decisions: expired::plan((account, naming), &resources, now),
        failed,
        not_covered: inventory.coverage.not_covered,
        deleted: Vec::new(),
    }
}

/// The resources with what their listings leave out, as far as it can be read.
async fn complete(
    account: &dyn Observer,
    resources: Vec<Resource>,
    failed: &mut Vec<String>,
) -> Vec<Resource> {
    match account.complete(resources.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            failed.push(format!("details of resources: {error}"));
            resources
        }
    }
}

/// Why nothing more was deleted: the log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}", .path.display())]
pub struct LogError {
    pub path: PathBuf,
    pub source: std::io::Error,
}

/// What a sweep deletes with.
pub struct Sweeper<'a> {
    pub account: &'a dyn Observer,
    pub naming: &'a dyn Naming,
    pub deleter: &'a dyn Deleter,
    pub clock: Clock,
    /// Hears what was deleted.
    pub say: &'a dyn Fn(&str),
}

/// Deletes what `first` plans to, in deletion order, until it is gone or nothing changes any more. `list` lists and plans
/// anew. Returns the last listing.
///
/// # Errors
/// When the log cannot be written: then nothing more is deleted.
pub async fn delete(
    sweeper: &Sweeper<'_>,
    list: impl AsyncFn() -> SweepListing,
    first: SweepListing,
    log: &mut Log,
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
        problems.clear();
        if round.is_empty() {
            break;
        }
        for decision in &round {
            match sweeper.delete_one(decision, log).await? {
                Ok(()) => {
                    deleted.retain(|earlier| !earlier.resource.is_same(&decision.resource));
                    deleted.push(decision.clone());
                }
                Err(problem) => problems.push(problem),
            }
        }
        tokio::time::sleep(sweeper.account.settle()).await;
        current = list().await;
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

impl Sweeper<'_> {
    /// Deletes one resource, if it is still the one that was planned. The inner error says why it was not.
    async fn delete_one(
        &self,
        decision: &Decision,
        log: &mut Log,
    ) -> Result<Result<(), String>, LogError> {
        let resource = &decision.resource;
        let now = || self.clock.now();
        let mut note = |event, why: &str| {
            let written = log.write(now(), event, resource, why);
            let path = log.path().to_owned();
            written.map_err(|source| LogError { path, source })
        };
        if let Err(why) = self.is_still_there(resource).await {
            note(Event::Failed, &why)?;
            return Ok(Err(format!("not deleted: {}: {why}", words(resource))));
        }
        note(Event::Deleting, &decision.why)?;
        match self.deleter.delete(resource).await {
            Ok(()) => {
                note(Event::Deleted, &decision.why)?;
                (self.say)(&format!("deleted {}", words(resource)));
                Ok(Ok(()))
            }
            Err(error) => {
                note(Event::Failed, &error.to_string())?;
                Ok(Err(format!("not deleted: {}: {error}", words(resource))))
            }
        }
    }

    /// Looks a resource up again: it may be gone, or another one may have its name or its place by now.
    ///
    /// # Errors
    /// With the reason why it is not to be deleted.
    async fn is_still_there(&self, planned: &Resource) -> Result<(), String> {
        let unread = |why: String| format!("could not be looked up again: {why}");
        let breadth = if planned.scope.is_global() {
            Breadth::Scenario
        } else {
            Breadth::Named(vec![planned.scope.clone()])
        };
        let listings = self.account.cells(&breadth).await;
        let listings = listings.map_err(|error| unread(error.to_string()))?;
        let covers = |listing: &&Listing| listing.cells.iter().any(|cell| cell.covers(planned));
        let Some(listing) = listings.iter().find(covers) else {
            return Err(unread("no listing shows it".to_owned()));
        };
        let listed = self.account.list(listing).await;
        let listed = listed.map_err(|error| unread(error.to_string()))?;
        let may_be = listed.resources.into_iter().find(|it| it.may_be(planned));
        let Some(found) = may_be else {
            return Err("it is gone".to_owned());
        };
        let complete = self.account.complete(vec![found]).await;
        let complete = complete.map_err(|error| unread(error.to_string()))?;
        let run = |it: &Resource| self.naming.owner_of(it).map(|owner| owner.run);
        let is_it = |it: &Resource| it.is_same(planned) && run(it) == run(planned);
        if complete.iter().any(is_it) {
            Ok(())
        } else {
            Err("another one is in its place by now".to_owned())
        }
    }
}
