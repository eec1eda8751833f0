//! The cells of the tables of stateful sets, daemon sets, cron jobs, budgets, policies and volume drivers.

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::workload::selector;
use crate::json::{items, number, text};
use crate::kubectl::table_cells::{age, containers};
use crate::store::types::Type;

const NONE: &str = "<none>";

/// The types whose cells these are.
pub(super) const KNOWN: &[&str] = &[
    "controllerrevisions.apps",
    "cronjobs.batch",
    "csidrivers.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "daemonsets.apps",
    "ingressclasses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    "statefulsets.apps",
];

/// The cell of an object in a column of its type's table.
pub(super) fn cell(of: &Type, column: &str, object: &Value, now: Timestamp) -> Value {
    let count = |name: &str| Value::from(number(object, &format!("/status/{name}")).unwrap_or(0));
    let or = |pointer: &str, none: &str| match text(object, pointer) {
        "" => Value::from(none),
        some => some.into(),
    };
    match (of.id, column) {
        ("cronjobs.batch", "Containers" | "Images" | "Selector") => {
            let job = &object["spec"]["jobTemplate"];
            match column {
                "Containers" => containers(job, "/name").into(),
                "Images" => containers(job, "/image").into(),
                _ => NONE.into(),
            }
        }
        (_, "Containers") => containers(object, "/name").into(),
        (_, "Images") => containers(object, "/image").into(),
        (_, "Selector") => selector(object).into(),
        ("statefulsets.apps", _) => {
            let ready = number(object, "/status/readyReplicas").unwrap_or(0);
            let wanted = number(object, "/spec/replicas").unwrap_or(0);
            format!("{ready}/{wanted}").into()
        }
        ("daemonsets.apps", "Desired") => count("desiredNumberScheduled"),
        ("daemonsets.apps", "Current") => count("currentNumberScheduled"),
        ("daemonsets.apps", "Ready") => count("numberReady"),
        ("daemonsets.apps", "Up-to-date") => count("updatedNumberScheduled"),
        ("daemonsets.apps", "Available") => count("numberAvailable"),
        ("daemonsets.apps", _) => pairs(object.pointer("/spec/template/spec/nodeSelector")).into(),
        ("controllerrevisions.apps", "Controller") => {
            let owner = items(object, "/metadata/ownerReferences").first();
            owner.map_or(NONE.into(), |owner| {
                let kind = text(owner, "/kind").to_lowercase();
                format!("{kind}.apps/{}", text(owner, "/name")).into()
            })
        }
        ("controllerrevisions.apps", _) => number(object, "/revision").unwrap_or(0).into(),
        ("cronjobs.batch", "Schedule") => text(object, "/spec/schedule").into(),
        ("cronjobs.batch", "Timezone") => or("/spec/timeZone", NONE),
        ("cronjobs.batch", "Suspend") => {
            let suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
            if suspended { "True" } else { "False" }.into()
        }
        ("cronjobs.batch", "Active") => items(object, "/status/active").len().into(),
        ("cronjobs.batch", _) => match text(object, "/status/lastScheduleTime") {
            "" => NONE.into(),
            last => age(last, now).into(),
        },
        ("poddisruptionbudgets.policy", "Min Available") => share(object, "minAvailable"),
        ("poddisruptionbudgets.policy", "Max Unavailable") => share(object, "maxUnavailable"),
        ("poddisruptionbudgets.policy", _) => count("disruptionsAllowed"),
        ("ingressclasses.networking.k8s.io", "Controller") => {
            text(object, "/spec/controller").into()
        }
        ("ingressclasses.networking.k8s.io", _) => or("/spec/parameters/name", NONE),
        ("networkpolicies.networking.k8s.io", _) => {
            pairs(object.pointer("/spec/podSelector/matchLabels")).into()
        }
        ("csinodes.storage.k8s.io", _) => items(object, "/spec/drivers").len().into(),
        _ => driver(column, object),
    }
}

/// Labels as a selector shows them.
fn pairs(labels: Option<&Value>) -> String {
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let all: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if all.is_empty() {
        NONE.to_owned()
    } else {
        all.join(",")
    }
}

/// A number or percentage of a budget.
fn share(object: &Value, name: &str) -> Value {
    match object.pointer(&format!("/spec/{name}")) {
        Some(Value::String(part)) => part.as_str().into(),
        Some(Value::Number(count)) => count.to_string().into(),
        _ => "N/A".into(),
    }
}

fn driver(column: &str, object: &Value) -> Value {
    let flag = |name: &str| {
        let value = object.pointer(&format!("/spec/{name}"));
        Value::from(value == Some(&Value::Bool(true)))
    };
    let list = |name: &str, none: &str| {
        let all = items(object, &format!("/spec/{name}")).iter();
        let all: Vec<&str> = all
            .map(|one| one.as_str().unwrap_or_else(|| text(one, "/audience")))
            .collect();
        Value::from(if all.is_empty() {
            none.to_owned()
        } else {
            all.join(",")
        })
    };
    match column {
        "AttachRequired" => flag("attachRequired"),
        "PodInfoOnMount" => flag("podInfoOnMount"),
        "StorageCapacity" => flag("storageCapacity"),
        "TokenRequests" => list("tokenRequests", "<unset>"),
        "RequiresRepublish" => flag("requiresRepublish"),
        _ => list("volumeLifecycleModes", NONE),
    }
}
