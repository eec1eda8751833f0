//! Authorization: administrators may do everything; other users may read discovery and ask about themselves.
//!
//! It runs before routing, so that a caller without rights does not learn what exists.

use http::{Method, Request};
use std::collections::BTreeMap;

use crate::api::access_review::{is_free, is_master};
use crate::store::types::REVIEWS;
use crate::wire::status::{Failure, RequestAttributes};

/// Rejects what a caller may not do.
pub(crate) fn check<B>(
    name: &str,
    groups: &[String],
    request: &Request<B>,
    query: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    if is_master(groups) {
        return Ok(());
    }
    let path = request.uri().path();
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let (group, rest) = match words.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ if is_free(path) => return Ok(()),
        _ => {
            let verb = request.method().as_str().to_lowercase();
            return Err(Failure::forbidden_path(name, &verb, path));
        }
    };
    let (namespace, rest) = match rest {
        // A namespace object is in its own namespace.
        ["namespaces", namespace] => (*namespace, rest),
        ["namespaces", namespace, "status" | "finalize"] => (*namespace, rest),
        ["namespaces", namespace, inner @ ..] => (*namespace, inner),
        rest => ("", rest),
    };
    let at = |index: usize| rest.get(index).copied().unwrap_or_default();
    let asked = RequestAttributes {
        verb: verb(request.method(), !at(1).is_empty(), query),
        group,
        plural: at(0),
        subresource: at(2),
        namespace,
        name: at(1),
    };
    let review = REVIEWS
        .iter()
        .any(|(of, plural, _)| *of == group && *plural == asked.plural);
    if review && asked.verb == "create" {
        return Ok(());
    }
    Err(Failure::forbidden(name, &asked))
}

fn verb(method: &Method, named: bool, query: &BTreeMap<String, String>) -> &'static str {
    let watching = query
        .get("watch")
        .is_some_and(|value| value == "true" || value == "1");
    match (method.as_str(), named) {
        ("GET" | "HEAD", false) if watching => "watch",
        ("GET" | "HEAD", false) => "list",
        ("GET" | "HEAD", true) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "unknown",
    }
}
