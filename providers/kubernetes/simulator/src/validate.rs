//! Whether a new object makes sense: the rules that workloads of a verification run into.
//!
//! Not a whole schema: fields that nothing here reads are stored as they are.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::json::{items, number, text};
use crate::store::Key;
use crate::types::Type;

/// Checks a new object.
pub(crate) fn validate(
    cluster: &Cluster,
    of: &Type,
    namespace: &str,
    object: &Value,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let name = text(object, "/metadata/name");
    check_name(of, object, &mut problems);
    match of.id {
        "jobs.batch" => {
            let policy = text(object, "/spec/template/spec/restartPolicy");
            if !["Never", "OnFailure"].contains(&policy) {
                let what = format!(
                    "Required value: valid values: \"OnFailure\", \"Never\" (given: \"{policy}\")"
                );
                problems.push(("spec.template.spec.restartPolicy".to_owned(), what));
            }
            check_pod(
                object,
                "/spec/template",
                "spec.template.spec",
                &mut problems,
            );
        }
        "pods" => check_pod(object, "", "spec", &mut problems),
        "services" => {
            let external = text(object, "/spec/type") == "ExternalName";
            if items(object, "/spec/ports").is_empty() && !external {
                problems.push(("spec.ports".to_owned(), "Required value".to_owned()));
            }
        }
        "persistentvolumeclaims" => {
            if items(object, "/spec/accessModes").is_empty() {
                let what = "Required value: at least 1 access mode is required";
                problems.push(("spec.accessModes".to_owned(), what.to_owned()));
            }
            if text(object, "/spec/resources/requests/storage").is_empty() {
                problems.push((
                    "spec.resources[storage]".to_owned(),
                    "Required value".to_owned(),
                ));
            }
        }
        _ => {}
    }
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
            return Err(Failure::refused(of, name, &why, None));
        }
    }
    Ok(())
}

/// What of an object can never be changed: the fields, of those that differ.
pub(crate) fn frozen(of: &Type, before: &Value, after: &Value) -> Vec<(String, String)> {
    let fields: &[&str] = match of.id {
        "jobs.batch" => &["/spec/selector", "/spec/template", "/spec/completions"],
        "pods" => &[
            "/spec/containers",
            "/spec/nodeName",
            "/spec/volumes",
            "/spec/restartPolicy",
        ],
        "persistentvolumes" => &["/spec/csi"],
        "secrets" => &["/type"],
        "storageclasses.storage.k8s.io" => &["/provisioner", "/reclaimPolicy"],
        _ => &[],
    };
    fields
        .iter()
        .filter(|field| before.pointer(field) != after.pointer(field))
        .map(|field| {
            let path = field.trim_start_matches('/').replace('/', ".");
            (path, "Invalid value: field is immutable".to_owned())
        })
        .collect()
}

fn check_name(of: &Type, object: &Value, problems: &mut Vec<(String, String)>) {
    let (name, stem) = (
        text(object, "/metadata/name"),
        text(object, "/metadata/generateName"),
    );
    if name.is_empty() {
        if stem.is_empty() {
            let what = "Required value: name or generateName is required";
            problems.push(("metadata.name".to_owned(), what.to_owned()));
        }
        return;
    }
    let label = ["services", "namespaces"].contains(&of.id);
    let limit = if label { 63 } else { 253 };
    let letters = |letter: char| {
        letter.is_ascii_lowercase()
            || letter.is_ascii_digit()
            || letter == '-'
            || (letter == '.' && !label)
    };
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let fine = name.len() <= limit
        && name.chars().all(letters)
        && edge(name.chars().next())
        && edge(name.chars().last());
    if !fine {
        let rule = if label {
            "RFC 1123 label"
        } else {
            "RFC 1123 subdomain"
        };
        let what = format!(
            "Invalid value: \"{name}\": a lowercase {rule} must consist of lower case alphanumeric \
             characters or '-', and must start and end with an alphanumeric character"
        );
        problems.push(("metadata.name".to_owned(), what));
    }
}

fn check_pod(object: &Value, pointer: &str, field: &str, problems: &mut Vec<(String, String)>) {
    let containers = items(object, &format!("{pointer}/spec/containers"));
    if containers.is_empty() {
        problems.push((format!("{field}.containers"), "Required value".to_owned()));
    }
    for (index, container) in containers.iter().enumerate() {
        for wanted in ["name", "image"] {
            if text(container, &format!("/{wanted}")).is_empty() {
                let at = format!("{field}.containers[{index}].{wanted}");
                problems.push((at, "Required value".to_owned()));
            }
        }
    }
    let negative = number(object, "/spec/backoffLimit").is_some_and(|limit| limit < 0);
    if negative {
        let what = "Invalid value: must be greater than or equal to 0";
        problems.push(("spec.backoffLimit".to_owned(), what.to_owned()));
    }
}
