//! Faults as plain data: where, and which effect; their written form and how they match.
//!
//! Apart from the layer that carries them out, because a plan is what tests and records look at.
//!
//! Written form: `[actor/]service:operation[#occurrence][*times]=effect[(argument)]`, for example
//! `ec2:AllocateAddress#2=quota`, `ec2:Delete*=throttle(3)`, `auditor/ec2:DescribeAddresses=reject`.

use std::fmt;
use std::str::FromStr;

use crate::call::{Actor, Signature};

/// What is done to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Refused with this error code (permission denied when none is given); not applied.
    Reject(Option<String>),
    /// Too many requests; not applied. With an argument: `Retry-After` seconds.
    Throttle(Option<u64>),
    /// Internal server error; not applied.
    ServerErrorBefore,
    /// Internal server error; applied all the same.
    ServerErrorAfter,
    /// The connection breaks before the request arrives.
    LostRequest,
    /// The request is applied, its answer never arrives.
    LostResponse,
    /// The request times out, and is applied so many seconds later.
    LateApply(u64),
    /// No answer, ever.
    Hang,
    /// From this call on the service answers nobody, whoever calls, until the faults are over.
    Outage,
    /// The answer is cut in half.
    Garbled,
    /// Accepted, then the asynchronous operation fails with this code.
    AsyncFail(Option<String>),
    /// Accepted, then the asynchronous operation never ends.
    AsyncStuck,
    /// Accepted, then the asynchronous operation takes this many times as long.
    AsyncLate(u64),
    /// A quota is used up; not applied.
    Quota,
    /// No capacity; not applied.
    Capacity,
    /// Still in use; not applied.
    Dependency,
    /// The credentials have expired; not applied.
    CredentialsExpire,
    /// The provisioner's process dies before it sends the call.
    CrashBefore,
    /// The provisioner's process dies after the call was applied, before it sees the answer.
    CrashAfter,
    /// Its user interrupts it while the call is under way; the call is applied all the same. Nobody
    /// tries again: teardown follows.
    Cancel,
    /// Applied; then, before the answer is seen, somebody else changes something: what, by the name
    /// that the provider gives it.
    ForeignChange(String),
}

/// Which calls a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// Whose calls.
    pub actor: Actor,
    /// The service, exactly, or `*`.
    pub service: String,
    /// The operation; a trailing `*` matches any ending.
    pub operation: String,
    /// The first matching call that is struck, from 1.
    pub occurrence: u64,
    /// How many matching calls in a row are struck.
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

impl Effect {
    /// The name without its argument: `throttle` of `throttle(3)`.
    pub fn name(&self) -> String {
        let written = self.to_string();
        match written.split_once('(') {
            Some((name, _)) => name.to_owned(),
            None => written,
        }
    }
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
        count >= self.occurrence && count - self.occurrence < self.times
    }
}

/// The written names of all effects, with what each does: for help texts and error messages.
pub const EFFECTS: &[(&str, &str)] = &[
    ("reject", "refused (argument: error code); not applied"),
    (
        "throttle",
        "too many requests (argument: Retry-After seconds); not applied",
    ),
    ("server-error", "internal error; not applied"),
    ("server-error-after", "internal error, though applied"),
    ("lost-request", "connection breaks; not applied"),
    ("lost-response", "connection breaks; applied"),
    (
        "late-apply",
        "times out, applied later (argument: seconds, default 30)",
    ),
    ("hang", "never answered"),
    (
        "outage",
        "from this call on the service answers nobody, until the faults are over",
    ),
    ("garbled", "the answer is cut in half"),
    (
        "async-fail",
        "accepted, then fails (argument: failure code); rehearsal only",
    ),
    ("async-stuck", "accepted, never ends; rehearsal only"),
    (
        "async-late",
        "accepted, takes N times as long (default 2); rehearsal only",
    ),
    ("quota", "quota used up; not applied"),
    ("capacity", "no capacity; not applied"),
    ("dependency", "still in use; not applied"),
    ("credentials-expire", "credentials expired; not applied"),
    ("crash-before", "the provisioner dies before the call"),
    (
        "crash-after",
        "the provisioner dies after the call was applied",
    ),
    (
        "cancel",
        "interrupted by its user during the call, which is applied; teardown follows",
    ),
    (
        "foreign-change",
        "applied, then somebody else makes the change that the argument names",
    ),
];

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
        None => (rest, 1, 1),
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

fn read_effect(text: &str) -> Result<Effect, String> {
    let (name, argument) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let inner = rest
                .strip_suffix(')')
                .ok_or("the argument has no closing `)`")?;
            (name, Some(inner.to_owned()))
        }
    };
    let number = |default: u64| match &argument {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| format!("`{text}` is not a number")),
    };
    let effect = match name {
        "reject" => return Ok(Effect::Reject(argument)),
        "async-fail" => return Ok(Effect::AsyncFail(argument)),
        "foreign-change" => {
            let name = argument.ok_or("`foreign-change` needs the name of the change")?;
            return Ok(Effect::ForeignChange(name));
        }
        "throttle" => match argument {
            None => Effect::Throttle(None),
            Some(_) => return Ok(Effect::Throttle(Some(number(0)?))),
        },
        "late-apply" => return Ok(Effect::LateApply(number(30)?)),
        "async-late" => return Ok(Effect::AsyncLate(number(2)?.max(1))),
        "server-error" => Effect::ServerErrorBefore,
        "server-error-after" => Effect::ServerErrorAfter,
        "lost-request" => Effect::LostRequest,
        "lost-response" => Effect::LostResponse,
        "hang" => Effect::Hang,
        "outage" => Effect::Outage,
        "garbled" => Effect::Garbled,
        "async-stuck" => Effect::AsyncStuck,
        "quota" => Effect::Quota,
        "capacity" => Effect::Capacity,
        "dependency" => Effect::Dependency,
        "credentials-expire" => Effect::CredentialsExpire,
        "crash-before" => Effect::CrashBefore,
        "crash-after" => Effect::CrashAfter,
        "cancel" => Effect::Cancel,
        other => {
            let known: Vec<_> = EFFECTS.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "there is no effect `{other}`; effects: {}",
                known.join(", ")
            ));
        }
    };
    match argument {
        None => Ok(effect),
        Some(_) => Err(format!("`{name}` takes no argument")),
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reject(None) => f.write_str("reject"),
            Self::Reject(Some(code)) => write!(f, "reject({code})"),
            Self::Throttle(None) => f.write_str("throttle"),
            Self::Throttle(Some(seconds)) => write!(f, "throttle({seconds})"),
            Self::ServerErrorBefore => f.write_str("server-error"),
            Self::ServerErrorAfter => f.write_str("server-error-after"),
            Self::LostRequest => f.write_str("lost-request"),
            Self::LostResponse => f.write_str("lost-response"),
            Self::LateApply(seconds) => write!(f, "late-apply({seconds})"),
            Self::Hang => f.write_str("hang"),
            Self::Outage => f.write_str("outage"),
            Self::Garbled => f.write_str("garbled"),
            Self::AsyncFail(None) => f.write_str("async-fail"),
            Self::AsyncFail(Some(code)) => write!(f, "async-fail({code})"),
            Self::AsyncStuck => f.write_str("async-stuck"),
            Self::AsyncLate(times) => write!(f, "async-late({times})"),
            Self::Quota => f.write_str("quota"),
            Self::Capacity => f.write_str("capacity"),
            Self::Dependency => f.write_str("dependency"),
            Self::CredentialsExpire => f.write_str("credentials-expire"),
            Self::CrashBefore => f.write_str("crash-before"),
            Self::CrashAfter => f.write_str("crash-after"),
            Self::Cancel => f.write_str("cancel"),
            Self::ForeignChange(name) => write!(f, "foreign-change({name})"),
        }
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
