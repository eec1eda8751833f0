//! Error answers as Resource Manager writes them, and token endpoints by the OAuth standard.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use kubeproof_contract::call::ErrorKind;
use serde_json::json;

use crate::routes::{AUTHORITY, GRAPH};

/// The status, the code and the message of an operation that fails in this way.
fn words<'a>(operation: &str, kind: &'a ErrorKind) -> (u16, &'a str, &'static str) {
    let is_cluster =
        operation.starts_with("managedClusters.") || operation.starts_with("agentPools.");
    match kind {
        ErrorKind::Rejected(Some(code)) => (status_of(code), code, "The request is refused."),
        ErrorKind::Rejected(None) => (
            403,
            "AuthorizationFailed",
            "The client does not have authorization to perform the action over the scope.",
        ),
        ErrorKind::Throttled { .. } => (429, "TooManyRequests", "The request is being throttled."),
        ErrorKind::Server => (
            500,
            "InternalServerError",
            "Encountered internal server error.",
        ),
        ErrorKind::Quota if is_cluster => (
            400,
            "ErrCode_InsufficientVCPUQuota",
            "Insufficient vcpu quota requested.",
        ),
        ErrorKind::Quota => (400, "QuotaExceeded", "The quota is exceeded."),
        ErrorKind::Capacity => (
            409,
            "AllocationFailed",
            "We do not have sufficient capacity.",
        ),
        ErrorKind::Dependency if is_cluster => (
            409,
            "OperationNotAllowed",
            "Another operation is in progress.",
        ),
        ErrorKind::Dependency => (
            409,
            "AnotherOperationInProgress",
            "Another operation is in progress.",
        ),
        ErrorKind::CredentialsExpired => (
            401,
            "ExpiredAuthenticationToken",
            "The access token has expired.",
        ),
        ErrorKind::PermissionLag if operation.starts_with("roleAssignments.") => (
            400,
            "PrincipalNotFound",
            "The principal does not exist in the directory.",
        ),
        ErrorKind::PermissionLag if operation.starts_with("servicePrincipals.") => (
            400,
            "Request_BadRequest",
            "The appId of the service principal does not reference a valid application object.",
        ),
        ErrorKind::PermissionLag => (
            400,
            "ServicePrincipalNotFound",
            "The service principal is not found.",
        ),
    }
}

/// The same in the directory, where it has codes of its own.
fn of_directory<'a>(operation: &str, kind: &'a ErrorKind) -> (u16, &'a str, &'static str) {
    match kind {
        ErrorKind::Rejected(None) => (
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        ErrorKind::CredentialsExpired => (
            401,
            "InvalidAuthenticationToken",
            "Lifetime validation failed, the token is expired.",
        ),
        _ => words(operation, kind),
    }
}

/// The status that a code usually comes with.
fn status_of(code: &str) -> u16 {
    match code {
        "ResourceNotFound" | "ResourceGroupNotFound" | "OperationNotFound" => 404,
        "MissingSubscriptionRegistration" | "ScopeLocked" | "OperationNotAllowed" | "Conflict" => {
            409
        }
        "RequestDisallowedByPolicy" => 403,
        _ => 400,
    }
}

/// The answer of a service to an operation, for this kind of error.
pub(super) fn response(service: &str, operation: &str, kind: &ErrorKind) -> Response<Bytes> {
    let (status, code, message) = if service == GRAPH {
        of_directory(operation, kind)
    } else {
        words(operation, kind)
    };
    let body = if service == AUTHORITY {
        let code = if status >= 500 || status == 429 {
            "temporarily_unavailable"
        } else {
            "invalid_client"
        };
        json!({"error": code, "error_description": message})
    } else {
        json!({"error": {"code": code, "message": message}})
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, json);
    if let ErrorKind::Throttled {
        retry_after_seconds: Some(seconds),
    } = kind
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}
