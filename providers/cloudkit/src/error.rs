//! A failed call: why it failed, and whether it was applied.
//!
//! Retries, adoption and teardown ask only these two questions, whatever the cloud and its protocol.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::transport::TransportError;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// What it names does not exist, or does not show yet.
    NotFound,
    /// What it makes is there already, or its name is taken.
    AlreadyExists,
    /// Something still depends on what it deletes or changes.
    InUse,
    /// Too many requests.
    Throttled,
    /// The credentials have expired; fresh ones may do.
    CredentialsExpired,
    /// A quota is used up.
    QuotaExceeded,
    /// The cloud has no capacity there at the moment.
    NoCapacity,
    /// A permission or role that was just made is not known everywhere yet.
    NotPropagated,
    /// The caller may not do this.
    Denied,
    /// The server failed.
    Server,
    /// No usable answer: no connection, a timeout, a body that cannot be read.
    NoAnswer,
    /// No call failed: a wait ended, or a state cannot be used.
    State,
    /// Another branch of the work failed, so this one stopped.
    Cancelled,
    /// Any other refusal.
    Other,
}

/// Whether a failed call was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// Certainly not.
    No,
    /// It may or may not have been.
    Unknown,
    /// It may even be applied later: the request timed out while the cloud may still hold it.
    MaybeLater,
}

/// One table for each cloud: what a status and an error code mean.
pub trait Classify {
    /// The cause, and whether the call was applied. `code` is empty when the answer carries none.
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied);
}

/// The error below a [`CallError`], behind one pointer so that errors stay small.
pub type Source = Arc<Box<dyn Error + Send + Sync>>;

/// A call that failed, or a wait that ended without the state that was waited for.
#[derive(Clone, Debug)]
pub struct CallError {
    /// The call, such as `ec2:CreateVpc`, or what was being done.
    pub call: String,
    /// The cloud's error code; empty when there is none.
    pub code: String,
    /// The cloud's message, or ours.
    pub message: String,
    /// What the cloud suggests to do; empty when it suggests nothing.
    pub suggestion: Box<str>,
    /// Why it failed.
    pub cause: Cause,
    /// Whether it was applied.
    pub applied: Applied,
    /// How long the cloud asks us to wait.
    pub retry_after: Option<Duration>,
    /// The error below, where there is one.
    pub source: Option<Source>,
}

impl CallError {
    /// An error that is not a call's: a state that cannot be used, a wait that ended, bad input.
    pub fn state(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            call: what.into(),
            code: String::new(),
            message: message.into(),
            suggestion: Box::default(),
            cause: Cause::State,
            applied: Applied::No,
            retry_after: None,
            source: None,
        }
    }

    /// A call that could not even be made.
    pub fn unmade(call: impl Into<String>, error: impl Error + Send + Sync + 'static) -> Self {
        let message = error.to_string();
        Self {
            source: Some(Arc::new(Box::new(error))),
            ..Self::state(call, message)
        }
    }

    /// The end of a wait because another branch failed.
    pub fn cancelled() -> Self {
        Self {
            cause: Cause::Cancelled,
            ..Self::state("wait", "stopped because another part failed")
        }
    }

    /// A call without a usable answer.
    pub fn no_answer(call: &str, message: impl Into<String>, applied: Applied) -> Self {
        Self {
            cause: Cause::NoAnswer,
            applied,
            ..Self::state(call, message)
        }
    }

    /// A call that failed in the transport. A connection that was never made carried nothing; a request that
    /// timed out may be carried out later.
    pub fn of_transport(call: &str, error: TransportError) -> Self {
        let applied = match &error {
            TransportError::Connect(_) => Applied::No,
            TransportError::Lost(_) => Applied::Unknown,
            TransportError::Timeout(_) => Applied::MaybeLater,
        };
        Self {
            source: Some(Arc::new(Box::new(error.clone()))),
            ..Self::no_answer(call, error.to_string(), applied)
        }
    }

    /// A call that the cloud answered with an error, by the cloud's own table.
    pub fn of_answer(
        table: &impl Classify,
        call: &str,
        (status, code): (u16, impl Into<String>),
        message: impl Into<String>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        let (cause, applied) = table.classify(status, &code, &message);
        Self {
            code,
            cause,
            applied,
            ..Self::state(call, message)
        }
    }

    /// Whether the code is this one, or starts with it where it ends in `*`.
    pub fn is(&self, code: &str) -> bool {
        match code.strip_suffix('*') {
            Some(start) => self.code.starts_with(start),
            None => self.code == code,
        }
    }

    /// Whether the cloud says that the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.cause == Cause::NotFound
    }

    /// Whether the call was, or may yet be, applied.
    pub fn may_be_applied(&self) -> bool {
        self.applied != Applied::No
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        if !self.suggestion.is_empty() {
            write!(f, " {}", self.suggestion)?;
        }
        Ok(())
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &***source as &(dyn Error + 'static))
    }
}

/// Equal when they say the same; the errors below are not compared.
impl PartialEq for CallError {
    fn eq(&self, other: &Self) -> bool {
        (&self.call, &self.code, &self.message, &self.suggestion)
            == (&other.call, &other.code, &other.message, &other.suggestion)
            && (self.cause, self.applied, self.retry_after)
                == (other.cause, other.applied, other.retry_after)
    }
}

impl Eq for CallError {}

impl From<CallError> for ObserverError {
    fn from(error: CallError) -> Self {
        let mut message = error.message;
        if !error.code.is_empty() {
            message = format!("{message} ({})", error.code);
        }
        if !error.suggestion.is_empty() {
            message = format!("{message} {}", error.suggestion);
        }
        Self {
            call: error.call,
            message,
        }
    }
}

/// The error that started it, when several branches ended: a cancelled branch only when all were.
pub fn first_cause(errors: Vec<CallError>) -> Option<CallError> {
    let first = errors.first().cloned();
    errors
        .into_iter()
        .find(|error| error.cause != Cause::Cancelled)
        .or(first)
}

/// The values of branches that all ended, or the cause.
///
/// # Errors
/// With the cause, when any branch failed.
pub fn all<T>(results: Vec<Result<T, CallError>>) -> Result<Vec<T>, CallError> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    match first_cause(errors) {
        None => Ok(values),
        Some(cause) => Err(cause),
    }
}

/// As [`all`], for two branches with different values.
///
/// # Errors
/// With the cause, when any branch failed.
pub fn both<A, B>(
    (a, b): (Result<A, CallError>, Result<B, CallError>),
) -> Result<(A, B), CallError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(a), Err(b)) => Err(if a.cause == Cause::Cancelled { b } else { a }),
    }
}

/// The result of a deletion: what is gone already is what it should be.
///
/// # Errors
/// With every other error.
pub fn ignore_not_found<T>(result: Result<T, CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_the_call_the_message_the_code_and_what_to_do() {
        let error = CallError {
            code: "global/quota-exceeded".to_owned(),
            suggestion: "Ask Support.".into(),
            ..CallError::state("LaunchInstance", "Used up.")
        };
        assert_eq!(
            error.to_string(),
            "LaunchInstance: Used up. (global/quota-exceeded) Ask Support."
        );
    }

    #[test]
    fn a_cancelled_branch_never_hides_the_error_that_cancelled_it() {
        let broken = CallError::state("ec2:CreateVpc", "no");
        let seen = all::<()>(vec![Err(CallError::cancelled()), Err(broken.clone())]);
        assert_eq!(seen, Err(broken.clone()));
        let pair = both::<(), ()>((Err(CallError::cancelled()), Err(broken.clone())));
        assert_eq!(pair, Err(broken));
        let alone = all::<()>(vec![Err(CallError::cancelled())]);
        assert_eq!(alone, Err(CallError::cancelled()));
    }

    #[test]
    fn only_a_connection_that_was_never_made_is_certainly_not_applied() {
        let applied = |error| CallError::of_transport("x", error).applied;
        assert_eq!(applied(TransportError::Connect(String::new())), Applied::No);
        assert_eq!(
            applied(TransportError::Lost(String::new())),
            Applied::Unknown
        );
    }
}
