//! A stub of OpenAPI v3: just enough for kubectl to leave validation to the server.
//!
//! kubectl refuses to apply anything when it finds no description, and needs of it only which types
//! take `fieldValidation`.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use crate::failure::{json_response, no_such_path};
use crate::types::{GROUPS, TYPES, Type};

/// Answers a path below `/openapi/v3`.
pub(crate) fn answer(rest: &[String]) -> Response<Bytes> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            let mut paths = Map::new();
            for path in std::iter::once("api/v1".to_owned())
                .chain(GROUPS.iter().map(|group| format!("apis/{group}/v1")))
            {
                let url = format!("/openapi/v3/{path}?hash=1");
                paths.insert(path, json!({"serverRelativeURL": url}));
            }
            json_response(200, &json!({"paths": paths}))
        }
        ["api", "v1"] => json_response(200, &document("")),
        ["apis", group, "v1"] if GROUPS.contains(group) => json_response(200, &document(group)),
        _ => no_such_path(),
    }
}

fn document(group: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for known in TYPES.iter().filter(|known| known.group == group) {
        let kind = json!({"group": group, "version": "v1", "kind": known.kind});
        let validation = json!([{"name": "fieldValidation", "in": "query"}]);
        let operation = json!({"parameters": validation, "x-kubernetes-group-version-kind": kind});
        paths.insert(path(known), json!({"patch": operation}));
        let name = format!("io.k8s.api.{}.v1.{}", group_word(group), known.kind);
        schemas.insert(
            name,
            json!({
                "type": "object", "x-kubernetes-group-version-kind": [kind],
                "x-kubernetes-preserve-unknown-fields": true,
            }),
        );
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths, "components": {"schemas": schemas},
    })
}

fn group_word(group: &str) -> &str {
    if group.is_empty() {
        "core"
    } else {
        group.split('.').next().unwrap_or(group)
    }
}

fn path(known: &Type) -> String {
    let base = if known.group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{}/v1", known.group)
    };
    let place = if known.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    format!("{base}{place}/{}/{{name}}", known.plural)
}
