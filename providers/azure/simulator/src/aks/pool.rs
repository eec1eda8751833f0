//! Agent pools.

use serde_json::{Value, json};

use super::cluster::{CLUSTERS, lacking, may_not_join, principal_of};
use super::{autoscaler, input, node_group, power};
use crate::arm::rows::part_table;
use crate::arm::{Draft, Kind, children};
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object};

pub(crate) const TABLE: Table = part_table!(
    "containerservice",
    "Microsoft.ContainerService",
    "managedClusters",
    "agentPools",
    POOLS,
    CLUSTERS
);

pub(crate) static POOLS: Kind = Kind {
    members: &[
        "availabilityZones",
        "count",
        "enableAutoScaling",
        "maxCount",
        "maxPods",
        "minCount",
        "mode",
        "nodeLabels",
        "nodeTaints",
        "orchestratorVersion",
        "osDiskSizeGB",
        "osDiskType",
        "osSKU",
        "osType",
        "scaleDownMode",
        "scaleSetEvictionPolicy",
        "scaleSetPriority",
        "spotMaxPrice",
        "tags",
        "type",
        "upgradeSettings",
        "vmSize",
        "vnetSubnetID",
    ],
    has_location: false,
    // Adding one takes 1.5 to 4 minutes.
    seconds: [120, 60, 90],
    busy: "OperationNotAllowed",
    prepare,
    failure: |state, call, draft| {
        let existing = draft
            .existing
            .as_ref()
            .map_or(0, |item| item.number("count"));
        let more = draft.property("count").as_u64().unwrap_or(0) > u64::from(existing);
        if !more {
            return None;
        }
        let cluster = draft.parent.as_ref();
        let cluster = cluster.and_then(|key| state.arm.items.get(key));
        let pools = [&draft.document];
        cluster
            .and_then(|cluster| may_not_join(state, principal_of(state, cluster), &pools))
            .or_else(|| lacking(state, call, &draft.location, &pools))
    },
    check_delete: |state, item| {
        let parent = item.parent.clone().unwrap_or_default();
        check_system(state, &parent, &item.key())
    },
    made: |state, key| sync(state, key),
    changed: |state, key| sync(state, key),
    removed: |state, item, _| node_group::remove_pool(state, item),
    show: |state, item, properties| {
        properties.insert("eTag".to_owned(), json!(item.etag));
        let version = properties
            .get("orchestratorVersion")
            .cloned()
            .unwrap_or_default();
        properties.insert("currentOrchestratorVersion".to_owned(), version);
        let cluster = item
            .parent
            .as_ref()
            .and_then(|key| state.arm.items.get(key));
        let code = if cluster.is_some_and(power::is_stopped) {
            "Stopped"
        } else {
            "Running"
        };
        properties.insert("powerState".to_owned(), json!({ "code": code }));
        properties.insert(
            "nodeImageVersion".to_owned(),
            json!("AKSUbuntu-2204gen2containerd-202611.01.0"),
        );
    },
    ..Kind::plain(
        "Microsoft.ContainerService",
        &["managedClusters", "agentPools"],
        "",
    )
};

/// Refuses that no system pool is left besides this one.
fn check_system(state: &State, cluster: &str, key: &str) -> Result<(), ApiError> {
    let others = children(state, cluster)
        .into_iter()
        .filter(|other| other != key);
    let mut others = others.filter_map(|key| state.arm.items.get(&key));
    if others.any(|other| other.text("mode") == "System") {
        return Ok(());
    }
    let message = "There has to be at least one system node pool.";
    Err(ApiError::new(400, "InvalidParameter", message))
}

fn sync(state: &mut State, key: &str) {
    let cluster = state
        .arm
        .items
        .get(key)
        .and_then(|pool| pool.parent.clone());
    if let Some(cluster) = cluster {
        node_group::sync_all(state, &cluster);
        // The limits of its size may be new.
        autoscaler::watch(state, &cluster);
    }
}

/// Refuses members of a pool that have no effect here.
pub(super) fn check_members(pool: &Object) -> Result<(), ApiError> {
    let shown = [
        "name",
        "powerState",
        "provisioningState",
        "currentOrchestratorVersion",
        "nodeImageVersion",
        "eTag",
    ];
    let strange = pool.iter().find(|(member, value)| {
        let is_known = POOLS.members.contains(&member.as_str()) || shown.contains(&member.as_str());
        let is_nothing = value.is_null()
            || **value == json!(false)
            || **value == json!("")
            || **value == json!({})
            || **value == json!([]);
        !is_known && !is_nothing
    });
    match strange {
        None => Ok(()),
        Some((member, _)) => Err(ApiError::not_simulated(format!(
            "an agent pool with {member}"
        ))),
    }
}

fn prepare(state: &mut State, _: &Call<'_>, draft: &mut Draft) -> Result<(), ApiError> {
    let parent = draft.parent.clone().unwrap_or_default();
    let Some(cluster) = state.arm.items.get(&parent) else {
        return Ok(());
    };
    power::check_runs(cluster)?;
    let network = cluster.property("networkProfile").clone();
    let version = cluster.text("kubernetesVersion").to_owned();
    let asked = draft
        .document
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let existing = draft.existing.as_ref();
    let pool = input::pool(
        state,
        &draft.location,
        &draft.name,
        existing,
        asked,
        (&network, &version),
    )?;
    let is_system = pool.get("mode") == Some(&json!("System"));
    if !is_system {
        check_system(state, &parent, &draft.key())?;
    }
    input::subnets(state, &network, std::slice::from_ref(&pool))?;
    draft
        .document
        .insert("properties".to_owned(), Value::Object(pool));
    Ok(())
}
