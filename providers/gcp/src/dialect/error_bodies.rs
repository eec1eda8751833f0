//! Error answers as Google's services write them: Compute Engine with its own reasons, token endpoints by the OAuth
//! standard, all others as `google.rpc.Status`.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use kubeproof_contract::call::ErrorKind;
use serde_json::{Value, json};

use crate::routes::{compute, project};

/// An error in both of Google's styles.
struct Said {
    http: u16,
    /// The reason of Compute Engine.
    reason: String,
    /// The name in `google.rpc.Code`.
    status: &'static str,
    message: String,
}

fn said(http: u16, reason: &str, status: &'static str, message: impl Into<String>) -> Said {
    Said {
        http,
        reason: reason.to_owned(),
        status,
        message: message.into(),
    }
}

/// The answer of a service to an operation, for this kind of error.
pub(super) fn response(service: &str, operation: &str, kind: &ErrorKind) -> Response<Bytes> {
    let is_compute = service == compute::SERVICE.name;
    let said = words(service, operation, kind);
    let body = if [project::TOKEN.name, project::TOKEN_EXCHANGE.name].contains(&service) {
        let refused = "invalid_grant";
        let code = if said.http == 503 {
            "internal_failure"
        } else {
            refused
        };
        json!({"error": code, "error_description": said.message})
    } else {
        body(is_compute, service, &said)
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(said.http).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    headers.insert(header::CONTENT_TYPE, json);
    if let ErrorKind::Throttled {
        retry_after_seconds: Some(seconds),
    } = kind
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

fn body(is_compute: bool, service: &str, said: &Said) -> Value {
    let entry = json!({"message": said.message, "domain": "global", "reason": said.reason});
    let mut error = json!({"code": said.http, "message": said.message, "errors": [entry]});
    if !is_compute {
        error["status"] = json!(said.status);
        if said.reason == "SERVICE_DISABLED" {
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": said.reason, "domain": "googleapis.com",
                "metadata": {"service": format!("{service}.googleapis.com")},
            }]);
        }
    }
    json!({ "error": error })
}

fn words(service: &str, operation: &str, kind: &ErrorKind) -> Said {
    let is_compute = service == compute::SERVICE.name;
    match kind {
        ErrorKind::Rejected(Some(code)) => rejected(code),
        ErrorKind::Rejected(None) => {
            let message = format!("Required '{service}.{operation}' permission is missing.");
            said(403, "forbidden", "PERMISSION_DENIED", message)
        }
        // What was just given to an identity is not known to the service that uses it.
        ErrorKind::PermissionLag => {
            let message = "Service account does not exist, or the caller may not act as it.";
            said(400, "badRequest", "INVALID_ARGUMENT", message)
        }
        ErrorKind::Throttled { .. } => {
            let http = if is_compute { 403 } else { 429 };
            let message = format!("Rate limit of '{service}.googleapis.com' exceeded.");
            said(http, "rateLimitExceeded", "RESOURCE_EXHAUSTED", message)
        }
        ErrorKind::Server => {
            let message = "The service is currently unavailable.";
            said(503, "backendError", "UNAVAILABLE", message)
        }
        ErrorKind::Quota if is_compute => {
            let message = format!("Quota exceeded by {operation}.");
            said(403, "quotaExceeded", "RESOURCE_EXHAUSTED", message)
        }
        ErrorKind::Quota => {
            let message = "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '4.0' and is short '4.0'.";
            said(403, "forbidden", "RESOURCE_EXHAUSTED", message)
        }
        ErrorKind::Capacity => {
            let message =
                "The zone does not have enough resources available to fulfill the request.";
            said(503, "insufficientCapacity", "UNAVAILABLE", message)
        }
        ErrorKind::Dependency if is_compute => {
            let message = "The resource is already being used by another resource.";
            said(
                400,
                "resourceInUseByAnotherResource",
                "FAILED_PRECONDITION",
                message,
            )
        }
        ErrorKind::Dependency => {
            let message =
                "Cluster is running incompatible operation operation-1764000000000-fault.";
            said(400, "failedPrecondition", "FAILED_PRECONDITION", message)
        }
        ErrorKind::CredentialsExpired => {
            let message =
                "Request had invalid authentication credentials. Expected OAuth 2 access token.";
            said(401, "authError", "UNAUTHENTICATED", message)
        }
    }
}

/// A refusal with this code, in either style.
fn rejected(code: &str) -> Said {
    let (http, status) = match code {
        "notFound" | "NOT_FOUND" => (404, "NOT_FOUND"),
        "alreadyExists" | "ALREADY_EXISTS" => (409, "ALREADY_EXISTS"),
        "ABORTED" => (409, "ABORTED"),
        "SERVICE_DISABLED" | "accessNotConfigured" | "quotaExceeded" | "PERMISSION_DENIED" => {
            (403, "PERMISSION_DENIED")
        }
        "UNAUTHENTICATED" => (401, "UNAUTHENTICATED"),
        "DEADLINE_EXCEEDED" => (504, "DEADLINE_EXCEEDED"),
        "FAILED_PRECONDITION" => (400, "FAILED_PRECONDITION"),
        _ => (400, "INVALID_ARGUMENT"),
    };
    said(
        http,
        code,
        status,
        format!("The request was refused: {code}."),
    )
}

#[cfg(test)]
mod tests {
    use kubeproof_cloudkit::Cause;
    use kubeproof_contract::call::Dialect as _;

    use super::*;
    use crate::api::errors::{classify, read};
    use crate::dialect::GcpDialect;

    #[track_caller]
    fn check(service: &str, kind: &ErrorKind, status: u16, code: &str, cause: Cause) {
        let answer = response(service, "networks.insert", kind);
        assert_eq!(answer.status().as_u16(), status, "{service} {kind:?}");
        assert_eq!(GcpDialect.error_code(&answer).as_deref(), Some(code));
        let seen = read(&answer);
        let (meant, _) = classify(status, &seen.code, &seen.message);
        assert_eq!(meant, cause, "{service} {kind:?}");
    }

    #[test]
    fn errors_are_worded_as_the_service_does_and_mean_what_was_injected() {
        let quota = ErrorKind::Quota;
        check(
            "compute",
            &quota,
            403,
            "quotaExceeded",
            Cause::QuotaExceeded,
        );
        check(
            "container",
            &quota,
            403,
            "RESOURCE_EXHAUSTED",
            Cause::QuotaExceeded,
        );
        let throttled = ErrorKind::Throttled {
            retry_after_seconds: Some(3),
        };
        check(
            "compute",
            &throttled,
            403,
            "rateLimitExceeded",
            Cause::Throttled,
        );
        check(
            "iam",
            &throttled,
            429,
            "rateLimitExceeded",
            Cause::Throttled,
        );
        let in_use = ErrorKind::Dependency;
        check(
            "compute",
            &in_use,
            400,
            "resourceInUseByAnotherResource",
            Cause::InUse,
        );
        check(
            "container",
            &in_use,
            400,
            "FAILED_PRECONDITION",
            Cause::InUse,
        );
        check(
            "compute",
            &ErrorKind::Capacity,
            503,
            "insufficientCapacity",
            Cause::NoCapacity,
        );
        check(
            "compute",
            &ErrorKind::Server,
            503,
            "backendError",
            Cause::Server,
        );
        check(
            "container",
            &ErrorKind::Server,
            503,
            "UNAVAILABLE",
            Cause::Server,
        );
    }

    #[test]
    fn refusals_carry_the_code_that_was_asked_for_or_that_of_the_service() {
        let denied = ErrorKind::Rejected(None);
        check("compute", &denied, 403, "forbidden", Cause::Denied);
        check(
            "container",
            &denied,
            403,
            "PERMISSION_DENIED",
            Cause::Denied,
        );
        let expired = ErrorKind::CredentialsExpired;
        check(
            "compute",
            &expired,
            401,
            "authError",
            Cause::CredentialsExpired,
        );
        let own = |code: &str| ErrorKind::Rejected(Some(code.to_owned()));
        check(
            "compute",
            &own("notFound"),
            404,
            "notFound",
            Cause::NotFound,
        );
        check(
            "iam",
            &own("SERVICE_DISABLED"),
            403,
            "SERVICE_DISABLED",
            Cause::NotPropagated,
        );
    }

    #[test]
    fn token_endpoints_answer_by_the_oauth_standard() {
        let answer = response("oauth2", "token", &ErrorKind::Rejected(None));
        assert_eq!(
            GcpDialect.error_code(&answer).as_deref(),
            Some("invalid_grant")
        );
    }
}
