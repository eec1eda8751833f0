//! Tables: what `kubectl get` prints of each type, with the columns of a real server.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kubectl::table_cells;
use crate::store::types::Type;

/// A column: its name, and whether only `-o wide` shows it.
type Column = (&'static str, bool);

/// A table of objects.
pub(crate) fn table(
    of: &Type,
    objects: &[Value],
    metadata: Value,
    now: Timestamp,
    include: Include,
) -> Value {
    let columns = columns(of);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, wide)| {
            let format = if *name == "Name" { "name" } else { "" };
            let kind = if is_count(of, name) {
                "integer"
            } else {
                "string"
            };
            json!({
                "name": name, "type": kind, "format": format, "description": name,
                "priority": i32::from(*wide),
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns
                .iter()
                .map(|(name, _)| table_cells::cell(of, name, object, now))
                .collect();
            let object = match include {
                Include::Nothing => return json!({"cells": cells}),
                Include::Metadata => partial(object),
                Include::Object => object.clone(),
            };
            json!({"cells": cells, "object": object})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows,
    })
}

/// Whether the cells of a column are numbers.
fn is_count(of: &Type, column: &str) -> bool {
    match of.id {
        "replicasets.apps" => ["Desired", "Current", "Ready"].contains(&column),
        "daemonsets.apps" => {
            ["Desired", "Current", "Ready", "Up-to-date", "Available"].contains(&column)
        }
        "poddisruptionbudgets.policy" => column == "Allowed Disruptions",
        "cronjobs.batch" => column == "Active",
        "controllerrevisions.apps" => column == "Revision",
        _ => false,
    }
}

/// How much of an object comes with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    Nothing,
    /// Its metadata.
    Metadata,
    /// All.
    Object,
}

/// An object's metadata alone.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

const fn shown(name: &'static str) -> Column {
    (name, false)
}

const fn wide(name: &'static str) -> Column {
    (name, true)
}

/// The columns of events, which do not begin with a name.
const EVENTS: &[Column] = &[
    shown("Last Seen"),
    shown("Type"),
    shown("Reason"),
    shown("Object"),
    wide("Subobject"),
    wide("Source"),
    shown("Message"),
    wide("First Seen"),
    wide("Count"),
    wide("Name"),
];

/// The columns of nodes, whose age is not the last one.
const NODES: &[Column] = &[
    shown("Name"),
    shown("Status"),
    shown("Roles"),
    shown("Age"),
    shown("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];

const PODS: &[Column] = &[
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

const WORKLOADS: &[Column] = &[wide("Containers"), wide("Images"), wide("Selector")];

fn columns(of: &Type) -> Vec<Column> {
    let after: &[Column] = match of.id {
        "events" => return EVENTS.to_vec(),
        "nodes" => return NODES.to_vec(),
        "pods" => PODS,
        "cronjobs.batch" | "daemonsets.apps" | "jobs.batch" | "deployments.apps"
        | "replicasets.apps" => WORKLOADS,
        "statefulsets.apps" => &[wide("Containers"), wide("Images")],
        "services" => &[wide("Selector")],
        "persistentvolumeclaims" | "persistentvolumes" => &[wide("VolumeMode")],
        _ => &[],
    };
    let mut columns = vec![shown("Name")];
    columns.extend(middle(of).iter().map(|name| shown(name)));
    columns.push(shown("Age"));
    columns.extend(after);
    columns
}

/// The columns between name and age.
fn middle(of: &Type) -> &'static [&'static str] {
    match of.id {
        "pods" => &["Ready", "Status", "Restarts"],
        "jobs.batch" => &["Status", "Completions", "Duration"],
        "deployments.apps" => &["Ready", "Up-to-date", "Available"],
        "replicasets.apps" => &["Desired", "Current", "Ready"],
        "statefulsets.apps" => &["Ready"],
        "daemonsets.apps" => &[
            "Desired",
            "Current",
            "Ready",
            "Up-to-date",
            "Available",
            "Node Selector",
        ],
        "controllerrevisions.apps" => &["Controller", "Revision"],
        "cronjobs.batch" => &["Schedule", "Timezone", "Suspend", "Active", "Last Schedule"],
        "poddisruptionbudgets.policy" => {
            &["Min Available", "Max Unavailable", "Allowed Disruptions"]
        }
        "ingressclasses.networking.k8s.io" => &["Controller", "Parameters"],
        "networkpolicies.networking.k8s.io" => &["Pod-Selector"],
        "csidrivers.storage.k8s.io" => &[
            "AttachRequired",
            "PodInfoOnMount",
            "StorageCapacity",
            "TokenRequests",
            "RequiresRepublish",
            "Modes",
        ],
        "csinodes.storage.k8s.io" => &["Drivers"],
        "services" => &["Type", "Cluster-IP", "External-IP", "Port(s)"],
        "namespaces" => &["Status"],
        "configmaps" => &["Data"],
        "secrets" => &["Type", "Data"],
        "serviceaccounts" => &["Secrets"],
        "endpoints" => &["Endpoints"],
        "persistentvolumeclaims" => &[
            "Status",
            "Volume",
            "Capacity",
            "Access Modes",
            "StorageClass",
            "VolumeAttributesClass",
        ],
        "persistentvolumes" => &[
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "VolumeAttributesClass",
            "Reason",
        ],
        "storageclasses.storage.k8s.io" => &[
            "Provisioner",
            "ReclaimPolicy",
            "VolumeBindingMode",
            "AllowVolumeExpansion",
        ],
        "leases.coordination.k8s.io" => &["Holder"],
        "ingresses.networking.k8s.io" => &["Class", "Hosts", "Address", "Ports"],
        _ => &[],
    }
}
