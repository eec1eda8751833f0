//! The error of a call, classified by what to do next.
//!
//! Retries and `find_or_create` ask one question that the SDK's error types do not answer: may the call have been
//! applied?

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error_text::sources;

/// Whether a failed call may have been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// A definite refusal: not applied.
    Rejected,
    /// Too many requests: not applied, worth repeating later.
    Throttled,
    /// No usable answer: it may or may not have been applied.
    Unknown,
    /// Not answered in time: it may even be applied later.
    TimedOut,
    /// Not a call at all: a wait ended, or a state cannot be used.
    Other,
    /// A wait that was given up because another branch had failed.
    Cancelled,
}

/// A call or a wait that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallError {
    /// The call, such as `ec2:CreateVpc`, or the step.
    pub(crate) call: String,
    /// The cloud's error code, empty when there is none.
    pub(crate) code: String,
    /// The cloud's message, or our own.
    pub(crate) message: String,
    /// Whether the call may have been applied.
    pub(crate) outcome: CallOutcome,
    /// How long the cloud asks us to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// Codes that mean "too many requests" in one service or another.
const THROTTLES: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
];

impl CallError {
    /// An error that is not a call's: a state that cannot be used, a wait that ended.
    pub(crate) fn other(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            call: what.into(),
            code: String::new(),
            message: message.into(),
            outcome: CallOutcome::Other,
            retry_after: None,
        }
    }

    /// The end of a wait because another branch had failed.
    pub(crate) fn cancelled() -> Self {
        Self {
            outcome: CallOutcome::Cancelled,
            ..Self::other("wait", "stopped because another part failed")
        }
    }

    /// The error of a call that failed in the SDK.
    pub(crate) fn of<E>(call: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let response = error.raw_response();
        let status = response.map_or(0, |response| response.status().as_u16());
        let metadata = error.as_service_error();
        let code = metadata
            .and_then(ProvideErrorMetadata::code)
            .unwrap_or_default()
            .to_owned();
        let message = metadata
            .and_then(ProvideErrorMetadata::message)
            .map(str::to_owned);
        let outcome = match error {
            SdkError::ConstructionFailure(_) => CallOutcome::Rejected,
            SdkError::TimeoutError(_) => CallOutcome::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => CallOutcome::TimedOut,
            SdkError::ServiceError(_) => outcome_of_response(status, &code),
            _ => CallOutcome::Unknown,
        };
        Self {
            call: call.to_owned(),
            message: message.unwrap_or_else(|| sources(error)),
            code,
            outcome,
            retry_after: response.and_then(retry_after),
        }
    }

    /// Whether the code is this one, or starts with it where it ends in `*`.
    pub(crate) fn is(&self, code: &str) -> bool {
        match code.strip_suffix('*') {
            Some(start) => self.code.starts_with(start),
            None => self.code == code,
        }
    }

    /// Whether the cloud says that the resource does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code.ends_with(".NotFound")
            || self.code.ends_with("NotFound")
            || matches!(
                self.code.as_str(),
                "NoSuchEntity" | "ResourceNotFoundException" | "Gateway.NotAttached"
            )
            || self.code == "ClientException" && self.message.contains("No cluster found")
    }

    /// Whether the resource is still in use, so that a deletion may succeed later.
    pub(crate) fn is_in_use(&self) -> bool {
        matches!(
            self.code.as_str(),
            "DependencyViolation"
                | "ResourceInUseException"
                | "ResourceInUse"
                | "DeleteConflict"
                | "InvalidIPAddress.InUse"
                | "InvalidParameterValue.InUse"
                | "InvalidNetworkInterface.InUse"
                | "VolumeInUse"
                | "IncorrectState"
                | "ConcurrentModification"
        )
    }

    /// Whether the credentials have expired, so that fresh ones may do.
    pub(crate) fn is_expired(&self) -> bool {
        matches!(
            self.code.as_str(),
            "RequestExpired" | "ExpiredToken" | "ExpiredTokenException"
        )
    }
}

/// A code that names a definite refusal outweighs a 5xx status: EC2 reports lack of capacity as 500.
fn outcome_of_response(status: u16, code: &str) -> CallOutcome {
    if THROTTLES.contains(&code) || status == 429 {
        CallOutcome::Throttled
    } else if code.starts_with("Insufficient") {
        CallOutcome::Rejected
    } else if !(400..500).contains(&status) || code.is_empty() {
        CallOutcome::Unknown
    } else {
        CallOutcome::Rejected
    }
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            write!(f, "{}: {}", self.call, self.message)
        } else {
            write!(f, "{}: {} ({})", self.call, self.message, self.code)
        }
    }
}

/// The error that came first when several branches ended, never a cancellation that followed from it.
pub(crate) fn first_cause(errors: Vec<CallError>) -> Option<CallError> {
    let first = errors.first().cloned();
    errors
        .into_iter()
        .find(|error| error.outcome != CallOutcome::Cancelled)
        .or(first)
}

/// The values of all branches, or the cause when any failed.
///
/// # Errors
/// With the cause, when any branch failed.
pub(crate) fn all<T>(results: Vec<Result<T, CallError>>) -> Result<Vec<T>, CallError> {
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

/// The result of a deletion: success when the resource is gone already.
///
/// # Errors
/// With every other error.
pub(crate) fn gone_is_fine<T>(result: Result<T, CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// As [`all`], for two branches with different values.
///
/// # Errors
/// With the cause, when any branch failed.
pub(crate) fn both<A, B>(
    (a, b): (Result<A, CallError>, Result<B, CallError>),
) -> Result<(A, B), CallError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(a), Err(b)) => Err(if a.outcome == CallOutcome::Cancelled {
            b
        } else {
            a
        }),
    }
}

/// The health issues of a cluster or node group as text; each is `(code, message)`.
pub fn issue_text<'a>(issues: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> String {
    let words: Vec<String> = issues
        .map(|(code, message)| {
            let code = code.unwrap_or("no code");
            format!("{code}: {}", message.unwrap_or_default())
        })
        .collect();
    if words.is_empty() {
        "no reason given".to_owned()
    } else {
        words.join("; ")
    }
}
