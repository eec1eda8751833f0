//! The least permissions of a token for a provisioner's calls, by namespace.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::{GrantedAction, LeastPermissions};
use serde_json::json;

use super::{ENDPOINTS, JOBS};

/// Calls a deployed model: "Make calls to your Inference Endpoints" on the page of a token.
const INFER: &str = "inference.endpoints.infer.write";
/// What anybody with a token may ask: who one is, and what hardware there is.
const FREE: [&str; 2] = ["WhoAmI", "ListJobHardware"];

/// The least permissions for these calls in a namespace; without one, if it is named.
pub fn least(namespace: &str, calls: &[Call], without: Option<&str>) -> LeastPermissions {
    let mut needed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for call in calls {
        let name = call.signature.to_string();
        let (service, operation) = (
            call.signature.service.as_str(),
            call.signature.operation.as_str(),
        );
        let of_jobs = operation.ends_with("Job")
            || operation.ends_with("Jobs")
            || operation.ends_with("JobLogs");
        let permission = match service {
            _ if FREE.contains(&operation) => continue,
            "endpoints" => ENDPOINTS,
            "inference" => INFER,
            "hub" if of_jobs => JOBS,
            _ => {
                unknown.insert(name);
                continue;
            }
        };
        needed.entry(permission).or_default().insert(name);
    }
    needed.retain(|name, _| Some(*name) != without);
    let names: Vec<&str> = needed.keys().copied().collect();
    LeastPermissions {
        form: "permissions of a fine-grained token of Hugging Face",
        document: json!({"scoped": [{"entity": {"name": namespace}, "permissions": names}]}),
        actions: needed
            .into_iter()
            .map(|(name, by)| GrantedAction {
                name: name.to_owned(),
                needed_by: by.into_iter().collect(),
                documented: None,
            })
            .collect(),
        notes: vec![
            "a permission is for a whole namespace: Hugging Face has none for one endpoint or one job".to_owned(),
            "a token is made on its settings page; this is what its JSON says afterwards".to_owned(),
        ],
        unknown: unknown.into_iter().collect(),
    }
}
