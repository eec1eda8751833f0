//! Creating: reading the body, admission, defaults, and the new object.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::json::{set, text};
use crate::route::Target;
use crate::store::Key;
use crate::types::Type;
use crate::{defaults, scheduler, validate};

/// The body of a request as JSON. No body is an empty value.
pub(crate) fn body(request: &Request<Bytes>) -> Result<Value, Failure> {
    let media = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json");
    if request.body().is_empty() {
        return Ok(Value::Null);
    }
    // Clients of Kubernetes 1.32 and later send typed commands as protobuf; YAML is for humans.
    let read = media.contains("json") || media.starts_with("application/apply-patch");
    if !read {
        return Err(Failure::media_type(media, "application/json"));
    }
    serde_json::from_slice(request.body()).map_err(|error| {
        if media.starts_with("application/apply-patch") {
            Failure::media_type(
                "YAML in an apply patch",
                "JSON in application/apply-patch+yaml",
            )
        } else {
            Failure::bad_request(format!("the body is not JSON: {error}"))
        }
    })
}

/// Whether the request is only a rehearsal.
pub(crate) fn is_dry(query: &BTreeMap<String, String>) -> bool {
    query.get("dryRun").is_some_and(|value| value == "All")
}

/// Creates an object from a body.
pub(crate) fn create(
    cluster: &mut Cluster,
    target: &Target,
    mut object: Value,
    dry: bool,
) -> Result<Value, Failure> {
    let of = target.of;
    check_type(of, &object)?;
    let namespace = target.namespace.clone().unwrap_or_default();
    let given = text(&object, "/metadata/namespace");
    if !given.is_empty() && given != namespace {
        return Err(Failure::bad_request(format!(
            "the namespace of the provided object does not match the namespace sent on the request \
             ({given} != {namespace})"
        )));
    }
    let name = text(&object, "/metadata/name").to_owned();
    if of.namespaced {
        admit_to(cluster, of, &namespace, &name)?;
    }
    let key = Key::new(of.id, &namespace, &name);
    if !name.is_empty() && cluster.store.get(&key).is_some() {
        return Err(Failure::already_exists(of, &name));
    }
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    for field in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "generation",
        "selfLink",
    ] {
        crate::json::remove(&mut object, &format!("/metadata/{field}"));
    }
    defaults::fill(cluster, of, &namespace, &mut object);
    validate::validate(cluster, of, &namespace, &object)?;
    if dry {
        set(&mut object, "/metadata/namespace", namespace);
        return Ok(object);
    }
    let key = cluster.add(of, &namespace, object);
    after_change(cluster, of);
    cluster
        .store
        .get(&key)
        .cloned()
        .ok_or_else(|| Failure::not_found(of, &key.name))
}

/// Whether a body is of the type that the path names.
pub(crate) fn check_type(of: &Type, object: &Value) -> Result<(), Failure> {
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let wrong = |what: &str, given: &str, wanted: &str| {
        Err(Failure::bad_request(format!(
            "the {what} in the data ({given}) does not match the expected one ({wanted})"
        )))
    };
    if !object.is_object() {
        return Err(Failure::bad_request(
            "the body of the request is not an object",
        ));
    }
    // Some clients leave both out: the path says what it is.
    if !version.is_empty() && version != of.api_version() {
        return wrong("API version", version, &of.api_version());
    }
    if !kind.is_empty() && kind != of.kind {
        return wrong("kind", kind, of.kind);
    }
    Ok(())
}

fn admit_to(cluster: &Cluster, of: &Type, namespace: &str, name: &str) -> Result<(), Failure> {
    let spaces = Type::of("namespaces");
    let Some(space) = cluster.store.get(&Key::new(spaces.id, "", namespace)) else {
        return Err(Failure::not_found(spaces, namespace));
    };
    if text(space, "/status/phase") == "Terminating" {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        return Err(Failure::refused(
            of,
            name,
            &why,
            Some("NamespaceTerminating"),
        ));
    }
    Ok(())
}

/// Lets happen what follows from a client's change.
pub(crate) fn after_change(cluster: &mut Cluster, of: &Type) {
    if [
        "nodes",
        "persistentvolumeclaims",
        "storageclasses.storage.k8s.io",
    ]
    .contains(&of.id)
    {
        scheduler::look_again(cluster);
    }
    cluster.settle();
}
