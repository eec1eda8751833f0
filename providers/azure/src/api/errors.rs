//! What Resource Manager's errors mean: one table for the errors of calls and for those inside resources.
//!
//! Sources: the Resource Manager RPC's asynchronous API reference, and the error pages of AKS.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{RestError, retry_after};
use kubeproof_cloudkit::{Applied, CallError, Cause};
use serde_json::Value;

/// What an error answer says: in the usual form, or in the flat one that the service of clusters has besides.
pub fn read(answer: &Response<Bytes>) -> RestError {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = if body["error"].is_object() {
        &body["error"]
    } else {
        &body
    };
    let said = RestError::of(error, answer);
    let detail = error["details"][0]["code"].as_str().unwrap_or_default();
    // A vague code has the exact one in its first detail.
    let is_vague = said.code == "BadRequest" && !detail.is_empty();
    RestError {
        code: if is_vague {
            detail.to_owned()
        } else {
            said.code
        },
        retry_after: longest_wait(answer),
        ..said
    }
}

/// The longest time that an answer asks to wait for: Cost Management has a header for each of its limits, and none of
/// the usual name.
fn longest_wait(answer: &Response<Bytes>) -> Option<Duration> {
    let of_limits = answer.headers().iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let is_wait = name.starts_with("x-ms-ratelimit-") && name.ends_with("-retry-after");
        let seconds = value
            .to_str()
            .ok()
            .filter(|_| is_wait)?
            .trim()
            .parse()
            .ok()?;
        Some(Duration::from_secs(seconds))
    });
    of_limits.chain(retry_after(answer)).max()
}

/// The cause of an error, and whether its call was applied.
pub fn classify(status: u16, code: &str, _message: &str) -> (Cause, Applied) {
    let cause = match (status, code) {
        // A proxy answers without a code.
        (_, "") if status != 501 && status != 404 => return (Cause::Server, Applied::Unknown),
        (429, _) | (_, "TooManyRequests" | "SubscriptionRequestsThrottled") => Cause::Throttled,
        (401, _) => Cause::CredentialsExpired,
        (
            _,
            "LinkedAuthorizationFailed"
            | "MissingSubscriptionRegistration"
            | "PrincipalNotFound"
            | "ServicePrincipalNotFound"
            | "ServicePrincipalValidationClientError",
        ) => Cause::NotPropagated,
        (
            _,
            "AKSCapacityError"
            | "AksCapacityHeavyUsage"
            | "AllocationFailed"
            | "ZonalAllocationFailed",
        ) => Cause::NoCapacity,
        (
            _,
            "OverconstrainedAllocationRequest" | "SkuNotAvailable" | "AvailabilityZoneNotSupported",
        ) => Cause::NoCapacity,
        (_, code) if code.contains("QuotaExceeded") || code.contains("InsufficientVCPUQuota") => {
            Cause::QuotaExceeded
        }
        (_, "AnotherOperationInProgress" | "OperationNotAllowed" | "ResourceGroupBeingDeleted") => {
            Cause::InUse
        }
        (_, "RetryableError" | "Conflict") => Cause::InUse,
        (_, code) if code.starts_with("InUse") && code.ends_with("CannotBeDeleted") => Cause::InUse,
        (_, "PublicIPAddressCannotBeDeleted" | "LoadBalancerInUseByVirtualMachineScaleSet") => {
            Cause::InUse
        }
        (_, "RoleAssignmentExists" | "Request_MultipleObjectsWithSameKeyValue") => {
            Cause::AlreadyExists
        }
        // A lock is somebody's decision: it is reported, and no repetition mends it.
        (_, "ScopeLocked" | "RequestDisallowedByPolicy") => Cause::Denied,
        (403, _) => Cause::Denied,
        (404, _) => Cause::NotFound,
        (501 | 400..=499, _) => Cause::Other,
        (504, _) => return (Cause::Server, Applied::MaybeLater),
        _ => return (Cause::Server, Applied::Unknown),
    };
    (cause, Applied::No)
}

/// The error of a resource whose change has failed.
pub fn of_resource(what: &str, code: &str, message: &str) -> CallError {
    let (cause, _) = classify(400, code, message);
    CallError {
        code: code.to_owned(),
        cause: if code.is_empty() { Cause::State } else { cause },
        ..CallError::state(what, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_cause() {
        let check = |status: u16, code: &str, expected: (Cause, Applied)| {
            assert_eq!(classify(status, code, ""), expected, "{status} {code}");
        };
        let refused = |cause| (cause, Applied::No);
        check(404, "ResourceNotFound", refused(Cause::NotFound));
        check(404, "ResourceGroupNotFound", refused(Cause::NotFound));
        // A HEAD has no document.
        check(404, "", refused(Cause::NotFound));
        check(409, "AnotherOperationInProgress", refused(Cause::InUse));
        check(409, "OperationNotAllowed", refused(Cause::InUse));
        check(400, "InUseSubnetCannotBeDeleted", refused(Cause::InUse));
        check(409, "ScopeLocked", refused(Cause::Denied));
        check(
            409,
            "MissingSubscriptionRegistration",
            refused(Cause::NotPropagated),
        );
        check(400, "PrincipalNotFound", refused(Cause::NotPropagated));
        check(409, "RoleAssignmentExists", refused(Cause::AlreadyExists));
        check(
            400,
            "ErrCode_InsufficientVCPUQuota",
            refused(Cause::QuotaExceeded),
        );
        check(400, "QuotaExceeded", refused(Cause::QuotaExceeded));
        check(200, "ZonalAllocationFailed", refused(Cause::NoCapacity));
        check(429, "TooManyRequests", refused(Cause::Throttled));
        check(
            401,
            "ExpiredAuthenticationToken",
            refused(Cause::CredentialsExpired),
        );
        check(403, "AuthorizationFailed", refused(Cause::Denied));
        check(412, "PreconditionFailed", refused(Cause::Other));
        check(
            500,
            "InternalServerError",
            (Cause::Server, Applied::Unknown),
        );
        check(504, "GatewayTimeout", (Cause::Server, Applied::MaybeLater));
        check(502, "", (Cause::Server, Applied::Unknown));
    }

    #[test]
    fn of_several_waits_the_longest_counts() {
        let check = |headers: &[(&str, &str)], expected: Option<u64>| {
            let mut answer = Response::builder().status(429);
            for (name, value) in headers {
                answer = answer.header(*name, *value);
            }
            let seen = read(&answer.body(Bytes::new()).unwrap()).retry_after;
            assert_eq!(seen.map(|wait| wait.as_secs()), expected);
        };
        let qpu = "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after";
        let entity = "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after";
        check(
            &[(qpu, "21"), (entity, "3"), ("retry-after", "1")],
            Some(21),
        );
        check(&[(entity, "3")], Some(3));
        check(&[("retry-after", "7")], Some(7));
        check(
            &[("x-ms-ratelimit-remaining-subscription-reads", "11")],
            None,
        );
    }

    #[test]
    fn both_forms_of_errors_are_read() {
        let check = |body: &str, expected: &str| {
            let seen = read(&Response::new(Bytes::from(body.to_owned())));
            assert_eq!(seen.code, expected, "{body}");
        };
        check(
            r#"{"error":{"code":"ScopeLocked","message":"m"}}"#,
            "ScopeLocked",
        );
        check(
            r#"{"code":"OperationNotAllowed","message":"m","subcode":""}"#,
            "OperationNotAllowed",
        );
        check(
            r#"{"error":{"code":"BadRequest","details":[{"code":"QuotaExceeded"}]}}"#,
            "QuotaExceeded",
        );
        check("<html>", "");
    }
}
