//! Whether an object makes sense: the rules that workloads of a verification run into.
//!
//! Not all rules of a real server: what nothing here reads is stored as it is. Source of the words:
//! a real server's refusals.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::json::{items, number, set, text};
use crate::names::{self, Rule};
use crate::store::Key;
use crate::types::Type;

/// A field, and what is wrong with it.
pub(crate) type Problem = (String, String);

/// Checks a new object.
pub(crate) fn created(
    cluster: &Cluster,
    of: &Type,
    namespace: &str,
    object: &Value,
) -> Result<(), Failure> {
    let name = text(object, "/metadata/name");
    let problems = problems(of, object);
    if !problems.is_empty() {
        return Err(Failure::invalid(of, name, &problems));
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

/// What is wrong with an object, field by field.
pub(crate) fn problems(of: &Type, object: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_metadata(of, object, &mut problems);
    match of.id {
        "jobs.batch" => check_job(object, &mut problems),
        "deployments.apps" | "replicasets.apps" => check_replicated(object, &mut problems),
        "pods" => check_pod(object, "", "spec", &mut problems),
        "services" => {
            let external = text(object, "/spec/type") == "ExternalName";
            if items(object, "/spec/ports").is_empty() && !external {
                problem(&mut problems, "spec.ports", "Required value");
            }
            for (index, port) in items(object, "/spec/ports").iter().enumerate() {
                let port = number(port, "/port").unwrap_or(0);
                if !(1..=65535).contains(&port) {
                    let what =
                        format!("Invalid value: {port}: must be between 1 and 65535, inclusive");
                    problem(&mut problems, &format!("spec.ports[{index}].port"), &what);
                }
            }
        }
        "persistentvolumeclaims" => {
            if items(object, "/spec/accessModes").is_empty() {
                let what = "Required value: at least 1 access mode is required";
                problem(&mut problems, "spec.accessModes", what);
            }
            if text(object, "/spec/resources/requests/storage").is_empty() {
                problem(&mut problems, "spec.resources[storage]", "Required value");
            }
        }
        _ => {}
    }
    problems
}

fn problem(problems: &mut Vec<Problem>, field: &str, what: &str) {
    problems.push((field.to_owned(), what.to_owned()));
}

fn check_metadata(of: &Type, object: &Value, problems: &mut Vec<Problem>) {
    let name = text(object, "/metadata/name");
    if name.is_empty() && text(object, "/metadata/generateName").is_empty() {
        let what = "Required value: name or generateName is required";
        problem(problems, "metadata.name", what);
    }
    let rule = match of.id {
        "services" => Rule::Dns1035,
        "namespaces" => Rule::Label,
        _ => Rule::Subdomain,
    };
    if !name.is_empty()
        && let Some(what) = names::problem(rule, name)
    {
        problem(problems, "metadata.name", &what);
    }
    for (index, finalizer) in items(object, "/metadata/finalizers").iter().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        if !name.contains('/') && !["foregroundDeletion", "orphan", "kubernetes"].contains(&name) {
            let what = format!(
                "Invalid value: \"{name}\": name is neither a standard finalizer name nor is it \
                 fully qualified"
            );
            problem(problems, &format!("metadata.finalizers[{index}]"), &what);
        }
    }
}

fn not_negative(object: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    if let Some(value) = number(object, pointer).filter(|value| *value < 0) {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let what = format!("Invalid value: {value}: must be greater than or equal to 0");
        problem(problems, &field, &what);
    }
}

fn check_job(job: &Value, problems: &mut Vec<Problem>) {
    for pointer in [
        "/spec/parallelism",
        "/spec/completions",
        "/spec/activeDeadlineSeconds",
        "/spec/backoffLimit",
        "/spec/ttlSecondsAfterFinished",
    ] {
        not_negative(job, pointer, problems);
    }
    check_pod(job, "/spec/template", "spec.template.spec", problems);
    if !["Never", "OnFailure"].contains(&text(job, "/spec/template/spec/restartPolicy")) {
        let what = "Required value: valid values: \"OnFailure\", \"Never\"";
        problem(problems, "spec.template.spec.restartPolicy", what);
    }
}

fn check_replicated(object: &Value, problems: &mut Vec<Problem>) {
    not_negative(object, "/spec/replicas", problems);
    let selector = object
        .pointer("/spec/selector")
        .cloned()
        .unwrap_or_default();
    if selector.is_null() {
        problem(problems, "spec.selector", "Required value");
    }
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .cloned()
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let fits = wanted.is_some_and(|wanted| {
        wanted
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    });
    if !fits {
        let what = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        problem(problems, "spec.template.metadata.labels", &what);
    }
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if policy != "Always" {
        let what = format!("Unsupported value: \"{policy}\": supported values: \"Always\"");
        problem(problems, "spec.template.spec.restartPolicy", &what);
    }
    check_pod(object, "/spec/template", "spec.template.spec", problems);
}

fn check_pod(object: &Value, pointer: &str, field: &str, problems: &mut Vec<Problem>) {
    let containers = items(object, &format!("{pointer}/spec/containers"));
    if containers.is_empty() {
        problem(problems, &format!("{field}.containers"), "Required value");
    }
    for (index, container) in containers.iter().enumerate() {
        let at = format!("{field}.containers[{index}]");
        match text(container, "/name") {
            "" => problem(problems, &format!("{at}.name"), "Required value"),
            name => {
                if let Some(what) = names::problem(Rule::Label, name) {
                    problem(problems, &format!("{at}.name"), &what);
                }
            }
        }
        if text(container, "/image").is_empty() {
            problem(problems, &format!("{at}.image"), "Required value");
        }
    }
}

/// What of an object can never be changed, of that which differs.
pub(crate) fn frozen(of: &Type, before: &Value, after: &Value) -> Vec<Problem> {
    let fields: &[&str] = match of.id {
        "jobs.batch" => &["/spec/completions", "/spec/selector", "/spec/template"],
        "deployments.apps" | "replicasets.apps" => &["/spec/selector"],
        "persistentvolumes" => &["/spec/csi"],
        "secrets" => &["/type"],
        "storageclasses.storage.k8s.io" => &["/provisioner", "/reclaimPolicy"],
        _ => &[],
    };
    let mut problems: Vec<Problem> = fields
        .iter()
        .filter(|field| before.pointer(field) != after.pointer(field))
        .map(|field| {
            let path = field.trim_start_matches('/').replace('/', ".");
            let value = after.pointer(field).cloned().unwrap_or_default();
            (path, format!("Invalid value: {value}: field is immutable"))
        })
        .collect();
    if of.id == "pods" && fixed_part(before) != fixed_part(after) {
        let what = "Forbidden: pod updates may not change fields other than \
                    `spec.containers[*].image`,`spec.initContainers[*].image`,\
                    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if \
                    it was previously negative)";
        problem(&mut problems, "spec", what);
    }
    let immutable = before.get("immutable") == Some(&Value::Bool(true));
    for field in ["data", "binaryData", "immutable"] {
        if immutable && before.get(field) != after.get(field) {
            let what = "Forbidden: field is immutable when `immutable` is set";
            problem(&mut problems, field, what);
        }
    }
    problems
}

/// The uid of an object is the server's.
pub(crate) fn same_uid(before: &Value, after: &Value) -> Option<Problem> {
    let given = text(after, "/metadata/uid");
    let fits = given.is_empty() || given == text(before, "/metadata/uid");
    let what = format!("Invalid value: \"{given}\": field is immutable");
    (!fits).then(|| ("metadata.uid".to_owned(), what))
}

/// A pod's spec without what may change.
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

/// Refuses, by name, what a real cluster would do and this one does not.
pub(crate) fn only_simulated(of: &Type, before: &Value, after: &Value) -> Result<(), Failure> {
    let differs =
        |pointer: &str| !before.is_null() && before.pointer(pointer) != after.pointer(pointer);
    let positive = |pointer: &str| number(after, pointer).is_some_and(|value| value > 0);
    let what = match of.id {
        "deployments.apps" if differs("/spec/template") => "a rollout of another pod template",
        "replicasets.apps" if differs("/spec/template") => "another pod template of a replica set",
        "deployments.apps" | "replicasets.apps" if positive("/spec/minReadySeconds") => {
            "minReadySeconds"
        }
        "deployments.apps" if after.pointer("/spec/paused") == Some(&Value::Bool(true)) => {
            "a paused deployment"
        }
        "jobs.batch" if text(after, "/spec/completionMode") == "Indexed" => "an indexed job",
        "jobs.batch" if after.pointer("/spec/podFailurePolicy").is_some() => "podFailurePolicy",
        "jobs.batch" if after.pointer("/spec/successPolicy").is_some() => "successPolicy",
        "pods" if differs("/spec/containers") => "another image in a pod that is there",
        "pods" if after.pointer("/spec/activeDeadlineSeconds").is_some() => {
            "activeDeadlineSeconds of a pod"
        }
        _ => return Ok(()),
    };
    Err(Failure::not_simulated(&format!("{}: {what}", of.id)))
}
