//! The scale subresource: how many pods a deployment or replica set should have, and has.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::api::change::Change;
use crate::api::create::WriteResponse;
use crate::api::field_managers::Writer;
use crate::api::options::{Options, Validation, media_type};
use crate::api::patch;
use crate::api::route::Target;
use crate::cluster::Cluster;
use crate::controllers::workload::selector;
use crate::json::{number, set, text};
use crate::store::Key;
use crate::wire::body;
use crate::wire::decode;
use crate::wire::status::Failure;

const KIND: &str = "Scale";
const VERSION: &str = "autoscaling/v1";

/// Reads the scale of an object.
pub(crate) fn read(cluster: &Cluster, target: &Target, key: &Key) -> Result<Value, Failure> {
    let object = cluster.store.get(key);
    let object = object.ok_or_else(|| Failure::not_found(target.of, &key.name))?;
    Ok(scale_of(object))
}

fn scale_of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut scale = json!({
        "kind": KIND, "apiVersion": VERSION,
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {},
        "status": {"replicas": number(object, "/status/replicas").unwrap_or(0)},
    });
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    if wanted != 0 {
        set(&mut scale, "/spec/replicas", wanted);
    }
    set(&mut scale, "/status/selector", selector(object));
    scale
}

/// Replaces or patches the scale of an object.
pub(crate) fn write(
    cluster: &mut Cluster,
    target: &Target,
    key: Key,
    verb: &str,
    request: &Request<Bytes>,
    writer: &Writer<'_>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let before = cluster
        .store
        .get(&key)
        .cloned()
        .ok_or_else(|| Failure::not_found(target.of, &key.name))?;
    let wanted = if verb == "update" {
        body::object(KIND, VERSION, request, options.validation)?.0
    } else {
        let media = media_type(request);
        if !patch::MEDIA_TYPES.contains(&media) {
            return Err(Failure::media_type(media, &patch::MEDIA_TYPES.join(", ")));
        }
        let change = patch::read(media, request.body())?;
        let mut scale = patch::patched(KIND, media, &scale_of(&before), &change)?;
        let unknown = decode::prune(KIND, &mut scale)
            .map_err(|error| Failure::invalid_patch(&change, &error.to_string()))?;
        if options.validation == Validation::Strict && !unknown.is_empty() {
            let why = format!("strict decoding error: unknown field \"{}\"", unknown[0]);
            return Err(Failure::invalid_patch(&change, &why));
        }
        scale
    };
    let replicas = number(&wanted, "/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let what = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let errors = [("spec.replicas".to_owned(), what)];
        return Err(Failure::invalid_kind(
            KIND,
            "autoscaling",
            &key.name,
            &errors,
        ));
    }
    let mut after = before.clone();
    set(&mut after, "/spec/replicas", replicas);
    let version = text(&wanted, "/metadata/resourceVersion").to_owned();
    set(&mut after, "/metadata/resourceVersion", version);
    let change = Change {
        target,
        key,
        before,
        after,
    };
    let written = change.write(cluster, writer, options)?;
    Ok(WriteResponse::new(200, scale_of(&written)))
}
