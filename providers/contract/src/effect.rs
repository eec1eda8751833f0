//! Effects: what a fault does to a call, with their written names, arguments and help texts.

use std::fmt;

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Rejected with this error code (permission denied when none is given); not applied.
    Reject(Option<String>),
    /// Too many requests; not applied. With an argument: `Retry-After` seconds.
    Throttle(Option<u64>),
    /// Internal server error; not applied.
    ServerErrorBefore,
    /// Internal server error, but applied.
    ServerErrorAfter,
    /// The connection breaks before the request arrives.
    LostRequest,
    /// The request is applied, but its answer never arrives.
    LostResponse,
    /// The request times out, and is applied this many seconds later.
    LateApply(u64),
    /// No answer, ever.
    Hang,
    /// From this call on the service answers no one, whichever actor calls, until the faults are lifted.
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
    /// No capacity; not applied. Where the cloud accepts the call and fails later, its dialect says so
    /// ([`crate::call::Dialect::shows_later`]).
    Capacity,
    /// The resource is still in use; not applied.
    Dependency,
    /// The credentials have expired; not applied.
    CredentialsExpire,
    /// The provisioner's process dies before it sends the call.
    CrashBefore,
    /// The provisioner's process dies after the call was applied, before it sees the answer.
    CrashAfter,
    /// The provisioner's user interrupts it during the call, which is still applied. There is no further
    /// attempt: teardown follows.
    Cancel,
    /// As [`Effect::Cancel`], before the call is sent.
    CancelBefore,
    /// As [`Effect::Cancel`], and the teardown that follows is interrupted too, at its first change.
    CancelTwice,
    /// A stale read: answered as the same request was before the last change, or with this "not found"
    /// error code.
    StaleRead(Option<String>),
    /// A stale read that does not show what was created in the last so many seconds.
    NotYetVisible(u64),
    /// A list that returns the same page twice.
    RepeatedPage,
    /// A permission that was just granted has not reached other services; not applied.
    PermissionLag,
    /// Accepted, but only a part of it is created.
    Partial,
    /// A write to the disk fails: disk full, or not permitted. The process goes on.
    WriteFails,
    /// The process dies during a write to the disk: half of the content is written.
    TornWrite,
    /// The process dies at a write to the disk, and the disk is lost.
    LostDisk,
    /// Applied; then, before the answer arrives, another user of the account makes this change, by the name
    /// that the provider gives it.
    ForeignChange(String),
}

impl Effect {
    /// Whether it shows only some time after the call.
    pub fn is_delayed(&self) -> bool {
        matches!(
            self,
            Self::AsyncFail(_) | Self::AsyncStuck | Self::AsyncLate(_) | Self::Partial
        )
    }

    /// Whether a simulator has to carry it out and acknowledge it: a real cloud cannot be asked to.
    pub fn is_simulated(&self) -> bool {
        self.is_delayed() || matches!(self, Self::NotYetVisible(_))
    }

    /// Whether it kills or interrupts the process that makes the call.
    pub fn ends_process(&self) -> bool {
        matches!(
            self,
            Self::CrashBefore
                | Self::CrashAfter
                | Self::Cancel
                | Self::CancelBefore
                | Self::CancelTwice
                | Self::TornWrite
                | Self::LostDisk
        )
    }

    /// Whether it affects a write to the disk.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Self::WriteFails | Self::TornWrite | Self::LostDisk)
    }

    /// Whether it keeps the call from being applied, so that the caller has to send it again.
    pub fn keeps_from_applying(&self) -> bool {
        matches!(
            self,
            Self::Reject(_)
                | Self::Throttle(_)
                | Self::ServerErrorBefore
                | Self::LostRequest
                | Self::Quota
                | Self::Capacity
                | Self::Dependency
                | Self::CredentialsExpire
                | Self::CrashBefore
                | Self::CancelBefore
                | Self::StaleRead(Some(_))
                | Self::PermissionLag
        )
    }

    /// The name without its argument: `throttle` of `throttle(3)`.
    pub fn name(&self) -> String {
        let written = self.to_string();
        match written.split_once('(') {
            Some((name, _)) => name.to_owned(),
            None => written,
        }
    }
}

/// The written names of all effects, each with what it does: for help texts and error messages.
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
        "from this call on the service answers no one, until the faults are over",
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
    (
        "capacity",
        "no capacity; not applied, or accepted and failing later where the cloud does so",
    ),
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
        "cancel-before",
        "interrupted by its user before the call; teardown follows",
    ),
    (
        "cancel-twice",
        "as cancel, and the teardown that follows is interrupted, too",
    ),
    (
        "stale-read",
        "read as before the last change (argument: code of something not there; or a number N: \
         without what was made in the last N seconds, rehearsal only)",
    ),
    ("repeated-page", "a page of the answer comes twice"),
    (
        "permission-lag",
        "not known yet what was just permitted; not applied",
    ),
    ("partial", "accepted, a part of it is made; rehearsal only"),
    ("write-fails", "the disk takes no write"),
    (
        "torn-write",
        "the provisioner dies in the middle of a write to its disk",
    ),
    ("lost-disk", "the provisioner dies, and its disk is lost"),
    (
        "foreign-change",
        "applied, then another user makes the change that the argument names",
    ),
];

/// The largest argument of an effect: a year, in seconds. No trial lasts longer.
const NUMBER_MAX: u64 = 31_536_000;

/// What is wrong with the text of an effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EffectSyntaxError {
    /// There is a `(` and no `)` at the end.
    #[error("the argument has no closing `)`")]
    Unclosed,
    /// No effect has this name.
    #[error("unknown effect `{0}` (expected one of {known})", known = effect_names())]
    Unknown(String),
    /// This effect takes no argument.
    #[error("`{0}` takes no argument")]
    NoArgument(String),
    /// The argument must be a number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// No trial lasts so long.
    #[error("`{0}` is more than {NUMBER_MAX}")]
    TooLarge(String),
    /// `foreign-change` without its argument.
    #[error("`foreign-change` needs the name of the change")]
    NoChange,
    /// `async-late(0)` and `async-late(1)` would change nothing.
    #[error("`async-late` takes at least 2 times as long")]
    NotLater,
    /// `stale-read(0)` would change nothing.
    #[error("`stale-read` lags by at least 1 second")]
    NoLag,
}

fn effect_names() -> String {
    let names: Vec<_> = EFFECTS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Parses an effect with its argument.
///
/// # Errors
/// For an unknown effect, and an argument that it does not take.
pub fn read_effect(text: &str) -> Result<Effect, EffectSyntaxError> {
    let (name, argument) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let inner = rest.strip_suffix(')').ok_or(EffectSyntaxError::Unclosed)?;
            (name, Some(inner.to_owned()))
        }
    };
    let number = |default: u64| match &argument {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(number) if number <= NUMBER_MAX => Ok(number),
            Ok(_) => Err(EffectSyntaxError::TooLarge(text.clone())),
            Err(_) => Err(EffectSyntaxError::NotANumber(text.clone())),
        },
    };
    let effect = match name {
        "reject" => return Ok(Effect::Reject(argument)),
        "stale-read" => return stale_read(argument),
        "async-fail" => return Ok(Effect::AsyncFail(argument)),
        "foreign-change" => {
            let name = argument.ok_or(EffectSyntaxError::NoChange)?;
            return Ok(Effect::ForeignChange(name));
        }
        "throttle" => match argument {
            None => Effect::Throttle(None),
            Some(_) => return Ok(Effect::Throttle(Some(number(0)?))),
        },
        "late-apply" => return Ok(Effect::LateApply(number(30)?)),
        "async-late" => match number(2)? {
            0 | 1 => return Err(EffectSyntaxError::NotLater),
            times => return Ok(Effect::AsyncLate(times)),
        },
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
        "cancel-before" => Effect::CancelBefore,
        "cancel-twice" => Effect::CancelTwice,
        "repeated-page" => Effect::RepeatedPage,
        "permission-lag" => Effect::PermissionLag,
        "partial" => Effect::Partial,
        "write-fails" => Effect::WriteFails,
        "torn-write" => Effect::TornWrite,
        "lost-disk" => Effect::LostDisk,
        other => return Err(EffectSyntaxError::Unknown(other.to_owned())),
    };
    match argument {
        None => Ok(effect),
        Some(_) => Err(EffectSyntaxError::NoArgument(name.to_owned())),
    }
}

/// A stale read: by seconds, by one change, or with a "not found" code.
fn stale_read(argument: Option<String>) -> Result<Effect, EffectSyntaxError> {
    match argument.as_ref().map(|text| text.parse()) {
        Some(Ok(0)) => Err(EffectSyntaxError::NoLag),
        Some(Ok(seconds)) => Ok(Effect::NotYetVisible(seconds)),
        _ => Ok(Effect::StaleRead(argument)),
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
            Self::CancelBefore => f.write_str("cancel-before"),
            Self::CancelTwice => f.write_str("cancel-twice"),
            Self::StaleRead(None) => f.write_str("stale-read"),
            Self::StaleRead(Some(code)) => write!(f, "stale-read({code})"),
            Self::NotYetVisible(seconds) => write!(f, "stale-read({seconds})"),
            Self::RepeatedPage => f.write_str("repeated-page"),
            Self::PermissionLag => f.write_str("permission-lag"),
            Self::Partial => f.write_str("partial"),
            Self::WriteFails => f.write_str("write-fails"),
            Self::TornWrite => f.write_str("torn-write"),
            Self::LostDisk => f.write_str("lost-disk"),
            Self::ForeignChange(name) => write!(f, "foreign-change({name})"),
        }
    }
}
