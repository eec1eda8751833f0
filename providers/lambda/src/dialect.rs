//! The names of requests to Lambda Cloud, and the form of its errors.
//!
//! Journal and faults need only this.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature, Targets};
use kubeproof_contract::route::{self, Route};
use serde_json::{Value, json};

/// The service in call signatures.
pub const SERVICE: &str = "lambda";
/// The path of the API.
const BASE: &str = "/api/v1";
/// The port of API servers: their paths begin like the cloud's own.
const API_SERVER: u16 = 6443;

/// The operations of the API, by name.
pub const ROUTES: &[Route] = &[
    Route::new("POST", "/ssh-keys", "AddSshKey"),
    Route::new("POST", "/filesystems", "CreateFileSystem"),
    Route::new("POST", "/firewall-rulesets", "CreateFirewallRuleset"),
    Route::new("DELETE", "/filesystems/{id}", "DeleteFileSystem"),
    Route::new("DELETE", "/firewall-rulesets/{id}", "DeleteFirewallRuleset"),
    Route::new("DELETE", "/ssh-keys/{id}", "DeleteSshKey"),
    Route::new("GET", "/firewall-rulesets/{id}", "GetFirewallRuleset"),
    Route::new(
        "GET",
        "/firewall-rulesets/global",
        "GetGlobalFirewallRuleset",
    ),
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
    Route::new(
        "POST",
        "/instance-operations/terminate",
        "TerminateInstances",
    ),
    Route::new("PATCH", "/firewall-rulesets/{id}", "UpdateFirewallRuleset"),
    Route::new(
        "PATCH",
        "/firewall-rulesets/global",
        "UpdateGlobalFirewallRuleset",
    ),
];

/// The dialect of Lambda Cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct LambdaDialect;

fn operation(request: &Request<Bytes>) -> Option<String> {
    if request.uri().port_u16() == Some(API_SERVER) {
        return None;
    }
    let path = request.uri().path().strip_prefix(BASE)?;
    let path = path.starts_with('/').then_some(path)?;
    let method = request.method().as_str();
    Some(match route::find(ROUTES, method, path) {
        Some(found) => found.route.name.to_owned(),
        None => format!("{method} {path}"),
    })
}

impl Dialect for LambdaDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(operation) = operation(request) {
            return Signature {
                service: SERVICE.to_owned(),
                operation,
                mutating: request.method() != Method::GET,
            };
        }
        kubeproof_kubernetes::dialect::signature(request).unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        match operation(request) {
            Some(operation) => error_response(&operation, kind),
            None => kubeproof_kubernetes::dialect::error(request, kind),
        }
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some(operation) = operation(request) else {
            return Targets::default();
        };
        let read = |body: &Bytes| serde_json::from_slice::<Value>(body).unwrap_or_default();
        let ids = |value: &Value| -> Vec<String> {
            let ids = value["instance_ids"].as_array().into_iter().flatten();
            let one = value["id"].as_str();
            let ids = ids.filter_map(Value::as_str).chain(one);
            ids.map(str::to_owned).collect()
        };
        match operation.as_str() {
            "TerminateInstances" | "RestartInstances" => Targets {
                names: ids(&read(request.body())),
                made: Vec::new(),
            },
            "LaunchInstance" | "AddSshKey" | "CreateFileSystem" | "CreateFirewallRuleset" => {
                let answer = response.map(|response| read(response.body()));
                Targets {
                    names: Vec::new(),
                    made: answer.map_or_else(Vec::new, |answer| ids(&answer["data"])),
                }
            }
            _ => Targets::default(),
        }
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        if !response.status().is_client_error() && !response.status().is_server_error() {
            return None;
        }
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        body.pointer("/error/code")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| kubeproof_kubernetes::dialect::error_code(response))
    }
}

/// Status, code, message and suggestion of an error, in the cloud's wording.
type Answer<'a> = (u16, &'a str, &'static str, &'static str);

fn answer<'a>(operation: &str, kind: &'a ErrorKind) -> Answer<'a> {
    match kind {
        ErrorKind::Rejected(None) | ErrorKind::PermissionLag => (
            403,
            "global/account-inactive",
            "Your account is inactive.",
            "Make sure you have verified your email and have a valid payment method. Contact Support if problems continue.",
        ),
        ErrorKind::Rejected(Some(code)) => (
            if code.ends_with("object-does-not-exist") {
                404
            } else {
                400
            },
            code.as_str(),
            "The request was refused.",
            "",
        ),
        ErrorKind::Throttled { .. } => (
            429,
            "global/rate-limit-exceeded",
            "Too many requests.",
            "Wait before you try again.",
        ),
        ErrorKind::Server => (
            500,
            "global/internal-error",
            "An unexpected error occurred.",
            "Try again later. Contact Support if problems continue.",
        ),
        ErrorKind::Quota => (
            400,
            "global/quota-exceeded",
            "Your quota is used up.",
            "Contact Support to increase your quota.",
        ),
        ErrorKind::Capacity => (
            400,
            "instance-operations/launch/insufficient-capacity",
            "Not enough capacity to fulfill launch request.",
            "Choose an instance type with more availability, or try again later.",
        ),
        ErrorKind::Dependency if operation.contains("FileSystem") => (
            400,
            "filesystems/filesystem-in-use",
            "The filesystem is in use.",
            "Terminate the instances that mount it first.",
        ),
        ErrorKind::Dependency => (
            409,
            "firewall-rulesets/firewall-ruleset-in-use",
            "The firewall ruleset is in use.",
            "Terminate the instances that use it first.",
        ),
        ErrorKind::CredentialsExpired => (
            401,
            "global/invalid-api-key",
            "API key was invalid, expired, or deleted.",
            "Check your API key or create a new one, then try again.",
        ),
    }
}

fn error_response(operation: &str, kind: &ErrorKind) -> Response<Bytes> {
    let (status, code, message, suggestion) = answer(operation, kind);
    let mut error = json!({"code": code, "message": message});
    if !suggestion.is_empty() {
        error["suggestion"] = json!(suggestion);
    }
    let mut response = Response::new(Bytes::from(json!({ "error": error }).to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let ErrorKind::Throttled {
        retry_after_seconds: Some(seconds),
    } = kind
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

#[cfg(test)]
mod tests {
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
