//! The least custom role for a provisioner's calls: the permission of each method, and those that its page names besides.
//!
//! IAM names a permission after the method (`compute.networks.insert` needs `compute.networks.create`). The exceptions are
//! from Kubernetes Engine, "API permissions", and from the methods' reference pages. Only names that `permissions.rs` has
//! are granted; any other method is unknown.

use kubeproof_cloudkit::permissions::NeededPermissions;
use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::LeastPermissions;
use serde_json::json;

use super::{BILLS, CLUSTER, NAT, NETWORK, READING};

/// Services that hand out tokens: they ask for no permission of the project.
const TOKENS: [&str; 2] = ["sts", "metadata"];
/// What some scenarios need, and lists of operations.
const FURTHER: &[&str] = &[
    "compute.globalOperations.list",
    "compute.regionOperations.list",
    "compute.zoneOperations.list",
    "serviceusage.services.disable",
    "serviceusage.services.enable",
];
/// What methods need besides their own permission.
const BESIDE: &[(&str, &str)] = &[
    ("compute.firewalls.create", "compute.networks.updatePolicy"),
    ("compute.firewalls.delete", "compute.networks.updatePolicy"),
    ("compute.routers.create", "compute.networks.updatePolicy"),
    ("compute.routers.delete", "compute.networks.updatePolicy"),
    ("compute.routes.delete", "compute.networks.updatePolicy"),
    (
        "compute.subnetworks.create",
        "compute.networks.updatePolicy",
    ),
    (
        "compute.subnetworks.delete",
        "compute.networks.updatePolicy",
    ),
    ("container.clusters.create", "iam.serviceAccounts.actAs"),
    ("container.clusters.update", "iam.serviceAccounts.actAs"),
];

/// The least role for these calls; without one permission, if it is named.
pub fn least(calls: &[Call], without: Option<&str>) -> LeastPermissions {
    let mut needed = NeededPermissions::default();
    for call in calls {
        let (service, method) = (&*call.signature.service, &*call.signature.operation);
        if TOKENS.contains(&service) {
            continue;
        }
        let operation = call.signature.to_string();
        match known(&permission(service, method)) {
            Some(permission) => needed.add_with(&operation, permission, BESIDE),
            None => needed.add_unknown(&operation),
        }
    }
    let document = |names: &[&str]| {
        json!({
            "title": "kubeproof provisioner",
            "description": "The least permissions for the calls of a rehearsal",
            "stage": "GA",
            "includedPermissions": names,
        })
    };
    LeastPermissions {
        notes: vec![
            "a role has no resources and no conditions: what binds it to a member can have both".to_owned(),
            "in the cluster the caller also needs a role of Kubernetes, or container.* of the objects that it uses".to_owned(),
        ],
        ..needed.least("Google Cloud custom role", without, document)
    }
}

/// The name, if it is one that IAM knows.
fn known(name: &str) -> Option<&'static str> {
    let all = [READING, CLUSTER, NETWORK, NAT, BILLS, FURTHER];
    all.into_iter()
        .flatten()
        .copied()
        .find(|known| *known == name)
}

/// The permission of a method, by its name.
fn permission(service: &str, method: &str) -> String {
    let method = method
        .trim_start_matches("projects.")
        .trim_start_matches("locations.");
    let (collection, verb) = method.rsplit_once('.').unwrap_or(("projects", method));
    let verb = match verb {
        "insert" => "create",
        "aggregatedList" => "list",
        "patch" => "update",
        "batchEnable" => "enable",
        "batchGet" => "get",
        other => other,
    };
    match (service, collection) {
        // All of a node pool is the cluster's.
        ("container", "clusters.nodePools") if matches!(verb, "get" | "list") => {
            "container.clusters.get".to_owned()
        }
        ("container", "clusters.nodePools") => "container.clusters.update".to_owned(),
        // Its page says so.
        ("cloudbilling", "projects" | "") if verb == "getBillingInfo" => {
            "resourcemanager.projects.get".to_owned()
        }
        ("cloudresourcemanager", _) => format!("resourcemanager.projects.{verb}"),
        _ => format!("{service}.{collection}.{verb}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: &str, method: &str, expected: Option<&str>) {
        assert_eq!(
            known(&permission(service, method)),
            expected,
            "{service}:{method}"
        );
    }

    #[test]
    fn a_method_needs_the_permission_that_iam_names_after_it() {
        check(
            "compute",
            "networks.insert",
            Some("compute.networks.create"),
        );
        check(
            "compute",
            "disks.aggregatedList",
            Some("compute.disks.list"),
        );
        let create = "container.clusters.create";
        check(
            "container",
            "projects.locations.clusters.create",
            Some(create),
        );
        let update = "container.clusters.update";
        let pools = "projects.locations.clusters.nodePools.delete";
        check("container", pools, Some(update));
        let policy = "resourcemanager.projects.setIamPolicy";
        check(
            "cloudresourcemanager",
            "projects.setIamPolicy",
            Some(policy),
        );
        let account = "iam.serviceAccounts.create";
        check("iam", "projects.serviceAccounts.create", Some(account));
        let project = "resourcemanager.projects.get";
        check("cloudbilling", "projects.getBillingInfo", Some(project));
        check("compute", "unicorns.insert", None);
    }
}
