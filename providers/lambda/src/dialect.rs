//! The names of requests to Lambda Cloud, and the form of its errors.
//!
//! Journal and faults need only this.

use kubeproof_cloudkit::dialect::{Refusal, RestDialect};
use kubeproof_cloudkit::rest_dialect;
use kubeproof_contract::call::ErrorKind;
use kubeproof_contract::route::Route;
use kubeproof_kubernetes::machines::API_PORT;
use serde_json::{Value, json};

use crate::api::NO_CAPACITY;

/// The service in call signatures.
pub const SERVICE: &str = "lambda";

/// The operations of the API, by name.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    Route::new("POST", "/ssh-keys", "AddSshKey"),
    Route::new("POST", "/filesystems", "CreateFileSystem"),
    Route::new("POST", "/firewall-rulesets", "CreateFirewallRuleset"),
    Route::new("DELETE", "/filesystems/{id}", "DeleteFileSystem"),
    Route::new("DELETE", "/firewall-rulesets/{id}", "DeleteFirewallRuleset"),
    Route::new("DELETE", "/ssh-keys/{id}", "DeleteSshKey"),
    Route::new("GET", "/firewall-rulesets/{id}", "GetFirewallRuleset"),
    Route::new("GET", "/firewall-rulesets/global", "GetGlobalFirewallRuleset"),
    Route::new("GET", "/instances/{id}", "GetInstance"),
    Route::new("POST", "/instance-operations/launch", "LaunchInstance"),
    Route::new("GET", "/audit-events", "ListAuditEvents"),
    Route::new("GET", "/file-systems", "ListFileSystems"),
    Route::new("GET", "/firewall-rules", "ListFirewallRules"),
    Route::new("GET", "/firewall-rulesets", "ListFirewallRulesets"),
    Route::new("GET", "/images", "ListImages"),
    Route::new("GET", "/instance-types", "ListInstanceTypes"),
    Route::new("GET", "/instances", "ListInstances"),
    Route::new("GET", "/ssh-keys", "ListSshKeys"),
    Route::new("POST", "/instances/{id}", "RenameInstance"),
    Route::new("PUT", "/firewall-rules", "ReplaceFirewallRules"),
    Route::new("POST", "/instance-operations/restart", "RestartInstances"),
    Route::new("POST", "/instance-operations/terminate", "TerminateInstances"),
    Route::new("PATCH", "/firewall-rulesets/{id}", "UpdateFirewallRuleset"),
    Route::new("PATCH", "/firewall-rulesets/global", "UpdateGlobalFirewallRuleset"),
];

const REST: RestDialect = RestDialect {
    service: SERVICE,
    base: "/api/v1",
    routes: ROUTES,
    api_server_port: API_PORT,
    names_in_body: &["TerminateInstances", "RestartInstances"],
    makes: &[
        "LaunchInstance",
        "AddSshKey",
        "CreateFileSystem",
        "CreateFirewallRuleset",
    ],
    data: "/data",
    ids,
    refusal,
    write,
    code: "/error/code",
};

rest_dialect!(
    /// The dialect of Lambda Cloud.
    LambdaDialect,
    REST
);

/// Instances are named together, everything else alone.
fn ids(value: &Value) -> Vec<String> {
    let all = value["instance_ids"].as_array().into_iter().flatten();
    let all = all.filter_map(Value::as_str).chain(value["id"].as_str());
    all.map(str::to_owned).collect()
}

fn write(refusal: &Refusal<'_>) -> Value {
    let mut error = json!({"code": refusal.code, "message": refusal.message});
    if !refusal.suggestion.is_empty() {
        error["suggestion"] = json!(refusal.suggestion);
    }
    json!({ "error": error })
}

/// The answer to an operation that fails in this way, in the cloud's wording.
fn refusal<'a>(operation: &str, kind: &'a ErrorKind) -> Refusal<'a> {
    match kind {
        ErrorKind::Rejected(None) | ErrorKind::PermissionLag => Refusal::new(
            403,
            "global/account-inactive",
            "Your account is inactive.",
            "Make sure you have verified your email and have a valid payment method. Contact Support if problems continue.",
        ),
        ErrorKind::Rejected(Some(code)) => {
            let is_absence = code.ends_with("object-does-not-exist");
            let status = if is_absence { 404 } else { 400 };
            Refusal::new(status, code, "The request was refused.", "")
        }
        ErrorKind::Throttled { .. } => Refusal::new(
            429,
            "global/rate-limit-exceeded",
            "Too many requests.",
            "Wait before you try again.",
        ),
        ErrorKind::Server => Refusal::new(
            500,
            "global/internal-error",
            "An unexpected error occurred.",
            "Try again later. Contact Support if problems continue.",
        ),
        ErrorKind::Quota => Refusal::new(
            400,
            "global/quota-exceeded",
            "Your quota is used up.",
            "Contact Support to increase your quota.",
        ),
        ErrorKind::Capacity => Refusal::new(
            400,
            NO_CAPACITY,
            "Not enough capacity to fulfill launch request.",
            "Choose an instance type with more availability, or try again later.",
        ),
        ErrorKind::Dependency if operation.contains("FileSystem") => Refusal::new(
            400,
            "filesystems/filesystem-in-use",
            "The filesystem is in use.",
            "Terminate the instances that mount it first.",
        ),
        ErrorKind::Dependency => Refusal::new(
            409,
            "firewall-rulesets/firewall-ruleset-in-use",
            "The firewall ruleset is in use.",
            "Terminate the instances that use it first.",
        ),
        ErrorKind::CredentialsExpired => Refusal::new(
            401,
            "global/invalid-api-key",
            "API key was invalid, expired, or deleted.",
            "Check your API key or create a new one, then try again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Request, Response};
    use kubeproof_contract::call::{Dialect as _, Targets};

    use super::*;

    fn request(line: &str) -> Request<Bytes> {
        let (method, path) = line.split_once(' ').unwrap();
        Request::builder()
            .method(method)
            .uri(format!("https://cloud.lambda.ai{path}"))
            .body(Bytes::new())
            .unwrap()
    }

    #[test]
    fn requests_are_named() {
        let check = |line: &str, expected: &str, mutating: bool| {
            let seen = LambdaDialect.signature(&request(line));
            assert_eq!(
                (seen.to_string().as_str(), seen.mutating),
                (expected, mutating)
            );
        };
        check(
            "POST /api/v1/instance-operations/launch",
            "lambda:LaunchInstance",
            true,
        );
        check("GET /api/v1/file-systems", "lambda:ListFileSystems", false);
        check("DELETE /api/v1/ssh-keys/1", "lambda:DeleteSshKey", true);
        check("PUT /api/v1/moon", "lambda:PUT /moon", true);
        check("GET /api/v1/nodes", "lambda:GET /nodes", false);
        check(
            "POST /apis/batch/v1/namespaces/a/jobs",
            "kubernetes:create-jobs",
            true,
        );
        check("GET /elsewhere", "unknown:GET /elsewhere", true);
        let mut nodes = request("GET /api/v1/nodes");
        *nodes.uri_mut() = http::Uri::from_static("https://203.0.113.9:6443/api/v1/nodes");
        assert_eq!(
            LambdaDialect.signature(&nodes).to_string(),
            "kubernetes:list-nodes"
        );
    }

    #[test]
    fn machines_are_named_in_the_body_and_what_was_made_in_the_answer() {
        let check = |line: &str, body: &str, answer: &str, names: &[&str], made: &[&str]| {
            let mut request = request(line);
            *request.body_mut() = Bytes::from(body.to_owned());
            let response = Response::new(Bytes::from(answer.to_owned()));
            let targets = LambdaDialect.targets(&request, Some(&response));
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let expected = Targets {
                names: owned(names),
                made: owned(made),
            };
            assert_eq!(targets, expected, "{line}");
        };
        let ids = "{\"instance_ids\":[\"a\",\"b\"]}";
        let operations = "POST /api/v1/instance-operations";
        check(
            &format!("{operations}/terminate"),
            ids,
            "{}",
            &["a", "b"],
            &[],
        );
        let launched = "{\"data\":{\"instance_ids\":[\"c\"]}}";
        check(&format!("{operations}/launch"), "{}", launched, &[], &["c"]);
        let added = "{\"data\":{\"id\":\"k\"}}";
        check("POST /api/v1/ssh-keys", "{}", added, &[], &["k"]);
        check("DELETE /api/v1/ssh-keys/k", "", "{}", &[], &[]);
    }

    #[test]
    fn errors_are_worded_and_read_back() {
        let launch = request("POST /api/v1/instance-operations/launch");
        let check = |kind: &ErrorKind, status: u16, code: &str| {
            let response = LambdaDialect.error(&launch, kind);
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(LambdaDialect.error_code(&response).as_deref(), Some(code));
        };
        check(
            &ErrorKind::Capacity,
            400,
            "instance-operations/launch/insufficient-capacity",
        );
        check(&ErrorKind::Quota, 400, "global/quota-exceeded");
        check(
            &ErrorKind::CredentialsExpired,
            401,
            "global/invalid-api-key",
        );
        check(&ErrorKind::Server, 500, "global/internal-error");
        let own = ErrorKind::Rejected(Some("global/object-does-not-exist".to_owned()));
        check(&own, 404, "global/object-does-not-exist");
    }
}
