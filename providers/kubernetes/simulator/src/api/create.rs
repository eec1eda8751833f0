//! Creation: admission, defaults, and the new object.

use serde_json::{Value, json};

use crate::api::apply;
use crate::api::field_managers::{self, Writer};
use crate::api::options::Options;
use crate::api::route::Target;
use crate::api::{defaults, validate};
use crate::cluster::Cluster;
use crate::json::{remove, text};
use crate::node::scheduler;
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::Failure;

/// The answer to a write.
#[derive(Debug)]
pub(crate) struct WriteResponse {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl WriteResponse {
    /// An answer without warnings.
    pub(crate) fn new(code: u16, body: Value) -> Self {
        Self {
            code,
            body,
            warnings: Vec::new(),
        }
    }
}

/// Creates an object from a body, or from what an apply patch wants.
pub(crate) fn create(
    cluster: &mut Cluster,
    target: &Target,
    mut object: Value,
    writer: &Writer<'_>,
    options: &Options,
) -> Result<Value, Failure> {
    let of = target.of;
    let namespace = target.namespace.clone().unwrap_or_default();
    check_namespace(&object, &namespace)?;
    let name = text(&object, "/metadata/name").to_owned();
    if of.namespaced {
        admit_to(cluster, of, &namespace, &name)?;
    }
    let key = Key::new(of.id, &namespace, &name);
    if let Some(there) = cluster.store.get(&key).filter(|_| !name.is_empty()) {
        return Err(match there.pointer("/metadata/deletionTimestamp") {
            Some(_) => Failure::still_going(of, &name),
            None => Failure::already_exists(of, &name),
        });
    }
    if !writer.applies && !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::internal(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    for field in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
    ] {
        remove(&mut object, &format!("/metadata/{field}"));
    }
    if writer.applies {
        object = apply::apply(of, writer, &json!({}), &object, options.force)
            .map_err(|conflicts| Failure::apply_conflict(&conflicts))?;
        defaults::fill(of, &mut object);
    } else {
        defaults::fill(of, &mut object);
        field_managers::updated(of, writer, &json!({}), &mut object);
    }
    defaults::begin(cluster, of, &mut object);
    validate::created(cluster, of, &namespace, &object)?;
    if options.dry {
        return Ok(cluster.with_metadata(of, &namespace, object));
    }
    let key = cluster.add(of, &namespace, object);
    after_change(cluster, of);
    cluster
        .store
        .get(&key)
        .cloned()
        .ok_or_else(|| Failure::not_found(of, &key.name))
}

/// Whether an object that names its namespace names the one in the path.
pub(crate) fn check_namespace(object: &Value, namespace: &str) -> Result<(), Failure> {
    let given = text(object, "/metadata/namespace");
    if given.is_empty() || given == namespace {
        return Ok(());
    }
    Err(Failure::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

fn admit_to(cluster: &Cluster, of: &Type, namespace: &str, name: &str) -> Result<(), Failure> {
    let spaces = Type::of("namespaces");
    let Some(space) = cluster.store.get(&Key::new(spaces.id, "", namespace)) else {
        return Err(Failure::not_found(spaces, namespace));
    };
    if text(space, "/status/phase") == "Terminating" {
        return Err(Failure::terminating(of, name, namespace));
    }
    Ok(())
}

/// Runs the controllers, and the scheduler if needed, after a client's change.
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
