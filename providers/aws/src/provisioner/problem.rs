//! What went wrong with a call, in the words that decide what to do next.
//!
//! Apart from the SDK's error types because retries and adoption ask only one question: may the
//! call have been applied?

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::words::sources;

/// What a failed call says about its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A definite refusal: not applied.
    Refused,
    /// Too many requests: not applied, worth repeating later.
    Throttled,
    /// No usable answer: it may or may not have been applied.
    Unclear,
    /// Not answered in time: it may even be applied later.
    Silent,
    /// Not a call at all: a wait of ours ended, or a state that we cannot use.
    Ours,
    /// A wait that was given up because another branch of the work had failed.
    Halted,
}

/// A call or a wait that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The call, such as `ec2:CreateVpc`, or what we were doing.
    pub(crate) call: String,
    /// The cloud's error code, empty when there is none.
    pub(crate) code: String,
    /// The cloud's message, or ours.
    pub(crate) message: String,
    /// What it says about the call's effect.
    pub(crate) fate: Fate,
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

impl Problem {
    /// A problem that is not a call's: a state that cannot be used, a wait that ended.
    pub(crate) fn ours(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            call: what.into(),
            code: String::new(),
            message: message.into(),
            fate: Fate::Ours,
            retry_after: None,
        }
    }

    /// The end of a wait because another branch had failed.
    pub(crate) fn halted() -> Self {
        Self {
            fate: Fate::Halted,
            ..Self::ours("wait", "stopped because another part failed")
        }
    }

    /// The problem of a call that failed in the SDK.
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
        let said = metadata
            .and_then(ProvideErrorMetadata::message)
            .map(str::to_owned);
        let fate = match error {
            SdkError::ConstructionFailure(_) => Fate::Refused,
            SdkError::TimeoutError(_) => Fate::Silent,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Fate::Silent,
            SdkError::ServiceError(_) => fate_of_answer(status, &code),
            _ => Fate::Unclear,
        };
        Self {
            call: call.to_owned(),
            message: said.unwrap_or_else(|| sources(error)),
            code,
            fate,
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

    /// Whether the cloud says that the thing does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code.ends_with(".NotFound")
            || self.code.ends_with("NotFound")
            || matches!(
                self.code.as_str(),
                "NoSuchEntity" | "ResourceNotFoundException" | "Gateway.NotAttached"
            )
            || self.code == "ClientException" && self.message.contains("No cluster found")
    }

    /// Whether the thing is still in use, so that a deletion may succeed later.
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

/// A code that names a definite refusal outweighs a 5xx status: EC2 words lack of capacity as 500.
fn fate_of_answer(status: u16, code: &str) -> Fate {
    if THROTTLES.contains(&code) || status == 429 {
        Fate::Throttled
    } else if code.starts_with("Insufficient") {
        Fate::Refused
    } else if !(400..500).contains(&status) || code.is_empty() {
        Fate::Unclear
    } else {
        Fate::Refused
    }
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            write!(f, "{}: {}", self.call, self.message)
        } else {
            write!(f, "{}: {} ({})", self.call, self.message, self.code)
        }
    }
}

/// The problem that started it, when several branches ended: never the echo of a halt.
pub(crate) fn first_cause(problems: Vec<Problem>) -> Option<Problem> {
    let halted = problems.first().cloned();
    problems
        .into_iter()
        .find(|problem| problem.fate != Fate::Halted)
        .or(halted)
}

/// The results of branches that all ended: their values, or the cause.
///
/// # Errors
/// With the cause, when any branch failed.
pub(crate) fn all<T>(results: Vec<Result<T, Problem>>) -> Result<Vec<T>, Problem> {
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    match first_cause(problems) {
        None => Ok(values),
        Some(cause) => Err(cause),
    }
}

/// The result of a deletion: what is gone already is what it should be.
///
/// # Errors
/// With every other problem.
pub(crate) fn gone_is_fine<T>(result: Result<T, Problem>) -> Result<(), Problem> {
    match result {
        Err(problem) if !problem.is_not_found() => Err(problem),
        _ => Ok(()),
    }
}

/// As [`all`], for two branches with different values.
///
/// # Errors
/// With the cause, when any branch failed.
pub(crate) fn both<A, B>(
    (a, b): (Result<A, Problem>, Result<B, Problem>),
) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
        (Err(a), Err(b)) => Err(if a.fate == Fate::Halted { b } else { a }),
    }
}

/// The health issues of a cluster or node group in words: `(code, message)` each.
pub fn issue_words<'a>(issues: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> String {
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
