//! A sweep at work: looks at the account, and deletes what the confirmed plan names.
//!
//! What is deleted was in the plan that was confirmed, and still is to be deleted by a plan of the latest
//! look. Each deletion is in the log before it is sent.

use std::collections::BTreeSet;
use std::path::Path;

use kubeproof_contract::account::Account;
use kubeproof_contract::clock::Clock;

use super::log::{Event, Log};
use super::{Action, Decision, plan, suspects};
use crate::audit::compare::words;
use crate::audit::inventory;
use crate::run::directory::{Identity, Intent};
use crate::run::registry;

/// How often everything that is left is deleted again: what hangs on something else goes a round later.
const ROUNDS_MAX: usize = 10;

/// Where a sweep looks.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Regions; none are all that are enabled.
    pub regions: &'a [String],
    /// The folder of runs.
    pub out: Option<&'a Path>,
}

/// What one look at an account shows of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What is to be done with each resource that may be the run's, in deletion order.
    pub decisions: Vec<Decision>,
    /// What could not be listed or deleted.
    pub failed: Vec<String>,
    /// What is outside of what was listed.
    pub not_covered: Vec<String>,
    /// What was deleted before this look, and is not in it any more.
    pub deleted: Vec<Decision>,
}

impl Look {
    /// The decisions of this kind.
    pub fn of(&self, action: Action) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(move |it| it.action == action)
    }
}

/// Lists everything in these regions or, where none are named, in all that are enabled and in those of the
/// run, and plans what is to be done with what may be the run's.
pub async fn look(account: &dyn Account, intent: &Intent, places: Places<'_>) -> Look {
    let before = intent.before.as_ref();
    let besides = before.map_or_else(Vec::new, |before| before.regions.clone());
    let Places { regions, out } = places;
    let inventory = inventory::take_everywhere(account, regions, &besides).await;
    let mut failed = inventory.coverage.failed;
    let resources = match account.complete(inventory.resources.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            failed.push(format!("details of resources: {error}"));
            inventory.resources
        }
    };
    let is_known = |run: &str| run != intent.run.id && registry::knows(run, out);
    let decisions = plan(intent, &suspects(intent, account, &resources, is_known));
    Look {
        decisions,
        failed,
        not_covered: inventory.coverage.not_covered,
        deleted: Vec::new(),
    }
}

/// Deletes what `first` plans to, in deletion order, until it is gone or nothing changes any more. Returns
/// the last look.
///
/// # Errors
/// When the log cannot be written: then nothing more is deleted.
pub async fn delete(
    account: &dyn Account,
    (intent, places): (&Intent, Places<'_>),
    first: Look,
    log: &mut Log,
    clock: Clock,
    say: &dyn Fn(&str),
) -> Result<Look, String> {
    let confirmed: BTreeSet<Identity> = first
        .of(Action::Delete)
        .map(|decision| Identity::of(&decision.resource))
        .collect();
    let mut look_now = first;
    let mut problems = Vec::new();
    let mut deleted: Vec<Decision> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let is_confirmed = |it: &&Decision| confirmed.contains(&Identity::of(&it.resource));
        let round: Vec<Decision> = look_now
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
                let place = log.path().display().to_string();
                written.map_err(|error| format!("{place} cannot be written: {error}"))
            };
            note(log, Event::Deleting, &decision.why)?;
            match account.delete(resource).await {
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
        tokio::time::sleep(account.settle()).await;
        look_now = look(account, intent, places).await;
    }
    look_now.failed.append(&mut problems);
    let is_left = |gone: &Decision| {
        let mut all = look_now.decisions.iter();
        all.any(|left| left.resource.is_same(&gone.resource))
    };
    deleted.retain(|gone| !is_left(gone));
    look_now.deleted = deleted;
    Ok(look_now)
}
