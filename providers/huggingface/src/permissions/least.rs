//! The least permissions of a token for a provisioner's calls, by namespace.

use kubeproof_cloudkit::permissions::NeededPermissions;
use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::LeastPermissions;
use serde_json::json;

use super::{ENDPOINTS, JOBS};

/// Calls a deployed model: "Make calls to your Inference Endpoints" on the page of a token.
const INFER: &str = "inference.endpoints.infer.write";
/// What anybody with a token may ask: who one is, and what hardware there is.
const FREE: [&str; 2] = ["WhoAmI", "ListJobHardware"];

/// The least permissions for these calls in a namespace; without one, if it is named.
pub fn least(namespace: &str, calls: &[Call], without: Option<&str>) -> LeastPermissions {
    let mut needed = NeededPermissions::default();
    for call in calls {
        let name = call.signature.to_string();
        let (service, operation) = (&*call.signature.service, &*call.signature.operation);
        let of_jobs = operation.ends_with("Job")
            || operation.ends_with("Jobs")
            || operation.ends_with("JobLogs");
        match service {
            _ if FREE.contains(&operation) => {}
            "endpoints" => needed.add(&name, ENDPOINTS),
            "inference" => needed.add(&name, INFER),
            "hub" if of_jobs => needed.add(&name, JOBS),
            _ => needed.add_unknown(&name),
        }
    }
    let form = "permissions of a fine-grained token of Hugging Face";
    let document =
        |names: &[&str]| json!({"scoped": [{"entity": {"name": namespace}, "permissions": names}]});
    LeastPermissions {
        notes: vec![
            "a permission is for a whole namespace: Hugging Face has none for one endpoint or one job".to_owned(),
            "a token is made on its settings page; this is what its JSON says afterwards".to_owned(),
        ],
        ..needed.least(form, without, document)
    }
}
