//! What a cluster requests from the subscription, carried out: rules and addresses for services, disks for claims.
//!
//! All of it is in the node resource group, so that it goes with the cluster.

use kubeproof_kubernetes_simulator::cloud_provider::CloudProviderRequest;
use serde_json::{Value, json};

use super::node_group::{ensure, tags};
use crate::arm::{self, Item, Place, reference};
use crate::compute::disks::DISKS;
use crate::network::addresses::ADDRESSES;
use crate::network::balancers::BALANCERS;
use crate::state::State;

/// Carries out one request of a cluster.
pub(super) fn carry_out(state: &mut State, key: &str, request: CloudProviderRequest) {
    let Some(cluster) = state.arm.items.get(key).cloned() else {
        return;
    };
    match request {
        CloudProviderRequest::CreateLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            let address = add_rule(state, &cluster, &format!("{namespace}/{service}"), &uid);
            if let Some(running) = state.aks.running.get_mut(key) {
                running
                    .server
                    .load_balancer_made(&namespace, &service, &address);
            }
        }
        CloudProviderRequest::DeleteLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            remove_rule(state, &cluster, &uid);
            if let Some(running) = state.aks.running.get_mut(key) {
                running.server.load_balancer_removed(&namespace, &service);
            }
        }
        CloudProviderRequest::CreateVolume {
            namespace,
            claim,
            volume,
            size_gib,
            ..
        } => {
            let handle = add_disk(state, &cluster, (&namespace, &claim), &volume, size_gib);
            if let Some(running) = state.aks.running.get_mut(key) {
                running
                    .server
                    .volume_made(&namespace, &claim, &volume, &handle);
            }
        }
        CloudProviderRequest::DeleteVolume { volume, handle } => {
            arm::remove(state, &handle.to_ascii_lowercase());
            if let Some(running) = state.aks.running.get_mut(key) {
                running.server.volume_removed(&volume);
            }
        }
    }
}

/// The name of what belongs to a service.
fn name(uid: &str) -> String {
    format!("a{}", uid.replace('-', ""))
        .chars()
        .take(32)
        .collect()
}

fn group(cluster: &Item) -> String {
    cluster.text("nodeResourceGroup").to_owned()
}

fn balancer(state: &State, cluster: &Item) -> String {
    BALANCERS.id(&state.subscription_path(), &group(cluster), &["kubernetes"])
}

/// Adds a frontend and a rule to the cluster's balancer; returns the address.
fn add_rule(state: &mut State, cluster: &Item, service: &str, uid: &str) -> String {
    let (name, group) = (name(uid), group(cluster));
    let mut marks = tags(cluster);
    marks.insert("k8s-azure-service".to_owned(), json!(service));
    marks.insert("k8s-azure-cluster-name".to_owned(), json!("kubernetes"));
    let place = Place {
        group: &group,
        location: &cluster.location,
        names: &[&format!("kubernetes-{name}")],
    };
    let document = json!({
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"},
    });
    let address = arm::add(state, &ADDRESSES, &place, marks, document);
    let item = state.arm.items.get(&address);
    let (id, ip) = item.map_or_else(Default::default, |item| {
        (item.id.clone(), item.text("ipAddress").to_owned())
    });
    // A cluster whose nodes go out another way has one only for its services.
    let document = json!({
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "frontendIPConfigurations": [], "backendAddressPools": [{"name": "kubernetes"}],
            "outboundRules": [], "loadBalancingRules": [], "probes": [],
        },
    });
    let balancer = ensure(state, cluster, &BALANCERS, &["kubernetes"], document);
    let frontend = json!({"name": name, "properties": {"publicIPAddress": reference(&id)}});
    let rule = json!({"name": format!("{name}-TCP-80"), "properties": {
        "protocol": "Tcp", "frontendPort": 80, "backendPort": 80,
        "frontendIPConfiguration": reference(&format!("{balancer}/frontendIPConfigurations/{name}")),
    }});
    change(
        state,
        &balancer,
        |list| list.push(frontend.clone()),
        |list| list.push(rule.clone()),
    );
    ip
}

fn remove_rule(state: &mut State, cluster: &Item, uid: &str) {
    let (name, balancer) = (name(uid), balancer(state, cluster));
    let is_its = |one: &Value| {
        one["name"]
            .as_str()
            .is_some_and(|one| one.starts_with(&name))
    };
    change(
        state,
        &balancer,
        |list| list.retain(|one| !is_its(one)),
        |list| list.retain(|one| !is_its(one)),
    );
    let address = ADDRESSES.id(
        &state.subscription_path(),
        &group(cluster),
        &[&format!("kubernetes-{name}")],
    );
    // The last frontend takes its balancer along, as in cloud-provider-azure.
    let key = balancer.to_ascii_lowercase();
    if arm::list_of(state, &key, "frontendIPConfigurations").is_empty() {
        arm::remove(state, &key);
    }
    arm::remove(state, &address.to_ascii_lowercase());
}

/// Changes the frontends and the rules of a balancer, and what it costs.
fn change(
    state: &mut State,
    balancer: &str,
    frontends: impl Fn(&mut Vec<Value>),
    rules: impl Fn(&mut Vec<Value>),
) {
    let key = balancer.to_ascii_lowercase();
    let mut list = arm::list_of(state, &key, "frontendIPConfigurations");
    frontends(&mut list);
    arm::set(state, &key, "frontendIPConfigurations", json!(list));
    let mut list = arm::list_of(state, &key, "loadBalancingRules");
    rules(&mut list);
    arm::set(state, &key, "loadBalancingRules", json!(list));
    (BALANCERS.changed)(state, &key);
}

/// Makes the disk of a claim; returns the handle that the volume gets.
fn add_disk(
    state: &mut State,
    cluster: &Item,
    (namespace, claim): (&str, &str),
    volume: &str,
    gib: u32,
) -> String {
    let group = group(cluster);
    let mut marks = tags(cluster);
    for (end, value) in [
        ("pv-name", volume),
        ("pvc-name", claim),
        ("pvc-namespace", namespace),
    ] {
        let prefix = if end == "pv-name" {
            "kubernetes.io-created-for-pv-name".to_owned()
        } else {
            format!("kubernetes.io-created-for-{end}")
        };
        marks.insert(prefix, json!(value));
    }
    let place = Place {
        group: &group,
        location: &cluster.location,
        names: &[volume],
    };
    let document = json!({
        "sku": {"name": "StandardSSD_LRS"},
        "properties": {"diskSizeGB": gib, "creationData": {"createOption": "Empty"}},
    });
    let key = arm::add(state, &DISKS, &place, marks, document);
    let item = state.arm.items.get(&key);
    item.map_or(key, |item| item.id.clone())
}
