//! Faults as plain data: target and effect, their written form, and which calls they match.
//!
//! Written form: `[actor/]service:operation[[key]][@teardown][#occurrence][*times]=effect[(argument)]`, for example
//! `ec2:AllocateAddress#2=quota`, `ec2:Delete*=throttle(3)`, `auditor/ec2:DescribeAddresses=reject`,
//! `ec2:CreateSubnet[10.0.2.0/24]=lost-response`, `ec2:DescribeVpcs[NAME~1f3a9c0d]@teardown#changed=throttle`.

use std::fmt;
use std::str::FromStr;

use crate::call::{Actor, Signature};
use crate::call_key::{CallKey, KeyPattern};
pub use crate::effect::{EFFECTS, Effect, EffectSyntaxError, read_effect};

/// A fault that is injected at least this many times in a row goes on for ever.
pub const LASTING: u64 = 1000;

/// The occurrence of calls whose answer has changed.
const CHANGED: &str = "changed";

/// The target of a fault: which calls it is injected into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMatcher {
    /// The actor whose calls match.
    pub actor: Actor,
    /// The service, exactly, or `*`.
    pub service: String,
    /// The operation; a trailing `*` matches any ending.
    pub operation: String,
    /// What the calls are about; `None` means any of this name. Calls with another key are not counted.
    pub key: Option<KeyPattern>,
    /// Whether calls are counted only from the beginning of the teardown on.
    pub in_teardown: bool,
    /// Whether only reads are counted whose answer differs from the one before to the same request (`#changed`).
    pub changed: bool,
    /// The first matching call that the fault is injected into, counted from 1. An effect that shows later
    /// ([`crate::call::Dialect::shows_later`]) takes the first accepted call from there on.
    pub occurrence: u64,
    /// How many matching calls in a row the fault is injected into; [`LASTING`] or more: all.
    pub times: u64,
}

/// A call, as far as targets depend on it.
#[derive(Clone, Copy, Debug)]
pub struct ObservedCall<'a> {
    /// Who makes it.
    pub actor: Actor,
    /// Its name.
    pub signature: &'a Signature,
    /// What it is about; `None` where calls have no keys.
    pub key: Option<&'a CallKey>,
    /// Whether the teardown has begun.
    pub in_teardown: bool,
    /// Whether its answer differs from the one before to the same request.
    pub changed: bool,
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

    /// Whether a call of this name, key and moment is counted.
    pub fn counts(&self, call: &ObservedCall<'_>) -> bool {
        let key = match (&self.key, call.key) {
            (None, _) => true,
            (Some(pattern), Some(key)) => pattern.matches(key),
            (Some(_), None) => false,
        };
        self.names(call.actor, call.signature)
            && key
            && (!self.in_teardown || call.in_teardown)
            && (!self.changed || call.changed)
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
            && self.operation == other.operation
            && self.key == other.key
            && self.in_teardown == other.in_teardown
            && self.changed == other.changed;
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
     expected [actor/]service:operation[[key]][@teardown][#occurrence][*times]=effect[(argument)]"
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
    #[error("the key in `[…]` is empty, not closed, or has a character that keys do not have")]
    NotAKey,
    #[error("`@{0}` is not `@teardown`")]
    NotAPart(String),
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
    let (text, key) = read_key(text)?;
    let (actor, rest) = match text.split_once('/') {
        Some((name, rest)) => (read_actor(name)?, rest),
        None => (Actor::Provisioner, text.as_str()),
    };
    let (service, rest) = rest.split_once(':').ok_or(FaultPartError::NoOperation)?;
    let (operation, times) = match rest.split_once('#') {
        None => match rest.rsplit_once('*') {
            // A trailing `*` is a pattern, not a count.
            Some((operation, times)) if !times.is_empty() => (operation, format!("1*{times}")),
            _ => (rest, "1".to_owned()),
        },
        Some((operation, count)) => (operation, count.to_owned()),
    };
    let (occurrence, times) = times.split_once('*').unwrap_or((&times, "1"));
    let (operation, in_teardown) = match operation.split_once('@') {
        None => (operation, false),
        Some((operation, "teardown")) => (operation, true),
        Some((_, part)) => return Err(FaultPartError::NotAPart(part.to_owned())),
    };
    if service.is_empty() || operation.is_empty() {
        return Err(FaultPartError::EmptyName);
    }
    let changed = occurrence == CHANGED;
    Ok(CallMatcher {
        actor,
        service: service.to_owned(),
        operation: operation.to_owned(),
        key,
        in_teardown,
        changed,
        occurrence: if changed { 1 } else { read_count(occurrence)? },
        times: read_count(times)?,
    })
}

/// The text without the key in it, and the key: it may contain what means something elsewhere.
fn read_key(text: &str) -> Result<(String, Option<KeyPattern>), FaultPartError> {
    let Some((before, rest)) = text.split_once('[') else {
        return Ok((text.to_owned(), None));
    };
    let (key, after) = rest.split_once(']').ok_or(FaultPartError::NotAKey)?;
    let key = KeyPattern::read(key).ok_or(FaultPartError::NotAKey)?;
    Ok((format!("{before}{after}"), Some(key)))
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
        let target = &self.target;
        if target.actor != Actor::Provisioner {
            write!(f, "{}/", target.actor)?;
        }
        write!(f, "{}:{}", target.service, target.operation)?;
        if let Some(key) = &target.key {
            write!(f, "[{key}]")?;
        }
        if target.in_teardown {
            f.write_str("@teardown")?;
        }
        if target.changed {
            write!(f, "#{CHANGED}")?;
        } else {
            write!(f, "#{}", target.occurrence)?;
        }
        if target.times != 1 {
            write!(f, "*{}", target.times)?;
        }
        write!(f, "={}", self.effect)
    }
}
