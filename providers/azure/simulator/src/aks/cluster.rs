//! Clusters: a PUT makes or changes one, and may be repeated when it has failed.

use kubeproof_kubernetes_simulator::server::ApiServer;
use kubeproof_simkit::operation::Failure;
use kubeproof_simkit::router::{Operation, on};
use serde_json::{Value, json};

use super::pool::POOLS;
use super::{Running, accounts, input, node_group, power, versions};
use crate::arm::rows::kind_table;
use crate::arm::{Child, Draft, Item, Kind, children};
use crate::network::addresses::give;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, insert};
use crate::{authorization, billing, graph, identity, prices};

/// Seconds of a creation (3 to 6 minutes), and of a deletion (4 to 10).
pub(crate) const CREATION: i64 = 240;
const DELETION: i64 = 300;
const CHANGE: i64 = 60;

macro_rules! path {
    ($end:literal) => {
        concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}", $end)
    };
}

#[rustfmt::skip]
pub(crate) const TABLE: Table = kind_table!(
    "containerservice", "Microsoft.ContainerService", "managedClusters", CLUSTERS,
    on("GET", path!("/maintenanceConfigurations"), "containerservice.maintenanceConfigurations.list", |_, _| Ok(Answer::ok(json!({"value": []})))),
    on("GET", path!("/maintenanceConfigurations/{configuration}"), "containerservice.maintenanceConfigurations.get", |_, call| Err(ApiError::new(404, "NotFound", format!("Maintenance configuration {} is not found.", call.last())))),
    Operation::not_simulated("POST", path!("/runCommand"), "containerservice.managedClusters.runCommand"),
    on("POST", path!("/stop"), "containerservice.managedClusters.stop", |state, call| power::switch(state, call, false)),
    on("POST", path!("/start"), "containerservice.managedClusters.start", |state, call| power::switch(state, call, true)),
);

pub(crate) static CLUSTERS: Kind = Kind {
    members: &[
        "aadProfile",
        "agentPoolProfiles",
        "autoUpgradeProfile",
        "disableLocalAccounts",
        "dnsPrefix",
        "enableRBAC",
        "kubernetesVersion",
        "networkProfile",
        "nodeProvisioningProfile",
        "nodeResourceGroup",
        "oidcIssuerProfile",
        "servicePrincipalProfile",
        "storageProfile",
        "supportPlan",
    ],
    further: &["identity", "sku"],
    properties: &["nodeResourceGroup", "fqdn"],
    described: |_, item| vec![("tier", item.sku("tier").to_owned())],
    seconds: [CREATION, CHANGE, DELETION],
    is_name: |name| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        (1..=63).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.ends_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(fits)
    },
    busy: "OperationNotAllowed",
    prepare,
    failure: |state, call, draft| {
        let pools: Vec<&Object> = draft.children.iter().map(|child| &child.document).collect();
        let principal = principal_in(state, &draft.document);
        may_not_join(state, principal, &pools)
            .or_else(|| lacking(state, call, &draft.location, &pools))
    },
    halfway: node_group::appear,
    made,
    changed: |state, key| {
        node_group::sync_all(state, key);
        bill(state, key);
    },
    removed: |state, item, is_partial| {
        state.aks.running.remove(&item.key());
        let principal = item.text("#principal").to_owned();
        graph::remove_principal(state, &principal);
        node_group::remove(state, item, is_partial);
    },
    show,
    ..Kind::plain(
        "Microsoft.ContainerService",
        &["managedClusters"],
        "aks_managed_cluster",
    )
};

/// How an operation fails whose principal may not join the subnet of a pool. A cluster's own identity is made with it,
/// and gets its role later.
pub(super) fn may_not_join(
    state: &State,
    principal: Option<String>,
    pools: &[&Object],
) -> Option<Failure> {
    let principal = principal?;
    let properties = pools.iter().filter_map(|pool| pool.get("properties"));
    let mut subnets = properties.filter_map(|pool| pool["vnetSubnetID"].as_str());
    let subnet =
        subnets.find(|subnet| !authorization::may_change_network(state, &principal, subnet))?;
    let message = format!(
        "Reconcile VNet failed. Details: the client with object id '{principal}' does not have authorization to perform \
         action 'Microsoft.Network/virtualNetworks/subnets/join/action' over scope '{subnet}'."
    );
    Some(Failure::new("LinkedAuthorizationFailed", message))
}

/// How an operation fails that finds no machines.
pub(super) fn lacking(
    state: &State,
    call: &Call<'_>,
    location: &str,
    pools: &[&Object],
) -> Option<Failure> {
    let properties = pools.iter().filter_map(|pool| pool.get("properties"));
    let zones =
        properties.flat_map(|pool| pool["availabilityZones"].as_array().into_iter().flatten());
    let zones: Vec<&str> = zones.filter_map(Value::as_str).collect();
    let exhausted = &state.setup.exhausted_zones;
    let is_lacking = zones
        .iter()
        .any(|zone| exhausted.contains(&format!("{location}-{zone}")));
    if !call.injected.take_capacity() && !is_lacking {
        return None;
    }
    let code = if zones.is_empty() {
        "AllocationFailed"
    } else {
        "ZonalAllocationFailed"
    };
    let message =
        "Allocation failed. We do not have sufficient capacity for the requested VM size.";
    Some(Failure::new(code, message))
}

fn prepare(state: &mut State, _: &Call<'_>, draft: &mut Draft) -> Result<(), ApiError> {
    let version = versions::resolved(draft.text("kubernetesVersion"))?;
    draft.set("kubernetesVersion", json!(version));
    if draft.text("dnsPrefix").is_empty() {
        return Err(ApiError::new(
            400,
            "InvalidParameter",
            "Required parameter dnsPrefix is missing (null).",
        ));
    }
    if let Some(existing) = &draft.existing {
        power::check_runs(existing)?;
    }
    accounts::check(state, draft)?;
    input::network(draft)?;
    input::node_provisioning(draft)?;
    input::identity(state, draft)?;
    let group = input::node_group_name(draft);
    draft.default("nodeResourceGroup", json!(group));
    draft.default("enableRBAC", json!(true));
    draft.default("supportPlan", json!("KubernetesOfficial"));
    let sku = draft
        .document
        .entry("sku")
        .or_insert_with(|| json!({"name": "Base", "tier": "Free"}));
    if prices::control_plane(sku["tier"].as_str().unwrap_or_default()).is_none() {
        return Err(ApiError::not_simulated(format!(
            "a cluster of tier {}",
            sku["tier"]
        )));
    }
    unchanged(draft)?;
    pools(state, draft, version)
}

/// Refuses to change what cannot be changed.
fn unchanged(draft: &Draft) -> Result<(), ApiError> {
    let Some(existing) = &draft.existing else {
        return Ok(());
    };
    for member in ["dnsPrefix", "nodeResourceGroup", "enableRBAC"] {
        if existing.property(member) != draft.property(member) {
            let message = format!("Changing property 'properties.{member}' is not allowed.");
            return Err(ApiError::new(400, "PropertyChangeNotAllowed", message));
        }
    }
    Ok(())
}

/// The pools of a request become parts of the cluster. Those that a change does not name stay.
fn pools(state: &State, draft: &mut Draft, version: &str) -> Result<(), ApiError> {
    let given = draft.take("agentPoolProfiles").unwrap_or_default();
    let given = given.as_array().cloned().unwrap_or_default();
    let network = draft.property("networkProfile").clone();
    let mut completed = Vec::new();
    for pool in given {
        let name = pool["name"].as_str().unwrap_or_default().to_owned();
        let key = format!("{}/agentpools/{name}", draft.key());
        let existing = state.arm.items.get(&key);
        let asked = pool.as_object().cloned().unwrap_or_default();
        super::pool::check_members(&asked)?;
        let pool = input::pool(
            state,
            &draft.location,
            &name,
            existing,
            asked,
            (&network, version),
        )?;
        completed.push(pool.clone());
        let document = Object::from_iter([("properties".to_owned(), Value::Object(pool))]);
        draft.children.push(Child {
            kind: &POOLS,
            name,
            document,
        });
    }
    let is_system = |pool: &Object| pool.get("mode") == Some(&json!("System"));
    if draft.existing.is_none() && !completed.iter().any(is_system) {
        let message = "Provide at least one system node pool.";
        return Err(ApiError::new(400, "InvalidParameter", message));
    }
    input::subnets(state, &network, &completed)
}

/// A cluster is made: it has an API server, and its nodes join.
fn made(state: &mut State, key: &str) {
    node_group::appear(state, key, false);
    let Some(cluster) = state.arm.items.get(key).cloned() else {
        return;
    };
    if !state.aks.running.contains_key(key) {
        let version = versions::minor(cluster.text("kubernetesVersion"));
        let digits: String = cluster.unique.chars().take(8).collect();
        let seed = state.setup.seed ^ u64::from_str_radix(&digits, 16).unwrap_or(0);
        let running = Running {
            server: ApiServer::new(&cluster.name, &version, seed, state.now),
            tokens: [state.ids.hex(128), state.ids.hex(128)],
            nodes: std::collections::BTreeMap::new(),
        };
        state.aks.running.insert(key.to_owned(), running);
    }
    node_group::sync_all(state, key);
    bill(state, key);
}

/// Bills the control plane: the free tier costs nothing.
pub(super) fn bill(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let tier = item
        .document
        .get("sku")
        .and_then(|sku| sku["tier"].as_str())
        .unwrap_or_default();
    let price = prices::control_plane(tier);
    let is_free = price.as_ref().is_some_and(|price| price.usd.is_zero());
    let is_metered = state.meter.open(key).is_some();
    if is_free || power::is_stopped(&item) {
        state.meter.stop(key, state.now);
    } else if !is_metered {
        billing::meter(state, key, &item, key, (price, "control plane"));
    }
}

/// The digits in the names of what a cluster makes.
pub(super) fn digits(cluster: &Item) -> String {
    let number = u64::from_str_radix(&cluster.unique.replace('-', "")[..12], 16).unwrap_or(0);
    format!("{:08}", number % 100_000_000)
}

/// The host of a cluster's API server.
pub(super) fn host(cluster: &Item) -> String {
    let hash: String = cluster.unique.chars().take(8).collect();
    format!(
        "{}-{hash}.hcp.{}.azmk8s.io",
        cluster.text("dnsPrefix").to_ascii_lowercase(),
        cluster.location
    )
}

/// Gives a cluster its principal, when it is to have one of its own.
pub(super) fn principal(state: &mut State, key: &str) {
    let Some(cluster) = state.arm.items.get(key).cloned() else {
        return;
    };
    let kind = cluster
        .document
        .get("identity")
        .and_then(|identity| identity["type"].as_str());
    if kind == Some("SystemAssigned") && cluster.text("#principal").is_empty() {
        let (principal, _) = graph::add_managed(state, &cluster.name, &cluster.id);
        give(state, key, "#principal", json!(principal));
    }
}

/// The principal of the control plane.
pub(super) fn principal_of(state: &State, cluster: &Item) -> Option<String> {
    let own = cluster.text("#principal");
    principal_in(state, &cluster.document).or_else(|| (!own.is_empty()).then(|| own.to_owned()))
}

/// The principal that the document of a cluster names: that of a managed identity, or that of an application.
fn principal_in(state: &State, document: &Object) -> Option<String> {
    let identity = document.get("identity").cloned().unwrap_or_default();
    if identity["type"] == "UserAssigned" {
        let ids = identity["userAssignedIdentities"].as_object()?;
        let found = identity::found(state, ids.keys().next()?)?;
        return found["objectId"].as_str().map(str::to_owned);
    }
    let properties = document.get("properties")?;
    let client = properties["servicePrincipalProfile"]["clientId"].as_str()?;
    graph::principal_of_client(state, client)
}

fn show(state: &State, item: &Item, properties: &mut Object) {
    let pools = children(state, &item.key());
    let pools = pools.iter().filter_map(|key| state.arm.items.get(key));
    let pools: Vec<Value> = pools
        .map(|pool| {
            let mut shown = pool.shown(state)["properties"].clone();
            shown["name"] = json!(pool.name);
            shown
        })
        .collect();
    let host = host(item);
    properties.insert("agentPoolProfiles".to_owned(), json!(pools));
    properties.insert("fqdn".to_owned(), json!(host));
    properties.insert(
        "azurePortalFQDN".to_owned(),
        json!(host.replacen(".hcp.", ".portal.hcp.", 1)),
    );
    properties.insert(
        "currentKubernetesVersion".to_owned(),
        properties
            .get("kubernetesVersion")
            .cloned()
            .unwrap_or_default(),
    );
    properties.insert("maxAgentPools".to_owned(), json!(100));
    if let Some(issuer) = properties
        .get_mut("oidcIssuerProfile")
        .filter(|it| it["enabled"] == true)
    {
        let (location, tenant) = (&item.location, &state.setup.tenant);
        let url = format!(
            "https://{location}.oic.prod-aks.azure.com/{tenant}/{}/",
            item.unique
        );
        insert(issuer, "issuerURL", json!(url));
    }
    properties
        .entry("powerState")
        .or_insert_with(|| json!({"code": "Running"}));
    properties.insert(
        "resourceUID".to_owned(),
        json!(item.unique.replace('-', "").get(..24)),
    );
    let principal = properties.remove("#principal");
    let mut identity = item.document.get("identity").cloned().unwrap_or_default();
    if let Some(principal) = principal {
        insert(&mut identity, "principalId", principal);
        insert(&mut identity, "tenantId", json!(state.setup.tenant));
    }
    let users = identity["userAssignedIdentities"].as_object().cloned();
    for (id, _) in users.into_iter().flatten() {
        let found = identity::found(state, &id).unwrap_or_default();
        let shown = json!({"principalId": found["objectId"], "clientId": found["clientId"]});
        if let Some(all) = identity.get_mut("userAssignedIdentities") {
            insert(all, &id, shown);
        }
    }
    let mut outer = json!({"eTag": item.etag});
    if !identity.is_null() {
        insert(&mut outer, "identity", identity);
    }
    properties.insert("#outer".to_owned(), outer);
    if let Some(failure) = &item.failure {
        let message = json!({"code": failure.code, "message": failure.message});
        properties.insert("status".to_owned(), json!({ "provisioningError": message }));
    }
}
