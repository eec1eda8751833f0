//! Reviews (who am I, and may I do this): answered immediately, never stored.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::api::create::WriteResponse;
use crate::api::options::Options;
use crate::json::text;
use crate::server::Identity;
use crate::wire::body;
use crate::wire::status::Failure;

/// The group that may do everything.
const MASTERS: &str = "system:masters";

/// Whether an identity is an administrator.
pub(crate) fn is_master(groups: &[String]) -> bool {
    groups.iter().any(|group| group == MASTERS)
}

/// Answers a review of a type.
pub(crate) fn answer(
    kind: &'static str,
    identity: &Identity,
    request: &Request<Bytes>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let group = match kind {
        "SelfSubjectReview" => "authentication.k8s.io",
        _ => "authorization.k8s.io",
    };
    let version = format!("{group}/v1");
    let (body, warnings) = body::object(kind, &version, request, options.validation)?;
    if kind == "SelfSubjectAccessReview" {
        let given = |name: &str| body.pointer(&format!("/spec/{name}")).is_some();
        if given("resourceAttributes") == given("nonResourceAttributes") {
            let what = "Invalid value: null: exactly one of nonResourceAttributes or \
                        resourceAttributes must be specified";
            let errors = [("spec.resourceAttributes".to_owned(), what.to_owned())];
            return Err(Failure::invalid_kind("", group, "", &errors));
        }
    }
    Ok(WriteResponse {
        warnings,
        ..WriteResponse::new(201, judged(kind, identity, &body))
    })
}

fn judged(kind: &str, identity: &Identity, body: &Value) -> Value {
    let (name, groups): (&str, &[String]) = match identity {
        Identity::Unauthenticated => ("system:anonymous", &[]),
        Identity::User { name, groups } => (name, groups),
    };
    let mut known: Vec<&str> = groups.iter().map(String::as_str).collect();
    if !known.contains(&"system:authenticated") {
        known.push("system:authenticated");
    }
    if kind == "SelfSubjectReview" {
        return json!({
            "kind": kind, "apiVersion": "authentication.k8s.io/v1", "metadata": {},
            "status": {"userInfo": {"username": name, "groups": known}},
        });
    }
    // Anyone may read discovery.
    let free = text(body, "/spec/nonResourceAttributes/path");
    let allowed = is_master(groups) || is_free(free);
    let mut status = json!({"allowed": allowed});
    if is_master(groups) {
        status["reason"] = format!("group {MASTERS} may do everything").into();
    }
    json!({
        "kind": kind, "apiVersion": "authorization.k8s.io/v1", "metadata": {},
        "spec": body["spec"], "status": status,
    })
}

/// Whether every authenticated user may get a path.
pub(crate) fn is_free(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    ["/api", "/apis", "/openapi"]
        .iter()
        .any(|root| path == *root || path.starts_with(&format!("{root}/")))
        || ["/healthz", "/livez", "/readyz", "/version"].contains(&path)
}
