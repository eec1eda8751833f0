//! Reviews: who am I, and may I. Answered at once, never stored.

use serde_json::{Value, json};

use crate::json::text;
use crate::server::Identity;

/// The group that may do everything.
const MASTERS: &str = "system:masters";

/// Whether an identity is an administrator.
pub(crate) fn is_master(groups: &[String]) -> bool {
    groups.iter().any(|group| group == MASTERS)
}

/// Answers a review of a type.
pub(crate) fn answer(kind: &str, identity: &Identity, body: &Value) -> Value {
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
    let allowed = is_master(groups);
    let reason = if allowed {
        format!("group {MASTERS} may do everything")
    } else {
        let attributes = "/spec/resourceAttributes";
        format!(
            "user {name} has no right to {} {}",
            text(body, &format!("{attributes}/verb")),
            text(body, &format!("{attributes}/resource"))
        )
    };
    json!({
        "kind": kind, "apiVersion": "authorization.k8s.io/v1", "metadata": {},
        "spec": body["spec"], "status": {"allowed": allowed, "reason": reason},
    })
}
