//! Validation: the rules that the workloads of a verification run into.
//!
//! Not all rules of a real server: what nothing here reads is stored unchanged. Source of the messages: a real
//! server's answers.

use serde_json::Value;

use crate::api::name_rules::{self, NameRule};
use crate::api::validate_workloads;
use crate::cluster::Cluster;
use crate::controllers::label_selector;
use crate::json::{items, number, set, text};
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::Failure;

/// A field, and what is wrong with it.
pub(crate) type FieldError = (String, String);

/// Checks a new object.
pub(crate) fn created(
    cluster: &Cluster,
    of: &Type,
    namespace: &str,
    object: &Value,
) -> Result<(), Failure> {
    let name = text(object, "/metadata/name");
    let errors = field_errors(of, object);
    if !errors.is_empty() {
        return Err(Failure::invalid(of, name, &errors));
    }
    if of.id == "pods" {
        let account = text(object, "/spec/serviceAccountName");
        if cluster
            .store
            .get(&Key::new("serviceaccounts", namespace, account))
            .is_none()
        {
            let why = format!(
                "error looking up service account {namespace}/{account}: \
                 serviceaccount \"{account}\" not found"
            );
            return Err(Failure::refused(of, name, &why));
        }
    }
    only_simulated(of, &Value::Null, object)
}

/// The errors of an object, field by field.
pub(crate) fn field_errors(of: &Type, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_metadata(of, object, &mut errors);
    match of.id {
        "jobs.batch" => check_job(object, &mut errors),
        "deployments.apps" | "replicasets.apps" => check_replicated(object, &mut errors),
        "statefulsets.apps" => validate_workloads::stateful_set(object, &mut errors),
        "daemonsets.apps" => validate_workloads::daemon_set(object, &mut errors),
        "cronjobs.batch" => validate_workloads::cron_job(object, &mut errors),
        "poddisruptionbudgets.policy" => validate_workloads::budget(object, &mut errors),
        "pods" => check_pod(object, "", "spec", &mut errors),
        "services" => {
            let external = text(object, "/spec/type") == "ExternalName";
            if items(object, "/spec/ports").is_empty() && !external {
                add_error(&mut errors, "spec.ports", "Required value");
            }
            for (index, port) in items(object, "/spec/ports").iter().enumerate() {
                let port = number(port, "/port").unwrap_or(0);
                if !(1..=65535).contains(&port) {
                    let what =
                        format!("Invalid value: {port}: must be between 1 and 65535, inclusive");
                    add_error(&mut errors, &format!("spec.ports[{index}].port"), &what);
                }
            }
        }
        "persistentvolumeclaims" => {
            if items(object, "/spec/accessModes").is_empty() {
                let what = "Required value: at least 1 access mode is required";
                add_error(&mut errors, "spec.accessModes", what);
            }
            if text(object, "/spec/resources/requests/storage").is_empty() {
                add_error(&mut errors, "spec.resources[storage]", "Required value");
            }
        }
        "ingresses.networking.k8s.io" => check_ingress(object, &mut errors),
        _ => {}
    }
    errors
}

fn check_ingress(object: &Value, errors: &mut Vec<FieldError>) {
    let has_default = object.pointer("/spec/defaultBackend").is_some();
    let rules = items(object, "/spec/rules");
    if rules.is_empty() && !has_default {
        let what = "Invalid value: []: either `defaultBackend` or `rules` must be specified";
        add_error(errors, "spec", what);
    }
    for (at, rule) in rules.iter().enumerate() {
        for (index, path) in items(rule, "/http/paths").iter().enumerate() {
            if text(path, "/pathType").is_empty() {
                let field = format!("spec.rules[{at}].http.paths[{index}].pathType");
                add_error(errors, &field, "Required value: pathType must be specified");
            }
        }
    }
}

pub(super) fn add_error(errors: &mut Vec<FieldError>, field: &str, what: &str) {
    errors.push((field.to_owned(), what.to_owned()));
}

fn check_metadata(of: &Type, object: &Value, errors: &mut Vec<FieldError>) {
    let name = text(object, "/metadata/name");
    if name.is_empty() && text(object, "/metadata/generateName").is_empty() {
        let what = "Required value: name or generateName is required";
        add_error(errors, "metadata.name", what);
    }
    let rule = match of.id {
        "services" => NameRule::Dns1035,
        "namespaces" => NameRule::Label,
        _ => NameRule::Subdomain,
    };
    if !name.is_empty()
        && let Some(what) = name_rules::violation(rule, name)
    {
        add_error(errors, "metadata.name", &what);
    }
    for (index, finalizer) in items(object, "/metadata/finalizers").iter().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        if !name.contains('/') && !["foregroundDeletion", "orphan", "kubernetes"].contains(&name) {
            let what = format!(
                "Invalid value: \"{name}\": name is neither a standard finalizer name nor is it \
                 fully qualified"
            );
            add_error(errors, &format!("metadata.finalizers[{index}]"), &what);
        }
    }
}

pub(super) fn not_negative(object: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    if let Some(value) = number(object, pointer).filter(|value| *value < 0) {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let what = format!("Invalid value: {value}: must be greater than or equal to 0");
        add_error(errors, &field, &what);
    }
}

fn check_job(job: &Value, errors: &mut Vec<FieldError>) {
    for pointer in [
        "/spec/parallelism",
        "/spec/completions",
        "/spec/activeDeadlineSeconds",
        "/spec/backoffLimit",
        "/spec/ttlSecondsAfterFinished",
    ] {
        not_negative(job, pointer, errors);
    }
    check_pod(job, "/spec/template", "spec.template.spec", errors);
    if !["Never", "OnFailure"].contains(&text(job, "/spec/template/spec/restartPolicy")) {
        let what = "Required value: valid values: \"OnFailure\", \"Never\"";
        add_error(errors, "spec.template.spec.restartPolicy", what);
    }
}

pub(super) fn check_replicated(object: &Value, errors: &mut Vec<FieldError>) {
    not_negative(object, "/spec/replicas", errors);
    let selector = object
        .pointer("/spec/selector")
        .cloned()
        .unwrap_or_default();
    if selector.is_null() {
        add_error(errors, "spec.selector", "Required value");
    }
    let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let labels = template.pointer("/metadata/labels").cloned();
    let labels = labels.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let is_empty = items(&selector, "/matchExpressions").is_empty()
        && selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .is_none_or(serde_json::Map::is_empty);
    if is_empty && !selector.is_null() {
        let what = "Invalid value: {}: empty selector is invalid for this object";
        add_error(errors, "spec.selector", what);
    }
    if !label_selector::selects(Some(&selector), template) {
        let what = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        add_error(errors, "spec.template.metadata.labels", &what);
    }
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if policy != "Always" {
        let what = format!("Unsupported value: \"{policy}\": supported values: \"Always\"");
        add_error(errors, "spec.template.spec.restartPolicy", &what);
    }
    check_pod(object, "/spec/template", "spec.template.spec", errors);
}

pub(super) fn check_pod(object: &Value, pointer: &str, field: &str, errors: &mut Vec<FieldError>) {
    let containers = items(object, &format!("{pointer}/spec/containers"));
    if containers.is_empty() {
        add_error(errors, &format!("{field}.containers"), "Required value");
    }
    for (index, container) in containers.iter().enumerate() {
        let at = format!("{field}.containers[{index}]");
        match text(container, "/name") {
            "" => add_error(errors, &format!("{at}.name"), "Required value"),
            name => {
                if let Some(what) = name_rules::violation(NameRule::Label, name) {
                    add_error(errors, &format!("{at}.name"), &what);
                }
            }
        }
        if text(container, "/image").is_empty() {
            add_error(errors, &format!("{at}.image"), "Required value");
        }
    }
}

/// The changed fields that can never be changed.
pub(crate) fn frozen(of: &Type, before: &Value, after: &Value) -> Vec<FieldError> {
    let fields: &[&str] = match of.id {
        "jobs.batch" => &["/spec/completions", "/spec/selector", "/spec/template"],
        "daemonsets.apps" | "deployments.apps" | "replicasets.apps" => &["/spec/selector"],
        "controllerrevisions.apps" => &["/data"],
        "persistentvolumes" => &["/spec/csi"],
        "secrets" => &["/type"],
        "storageclasses.storage.k8s.io" => &["/provisioner", "/reclaimPolicy"],
        _ => &[],
    };
    let mut errors: Vec<FieldError> = fields
        .iter()
        .filter(|field| before.pointer(field) != after.pointer(field))
        .map(|field| {
            let path = field.trim_start_matches('/').replace('/', ".");
            let value = after.pointer(field).cloned().unwrap_or_default();
            (path, format!("Invalid value: {value}: field is immutable"))
        })
        .collect();
    if of.id == "statefulsets.apps" {
        errors.extend(validate_workloads::frozen_stateful_set(before, after));
    }
    if of.id == "pods" && fixed_part(before) != fixed_part(after) {
        let what = "Forbidden: pod updates may not change fields other than \
                    `spec.containers[*].image`,`spec.initContainers[*].image`,\
                    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if \
                    it was previously negative)";
        add_error(&mut errors, "spec", what);
    }
    let immutable = before.get("immutable") == Some(&Value::Bool(true));
    for field in ["data", "binaryData", "immutable"] {
        if immutable && before.get(field) != after.get(field) {
            let what = "Forbidden: field is immutable when `immutable` is set";
            add_error(&mut errors, field, what);
        }
    }
    errors
}

/// The uid of an object must not change.
pub(crate) fn same_uid(before: &Value, after: &Value) -> Option<FieldError> {
    let given = text(after, "/metadata/uid");
    let fits = given.is_empty() || given == text(before, "/metadata/uid");
    let what = format!("Invalid value: \"{given}\": field is immutable");
    (!fits).then(|| ("metadata.uid".to_owned(), what))
}

/// A pod's spec without its mutable fields.
fn fixed_part(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        crate::json::remove(&mut spec, &format!("/{field}"));
    }
    let mut containers = items(&spec, "/containers").to_vec();
    for container in &mut containers {
        set(container, "/image", "");
    }
    set(&mut spec, "/containers", containers);
    spec
}

fn is_indexed(object: &Value, job: &str) -> bool {
    text(object, &format!("{job}/spec/completionMode")) == "Indexed"
}

/// Whether a daemon set is to start new pods before it stops old ones.
fn surges(object: &Value) -> bool {
    let surge = object.pointer("/spec/updateStrategy/rollingUpdate/maxSurge");
    surge.is_some_and(|surge| *surge != 0 && surge != "0" && surge != "0%")
}

/// Rejects, by name, what only a real cluster does.
pub(crate) fn only_simulated(of: &Type, before: &Value, after: &Value) -> Result<(), Failure> {
    let differs =
        |pointer: &str| !before.is_null() && before.pointer(pointer) != after.pointer(pointer);
    let what = match of.id {
        "daemonsets.apps" if surges(after) => "maxSurge of a daemon set",
        "jobs.batch" if is_indexed(after, "") => "an indexed job",
        "jobs.batch" if after.pointer("/spec/podFailurePolicy").is_some() => "podFailurePolicy",
        "jobs.batch" if after.pointer("/spec/successPolicy").is_some() => "successPolicy",
        "pods" if differs("/spec/containers") => "another image in a pod that is there",
        "cronjobs.batch" if is_indexed(after, "/spec/jobTemplate") => "an indexed job",
        "pods" if after.pointer("/spec/activeDeadlineSeconds").is_some() => {
            "activeDeadlineSeconds of a pod"
        }
        _ => return Ok(()),
    };
    Err(Failure::not_simulated(&format!("{}: {what}", of.id)))
}
