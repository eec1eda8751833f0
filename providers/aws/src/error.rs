//! AWS's one table of error codes, and the error of a call that failed in the SDK.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify};

/// What the codes of all services mean. Provisioner and observer use it alike.
pub(crate) struct Codes;

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

/// Codes of what cannot go or change yet, because something depends on it or works on it.
const IN_USE: &[&str] = &[
    "DependencyViolation",
    "ResourceInUseException",
    "ResourceInUse",
    "DeleteConflict",
    "InvalidIPAddress.InUse",
    "InvalidParameterValue.InUse",
    "InvalidNetworkInterface.InUse",
    "VolumeInUse",
    "IncorrectState",
    "ConcurrentModification",
];

const EXPIRED: &[&str] = &["RequestExpired", "ExpiredToken", "ExpiredTokenException"];

const DENIED: &[&str] = &[
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
];

fn is_not_found(code: &str, message: &str) -> bool {
    code.contains("NotFound")
        || code == "QueueDoesNotExist"
        || code.starts_with("NoSuchEntity")
        || code == "Gateway.NotAttached"
        || code == "ClientException" && message.contains("No cluster found")
}

fn is_no_capacity(code: &str) -> bool {
    code.starts_with("Insufficient") || code == "UnsupportedAvailabilityZoneException"
}

fn is_taken(code: &str) -> bool {
    code.contains("AlreadyExists")
        || code.contains("Duplicate")
        || matches!(
            code,
            "Resource.AlreadyAssociated" | "InvalidSubnet.Conflict"
        )
}

fn is_quota(code: &str) -> bool {
    code.contains("LimitExceeded")
        || code.ends_with("CountExceeded")
        || code.ends_with("QuotaExceeded")
        || code.ends_with("QuotaExceededException")
        || code.starts_with("TooMany")
}

/// The cause that a code names, if it is a known one.
fn named(code: &str, message: &str) -> Option<Cause> {
    let causes = [
        (THROTTLES.contains(&code), Cause::Throttled),
        (is_no_capacity(code), Cause::NoCapacity),
        (is_not_found(code, message), Cause::NotFound),
        (IN_USE.contains(&code), Cause::InUse),
        (EXPIRED.contains(&code), Cause::CredentialsExpired),
        (is_taken(code), Cause::AlreadyExists),
        (is_quota(code), Cause::QuotaExceeded),
        (DENIED.contains(&code), Cause::Denied),
    ];
    let mut known = causes.into_iter().filter(|(holds, _)| *holds);
    known.next().map(|(_, cause)| cause)
}

impl Classify for Codes {
    /// A code that names a definite refusal outweighs a 5xx status: EC2 reports throttling as 503 and lack of
    /// capacity as 500.
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        let named = match status {
            429 => Some(Cause::Throttled),
            _ => named(code, message),
        };
        let definite = matches!(named, Some(Cause::Throttled | Cause::NoCapacity));
        let refused = (400..500).contains(&status) && !code.is_empty();
        if definite || refused {
            (named.unwrap_or(Cause::Other), Applied::No)
        } else {
            (named.unwrap_or(Cause::Server), Applied::Unknown)
        }
    }
}

/// The error of a call that failed in the SDK.
pub(crate) fn call_error<E>(call: &str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let answer = error.raw_response();
    let metadata = error.as_service_error();
    let code = metadata.and_then(ProvideErrorMetadata::code);
    let message = metadata.and_then(ProvideErrorMetadata::message);
    let message = message.map_or_else(|| sources(error), str::to_owned);
    let failed = match error {
        SdkError::ServiceError(_) => {
            let status = answer.map_or(0, |answer| answer.status().as_u16());
            CallError::of_answer(&Codes, call, (status, code.unwrap_or_default()), message)
        }
        SdkError::ConstructionFailure(_) => CallError {
            cause: Cause::Other,
            ..CallError::state(call, message)
        },
        SdkError::TimeoutError(_) => CallError::no_answer(call, message, Applied::MaybeLater),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            CallError::no_answer(call, message, Applied::MaybeLater)
        }
        _ => CallError::no_answer(call, message, Applied::Unknown),
    };
    CallError {
        retry_after: answer.and_then(retry_after),
        ..failed
    }
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The whole chain of an error as one sentence, never a `Debug` dump: for errors without a message from the cloud.
pub(crate) fn sources(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    // Limited, because a chain of sources may in theory not end.
    for _ in 0..8 {
        let Some(source) = next else { break };
        let said = source.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    text
}

/// The health issues of a cluster or node group as text; each is `(code, message)`.
pub(crate) fn issue_text<'a>(
    issues: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> String {
    let issues: Vec<String> = issues
        .map(|(code, message)| {
            let code = code.unwrap_or("no code");
            format!("{code}: {}", message.unwrap_or_default())
        })
        .collect();
    if issues.is_empty() {
        "no reason given".to_owned()
    } else {
        issues.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use kubeproof_contract::transport::TransportError;

    use super::*;

    #[test]
    fn each_code_means_one_thing_and_only_a_definite_refusal_was_not_applied() {
        let check = |status: u16, code: &str, expected: (Cause, Applied)| {
            let message = "No cluster found for name: x.";
            let seen = Codes.classify(status, code, message);
            assert_eq!(seen, expected, "{status} {code}");
        };
        let refused = |cause: Cause| (cause, Applied::No);
        check(503, "RequestLimitExceeded", refused(Cause::Throttled));
        check(429, "", refused(Cause::Throttled));
        check(
            500,
            "InsufficientInstanceCapacity",
            refused(Cause::NoCapacity),
        );
        let no_zone = "UnsupportedAvailabilityZoneException";
        check(400, no_zone, refused(Cause::NoCapacity));
        check(400, "InvalidVpcID.NotFound", refused(Cause::NotFound));
        check(
            400,
            "InvalidLaunchTemplateName.NotFoundException",
            refused(Cause::NotFound),
        );
        check(404, "ResourceNotFoundException", refused(Cause::NotFound));
        check(404, "NoSuchEntity", refused(Cause::NotFound));
        check(400, "LoadBalancerNotFound", refused(Cause::NotFound));
        check(400, "Gateway.NotAttached", refused(Cause::NotFound));
        check(400, "ClientException", refused(Cause::NotFound));
        check(409, "ResourceInUseException", refused(Cause::InUse));
        check(400, "DependencyViolation", refused(Cause::InUse));
        check(400, "RequestExpired", refused(Cause::CredentialsExpired));
        check(409, "EntityAlreadyExists", refused(Cause::AlreadyExists));
        check(400, "InvalidGroup.Duplicate", refused(Cause::AlreadyExists));
        check(400, "InvalidSubnet.Conflict", refused(Cause::AlreadyExists));
        check(400, "VpcLimitExceeded", refused(Cause::QuotaExceeded));
        check(400, "TooManyLoadBalancers", refused(Cause::QuotaExceeded));
        check(403, "UnauthorizedOperation", refused(Cause::Denied));
        check(400, "InvalidParameterValue", refused(Cause::Other));
        check(500, "InternalError", (Cause::Server, Applied::Unknown));
        check(400, "", (Cause::Server, Applied::Unknown));
        check(0, "", (Cause::Server, Applied::Unknown));
    }

    #[test]
    fn a_timeout_may_be_applied_later_and_an_unreachable_cloud_is_told_in_one_sentence() {
        let failed = |error: TransportError| {
            let timeout = matches!(error, TransportError::Timeout(_));
            let error = if timeout {
                ConnectorError::timeout(error.into())
            } else {
                ConnectorError::io(error.into())
            };
            let error: SdkError<aws_sdk_ec2::operation::create_vpc::CreateVpcError, HttpResponse> =
                SdkError::dispatch_failure(error);
            call_error("ec2:CreateVpc", &error)
        };
        let late = failed(TransportError::Timeout("60 s".to_owned()));
        assert_eq!(
            (late.cause, late.applied),
            (Cause::NoAnswer, Applied::MaybeLater)
        );
        let refused = "tcp connect error: Connection refused".to_owned();
        let told = failed(TransportError::Connect(refused));
        assert_eq!(
            (told.cause, told.applied),
            (Cause::NoAnswer, Applied::Unknown)
        );
        let told = told.to_string();
        assert!(told.contains("Connection refused"), "{told}");
        assert!(
            !told.contains("DispatchFailure") && !told.contains('{'),
            "{told}"
        );
    }
}
