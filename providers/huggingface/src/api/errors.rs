//! What Hugging Face's errors mean.
//!
//! Sources: `../shared/reference`, api/huggingface.md section 0, api/judges.md section 5 and faults.csv (hf-endpoints);
//! `huggingface_hub` 2.4.0, `utils/_http.py`, for the header.

use bytes::Bytes;
use http::{Response, StatusCode};
use kubeproof_cloudkit::rest::{RestError, retry_after};
use kubeproof_cloudkit::{Applied, Cause};
use serde_json::Value;

/// The header with the code of an error.
pub const CODE_HEADER: &str = "x-error-code";
/// A quota is used up. A name that is taken is a conflict too.
pub const QUOTA: &str = "Conflict: Quota exceeded";
/// There is no hardware of this kind at the moment.
pub const NOT_AVAILABLE: &str = "Bad Request: Compute instance not available yet";
/// An endpoint cannot be changed at the moment.
pub const UPDATING: &str = "Bad Request: Endpoint is updating";

/// What an error answer says. Most answers have no code: then the name of the status stands for it, in an answer that
/// is the service's own.
pub fn read(answer: &Response<Bytes>) -> RestError {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let message = match &body["error"] {
        Value::Object(error) => error.get("message").map(text).unwrap_or_default(),
        other => text(other),
    };
    let header = answer.headers().get(CODE_HEADER);
    let code = header
        .and_then(|code| code.to_str().ok())
        .map(str::to_owned);
    let of_body = || body["code"].as_str().map(str::to_owned);
    let of_status = || Some(code_of(answer.status())).filter(|_| body.get("error").is_some());
    RestError {
        code: code.or_else(of_body).or_else(of_status).unwrap_or_default(),
        message,
        suggestion: suggestion(answer.status().as_u16()).to_owned(),
        retry_after: retry_after(answer),
    }
}

/// The code that Inference Endpoints give for a status: `BAD_REQUEST`.
pub fn code_of(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    reason.to_ascii_uppercase().replace(' ', "_")
}

/// What to do about an error of this status.
fn suggestion(status: u16) -> &'static str {
    match status {
        401 => "Make a token at https://huggingface.co/settings/tokens.",
        402 => "Add a payment method at https://huggingface.co/settings/billing.",
        403 => "Check the token's permissions and the namespace's payment method.",
        _ => "",
    }
}

/// The cause of an error, and whether its call was applied.
pub fn classify(status: u16, code: &str, message: &str) -> (Cause, Applied) {
    let said = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let cause = match status {
        501 => Cause::Other,
        429 => Cause::Throttled,
        // A proxy answers in a form of its own.
        400..=499 if code.is_empty() => return (Cause::Server, Applied::Unknown),
        // The service reports a code that is no refusal of what was asked.
        401..=403 => Cause::Denied,
        400 | 409 | 422 if says(&["quota"]) => Cause::QuotaExceeded,
        400 | 409 if says(&["not available", "no capacity"]) => Cause::NoCapacity,
        400 | 409 if says(&["is updating"]) => Cause::InUse,
        404 | 410 => Cause::NotFound,
        409 => Cause::AlreadyExists,
        400..=499 => Cause::Other,
        // A gateway gave up waiting.
        504 => return (Cause::Server, Applied::MaybeLater),
        _ => return (Cause::Server, Applied::Unknown),
    };
    (cause, Applied::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_cause() {
        let check = |status: u16, message: &str, expected: (Cause, Applied)| {
            let mut answer = Response::new(Bytes::from(
                serde_json::json!({"error": message}).to_string(),
            ));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            let seen = read(&answer);
            let cause = classify(status, &seen.code, &seen.message);
            assert_eq!(cause, expected, "{status} {message}");
        };
        let refused = |cause| (cause, Applied::No);
        check(
            409,
            "Conflict: name already exists",
            refused(Cause::AlreadyExists),
        );
        check(409, QUOTA, refused(Cause::QuotaExceeded));
        check(400, NOT_AVAILABLE, refused(Cause::NoCapacity));
        check(400, UPDATING, refused(Cause::InUse));
        check(400, "Bad Request: no", refused(Cause::Other));
        check(401, "Invalid credentials", refused(Cause::Denied));
        check(
            403,
            "Payment method required for namespace",
            refused(Cause::Denied),
        );
        check(404, "Not Found", refused(Cause::NotFound));
        check(429, "Too Many Requests", refused(Cause::Throttled));
        check(
            500,
            "Internal Server Error",
            (Cause::Server, Applied::Unknown),
        );
        check(504, "Gateway Timeout", (Cause::Server, Applied::MaybeLater));
        assert_eq!(classify(404, "", ""), (Cause::Server, Applied::Unknown));
    }

    #[test]
    fn the_code_is_the_most_exact_word_of_the_answer() {
        let check = |header: Option<&str>, body: &str, expected: &str| {
            let mut answer = Response::builder().status(400);
            if let Some(code) = header {
                answer = answer.header(CODE_HEADER, code);
            }
            let answer = answer.body(Bytes::from(body.to_owned())).unwrap();
            assert_eq!(read(&answer).code, expected, "{body}");
        };
        let paused = r#"{"error":"Bad Request: The endpoint is paused","code":"BAD_REQUEST"}"#;
        check(None, paused, "BAD_REQUEST");
        check(Some("GatedRepo"), paused, "GatedRepo");
        check(None, r#"{"error":"no"}"#, "BAD_REQUEST");
        check(None, "<html>", "");
    }
}
