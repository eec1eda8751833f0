//! What Google's errors mean: one table for the errors of calls and for those inside operations.
//!
//! Kubernetes Engine and the services of a project answer with `google.rpc.Status`; Compute Engine with reasons of
//! its own. Sources: the error model of Google's APIs (AIP-193, AIP-194) and Compute Engine's troubleshooting pages.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{RestError, retry_after};
use kubeproof_cloudkit::{Applied, CallError, Cause};
use serde_json::Value;

/// The refusal while another operation runs on the same cluster.
pub const INCOMPATIBLE: &str = "incompatible operation";
/// A policy that someone else changed since it was read.
pub const ABORTED: &str = "ABORTED";
/// What a resource says that is still being made.
pub const NOT_READY: &str = "resourceNotReady";

/// Reasons that say less than the status beside them.
const VAGUE: &[&str] = &[
    "aborted",
    "backendError",
    "badRequest",
    "conflict",
    "failedPrecondition",
    "forbidden",
    "",
];

/// What an error answer says. The code is its most exact word: the reason of an `ErrorInfo`, else the reason in the
/// older list, else the status.
pub fn read(answer: &Response<Bytes>) -> RestError {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = &body["error"];
    let details = || error["details"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_info = details().map(|detail| text(&detail["reason"]));
    let of_list = text(&error["errors"][0]["reason"]);
    let status = text(&error["status"]);
    let exact = of_info
        .chain([of_list.clone()])
        .find(|code| !VAGUE.contains(&code.as_str()));
    let vague = Some(status).filter(|status| !status.is_empty());
    let delay = details().find_map(|detail| seconds(detail["retryDelay"].as_str()?));
    RestError {
        code: exact.or(vague).unwrap_or(of_list),
        message: text(&error["message"]),
        suggestion: String::new(),
        retry_after: retry_after(answer).or(delay),
    }
}

/// A duration such as `3.5s`, in whole seconds and no fewer.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole.parse::<u64>().ok()? + more))
}

/// The code without the style of its service: `quotaExceeded` and `QUOTA_EXCEEDED` are the same.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The cause of an error, and whether its call was applied.
pub fn classify(status: u16, code: &str, message: &str) -> (Cause, Applied) {
    let plain = plain(code);
    let cause = match (status, plain.as_str()) {
        // A proxy answers without a code.
        (_, "") if status != 501 => return (Cause::Server, Applied::Unknown),
        (_, code) if code.starts_with("zoneresourcepoolexhausted") => Cause::NoCapacity,
        (_, "gcestockout" | "insufficientcapacity") => Cause::NoCapacity,
        (_, "quotaexceeded" | "gcequotaexceeded") => Cause::QuotaExceeded,
        (_, "ratelimitexceeded" | "userratelimitexceeded") | (429, _) => Cause::Throttled,
        (_, "servicedisabled" | "accessnotconfigured") => Cause::NotPropagated,
        (400 | 403, _) if message.contains("Insufficient regional quota") => Cause::QuotaExceeded,
        (403, "resourceexhausted") => Cause::QuotaExceeded,
        (401, _) => Cause::CredentialsExpired,
        (403, _) => Cause::Denied,
        (404, _) | (400, "resourcenotfound") => Cause::NotFound,
        (_, "alreadyexists" | "resourcealreadyexists") => Cause::AlreadyExists,
        (_, "resourceinusebyanotherresource" | "resourcenotready") => Cause::InUse,
        (400..=499, _) if message.contains(INCOMPATIBLE) => Cause::InUse,
        (501 | 400..=499, _) => Cause::Other,
        // "May be returned even if the operation has completed" (google.rpc.Code).
        (504, _) => return (Cause::Server, Applied::MaybeLater),
        _ => return (Cause::Server, Applied::Unknown),
    };
    (cause, Applied::No)
}

/// The error inside an operation that is over. Nothing says whether a part of it was applied: only a look
/// at the resource can.
pub fn of_operation(call: &str, status: Option<u16>, code: &str, message: &str) -> CallError {
    let known = code_in(message).filter(|_| VAGUE.contains(&code) || code.parse::<u32>().is_ok());
    let code = known.unwrap_or(code);
    let (cause, _) = classify(
        status.filter(|status| *status >= 400).unwrap_or(400),
        code,
        message,
    );
    CallError {
        code: code.to_owned(),
        cause,
        ..CallError::state(call, message)
    }
}

/// The codes that Kubernetes Engine writes into messages of operations and clusters.
fn code_in(message: &str) -> Option<&'static str> {
    const CODES: &[&str] = &[
        "GCE_STOCKOUT",
        "GCE_QUOTA_EXCEEDED",
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "QUOTA_EXCEEDED",
    ];
    CODES.iter().copied().find(|code| message.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_cause() {
        let check = |status: u16, code: &str, message: &str, expected: (Cause, Applied)| {
            assert_eq!(
                classify(status, code, message),
                expected,
                "{status} {code} {message}"
            );
        };
        let refused = |cause| (cause, Applied::No);
        check(404, "notFound", "", refused(Cause::NotFound));
        check(409, "alreadyExists", "", refused(Cause::AlreadyExists));
        check(409, "ALREADY_EXISTS", "", refused(Cause::AlreadyExists));
        check(
            400,
            "resourceInUseByAnotherResource",
            "",
            refused(Cause::InUse),
        );
        check(400, NOT_READY, "", refused(Cause::InUse));
        let running = "Cluster is running incompatible operation operation-1.";
        check(400, "FAILED_PRECONDITION", running, refused(Cause::InUse));
        check(400, "FAILED_PRECONDITION", "No.", refused(Cause::Other));
        check(403, "quotaExceeded", "", refused(Cause::QuotaExceeded));
        check(403, "rateLimitExceeded", "", refused(Cause::Throttled));
        check(429, "RESOURCE_EXHAUSTED", "", refused(Cause::Throttled));
        check(403, "RESOURCE_EXHAUSTED", "", refused(Cause::QuotaExceeded));
        check(403, "SERVICE_DISABLED", "", refused(Cause::NotPropagated));
        check(
            403,
            "accessNotConfigured",
            "",
            refused(Cause::NotPropagated),
        );
        check(403, "PERMISSION_DENIED", "", refused(Cause::Denied));
        check(
            401,
            "UNAUTHENTICATED",
            "",
            refused(Cause::CredentialsExpired),
        );
        check(503, "insufficientCapacity", "", refused(Cause::NoCapacity));
        check(409, ABORTED, "", refused(Cause::Other));
        check(501, "", "", refused(Cause::Other));
        check(503, "UNAVAILABLE", "", (Cause::Server, Applied::Unknown));
        check(
            504,
            "DEADLINE_EXCEEDED",
            "",
            (Cause::Server, Applied::MaybeLater),
        );
        check(404, "", "", (Cause::Server, Applied::Unknown));
    }

    #[test]
    fn the_code_is_the_most_exact_word_of_the_answer() {
        let check = |body: &str, code: &str, wait: Option<u64>| {
            let seen = read(&Response::new(Bytes::from(body.to_owned())));
            assert_eq!(seen.code, code, "{body}");
            assert_eq!(seen.retry_after.map(|wait| wait.as_secs()), wait, "{body}");
        };
        check(
            r#"{"error":{"status":"PERMISSION_DENIED","errors":[{"reason":"forbidden"}],"details":[{"reason":"SERVICE_DISABLED"}]}}"#,
            "SERVICE_DISABLED",
            None,
        );
        check(
            r#"{"error":{"errors":[{"reason":"notFound"}]}}"#,
            "notFound",
            None,
        );
        check(
            r#"{"error":{"errors":[{"reason":"forbidden"}]}}"#,
            "forbidden",
            None,
        );
        check(
            r#"{"error":{"status":"FAILED_PRECONDITION","errors":[{"reason":"failedPrecondition"}]}}"#,
            "FAILED_PRECONDITION",
            None,
        );
        check(
            r#"{"error":{"status":"ABORTED","errors":[{"reason":"aborted"}]}}"#,
            ABORTED,
            None,
        );
        check(
            r#"{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"2.5s"}]}}"#,
            "RESOURCE_EXHAUSTED",
            Some(3),
        );
        check("<html>", "", None);
    }

    #[test]
    fn an_error_inside_an_operation_means_what_it_would_mean_as_an_answer() {
        let check = |status, code: &str, message: &str, expected: (&str, Cause)| {
            let error = of_operation("wait", status, code, message);
            assert_eq!(
                (error.code.as_str(), error.cause),
                expected,
                "{code} {message}"
            );
        };
        check(
            Some(403),
            "QUOTA_EXCEEDED",
            "Quota.",
            ("QUOTA_EXCEEDED", Cause::QuotaExceeded),
        );
        let exhausted = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS";
        check(Some(503), exhausted, "", (exhausted, Cause::NoCapacity));
        let stockout = "Google Compute Engine: GCE_STOCKOUT in zone us-central1-a.";
        check(None, "8", stockout, ("GCE_STOCKOUT", Cause::NoCapacity));
        check(None, "3", "Wrong.", ("3", Cause::Other));
        let used = "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE";
        check(Some(400), used, "", (used, Cause::InUse));
    }
}
