//! Error answers as Hugging Face writes them: a message in the body, and a code in a header where there is one.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use kubeproof_contract::call::ErrorKind;
use serde_json::json;

use crate::api::errors::{CODE_HEADER, NOT_AVAILABLE, QUOTA, UPDATING, code_of};
use crate::routes::{HUB, Service};

/// The answer of a service to a call, for this kind of error.
pub(super) fn response(service: &Service, kind: &ErrorKind) -> Response<Bytes> {
    let (status, message) = said(service, kind);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut body = json!({ "error": message });
    if service.name != HUB.name {
        body["code"] = json!(code_of(status));
    }
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    match kind {
        ErrorKind::Throttled {
            retry_after_seconds: Some(seconds),
        } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        ErrorKind::Rejected(Some(code)) => {
            if let Ok(code) = HeaderValue::from_str(code) {
                headers.insert(CODE_HEADER, code);
            }
        }
        _ => {}
    }
    response
}

/// The status and the message. Sources: `../shared/reference`, faults.csv (hf-endpoints), api/huggingface.md section 0.
fn said(service: &Service, kind: &ErrorKind) -> (u16, String) {
    let (status, message) = match kind {
        ErrorKind::Rejected(Some(code)) => {
            let status = if code.ends_with("NotFound") { 404 } else { 400 };
            return (status, format!("The request was refused: {code}."));
        }
        ErrorKind::Rejected(None) | ErrorKind::PermissionLag => {
            let message = format!(
                "Forbidden: the token does not have sufficient permissions for {}",
                service.name
            );
            return (403, message);
        }
        ErrorKind::Throttled { .. } => (429, "Too Many Requests"),
        ErrorKind::Server => (500, "Internal Server Error"),
        ErrorKind::Quota => (409, QUOTA),
        ErrorKind::Capacity => (400, NOT_AVAILABLE),
        ErrorKind::Dependency => (400, UPDATING),
        ErrorKind::CredentialsExpired => (401, "Invalid credentials in Authorization header"),
    };
    (status, message.to_owned())
}

#[cfg(test)]
mod tests {
    use kubeproof_cloudkit::Cause;
    use kubeproof_contract::call::Dialect as _;

    use super::*;
    use crate::api::errors::{classify, read};
    use crate::dialect::HuggingFaceDialect;
    use crate::routes::{ENDPOINTS, HUB};

    #[test]
    fn errors_mean_what_was_injected() {
        let check = |kind: ErrorKind, status: u16, code: &str, cause: Cause| {
            for service in [&ENDPOINTS, &HUB] {
                let answer = response(service, &kind);
                assert_eq!(answer.status().as_u16(), status, "{kind:?}");
                let seen = HuggingFaceDialect.error_code(&answer);
                assert_eq!(seen.as_deref(), Some(code), "{kind:?}");
                let seen = read(&answer);
                assert_eq!(
                    classify(status, &seen.code, &seen.message).0,
                    cause,
                    "{kind:?}"
                );
            }
        };
        check(ErrorKind::Rejected(None), 403, "FORBIDDEN", Cause::Denied);
        let own = ErrorKind::Rejected(Some("RevisionNotFound".to_owned()));
        check(own, 404, "RevisionNotFound", Cause::NotFound);
        let throttled = ErrorKind::Throttled {
            retry_after_seconds: Some(3),
        };
        check(throttled, 429, "TOO_MANY_REQUESTS", Cause::Throttled);
        check(
            ErrorKind::Server,
            500,
            "INTERNAL_SERVER_ERROR",
            Cause::Server,
        );
        check(ErrorKind::Quota, 409, "CONFLICT", Cause::QuotaExceeded);
        check(ErrorKind::Capacity, 400, "BAD_REQUEST", Cause::NoCapacity);
        check(ErrorKind::Dependency, 400, "BAD_REQUEST", Cause::InUse);
        check(
            ErrorKind::CredentialsExpired,
            401,
            "UNAUTHORIZED",
            Cause::Denied,
        );
    }
}
