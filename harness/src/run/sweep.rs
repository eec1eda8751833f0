//! What a sweep may delete of what a run left: a plan, made of the run's intent and a look at the account.
//!
//! Pure, because a wrong answer destroys what is somebody else's. A tag alone proves nothing: tools tag
//! what they adopt (default subnets, shared roles), too.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::account::Account;
use kubeproof_contract::resource::{MADE_BY_FACT, Resource};
use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::Serialize;

use super::directory::{Identity, Intent};

pub mod account;
pub mod log;

/// What is to be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The run made it, and left it: delete it.
    Delete,
    /// It may be of the run, but that is not proven: a person must look.
    LeaveToPerson,
    /// It is not the run's, whatever its tags say.
    NotTheRuns,
}

/// What is to be done with one resource, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The resource.
    pub resource: Resource,
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub why: String,
}

/// A resource that something says is the run's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The resource.
    pub resource: Resource,
    /// What says so beside the run's tag.
    pub proofs: Vec<String>,
}

/// Those of these resources that carry the run's tag, or of which something else says that they may be the
/// run's. `is_known` says whether another run is one of this machine.
pub fn suspects(
    intent: &Intent,
    account: &dyn Account,
    inventory: &[Resource],
    is_known: impl Fn(&str) -> bool,
) -> Vec<Suspect> {
    let types = account.resource_types();
    let suspect = |resource: &Resource| {
        let mut proofs = account.proofs(&intent.run, resource, inventory);
        let made_by = resource.facts.get(MADE_BY_FACT);
        proofs.extend(made_by.map(|call| format!("made by {call} of the run's identity")));
        if proofs.is_empty() && came_meanwhile(intent, resource) {
            let claim = account.neighbours(&intent.run, resource, inventory);
            let run = claim.and_then(|claim| claim.run);
            if !run.is_some_and(|run| is_known(&run)) {
                let why = "it came while the run may have been at work, and whose it is is unknown";
                proofs.push(why.to_owned());
            }
        }
        let marked = intent.run.owns(&resource.tags) || !proofs.is_empty();
        let stays = crate::audit::compare::stays(resource, types).is_some();
        (marked && !stays).then(|| Suspect {
            resource: resource.clone(),
            proofs,
        })
    };
    inventory.iter().filter_map(suspect).collect()
}

/// Whether a resource of one's own machine was made between the run's start and its expiry. In a cloud's
/// account others are at work all the time.
fn came_meanwhile(intent: &Intent, resource: &Resource) -> bool {
    let run = &intent.run;
    let at = resource.created_at;
    intent.tier == Tier::Kind && at.is_some_and(|at| at >= run.started_at && at <= run.expires_at)
}

/// What is to be done with each of these, in the same order.
pub fn plan(intent: &Intent, suspects: &[Suspect]) -> Vec<Decision> {
    let before = Known::of(intent);
    let decide = |suspect: &Suspect| {
        let (action, why) = before.decide(suspect);
        Decision {
            resource: suspect.resource.clone(),
            action,
            why,
        }
    };
    suspects.iter().map(decide).collect()
}

/// What an intent says of the time before its run.
struct Known<'a> {
    intent: &'a Intent,
    resources: BTreeSet<&'a Identity>,
    /// The clouds tell dates to the second at best.
    began: Timestamp,
}

impl<'a> Known<'a> {
    fn of(intent: &'a Intent) -> Self {
        let resources = intent.before.iter().flat_map(|before| &before.resources);
        let began = intent.run.started_at;
        let part = SignedDuration::from_nanos(i64::from(began.subsec_nanosecond()));
        Self {
            intent,
            resources: resources.collect(),
            began: began.checked_sub(part).unwrap_or(began),
        }
    }

    fn decide(&self, suspect: &Suspect) -> (Action, String) {
        let resource = &suspect.resource;
        let tagged = self.intent.run.owns(&resource.tags);
        let how = if tagged {
            "carries the run's tag".to_owned()
        } else {
            suspect.proofs.join("; ")
        };
        if self.resources.contains(&Identity::of(resource)) {
            let why = format!("{how}, but was there before the run");
            return (Action::NotTheRuns, why);
        }
        let is_new = match resource.created_at {
            Some(at) if at < self.began => {
                let why = format!("{how}, but was made at {at}, before the run began");
                return (Action::NotTheRuns, why);
            }
            Some(at) => format!("made at {at}, after the run began"),
            None if self.looked_at(resource) => "was not there before the run".to_owned(),
            None => {
                let why = format!(
                    "{how}, but nothing shows that it was not there before the run: {}",
                    self.not_looked_at(resource)
                );
                return (Action::LeaveToPerson, why);
            }
        };
        if tagged {
            return (Action::Delete, format!("{how}; {is_new}"));
        }
        let why = format!("not the run's tag, but {how}; {is_new}");
        (Action::LeaveToPerson, why)
    }

    /// Whether the baseline would have shown this.
    fn looked_at(&self, resource: &Resource) -> bool {
        self.intent.before.as_ref().is_some_and(|before| {
            let region = resource.region == "global" || before.regions.contains(&resource.region);
            region && before.types.contains(&resource.resource_type)
        })
    }

    fn not_looked_at(&self, resource: &Resource) -> String {
        match &self.intent.before {
            None => {
                "the intent of the run, written by an older version, does not say what was there"
                    .to_owned()
            }
            Some(_) => format!(
                "no {} in {} was looked for then",
                resource.resource_type, resource.region
            ),
        }
    }
}

#[cfg(test)]
#[path = "sweep/tests.rs"]
mod tests;
