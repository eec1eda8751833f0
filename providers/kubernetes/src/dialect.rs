//! The wire format of Kubernetes, as far as journal and faults need it: names of calls, and error answers.
//!
//! A cloud's dialect asks this module first: requests to the cluster use the cloud's transport too.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kubeproof_contract::call::{ErrorKind, Signature};
use serde_json::{Value, json};

/// The service in the names of all Kubernetes requests.
pub const SERVICE: &str = "kubernetes";

/// Names a Kubernetes request: `kubernetes:create-jobs`, `kubernetes:get-pods/log`. `None` when the
/// path is not one of the Kubernetes API.
pub fn signature(request: &Request<Bytes>) -> Option<Signature> {
    let path = request.uri().path();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let verb = |name: &str| match *request.method() {
        Method::GET => format!("get-{name}"),
        _ => format!("{}-{name}", request.method().as_str().to_lowercase()),
    };
    let (operation, mutating) = match parts.as_slice() {
        ["version"] => (verb("version"), false),
        [health @ ("healthz" | "livez" | "readyz"), ..] => (verb(health), false),
        ["openapi", "v2" | "v3", ..] => (verb("openapi"), false),
        ["api"] | ["api", "v1"] => (verb("core-resources"), false),
        ["apis"] => (verb("groups"), false),
        ["apis", group] | ["apis", group, _] => (verb(group), false),
        ["api", "v1", rest @ ..] | ["apis", _, _, rest @ ..] => resource(request, rest)?,
        _ => return None,
    };
    Some(Signature {
        service: SERVICE.to_owned(),
        operation,
        mutating,
    })
}

fn resource(request: &Request<Bytes>, rest: &[&str]) -> Option<(String, bool)> {
    let rest = match rest {
        ["namespaces", _, plural, more @ ..] if !["status", "finalize"].contains(plural) => {
            [&[*plural], more].concat()
        }
        rest => rest.to_vec(),
    };
    let (resource, named) = match rest.as_slice() {
        [plural] => ((*plural).to_owned(), false),
        [plural, _] => ((*plural).to_owned(), true),
        [plural, _, subresource, ..] => (format!("{plural}/{subresource}"), true),
        [] => return None,
    };
    let query = request.uri().query().unwrap_or_default();
    let watching = query
        .split('&')
        .any(|part| part == "watch=true" || part == "watch=1");
    let verb = match (request.method().as_str(), named) {
        ("GET", false) if watching => "watch",
        ("GET", false) => "list",
        ("GET" | "HEAD", _) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => return None,
    };
    // Reviews are created but not stored: they only ask.
    let review = resource.ends_with("reviews");
    Some((
        format!("{verb}-{resource}"),
        !["watch", "list", "get"].contains(&verb) && !review,
    ))
}

/// An error answer as an API server writes it.
pub fn error(request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
    let what = signature(request).map_or_else(String::new, |signature| signature.operation);
    let mut retry_after = None;
    let (code, reason, message) = match kind {
        ErrorKind::Rejected(None) | ErrorKind::PermissionLag => (
            403,
            "Forbidden".to_owned(),
            format!("{what} is forbidden for this user"),
        ),
        ErrorKind::Rejected(Some(reason)) => (
            code_of(reason),
            reason.clone(),
            format!("{what} was refused"),
        ),
        ErrorKind::Throttled {
            retry_after_seconds,
        } => {
            retry_after = *retry_after_seconds;
            let message = "too many requests, please try again later".to_owned();
            (429, "TooManyRequests".to_owned(), message)
        }
        ErrorKind::Server => (
            500,
            "InternalError".to_owned(),
            "Internal error occurred".to_owned(),
        ),
        ErrorKind::Quota => (
            403,
            "Forbidden".to_owned(),
            format!("{what}: exceeded quota"),
        ),
        ErrorKind::Capacity => (
            503,
            "ServiceUnavailable".to_owned(),
            "the server is currently unable to handle the request".to_owned(),
        ),
        ErrorKind::Dependency => (
            409,
            "Conflict".to_owned(),
            format!("{what}: the object is still in use"),
        ),
        ErrorKind::CredentialsExpired => {
            (401, "Unauthorized".to_owned(), "Unauthorized".to_owned())
        }
    };
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if let Some(seconds) = retry_after {
        status["details"] = json!({"retryAfterSeconds": seconds});
    }
    let mut response = Response::new(Bytes::from(status.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn code_of(reason: &str) -> u16 {
    match reason {
        "Unauthorized" => 401,
        "Forbidden" => 403,
        "NotFound" => 404,
        "MethodNotAllowed" => 405,
        "AlreadyExists" | "Conflict" => 409,
        "Gone" | "Expired" => 410,
        "RequestEntityTooLarge" => 413,
        "UnsupportedMediaType" => 415,
        "Invalid" => 422,
        "TooManyRequests" => 429,
        "InternalError" => 500,
        "ServiceUnavailable" => 503,
        "Timeout" | "ServerTimeout" => 504,
        _ => 400,
    }
}

/// The reason in a `Status` answer, if it is a Kubernetes error.
pub fn error_code(response: &Response<Bytes>) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let status: Value = serde_json::from_slice(response.body()).ok()?;
    if status.get("kind")? != "Status" {
        return None;
    }
    match status.get("reason").and_then(Value::as_str) {
        Some(reason) if !reason.is_empty() => Some(reason.to_owned()),
        _ => Some(response.status().as_u16().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Request<Bytes> {
        Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::new())
            .unwrap()
    }

    fn check(method: &str, path: &str, expected: Option<(&str, bool)>) {
        let seen = signature(&request(method, path));
        let seen = seen
            .as_ref()
            .map(|name| (name.operation.as_str(), name.mutating));
        assert_eq!(seen, expected, "{method} {path}");
    }

    #[test]
    fn requests_are_named_by_verb_and_resource() {
        let jobs = "/apis/batch/v1/namespaces/a/jobs";
        check("POST", jobs, Some(("create-jobs", true)));
        check(
            "GET",
            "/api/v1/nodes?limit=500",
            Some(("list-nodes", false)),
        );
        check(
            "GET",
            "/api/v1/namespaces/a/pods/b/log",
            Some(("get-pods/log", false)),
        );
        check(
            "GET",
            "/api/v1/pods?limit=1&watch=true",
            Some(("watch-pods", false)),
        );
        check(
            "DELETE",
            "/api/v1/namespaces/a",
            Some(("delete-namespaces", true)),
        );
        check(
            "DELETE",
            "/api/v1/namespaces/a/pods",
            Some(("deletecollection-pods", true)),
        );
        check(
            "PUT",
            "/api/v1/namespaces/a/finalize",
            Some(("update-namespaces/finalize", true)),
        );
        check("GET", "/version", Some(("get-version", false)));
        check("GET", "/clusters/a/node-groups", None);
        check("POST", "/", None);
    }

    #[test]
    fn asking_what_one_may_do_changes_nothing() {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        check(
            "POST",
            path,
            Some(("create-selfsubjectaccessreviews", false)),
        );
    }

    #[test]
    fn errors_are_status_objects_whose_reason_is_read_back() {
        let of = |kind: ErrorKind| {
            let response = error(&request("GET", "/api/v1/nodes"), &kind);
            (
                response.status().as_u16(),
                error_code(&response).unwrap_or_default(),
            )
        };
        assert_eq!(of(ErrorKind::Rejected(None)), (403, "Forbidden".to_owned()));
        assert_eq!(
            of(ErrorKind::Rejected(Some("Invalid".to_owned()))),
            (422, "Invalid".to_owned())
        );
        assert_eq!(
            of(ErrorKind::CredentialsExpired),
            (401, "Unauthorized".to_owned())
        );
        let throttled = ErrorKind::Throttled {
            retry_after_seconds: Some(3),
        };
        let response = error(&request("GET", "/api/v1/nodes"), &throttled);
        assert_eq!(response.headers()["retry-after"], "3");
        assert_eq!(error_code(&Response::new(Bytes::new())), None);
    }
}
