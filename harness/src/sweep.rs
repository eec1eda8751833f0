//! Plans what a sweep may delete after a run, from the run's intent and a listing of the account. Pure.
//!
//! A wrong decision destroys other people's resources. A tag alone proves nothing: tools also tag what they adopt,
//! such as default subnets and shared roles.
//!
//! | what is known | action |
//! |---|---|
//! | it was in the baseline, or the cloud dates it before the run | keep, whatever its tags say |
//! | it carries the run's tag, and the baseline would have shown it or the cloud dates it after the run's start | delete, once the plan is confirmed |
//! | it carries the run's tag, and nothing shows that it is new (an intent of an older version, a region or type that the baseline did not cover) | leave to a person |
//! | something other than the tag says that it is the run's | leave to a person |
//!
//! Before each deletion the resource is looked up again: one that is gone, or another one of the same name, is not deleted.
//! `sweep.jsonl` records each deletion before it is sent and its result afterwards; a second sweep appends to it. Any
//! other account than the intent's, and a copied folder, are refused.

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::{MADE_BY_PROPERTY, Resource};
use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::Serialize;

use crate::run_directory::{Identity, Intent};

pub mod account;
pub mod expired;
pub mod log;

/// What is to be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The run created it and left it behind: delete it.
    Delete,
    /// It may belong to the run, but that is not proven: a person must decide.
    LeaveToPerson,
    /// It does not belong to the run, whatever its tags say.
    NotTheRuns,
}

/// What is to be done with one resource, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub resource: Resource,
    /// What is to be done.
    pub action: Action,
    pub why: String,
}

/// A resource that may belong to the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    pub resource: Resource,
    /// The evidence for that, besides the run's tag.
    pub proofs: Vec<String>,
}

/// The resources that carry the run's tag, or may belong to the run by other evidence. `is_known` says whether another
/// run is known on this machine.
pub fn suspects(
    intent: &Intent,
    (account, naming): (&dyn Observer, &dyn Naming),
    inventory: &[Resource],
    is_known: impl Fn(&str) -> bool,
) -> Vec<Suspect> {
    let types = account.resource_types();
    let suspect = |resource: &Resource| {
        let mut proofs = account.proofs(&intent.run, resource, inventory);
        let made_by = resource.properties.get(MADE_BY_PROPERTY);
        proofs.extend(made_by.map(|call| format!("made by {call} of the run's identity")));
        if proofs.is_empty() && came_meanwhile(intent, resource) {
            let claim = account.ownership_claim(&intent.run, resource, inventory);
            let run = claim.and_then(|claim| claim.run);
            if !run.is_some_and(|run| is_known(&run)) {
                let why =
                    "it appeared while the run may have been active, and its owner is unknown";
                proofs.push(why.to_owned());
            }
        }
        let marked = naming.is_marked(&intent.run, resource) || !proofs.is_empty();
        let stays = crate::audit::compare::retained(resource, types).is_some();
        (marked && !stays).then(|| Suspect {
            resource: resource.clone(),
            proofs,
        })
    };
    inventory.iter().filter_map(suspect).collect()
}

/// Whether a resource on this machine was created between the run's start and its expiry. In a cloud account, others
/// create resources all the time.
fn came_meanwhile(intent: &Intent, resource: &Resource) -> bool {
    let run = &intent.run;
    let at = resource.created_at;
    intent.tier == Tier::Kind && at.is_some_and(|at| at >= run.started_at && at <= run.expires_at)
}

/// The decision for each of these, in the same order.
pub fn plan(intent: &Intent, naming: &dyn Naming, suspects: &[Suspect]) -> Vec<Decision> {
    let before = BeforeRun::of(intent, naming);
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

/// The state before a run, as its intent records it.
struct BeforeRun<'a> {
    intent: &'a Intent,
    naming: &'a dyn Naming,
    resources: Vec<&'a Identity>,
    /// The start of the run, rounded down to seconds: clouds report dates no finer.
    began: Timestamp,
}

impl<'a> BeforeRun<'a> {
    fn of(intent: &'a Intent, naming: &'a dyn Naming) -> Self {
        let resources = intent.before.iter().flat_map(|before| &before.resources);
        let began = intent.run.started_at;
        let part = SignedDuration::from_nanos(i64::from(began.subsec_nanosecond()));
        Self {
            intent,
            naming,
            resources: resources.collect(),
            began: began.checked_sub(part).unwrap_or(began),
        }
    }

    fn decide(&self, suspect: &Suspect) -> (Action, String) {
        let resource = &suspect.resource;
        let tagged = self.naming.is_marked(&self.intent.run, resource);
        let how = if tagged {
            "carries the run's tag".to_owned()
        } else {
            suspect.proofs.join("; ")
        };
        if self.resources.iter().any(|was| was.may_be(resource)) {
            let why = format!("{how}, but was there before the run");
            return (Action::NotTheRuns, why);
        }
        let is_new = match resource.created_at {
            Some(at) if at < self.began => {
                let why = format!("{how}, but was made at {at}, before the run began");
                return (Action::NotTheRuns, why);
            }
            Some(at) => format!("made at {at}, after the run began"),
            None if self.was_listed(resource) => "was not there before the run".to_owned(),
            None => {
                let why = format!(
                    "{how}, but nothing shows that it was not there before the run: {}",
                    self.why_not_listed(resource)
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
    fn was_listed(&self, resource: &Resource) -> bool {
        let before = self.intent.before.as_ref();
        before.is_some_and(|before| before.covers(resource))
    }

    fn why_not_listed(&self, resource: &Resource) -> String {
        match &self.intent.before {
            None => {
                "the intent of the run, written by an older version, does not say what was there"
                    .to_owned()
            }
            Some(_) => format!(
                "{} in {} was not listed then",
                resource.resource_type, resource.scope
            ),
        }
    }
}

#[cfg(test)]
#[path = "sweep/tests.rs"]
mod tests;
