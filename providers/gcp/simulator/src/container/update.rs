//! Changing clusters: labels, zones, the control plane's version, and settings.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::cluster::{Cluster, Status, found};
use super::operations::{self, Change};
use super::shown::{cluster_etag, label_fingerprint};
use super::versions;
use crate::compute::members::check_labels;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("PUT", "/projects/{project}/locations/{location}/clusters/{cluster}", "container.projects.locations.clusters.update", update),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}:setResourceLabels", "container.projects.locations.clusters.setResourceLabels", set_labels),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}:updateMaster", "container.projects.locations.clusters.updateMaster", update_master),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}:setLogging", "container.projects.locations.clusters.setLogging", |state, call| set(state, call, "loggingService", "UPDATE_CLUSTER")),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}:setMonitoring", "container.projects.locations.clusters.setMonitoring", |state, call| set(state, call, "monitoringService", "UPDATE_CLUSTER")),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}:setMaintenancePolicy", "container.projects.locations.clusters.setMaintenancePolicy", |state, call| set(state, call, "maintenancePolicy", "SET_MAINTENANCE_POLICY")),
]);

/// Seconds of a change of settings, and of a new version of the control plane.
const SETTINGS: i64 = 30;
const UPGRADE: i64 = 420;

/// The cluster that a call names, which nothing else changes.
fn idle<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Cluster, ApiError> {
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    operations::check_idle(state, cluster)?;
    Ok(cluster)
}

/// Begins a change of a cluster.
fn begin(
    state: &mut State,
    call: &Call<'_>,
    key: &str,
    kind: (&'static str, i64),
    change: Change,
) -> Value {
    if let Some(cluster) = state.container.clusters.get_mut(key) {
        cluster.status = Status::Reconciling;
    }
    operations::begin(state, call, key, kind, change, None)
}

fn set_labels(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let labels = body
        .get("resourceLabels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    check_labels(&labels)?;
    let cluster = idle(state, call)?;
    if body.get("labelFingerprint") != Some(&json!(label_fingerprint(cluster))) {
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            "Labels could not be set due to fingerprint mismatch.",
        ));
    }
    let key = cluster.key();
    let members = Object::from_iter([("resourceLabels".to_owned(), labels)]);
    Ok(begin(
        state,
        call,
        &key,
        ("SET_LABELS", SETTINGS),
        Change::Members(members),
    ))
}

fn set(state: &mut State, call: &Call<'_>, member: &str, kind: &'static str) -> Outcome {
    let mut body = body(call.request)?;
    let value = body.remove(member);
    let value = value.ok_or_else(|| ApiError::required(member))?;
    let is_right = value.is_object() == (member == "maintenancePolicy") && !value.is_array();
    if !is_right {
        return Err(ApiError::bad_member(member, &value, "It has another type."));
    }
    let key = idle(state, call)?.key();
    let members = Object::from_iter([(member.to_owned(), value)]);
    Ok(begin(
        state,
        call,
        &key,
        (kind, SETTINGS),
        Change::Members(members),
    ))
}

fn update_master(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let asked = body
        .get("masterVersion")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let version = versions::resolved(asked, None)?;
    let key = idle(state, call)?.key();
    Ok(begin(
        state,
        call,
        &key,
        ("UPGRADE_MASTER", UPGRADE),
        Change::Version(version),
    ))
}

/// What an update may ask for, and the member of the cluster that it replaces.
const DESIRED: &[(&str, &str)] = &[
    ("desiredAddonsConfig", "addonsConfig"),
    ("desiredLoggingConfig", "loggingConfig"),
    ("desiredLoggingService", "loggingService"),
    (
        "desiredMasterAuthorizedNetworksConfig",
        "masterAuthorizedNetworksConfig",
    ),
    ("desiredMonitoringConfig", "monitoringConfig"),
    ("desiredMonitoringService", "monitoringService"),
    ("desiredReleaseChannel", "releaseChannel"),
    ("desiredVerticalPodAutoscaling", "verticalPodAutoscaling"),
    ("desiredWorkloadIdentityConfig", "workloadIdentityConfig"),
];

/// PUT: one change at a time.
fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut body = body(call.request)?;
    let Some(Value::Object(asked)) = body.remove("update") else {
        return Err(ApiError::required("update"));
    };
    let cluster = idle(state, call)?;
    let (key, version) = (cluster.key(), cluster.version.clone());
    let etag = asked.get("etag").filter(|etag| **etag != json!(""));
    if etag.is_some_and(|etag| *etag != json!(cluster_etag(state, cluster))) {
        return Err(ApiError::new(
            409,
            "ABORTED",
            "aborted",
            "The etag of the cluster does not match the one given.",
        ));
    }
    let mut wanted = asked.into_iter().filter(|(name, _)| name != "etag");
    let (Some((name, value)), None) = (wanted.next(), wanted.next()) else {
        return Err(ApiError::invalid(
            "Exactly one update can be applied to a cluster at a time.",
        ));
    };
    let text = value.as_str().unwrap_or_default();
    if name == "desiredMasterVersion" {
        let version = versions::resolved(text, None)?;
        return Ok(begin(
            state,
            call,
            &key,
            ("UPGRADE_MASTER", UPGRADE),
            Change::Version(version),
        ));
    }
    if name == "desiredNodeVersion" {
        let version = if text == "-" {
            version
        } else {
            versions::resolved(text, None)?
        };
        let pool = state
            .container
            .clusters
            .get(&key)
            .and_then(|cluster| cluster.pools.first());
        let pool = pool.map(|pool| pool.name.clone()).unwrap_or_default();
        let change = Change::PoolVersion(pool, version);
        return Ok(begin(state, call, &key, ("UPGRADE_NODES", UPGRADE), change));
    }
    let Some((_, member)) = DESIRED.iter().find(|(desired, _)| *desired == name) else {
        return Err(ApiError::not_simulated(&format!(
            "{} with {name}",
            call.name
        )));
    };
    let members = Object::from_iter([((*member).to_owned(), value)]);
    Ok(begin(
        state,
        call,
        &key,
        ("UPDATE_CLUSTER", SETTINGS),
        Change::Members(members),
    ))
}
