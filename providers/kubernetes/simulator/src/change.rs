//! Changing: PUT and PATCH, optimistic concurrency, and the status subresource.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::create::{after_change, body, check_type, create, is_dry};
use crate::failure::Failure;
use crate::json::{remove, set, text};
use crate::patch;
use crate::route::Target;
use crate::store::Key;
use crate::validate;

/// Why a stale write is refused.
const STALE: &str = "the object has been modified; please apply your changes to the latest version \
                     and try again";

/// Replaces an object. The answer's status code comes with its body.
pub(crate) fn replace(
    cluster: &mut Cluster,
    target: &Target,
    request: &Request<Bytes>,
    query: &BTreeMap<String, String>,
) -> Result<(u16, Value), Failure> {
    let object = body(request)?;
    check_type(target.of, &object)?;
    let key = key_of(target)?;
    let before = existing(cluster, target, &key)?;
    write(cluster, target, &key, &before, object, is_dry(query)).map(|object| (200, object))
}

/// Patches an object, or makes it when an apply patch finds none.
pub(crate) fn patch(
    cluster: &mut Cluster,
    target: &Target,
    request: &Request<Bytes>,
    query: &BTreeMap<String, String>,
) -> Result<(u16, Value), Failure> {
    let media = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    let change = body(request)?;
    let key = key_of(target)?;
    let apply = media == "application/apply-patch+yaml";
    let Some(before) = cluster.store.get(&key).cloned() else {
        if !apply || target.subresource.is_some() {
            return Err(Failure::not_found(target.of, &key.name));
        }
        let mut object = change;
        set(&mut object, "/metadata/name", key.name);
        return create(cluster, target, object, is_dry(query)).map(|object| (201, object));
    };
    let after = match media {
        "application/json-patch+json" => patch::json_patch(&before, &change)?,
        "application/merge-patch+json" => patch::merged(before.clone(), &change),
        "application/strategic-merge-patch+json" | "application/apply-patch+yaml" => {
            crate::strategic::merged(before.clone(), &change)
        }
        other => {
            return Err(Failure::media_type(
                other,
                "application/json-patch+json, application/merge-patch+json, \
                 application/strategic-merge-patch+json, application/apply-patch+yaml",
            ));
        }
    };
    write(cluster, target, &key, &before, after, is_dry(query)).map(|object| (200, object))
}

fn key_of(target: &Target) -> Result<Key, Failure> {
    let name = target
        .name
        .as_deref()
        .ok_or_else(Failure::method_not_allowed)?;
    Ok(Key::new(
        target.of.id,
        target.namespace.as_deref().unwrap_or_default(),
        name,
    ))
}

fn existing(cluster: &Cluster, target: &Target, key: &Key) -> Result<Value, Failure> {
    cluster
        .store
        .get(key)
        .cloned()
        .ok_or_else(|| Failure::not_found(target.of, &key.name))
}

fn write(
    cluster: &mut Cluster,
    target: &Target,
    key: &Key,
    before: &Value,
    mut after: Value,
    dry: bool,
) -> Result<Value, Failure> {
    let of = target.of;
    let same = |pointer: &str| {
        let wanted = text(&after, pointer);
        wanted.is_empty() || wanted == text(before, pointer)
    };
    if !same("/metadata/name") {
        return Err(Failure::bad_request(
            "the name of the object does not match the name on the URL",
        ));
    }
    if !same("/metadata/resourceVersion") {
        return Err(Failure::conflict(of, &key.name, STALE));
    }
    if !same("/metadata/uid") {
        let why = "Precondition failed: UID in precondition differs from UID in object meta";
        return Err(Failure::conflict(of, &key.name, why));
    }
    // What the server owns stays; a status is written by its subresource, and only it.
    let kept: &[&str] = match target.subresource.as_deref() {
        Some("status") => &["/spec", "/metadata/finalizers"],
        Some("finalize") => &["/status", "/metadata/finalizers"],
        _ if of.status => &["/status"],
        _ => &[],
    };
    let fixed = [
        "/metadata/uid",
        "/metadata/creationTimestamp",
        "/metadata/generation",
        "/metadata/deletionTimestamp",
        "/metadata/deletionGracePeriodSeconds",
        "/metadata/namespace",
        "/metadata/resourceVersion",
    ];
    for pointer in fixed.iter().chain(kept) {
        match before.pointer(pointer) {
            Some(value) => set(&mut after, pointer, value.clone()),
            None => remove(&mut after, pointer),
        }
    }
    if of.id == "namespaces" && target.subresource.as_deref() != Some("finalize") {
        set(&mut after, "/spec", before["spec"].clone());
    }
    set(&mut after, "/apiVersion", of.api_version());
    set(&mut after, "/kind", of.kind);
    let frozen = validate::frozen(of, before, &after);
    if !frozen.is_empty() {
        return Err(Failure::invalid(of, &key.name, &frozen));
    }
    if dry {
        return Ok(after);
    }
    let answer = after.clone();
    cluster.modify(key, |object| *object = after);
    after_change(cluster, of);
    Ok(cluster.store.get(key).cloned().unwrap_or(answer))
}
