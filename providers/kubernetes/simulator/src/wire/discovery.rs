//! Discovery: which groups, versions and resource types the server has.
//!
//! Both forms: the plain one with a request per group, and the aggregated one that kubectl prefers.

use bytes::Bytes;
use http::{Response, header};
use serde_json::{Value, json};

use crate::store::types::{GROUPS, REVIEWS, TYPES, Type};
use crate::wire::status::{json_response, no_such_path};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// Answers a discovery path, given as its segments.
pub(crate) fn answer(path: &[String], accept: &str) -> Response<Bytes> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let aggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2;");
    let body = match words.as_slice() {
        ["api"] if aggregated => return with_form(&aggregate(&[""])),
        ["apis"] if aggregated => return with_form(&aggregate(GROUPS)),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
        }),
        ["apis"] => json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": GROUPS.iter().map(|group| group_of(group)).collect::<Vec<_>>(),
        }),
        ["apis", group] if GROUPS.contains(group) => {
            let mut body = group_of(group);
            body["kind"] = "APIGroup".into();
            body["apiVersion"] = "v1".into();
            body
        }
        ["api", "v1"] => resources(""),
        ["apis", group, "v1"] if GROUPS.contains(group) => resources(group),
        _ => return no_such_path(),
    };
    json_response(200, &body)
}

fn with_form(body: &Value) -> Response<Bytes> {
    let mut response = json_response(200, body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(AGGREGATED),
    );
    response
}

fn group_of(group: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn of_group(group: &str) -> impl Iterator<Item = &'static Type> {
    TYPES.iter().filter(move |known| known.group == group)
}

fn resources(group: &str) -> Value {
    let mut list = Vec::new();
    for known in of_group(group) {
        list.push(json!({
            "name": known.plural, "singularName": known.singular(), "kind": known.kind,
            "namespaced": known.namespaced, "shortNames": known.short, "categories": known.categories(), "verbs": VERBS,
        }));
        for (name, verbs) in subresources(known) {
            let mut entry = json!({
                "name": format!("{}/{name}", known.plural), "singularName": "",
                "kind": known.kind, "namespaced": known.namespaced, "verbs": verbs,
            });
            let other = match name {
                "eviction" => Some(("Eviction", "policy")),
                "scale" => Some(("Scale", "autoscaling")),
                _ => None,
            };
            if let Some((kind, group)) = other {
                entry["kind"] = kind.into();
                entry["group"] = group.into();
                entry["version"] = "v1".into();
            }
            list.push(entry);
        }
    }
    for (_, plural, kind) in REVIEWS.iter().filter(|(of, _, _)| *of == group) {
        list.push(json!({
            "name": plural, "singularName": kind.to_lowercase(), "kind": kind,
            "namespaced": false, "verbs": ["create"],
        }));
    }
    let version = if group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{group}/v1")
    };
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list,
    })
}

fn subresources(known: &Type) -> Vec<(&'static str, &'static [&'static str])> {
    let mut list: Vec<(&'static str, &'static [&'static str])> = Vec::new();
    if known.id == "namespaces" {
        list.push(("finalize", &["update"]));
    }
    if known.id == "pods" {
        list.push(("attach", &["create", "get"]));
        list.push(("eviction", &["create"]));
        list.push(("exec", &["create", "get"]));
        list.push(("log", &["get"]));
    }
    if known.scale {
        list.push(("scale", &["get", "patch", "update"]));
    }
    if known.id == "serviceaccounts" {
        list.push(("token", &["create"]));
    }
    if known.status {
        list.push(("status", &["get", "patch", "update"]));
    }
    list
}

fn aggregate(groups: &[&str]) -> Value {
    let items: Vec<Value> = groups
        .iter()
        .map(|group| {
            let mut list: Vec<Value> = of_group(group)
                .map(|known| aggregated(known, group))
                .collect();
            for (_, plural, kind) in REVIEWS.iter().filter(|(of, _, _)| of == group) {
                list.push(json!({
                    "resource": plural, "singularResource": kind.to_lowercase(),
                    "responseKind": {"group": group, "version": "v1", "kind": kind},
                    "scope": "Cluster", "verbs": ["create"],
                }));
            }
            let metadata = if group.is_empty() {
                json!({})
            } else {
                json!({"name": group})
            };
            json!({
                "metadata": metadata,
                "versions": [{"version": "v1", "resources": list, "freshness": "Current"}],
            })
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items,
    })
}

fn aggregated(known: &Type, group: &str) -> Value {
    let kind = json!({"group": group, "version": "v1", "kind": known.kind});
    let subresources: Vec<Value> = subresources(known)
        .into_iter()
        .map(|(name, verbs)| {
            let kind = match name {
                "eviction" => json!({"group": "policy", "version": "v1", "kind": "Eviction"}),
                "scale" => json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}),
                _ => kind.clone(),
            };
            json!({"subresource": name, "responseKind": kind, "verbs": verbs})
        })
        .collect();
    json!({
        "resource": known.plural, "singularResource": known.singular(), "responseKind": kind,
        "scope": if known.namespaced { "Namespaced" } else { "Cluster" },
        "shortNames": known.short, "categories": known.categories(), "verbs": VERBS,
        "subresources": subresources,
    })
}
