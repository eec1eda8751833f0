//! Faults as plain data: target and effect, their written form, and which calls they match.
//!
//! Written form: `[actor/]service:operation[#occurrence][*times]=effect[(argument)]`, for example
//! `ec2:AllocateAddress#2=quota`, `ec2:Delete*=throttle(3)`, `auditor/ec2:DescribeAddresses=reject`.

use std::fmt;
use std::str::FromStr;

use crate::call::{Actor, Signature};
pub use crate::effect::{EFFECTS, Effect, EffectSyntaxError, read_effect};

/// A fault that is injected at least this many times in a row goes on for ever.
pub const LASTING: u64 = 1000;

/// The target of a fault: which calls it is injected into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMatcher {
    /// The actor whose calls match.
    pub actor: Actor,
    /// The service, exactly, or `*`.
    pub service: String,
    /// The operation; a trailing `*` matches any ending.
    pub operation: String,
    /// The first matching call that the fault is injected into, counted from 1. An effect that shows later
    /// ([`crate::call::Dialect::shows_later`]) takes the first accepted call from there on.
    pub occurrence: u64,
    /// How many matching calls in a row the fault is injected into; [`LASTING`] or more: all.
    pub times: u64,
}

/// A fault: a target and an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The calls that it is injected into.
    pub target: CallMatcher,
    /// What it does to them.
    pub effect: Effect,
}

impl CallMatcher {
    /// Whether a call of this name by this actor matches, and is counted.
    pub fn names(&self, actor: Actor, signature: &Signature) -> bool {
        let operation = match self.operation.strip_suffix('*') {
            Some(start) => signature.operation.starts_with(start),
            None => self.operation == signature.operation,
        };
        actor == self.actor
            && operation
            && (self.service == "*" || self.service == signature.service)
    }

    /// Whether the fault is injected into the `count`-th matching call (from 1).
    pub fn covers(&self, count: u64) -> bool {
        count >= self.occurrence && (self.lasts() || count - self.occurrence < self.times)
    }

    /// Whether it goes on until the faults are over.
    pub fn lasts(&self) -> bool {
        self.times >= LASTING
    }

    /// Whether some occurrence of the same calls is named by both.
    fn overlaps(&self, other: &Self) -> bool {
        let same = self.actor == other.actor
            && self.service == other.service
            && self.operation == other.operation;
        let (first, second) = if self.occurrence <= other.occurrence {
            (self, other)
        } else {
            (other, self)
        };
        same && first.covers(second.occurrence)
    }
}

impl Fault {
    /// Whether both target the same call, into which only one can be injected. An effect that shows later
    /// waits for an accepted call, so it can follow one that keeps its call from being applied.
    pub fn collides_with(&self, other: &Self) -> bool {
        let follows = |late: &Effect, early: &Effect| {
            late.is_delayed() && !early.is_delayed() && early.keeps_from_applying()
        };
        let (one, two) = (&self.effect, &other.effect);
        self.target.overlaps(&other.target) && !follows(one, two) && !follows(two, one)
    }
}

/// A fault that could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a fault: {source}; \
     expected [actor/]service:operation[#occurrence][*times]=effect[(argument)]"
)]
pub struct FaultSyntaxError {
    text: String,
    source: FaultPartError,
}

/// Which part of a fault is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum FaultPartError {
    #[error("it has no `=effect`")]
    NoEffect,
    #[error(transparent)]
    Effect(#[from] EffectSyntaxError),
    #[error("the call is not `service:operation`")]
    NoOperation,
    #[error("service and operation must not be empty")]
    EmptyName,
    #[error("unknown actor `{0}` (expected one of {known})", known = Actor::ALL.map(|actor| actor.to_string()).join(", "))]
    UnknownActor(String),
    #[error("`{0}` is not a count from 1")]
    NotACount(String),
}

impl FromStr for Fault {
    type Err = FaultSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (target, effect) = text.split_once('=').ok_or(FaultPartError::NoEffect)?;
            Ok(Self {
                target: read_target(target.trim())?,
                effect: read_effect(effect.trim())?,
            })
        };
        read().map_err(|source| FaultSyntaxError {
            text: text.to_owned(),
            source,
        })
    }
}

fn read_target(text: &str) -> Result<CallMatcher, FaultPartError> {
    let (actor, rest) = match text.split_once('/') {
        Some((name, rest)) => (read_actor(name)?, rest),
        None => (Actor::Provisioner, text),
    };
    let (service, rest) = rest.split_once(':').ok_or(FaultPartError::NoOperation)?;
    let (operation, occurrence, times) = match rest.split_once('#') {
        None => match rest.rsplit_once('*') {
            // A trailing `*` is a pattern, not a count.
            Some((operation, times)) if !times.is_empty() => (operation, 1, read_count(times)?),
            _ => (rest, 1, 1),
        },
        Some((operation, count)) => {
            let (occurrence, times) = count.split_once('*').unwrap_or((count, "1"));
            (operation, read_count(occurrence)?, read_count(times)?)
        }
    };
    if service.is_empty() || operation.is_empty() {
        return Err(FaultPartError::EmptyName);
    }
    Ok(CallMatcher {
        actor,
        service: service.to_owned(),
        operation: operation.to_owned(),
        occurrence,
        times,
    })
}

fn read_actor(name: &str) -> Result<Actor, FaultPartError> {
    Actor::ALL
        .into_iter()
        .find(|actor| actor.to_string() == name)
        .ok_or_else(|| FaultPartError::UnknownActor(name.to_owned()))
}

fn read_count(text: &str) -> Result<u64, FaultPartError> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(FaultPartError::NotACount(text.to_owned())),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallMatcher {
            actor,
            service,
            operation,
            occurrence,
            times,
        } = &self.target;
        if *actor != Actor::Provisioner {
            write!(f, "{actor}/")?;
        }
        write!(f, "{service}:{operation}#{occurrence}")?;
        if *times != 1 {
            write!(f, "*{times}")?;
        }
        write!(f, "={}", self.effect)
    }
}
