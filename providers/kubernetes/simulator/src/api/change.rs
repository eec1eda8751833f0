//! Updates: PUT and PATCH, optimistic concurrency, and the subresources that are written separately.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::api::apply;
use crate::api::create::{WriteResponse, after_change, check_namespace, create};
use crate::api::defaults;
use crate::api::field_managers::{self, Writer};
use crate::api::options::{APPLY, Options, Validation, media_type};
use crate::api::patch;
use crate::api::route::Target;
use crate::api::validate;
use crate::cluster::Cluster;
use crate::json::{remove, set, text};
use crate::store::Key;
use crate::wire::body;
use crate::wire::decode;
use crate::wire::status::Failure;

/// Why a stale write is rejected.
const STALE: &str = "the object has been modified; please apply your changes to the latest version \
                     and try again";

/// Replaces an object.
pub(crate) fn replace(
    cluster: &mut Cluster,
    target: &Target,
    request: &Request<Bytes>,
    writer: &Writer<'_>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let of = target.of;
    let (object, warnings) = body::object(of.kind, &of.api_version(), request, options.validation)?;
    let key = key_of(target)?;
    check_name(&object, &key.name)?;
    check_namespace(&object, &key.namespace)?;
    let before = existing(cluster, target, &key)?;
    let uid = text(&object, "/metadata/uid");
    if !uid.is_empty() && uid != text(&before, "/metadata/uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            text(&before, "/metadata/uid")
        );
        return Err(Failure::conflict(of, &key.name, &why));
    }
    let change = Change {
        target,
        key,
        before,
        after: object,
    };
    let body = change.write(cluster, writer, options)?;
    Ok(WriteResponse {
        warnings,
        ..WriteResponse::new(200, body)
    })
}

/// Patches an object, or creates it if an apply patch finds none.
pub(crate) fn patch(
    cluster: &mut Cluster,
    target: &Target,
    request: &Request<Bytes>,
    writer: &Writer<'_>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let media = media_type(request);
    let key = key_of(target)?;
    if media == APPLY {
        return applied(cluster, target, key, request, writer, options);
    }
    if !patch::MEDIA_TYPES.contains(&media) {
        let read = format!("{}, {APPLY}", patch::MEDIA_TYPES.join(", "));
        return Err(Failure::media_type(media, &read));
    }
    let change = patch::read(media, request.body())?;
    let before = existing(cluster, target, &key)?;
    let mut after = patch::patched(target.of.kind, media, &before, &change)?;
    let unknown = decode::prune(target.of.kind, &mut after)
        .map_err(|error| Failure::invalid_patch(&change, &error.to_string()))?;
    let warnings: Vec<String> = unknown
        .into_iter()
        .map(|path| format!("unknown field \"{path}\""))
        .collect();
    if options.validation == Validation::Strict && !warnings.is_empty() {
        let why = format!("strict decoding error: {}", warnings.join(", "));
        return Err(Failure::invalid_patch(&change, &why));
    }
    check_name(&after, &key.name)?;
    check_namespace(&after, &key.namespace)?;
    let change = Change {
        target,
        key,
        before,
        after,
    };
    let body = change.write(cluster, writer, options)?;
    let heard = options.validation == Validation::Warn;
    Ok(WriteResponse {
        warnings: if heard { warnings } else { Vec::new() },
        ..WriteResponse::new(200, body)
    })
}

fn applied(
    cluster: &mut Cluster,
    target: &Target,
    key: Key,
    request: &Request<Bytes>,
    writer: &Writer<'_>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let of = target.of;
    if target.subresource.is_some() {
        let operation = format!(
            "apply {}/{}",
            of.id,
            target.subresource.as_deref().unwrap_or("")
        );
        return Err(Failure::not_simulated(&operation));
    }
    let wanted = body::applied(of, request)?;
    check_name(&wanted, &key.name)?;
    check_namespace(&wanted, &key.namespace)?;
    let Some(before) = cluster.store.get(&key).cloned() else {
        let body = create(cluster, target, wanted, writer, options)?;
        return Ok(WriteResponse::new(201, body));
    };
    let after = apply::apply(of, writer, &before, &wanted, options.force)
        .map_err(|conflicts| Failure::apply_conflict(&conflicts))?;
    let change = Change {
        target,
        key,
        before,
        after,
    };
    Ok(WriteResponse::new(
        200,
        change.write(cluster, writer, options)?,
    ))
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

fn check_name(object: &Value, name: &str) -> Result<(), Failure> {
    let given = text(object, "/metadata/name");
    if given == name {
        return Ok(());
    }
    Err(Failure::bad_request(if given.is_empty() {
        format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    } else {
        format!("the name of the object ({given}) does not match the name on the URL ({name})")
    }))
}

/// One write to one object.
pub(crate) struct Change<'a> {
    pub(crate) target: &'a Target,
    pub(crate) key: Key,
    /// The existing object.
    pub(crate) before: Value,
    /// The object as the client wants it.
    pub(crate) after: Value,
}

impl Change<'_> {
    /// Checks the change and writes it. A change without any difference is not a write.
    pub(crate) fn write(
        mut self,
        cluster: &mut Cluster,
        writer: &Writer<'_>,
        options: &Options,
    ) -> Result<Value, Failure> {
        let of = self.target.of;
        let version = text(&self.after, "/metadata/resourceVersion");
        if !version.is_empty() && version != text(&self.before, "/metadata/resourceVersion") {
            return Err(Failure::conflict(of, &self.key.name, STALE));
        }
        let mut errors: Vec<_> = validate::same_uid(&self.before, &self.after)
            .into_iter()
            .collect();
        self.keep_what_is_not_written();
        errors.extend(validate::frozen(of, &self.before, &self.after));
        if self.target.subresource.is_none() {
            defaults::fill(of, &mut self.after);
            defaults::allocate(cluster, of, &mut self.after);
            errors.extend(validate::field_errors(of, &self.after));
        }
        if !errors.is_empty() {
            return Err(Failure::invalid(of, &self.key.name, &errors));
        }
        if !options.dry {
            validate::only_simulated(of, &self.before, &self.after)?;
        }
        if !writer.applies {
            field_managers::updated(of, writer, &self.before, &mut self.after);
        }
        if options.dry || self.after == self.before {
            return Ok(self.after);
        }
        let answer = self.after.clone();
        let after = self.after;
        cluster.modify(&self.key, |object| *object = after);
        let written = cluster.store.get(&self.key).cloned();
        after_change(cluster, of);
        Ok(written.unwrap_or(answer))
    }

    /// Keeps what the server owns. A status is written by its subresource, and by nothing else.
    fn keep_what_is_not_written(&mut self) {
        let of = self.target.of;
        let kept: &[&str] = match self.target.subresource.as_deref() {
            Some("status") => &["/spec", "/metadata/finalizers", "/metadata/ownerReferences"],
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
            match self.before.pointer(pointer) {
                Some(value) => set(&mut self.after, pointer, value.clone()),
                None => remove(&mut self.after, pointer),
            }
        }
        if of.id == "namespaces" && self.target.subresource.as_deref() != Some("finalize") {
            set(&mut self.after, "/spec", self.before["spec"].clone());
        }
        if self.after.pointer("/metadata/managedFields").is_none()
            && let Some(managers) = self.before.pointer("/metadata/managedFields")
        {
            set(&mut self.after, "/metadata/managedFields", managers.clone());
        }
        set(&mut self.after, "/apiVersion", of.api_version());
        set(&mut self.after, "/kind", of.kind);
    }
}
