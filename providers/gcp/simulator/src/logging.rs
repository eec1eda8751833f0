//! Cloud Logging, version 2: the audit entries of changes, some seconds late, which say who made what; and where
//! entries go.

mod filter;
pub(crate) mod sinks;

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::links;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome, body, listed, time};
use filter::Filter;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "logging",
    host: "logging.googleapis.com",
    base: "/v2",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE, sinks::TABLE],
};

const TABLE: Table = table(&[on("POST", "/entries:list", "logging.entries.list", list)]);

/// An entry shows after this long.
const LAG: SignedDuration = SignedDuration::from_secs(20);
/// Most entries of a page, and as many as one has when the caller does not say.
const PAGE: (usize, usize) = (1000, 50);

/// What a call changed.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    id: String,
    at: Timestamp,
    service: &'static str,
    method: String,
    resource: String,
    caller: String,
}

/// Calls that only read although they are posted.
fn only_reads(name: &str) -> bool {
    let reads = [
        "getIamPolicy",
        "testIamPermissions",
        ".wait",
        "entries.list",
        "oauth2.token",
    ];
    let lists = [
        "listInstances",
        "listManagedInstances",
        "jobs.query",
        "jobs.insert",
    ];
    reads.iter().chain(&lists).any(|end| name.ends_with(end))
}

/// Writes an entry for a call that was accepted and changes something.
pub(crate) fn record(state: &mut State, call: &Call<'_>, service: &Service) {
    if call.request.method() == http::Method::GET || only_reads(call.name) {
        return;
    }
    let entry = Entry {
        id: state.ids.hex(12),
        at: state.now,
        service: service.host,
        method: method(service.name, call.name),
        resource: resource(state, call),
        caller: call.caller.clone(),
    };
    state.trail.push(entry);
}

/// The name of the method in audit entries.
fn method(service: &str, name: &str) -> String {
    match service {
        "compute" => format!("v1.{name}"),
        "container" => {
            let last = name.rsplit('.').next().unwrap_or_default();
            let what = if name.contains("nodePools") {
                "NodePool"
            } else {
                "Cluster"
            };
            let (first, rest) = last.split_at(usize::from(!last.is_empty()));
            let verb = first.to_uppercase() + rest;
            let verb = match last {
                "create" | "update" | "delete" => verb + what,
                _ if what == "NodePool" => verb.replace("Set", "SetNodePool"),
                _ => verb,
            };
            format!("google.container.v1.ClusterManager.{verb}")
        }
        "iam" if name.contains("workloadIdentityPools") => of_collection(service, name),
        "iam" => {
            let last = name.rsplit('.').next().unwrap_or_default();
            let what = if name.contains(".keys.") {
                "ServiceAccountKey"
            } else {
                "ServiceAccount"
            };
            let (first, rest) = last.split_at(usize::from(!last.is_empty()));
            format!("google.iam.admin.v1.{}{rest}{what}", first.to_uppercase())
        }
        "file" | "gkehub" | "cloudkms" | "logging" => of_collection(service, name),
        "cloudresourcemanager" => "SetIamPolicy".to_owned(),
        _ => name.to_owned(),
    }
}

/// The collections of the small services, and what one of each is called.
const SINGULAR: &[(&str, &str)] = &[
    ("buckets", "Bucket"),
    ("cryptoKeyVersions", "CryptoKeyVersion"),
    ("cryptoKeys", "CryptoKey"),
    ("instances", "Instance"),
    ("keyRings", "KeyRing"),
    ("memberships", "Membership"),
    ("providers", "WorkloadIdentityPoolProvider"),
    ("sinks", "Sink"),
    ("workloadIdentityPools", "WorkloadIdentityPool"),
];

/// The name of the method of a small service: that of its interface, the verb, and one of the collection.
fn of_collection(service: &str, name: &str) -> String {
    let mut parts = name.rsplit('.');
    let (last, plural) = (parts.next().unwrap_or_default(), parts.next());
    let (first, rest) = last.split_at(usize::from(!last.is_empty()));
    let verb = first.to_uppercase() + rest;
    let found = SINGULAR.iter().find(|(of, _)| Some(*of) == plural);
    let what = found.map_or("", |(_, one)| *one);
    let interface = match service {
        "file" => "google.cloud.filestore.v1.CloudFilestoreManager.",
        "gkehub" => "google.cloud.gkehub.v1.GkeHub.",
        "iam" => "google.iam.v1.WorkloadIdentityPools.",
        "logging" => "google.logging.v2.ConfigServiceV2.",
        // Its entries have the verb alone.
        _ => "",
    };
    format!("{interface}{verb}{what}")
}

/// The resource that a call changes: its path, with the name in the body of one that is made.
fn resource(state: &State, call: &Call<'_>) -> String {
    let path = links::below_project(call.request.uri().path());
    let path = path.split(':').next().unwrap_or_default();
    let body = body(call.request).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let inner = |member: &str| body.get(member).and_then(|inner| text(&inner["name"]));
    let is_made = [".insert", ".create"]
        .iter()
        .any(|end| call.name.ends_with(end));
    let name = body.get("name").and_then(text);
    let account = body.get("accountId").and_then(text);
    let of_query = |(key, value): (&String, &String)| {
        (key.ends_with("Id") && key != "requestId").then(|| value.clone())
    };
    let in_query = call.query.iter().find_map(of_query);
    let name = name
        .or_else(|| inner("cluster"))
        .or_else(|| inner("nodePool"))
        .or(account)
        .or(in_query);
    let project = &state.setup.project;
    match name.filter(|_| is_made) {
        Some(name) => format!("projects/{project}/{path}/{name}"),
        None if path.is_empty() => format!("projects/{project}"),
        None => format!("projects/{project}/{path}"),
    }
}

fn shown(state: &State, entry: &Entry) -> Value {
    let project = &state.setup.project;
    json!({
        "logName": format!("projects/{project}/logs/cloudaudit.googleapis.com%2Factivity"),
        "insertId": entry.id,
        "timestamp": time(entry.at),
        "receiveTimestamp": time(entry.at.saturating_add(LAG).unwrap_or(entry.at)),
        "severity": "NOTICE",
        "resource": {"type": "audited_resource", "labels": {
            "project_id": project, "service": entry.service, "method": entry.method,
        }},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": entry.service,
            "methodName": entry.method,
            "resourceName": entry.resource,
            "authenticationInfo": {"principalEmail": entry.caller},
            "status": {},
        },
    })
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let filter = body
        .get("filter")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let filter = Filter::read(filter)?;
    let names = body.get("resourceNames").and_then(Value::as_array);
    let project = format!("projects/{}", state.setup.project);
    if names.is_none_or(|names| names.iter().any(|name| *name != project)) {
        return Err(ApiError::denied(
            "Permission denied for these resource names.",
        ));
    }
    let newest_first = match body.get("orderBy").and_then(Value::as_str) {
        None | Some("" | "timestamp asc" | "timestamp") => false,
        Some("timestamp desc") => true,
        Some(other) => return Err(ApiError::invalid(format!("orderBy has `{other}`."))),
    };
    let (most, usual) = PAGE;
    let size = body.get("pageSize").and_then(Value::as_u64);
    let size = size.map_or(usual, |size| {
        usize::try_from(size).unwrap_or(most).min(most)
    });
    let there = state
        .trail
        .iter()
        .filter(|entry| state.now.duration_since(entry.at) >= LAG)
        .map(|entry| shown(state, entry))
        .filter(|entry| filter.fits(entry));
    let mut entries: Vec<Value> = there.collect();
    if newest_first {
        entries.reverse();
    }
    let token = body.get("pageToken").and_then(Value::as_str);
    listed("entries", entries, token, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_in_real_entries() {
        let check = |name: &str, expected: &str| {
            let service = name.split('.').next().unwrap();
            assert_eq!(method(service, name), expected);
        };
        check("compute.networks.insert", "v1.compute.networks.insert");
        let manager = "google.container.v1.ClusterManager";
        check(
            "container.projects.locations.clusters.create",
            &format!("{manager}.CreateCluster"),
        );
        let pools = "container.projects.locations.clusters.nodePools";
        check(
            &format!("{pools}.delete"),
            &format!("{manager}.DeleteNodePool"),
        );
        check(
            &format!("{pools}.setSize"),
            &format!("{manager}.SetNodePoolSize"),
        );
        check(
            "iam.projects.serviceAccounts.create",
            "google.iam.admin.v1.CreateServiceAccount",
        );
        check("cloudresourcemanager.projects.setIamPolicy", "SetIamPolicy");
        check("dns.managedZones.create", "dns.managedZones.create");
        check(
            "file.projects.locations.instances.create",
            "google.cloud.filestore.v1.CloudFilestoreManager.CreateInstance",
        );
        check(
            "iam.projects.locations.workloadIdentityPools.providers.create",
            "google.iam.v1.WorkloadIdentityPools.CreateWorkloadIdentityPoolProvider",
        );
        check(
            "gkehub.projects.locations.memberships.create",
            "google.cloud.gkehub.v1.GkeHub.CreateMembership",
        );
        check(
            "logging.projects.sinks.create",
            "google.logging.v2.ConfigServiceV2.CreateSink",
        );
        check(
            "cloudkms.projects.locations.keyRings.cryptoKeys.create",
            "CreateCryptoKey",
        );
    }
}
