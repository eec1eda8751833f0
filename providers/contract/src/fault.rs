//! Faults as plain data: where, and which effect; their written form and how they match.
//!
//! Apart from the layer that carries them out, because a plan is what tests and records look at.
//!
//! Written form: `[actor/]service:operation[#occurrence][*times]=effect[(argument)]`, for example
//! `ec2:AllocateAddress#2=quota`, `ec2:Delete*=throttle(3)`, `auditor/ec2:DescribeAddresses=reject`.

use std::fmt;
use std::str::FromStr;

use crate::call::{Actor, Signature};
use crate::effect::read_effect;
pub use crate::effect::{EFFECTS, Effect};

/// A fault that strikes so often in a row goes on for ever.
pub const LASTING: u64 = 1000;

/// Which calls a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// Whose calls.
    pub actor: Actor,
    /// The service, exactly, or `*`.
    pub service: String,
    /// The operation; a trailing `*` matches any ending.
    pub operation: String,
    /// The first matching call into which it is injected, from 1. An effect that shows later
    /// ([`crate::call::Dialect::shows_later`]) takes the first call from there on that is accepted.
    pub occurrence: u64,
    /// How many matching calls in a row are struck; [`LASTING`] and more: all.
    pub times: u64,
}

/// A fault: where and which effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which calls it strikes.
    pub place: Where,
    /// What it does to them.
    pub effect: Effect,
}

impl Where {
    /// Whether a call of this name and actor is one that this fault counts.
    pub fn names(&self, actor: Actor, signature: &Signature) -> bool {
        let operation = match self.operation.strip_suffix('*') {
            Some(start) => signature.operation.starts_with(start),
            None => self.operation == signature.operation,
        };
        actor == self.actor
            && operation
            && (self.service == "*" || self.service == signature.service)
    }

    /// Whether the `count`-th matching call (from 1) is struck.
    pub fn strikes(&self, count: u64) -> bool {
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
        same && first.strikes(second.occurrence)
    }
}

impl Fault {
    /// Whether both are aimed at one call, which can meet only one of them. What shows later waits for
    /// a call that is accepted, so that it may follow one that is not applied.
    pub fn collides_with(&self, other: &Self) -> bool {
        let follows = |late: &Effect, early: &Effect| {
            late.is_delayed() && !early.is_delayed() && early.keeps_from_applying()
        };
        let (one, two) = (&self.effect, &other.effect);
        self.place.overlaps(&other.place) && !follows(one, two) && !follows(two, one)
    }
}

/// A fault that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a fault: {problem}; \
     expected [actor/]service:operation[#occurrence][*times]=effect[(argument)]"
)]
pub struct FaultSyntaxError {
    text: String,
    problem: String,
}

impl FromStr for Fault {
    type Err = FaultSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem: String| FaultSyntaxError {
            text: text.to_owned(),
            problem,
        };
        let (place, effect) = text
            .split_once('=')
            .ok_or_else(|| wrong("it has no `=effect`".to_owned()))?;
        let place = read_place(place.trim()).map_err(wrong)?;
        let effect = read_effect(effect.trim()).map_err(wrong)?;
        Ok(Self { place, effect })
    }
}

fn read_place(text: &str) -> Result<Where, String> {
    let (actor, rest) = match text.split_once('/') {
        Some((name, rest)) => (read_actor(name)?, rest),
        None => (Actor::Provisioner, text),
    };
    let (service, rest) = rest
        .split_once(':')
        .ok_or_else(|| "the call is not `service:operation`".to_owned())?;
    let (operation, occurrence, times) = match rest.split_once('#') {
        None => match rest.rsplit_once('*') {
            // A `*` that nothing follows is a pattern, not a count.
            Some((operation, times)) if !times.is_empty() => (operation, 1, read_count(times)?),
            _ => (rest, 1, 1),
        },
        Some((operation, count)) => {
            let (occurrence, times) = count.split_once('*').unwrap_or((count, "1"));
            (operation, read_count(occurrence)?, read_count(times)?)
        }
    };
    if service.is_empty() || operation.is_empty() {
        return Err("service and operation must not be empty".to_owned());
    }
    Ok(Where {
        actor,
        service: service.to_owned(),
        operation: operation.to_owned(),
        occurrence,
        times,
    })
}

fn read_actor(name: &str) -> Result<Actor, String> {
    Actor::ALL
        .into_iter()
        .find(|actor| actor.to_string() == name)
        .ok_or_else(|| format!("there is no actor `{name}`"))
}

fn read_count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("`{text}` is not a count from 1")),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Where {
            actor,
            service,
            operation,
            occurrence,
            times,
        } = &self.place;
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
