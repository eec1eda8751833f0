//! The node resource group of a cluster: what the service makes there, and what it removes, or leaves.

use serde_json::{Value, json};

use super::cluster::{digits, principal, principal_of};
use super::nodes::sync_nodes;
use super::power;
use crate::arm::{self, Item, Kind, Phase, Place, children, reference};
use crate::compute::scale_sets::{SCALE_SETS, scale};
use crate::identity::IDENTITIES;
use crate::network::addresses::{ADDRESSES, give};
use crate::network::balancers::BALANCERS;
use crate::network::security::{GROUPS, ROUTE_TABLES};
use crate::network::vnets::{SUBNETS, VNETS};
use crate::state::State;
use crate::wire::{Object, insert};
use crate::{authorization, groups};

/// The role of the control plane in its node resource group.
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// The tags of what a cluster makes: its own, and the service's.
pub(super) fn tags(cluster: &Item) -> Object {
    let mut tags = cluster.tags.clone();
    tags.insert("aks-managed-cluster-name".to_owned(), json!(cluster.name));
    tags.insert("aks-managed-cluster-rg".to_owned(), json!(cluster.group));
    tags
}

/// Makes a resource of a cluster in its group, unless it is there. Returns its id.
pub(super) fn ensure(
    state: &mut State,
    cluster: &Item,
    kind: &'static Kind,
    names: &[&str],
    document: Value,
) -> String {
    let group = cluster.text("nodeResourceGroup").to_owned();
    let id = kind.id(&state.subscription_path(), &group, names);
    if !state.arm.items.has(&id.to_ascii_lowercase()) {
        let place = Place {
            group: &group,
            location: &cluster.location,
            names,
        };
        arm::add(state, kind, &place, tags(cluster), document);
    }
    id
}

/// Makes what a cluster consists of: with its machines, if there are any.
pub(super) fn appear(state: &mut State, key: &str, lacks_machines: bool) {
    principal(state, key);
    let Some(cluster) = state.arm.items.get(key).cloned() else {
        return;
    };
    let group = cluster.text("nodeResourceGroup").to_owned();
    if !state.groups.has(&group.to_ascii_lowercase()) {
        // This service writes the word in lower case, as general knowledge has it: ids ignore case.
        let owner = cluster.id.replace("/resourceGroups/", "/resourcegroups/");
        groups::add(
            state,
            &group,
            &cluster.location,
            tags(&cluster),
            Some(owner),
        );
        let scope = groups::path(state, &group);
        if let Some(principal) = principal_of(state, &cluster) {
            authorization::assign(state, &scope, CONTRIBUTOR, &principal);
        }
    }
    let digits = digits(&cluster);
    ensure(
        state,
        &cluster,
        &GROUPS,
        &[&format!("aks-agentpool-{digits}-nsg")],
        json!({"properties": {"securityRules": []}}),
    );
    if cluster.property("networkProfile")["networkPlugin"] == "kubenet" {
        ensure(
            state,
            &cluster,
            &ROUTE_TABLES,
            &[&format!("aks-agentpool-{digits}-routetable")],
            json!({"properties": {"routes": []}}),
        );
    }
    kubelet_identity(state, &cluster);
    if goes_out_by_balancer(&cluster) {
        outbound(state, &cluster);
    }
    for pool in children(state, key) {
        add_pool(state, &cluster, &pool);
        if !lacks_machines {
            scale_pool(state, &cluster, &pool);
        }
    }
}

/// The identity of nodes. Those of a cluster that acts as a service principal act as the same one.
fn kubelet_identity(state: &mut State, cluster: &Item) {
    if cluster.document.get("identity").is_none_or(Value::is_null) {
        return;
    }
    let id = ensure(
        state,
        cluster,
        &IDENTITIES,
        &[&format!("{}-agentpool", cluster.name)],
        json!({"properties": {}}),
    );
    if let Some(shown) = crate::identity::found(state, &id) {
        give(
            state,
            &cluster.key(),
            "identityProfile",
            json!({ "kubeletidentity": shown }),
        );
    }
}

fn goes_out_by_balancer(cluster: &Item) -> bool {
    cluster.property("networkProfile")["outboundType"] == "loadBalancer"
}

/// The load balancer through which nodes reach the internet, with its address.
fn outbound(state: &mut State, cluster: &Item) {
    let group = cluster.text("nodeResourceGroup").to_owned();
    let balancer = BALANCERS.id(&state.subscription_path(), &group, &["kubernetes"]);
    if state.arm.items.has(&balancer.to_ascii_lowercase()) {
        return;
    }
    let name = state.ids.uuid();
    let document = json!({
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4", "idleTimeoutInMinutes": 30},
    });
    let address = ensure(state, cluster, &ADDRESSES, &[&name], document);
    let frontend = format!("{balancer}/frontendIPConfigurations/{name}");
    let pool = format!("{balancer}/backendAddressPools/aksOutboundBackendPool");
    let document = json!({
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "frontendIPConfigurations": [{"name": name, "properties": {"publicIPAddress": reference(&address)}}],
            "backendAddressPools": [{"name": "aksOutboundBackendPool"}, {"name": "kubernetes"}],
            "outboundRules": [{"name": "aksOutboundRule", "properties": {
                "frontendIPConfigurations": [reference(&frontend)], "backendAddressPool": reference(&pool),
                "protocol": "All", "idleTimeoutInMinutes": 30,
            }}],
            "loadBalancingRules": [], "probes": [],
        },
    });
    ensure(state, cluster, &BALANCERS, &["kubernetes"], document);
    let profile =
        json!({"managedOutboundIPs": {"count": 1}, "effectiveOutboundIPs": [reference(&address)]});
    if let Some(cluster) = state.arm.items.get_mut(&cluster.key()) {
        let mut network = cluster.property("networkProfile").clone();
        insert(&mut network, "loadBalancerProfile", profile);
        cluster.set_property("networkProfile", network);
    }
}

/// The name of a pool's scale set.
fn set_name(cluster: &Item, pool: &str) -> String {
    format!("aks-{pool}-{}-vmss", digits(cluster))
}

/// The key of a pool's scale set.
pub(super) fn set_key(state: &State, cluster: &Item, pool: &str) -> String {
    let (group, name) = (cluster.text("nodeResourceGroup"), set_name(cluster, pool));
    SCALE_SETS
        .id(&state.subscription_path(), group, &[&name])
        .to_ascii_lowercase()
}

/// The subnet of a pool's nodes: the cluster's own network, if none was given.
fn subnet(state: &mut State, cluster: &Item, pool: &Item) -> String {
    let given = pool.text("vnetSubnetID").to_owned();
    if !given.is_empty() {
        return given;
    }
    let network = format!("aks-vnet-{}", digits(cluster));
    let document = json!({"properties": {"addressSpace": {"addressPrefixes": ["10.224.0.0/12"]}}});
    ensure(state, cluster, &VNETS, &[&network], document);
    let group = cluster.text("nodeResourceGroup").to_owned();
    let security = format!("aks-agentpool-{}-nsg", digits(cluster));
    let security = GROUPS.id(&state.subscription_path(), &group, &[&security]);
    let document = json!({"properties": {"addressPrefix": "10.224.0.0/16", "networkSecurityGroup": reference(&security)}});
    ensure(
        state,
        cluster,
        &SUBNETS,
        &[&network, "aks-subnet"],
        document,
    )
}

/// Makes the scale set of a pool.
fn add_pool(state: &mut State, cluster: &Item, pool: &str) {
    let Some(pool) = state.arm.items.get(pool).cloned() else {
        return;
    };
    if state.arm.items.has(&set_key(state, cluster, &pool.name)) {
        return;
    }
    let subnet = subnet(state, cluster, &pool);
    let is_managed = pool.text("osDiskType") != "Ephemeral";
    let disk = if is_managed {
        json!({"osType": "Linux", "createOption": "FromImage", "diskSizeGB": pool.number("osDiskSizeGB"), "managedDisk": {"storageAccountType": "Premium_LRS"}})
    } else {
        json!({"osType": "Linux", "createOption": "FromImage", "diffDiskSettings": {"option": "Local"}})
    };
    let priority = if pool.text("scaleSetPriority") == "Spot" {
        "Spot"
    } else {
        "Regular"
    };
    let mut address = json!({"subnet": reference(&subnet)});
    if goes_out_by_balancer(cluster) {
        let group = cluster.text("nodeResourceGroup");
        let balancer = BALANCERS.id(&state.subscription_path(), group, &["kubernetes"]);
        let pool = reference(&format!("{balancer}/backendAddressPools/kubernetes"));
        address["loadBalancerBackendAddressPools"] = json!([pool]);
    }
    let mut document = json!({
        "sku": {"name": pool.text("vmSize"), "tier": "Standard"},
        "properties": {
            "orchestrationMode": "Uniform", "overprovision": false, "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {
                "priority": priority, "storageProfile": {"osDisk": disk},
                "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {
                    "primary": true,
                    "ipConfigurations": [{"name": "ipconfig1", "properties": address}],
                }}]},
            },
        },
    });
    let zones = pool.property("availabilityZones");
    if zones.is_array() {
        document["zones"] = zones.clone();
    }
    let mut marks = tags(cluster);
    marks.insert("aks-managed-poolName".to_owned(), json!(pool.name));
    marks.extend(
        pool.property("tags")
            .as_object()
            .cloned()
            .unwrap_or_default(),
    );
    let (group, name) = (
        cluster.text("nodeResourceGroup").to_owned(),
        set_name(cluster, &pool.name),
    );
    let place = Place {
        group: &group,
        location: &cluster.location,
        names: &[&name],
    };
    arm::add(state, &SCALE_SETS, &place, marks, document);
}

fn scale_pool(state: &mut State, cluster: &Item, pool: &str) {
    if let Some(pool) = state.arm.items.get(pool).cloned() {
        let key = set_key(state, cluster, &pool.name);
        let count = if power::is_stopped(cluster) {
            0
        } else {
            pool.number("count")
        };
        scale(state, &key, count);
    }
}

/// Has the machines of a cluster be what its pools ask for, and its nodes be its machines.
pub(super) fn sync_all(state: &mut State, key: &str) {
    let Some(cluster) = state.arm.items.get(key).cloned() else {
        return;
    };
    for pool in children(state, key) {
        let is_settled = state
            .arm
            .items
            .get(&pool)
            .is_some_and(|pool| pool.phase == Phase::Succeeded);
        if is_settled {
            add_pool(state, &cluster, &pool);
            scale_pool(state, &cluster, &pool);
        }
    }
    sync_nodes(state, &cluster);
}

/// Removes the machines of a pool.
pub(super) fn remove_pool(state: &mut State, pool: &Item) {
    let cluster = pool
        .parent
        .as_ref()
        .and_then(|key| state.arm.items.get(key))
        .cloned();
    if let Some(cluster) = cluster {
        let key = set_key(state, &cluster, &pool.name);
        arm::remove(state, &key);
        sync_nodes(state, &cluster);
    }
}

/// Removes the node resource group of a cluster. What is left in part is the group with its load balancer's address.
pub(super) fn remove(state: &mut State, cluster: &Item, is_partial: bool) {
    let group = cluster.text("nodeResourceGroup").to_owned();
    if !is_partial {
        groups::remove(state, &group);
        return;
    }
    for key in arm::keys_of_group(state, &group) {
        if !key.contains("/publicipaddresses/") {
            arm::remove(state, &key);
        }
    }
}

/// A scale set is gone: so are its nodes.
pub(crate) fn machines_gone(state: &mut State, set: &str) {
    let clusters: Vec<Item> = state
        .aks
        .running
        .keys()
        .filter_map(|key| state.arm.items.get(key).cloned())
        .filter(|cluster| {
            let group = format!(
                "/resourcegroups/{}/",
                cluster.text("nodeResourceGroup").to_ascii_lowercase()
            );
            set.contains(&group)
        })
        .collect();
    for cluster in clusters {
        sync_nodes(state, &cluster);
    }
}

/// A group is gone: a cluster whose node resource group it was has failed.
pub(crate) fn group_gone(state: &mut State, owner: &str) {
    let key = owner.to_ascii_lowercase();
    if let Some(cluster) = state
        .arm
        .items
        .get_mut(&key)
        .filter(|cluster| cluster.phase != Phase::Deleting)
    {
        cluster.phase = Phase::Failed;
    }
}
