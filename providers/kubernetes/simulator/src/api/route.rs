//! Routing: what a path of the Kubernetes API means, and its query.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;

use crate::store::types::{GROUPS, REVIEWS, Type, only_real};

/// A resource, a collection of them, or a subresource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) of: &'static Type,
    /// The namespace, if the path has one.
    pub(crate) namespace: Option<String>,
    /// The name, if the path has one.
    pub(crate) name: Option<String>,
    /// `status`, `log`, …
    pub(crate) subresource: Option<String>,
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/api`, `/apis`, `/api/v1`, `/apis/{group}`, `/apis/{group}/{version}`: segments.
    Discovery(Vec<String>),
    /// `/version`.
    Version,
    /// `/healthz`, `/livez`, `/readyz`.
    Health,
    /// `/openapi/v3` and below: segments after it.
    OpenApi(Vec<String>),
    /// `/openapi/v2`.
    OpenApi2,
    /// A review that is answered and not stored: its type name.
    Review(&'static str),
    /// A resource.
    Resource(Target),
    /// Something that only a real server has.
    OnlyReal(String),
    /// A path that no server has.
    Unknown,
    /// An unknown resource of a known group.
    NoResource,
}

/// Reads a path.
pub(crate) fn route(path: &str) -> Route {
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["version"] => Route::Version,
        ["healthz" | "livez" | "readyz", ..] => Route::Health,
        ["openapi", "v3", rest @ ..] => {
            Route::OpenApi(rest.iter().map(|part| (*part).to_owned()).collect())
        }
        ["api" | "apis"] | ["api", "v1"] | ["apis", _] | ["apis", _, "v1"] => {
            Route::Discovery(parts)
        }
        ["api", "v1", rest @ ..] => resource("", rest, path),
        ["apis", group, "v1", rest @ ..] => resource(group, rest, path),
        ["openapi", "v2"] => Route::OpenApi2,
        ["metrics"] | ["logs" | ".well-known", ..] => Route::OnlyReal(path.to_owned()),
        _ => Route::Unknown,
    }
}

fn resource(group: &str, rest: &[&str], path: &str) -> Route {
    let (namespace, rest) = match rest {
        ["namespaces", namespace, plural, rest @ ..]
            if !(group.is_empty() && ["status", "finalize"].contains(plural)) =>
        {
            (Some((*namespace).to_owned()), [&[*plural], rest].concat())
        }
        rest => (None, rest.to_vec()),
    };
    let Some((plural, rest)) = rest.split_first() else {
        return Route::Unknown;
    };
    let known = group.is_empty() || GROUPS.contains(&group);
    if let Some((_, _, kind)) = REVIEWS
        .iter()
        .find(|(of, name, _)| *of == group && name == plural && rest.is_empty())
    {
        return Route::Review(kind);
    }
    let Some(of) = Type::find(group, plural) else {
        return if only_real(group, plural) {
            Route::OnlyReal(path.to_owned())
        } else if known {
            Route::NoResource
        } else {
            Route::Unknown
        };
    };
    let (name, subresource) = match rest {
        [] => (None, None),
        [name] => (Some((*name).to_owned()), None),
        [name, subresource] if has_subresource(of, subresource) => {
            (Some((*name).to_owned()), Some((*subresource).to_owned()))
        }
        [_, subresource, ..] if only_real_subresource(of, subresource) => {
            return Route::OnlyReal(path.to_owned());
        }
        _ => return Route::NoResource,
    };
    if namespace.is_some() != of.namespaced && (name.is_some() || namespace.is_some()) {
        return Route::NoResource;
    }
    Route::Resource(Target {
        of,
        namespace,
        name,
        subresource,
    })
}

fn has_subresource(of: &Type, name: &str) -> bool {
    match name {
        "status" => of.status,
        "scale" => of.scale,
        "attach" | "eviction" | "exec" | "log" => of.id == "pods",
        "finalize" => of.id == "namespaces",
        "token" => of.id == "serviceaccounts",
        _ => false,
    }
}

/// Subresources of these types that only a real server has.
fn only_real_subresource(of: &Type, name: &str) -> bool {
    let names: &[&str] = match of.id {
        "pods" => &[
            "binding",
            "ephemeralcontainers",
            "portforward",
            "proxy",
            "resize",
        ],
        "nodes" | "services" => &["proxy"],
        _ => &[],
    };
    names.contains(&name)
}

/// The query of a request. A repeated name counts once.
pub(crate) fn query(request: &Request<Bytes>) -> BTreeMap<String, String> {
    let text = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, &str, &str, &str)>) {
        let seen = match route(path) {
            Route::Resource(target) => Some(target),
            _ => None,
        };
        let seen = seen.as_ref().map(|target| {
            (
                target.of.id,
                target.namespace.as_deref().unwrap_or("-"),
                target.name.as_deref().unwrap_or("-"),
                target.subresource.as_deref().unwrap_or("-"),
            )
        });
        assert_eq!(seen, expected, "{path}");
    }

    #[test]
    fn paths_name_type_namespace_name_and_subresource() {
        check("/api/v1/pods", Some(("pods", "-", "-", "-")));
        check(
            "/api/v1/namespaces/a/pods/b/log",
            Some(("pods", "a", "b", "log")),
        );
        check("/api/v1/namespaces/a", Some(("namespaces", "-", "a", "-")));
        check(
            "/api/v1/namespaces/a/finalize",
            Some(("namespaces", "-", "a", "finalize")),
        );
        check(
            "/apis/batch/v1/namespaces/a/jobs",
            Some(("jobs.batch", "a", "-", "-")),
        );
        check("/apis/batch/v1/jobs/b", None);
        check("/api/v1/namespaces/a/nodes", None);
    }

    #[test]
    fn what_only_a_real_server_has_is_distinct_from_what_does_not_exist() {
        for path in [
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            "/api/v1/namespaces/a/pods/b/portforward",
            "/apis/networking.k8s.io/v1/servicecidrs",
        ] {
            assert_eq!(route(path), Route::OnlyReal(path.to_owned()));
        }
        assert_eq!(route("/apis/example.com/v1/things"), Route::Unknown);
        assert_eq!(route("/api/v1/things"), Route::NoResource);
        assert_eq!(
            route("/api/v1/namespaces/a/pods/b/other"),
            Route::NoResource
        );
    }
}
