//! What a collection of resources is: its members, its durations, and what follows from a change.

use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::operation::Failure;

use serde_json::Value;

use crate::compute::item::{Item, text};
use crate::compute::members::Member;
use crate::compute::place::{Level, Scope};
use crate::state::State;
use crate::wire::{ApiError, Object};

/// A resource that is about to be made, or the change of one.
pub(crate) struct Draft {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) document: Object,
}

/// When a deletion is refused because of what uses the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InUse {
    /// By the call.
    Refused,
    /// By the operation, after the call was accepted.
    Fails,
}

/// A collection of resources.
pub(crate) struct Collection {
    /// As it is written in paths: `networks`.
    pub(crate) plural: &'static str,
    /// `compute#network`.
    pub(crate) kind: &'static str,
    /// Where its resources can be: what an aggregated list covers.
    pub(crate) levels: &'static [Level],
    /// The type of its resources in an inventory.
    pub(crate) resource_type: &'static str,
    /// What an insertion may hold, besides the name.
    pub(crate) members: &'static [(&'static str, Member)],
    /// Whether changes have to name the fingerprint of what they change.
    pub(crate) has_fingerprint: bool,
    /// What a patch may change.
    pub(crate) changeable: &'static [&'static str],
    /// The members that an inventory shows.
    pub(crate) properties: &'static [&'static str],
    /// Seconds of an insertion, of a change and of a deletion.
    pub(crate) seconds: [i64; 3],
    pub(crate) in_use: InUse,
    /// Checks a new resource, and adds what the caller left out.
    pub(crate) prepare: fn(&mut State, &mut Draft) -> Result<(), ApiError>,
    /// How an accepted insertion fails in its operation: a quota that is used up, a zone without machines.
    pub(crate) failure: fn(&State, &Draft, &InjectedFault) -> Option<Failure>,
    /// What follows when a resource was made.
    pub(crate) made: fn(&mut State, &str),
    /// What follows when it was changed.
    pub(crate) changed: fn(&mut State, &str),
    /// What follows when it is gone.
    pub(crate) removed: fn(&mut State, &Item),
    /// Whether another resource that refers to this one keeps it from being deleted.
    pub(crate) is_kept_by: fn(&Item, &Item) -> bool,
    /// Its status; empty where the API shows none.
    pub(crate) status: fn(&State, &Item) -> String,
    /// Adds the members that follow from others, or from other resources.
    pub(crate) show: fn(&State, &Item, &mut Object),
}

impl std::fmt::Debug for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.plural)
    }
}

impl Draft {
    /// Sets a member that the caller left out.
    pub(crate) fn default(&mut self, member: &str, value: Value) {
        self.document.entry(member).or_insert(value);
    }

    /// A member that has to be there.
    pub(crate) fn required(&self, member: &str) -> Result<&Value, ApiError> {
        let value = self.document.get(member);
        value.ok_or_else(|| ApiError::required(&format!("resource.{member}")))
    }

    /// A member that is text; empty if there is none.
    pub(crate) fn text(&self, member: &str) -> &str {
        text(&self.document, member)
    }
}

impl Collection {
    /// A collection with nothing special about it.
    pub(crate) const fn plain(
        plural: &'static str,
        kind: &'static str,
        levels: &'static [Level],
        resource_type: &'static str,
    ) -> Self {
        Self {
            plural,
            kind,
            levels,
            resource_type,
            members: &[],
            has_fingerprint: false,
            changeable: &[],
            properties: &[],
            seconds: [10, 5, 10],
            in_use: InUse::Refused,
            prepare: |_, _| Ok(()),
            failure: |_, _, _| None,
            made: |_, _| {},
            changed: |_, _| {},
            removed: |_, _| {},
            is_kept_by: |_, _| true,
            status: |_, _| String::new(),
            show: |_, _, _| {},
        }
    }

    /// The path of a resource below the project.
    pub(crate) fn path(&self, scope: &Scope, name: &str) -> String {
        format!("{scope}/{}/{name}", self.plural)
    }
}
