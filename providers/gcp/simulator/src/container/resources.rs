//! What Kubernetes Engine makes in the project for a cluster: firewall rules, templates, groups and machines; and what
//! it removes, or leaves.

use std::collections::BTreeMap;

use kubeproof_kubernetes_simulator::cloud_provider::NewNode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::cloud_controller;
use super::cluster::{Cluster, Status};
use super::lifecycle::labels;
use super::pool::Pool;
use crate::compute::{self, machine_types};
use crate::links;
use crate::state::State;
use crate::wire::Object;

/// The ranges that Kubernetes Engine takes for pods and services when it manages them itself.
pub(crate) const MANAGED_PODS: &str = "10.192.0.0/17";
pub(crate) const MANAGED_SERVICES: &str = "34.118.224.0/20";

/// The tag of a cluster's nodes, to which its firewall rules apply.
pub(crate) fn node_tag(cluster: &Cluster) -> String {
    format!("gke-{}-{}-node", cluster.name, cluster.hash())
}

/// The firewall rules of a cluster: the end of their names, whom they let in, and to what.
fn rules(cluster: &Cluster) -> Vec<(&'static str, Value, Value)> {
    let pods = cluster.text("clusterIpv4Cidr");
    let all = json!([{"IPProtocol": "tcp"}, {"IPProtocol": "udp"}, {"IPProtocol": "icmp"},
                     {"IPProtocol": "esp"}, {"IPProtocol": "ah"}, {"IPProtocol": "sctp"}]);
    let inner = json!([{"IPProtocol": "icmp"}, {"IPProtocol": "tcp", "ports": ["1-65535"]},
                       {"IPProtocol": "udp", "ports": ["1-65535"]}]);
    let kubelet = json!([{"IPProtocol": "tcp", "ports": ["10255"]}]);
    vec![
        ("all", json!([pods]), all),
        ("vms", json!(["10.0.0.0/8"]), inner),
        ("inkubelet", json!([pods]), kubelet.clone()),
        ("exkubelet", json!(["0.0.0.0/0"]), kubelet),
    ]
}

/// The path of a firewall rule of a cluster.
fn rule_path(cluster: &Cluster, end: &str) -> String {
    format!(
        "global/firewalls/gke-{}-{}-{end}",
        cluster.name,
        cluster.hash()
    )
}

/// Makes what a cluster as a whole needs.
pub(super) fn add_of_cluster(state: &mut State, key: &str) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    let network = compute::link(
        state,
        &format!("global/networks/{}", cluster.text("network")),
    );
    for (end, sources, what) in rules(&cluster) {
        let is_denied = end == "exkubelet";
        let effect = if is_denied { "denied" } else { "allowed" };
        let document = json!({
            "network": network, "direction": "INGRESS", "sourceRanges": sources,
            "priority": if is_denied { 1000 } else { 999 },
            "targetTags": [node_tag(&cluster)], effect: what,
        });
        compute::add(state, &rule_path(&cluster, end), document);
    }
    add_ranges(state, &cluster);
}

/// The names of the ranges that Kubernetes Engine manages for a cluster; none when the caller named ranges.
fn managed_ranges(cluster: &Cluster) -> Vec<(String, &'static str)> {
    let named = cluster.text("/ipAllocationPolicy/clusterSecondaryRangeName");
    if !named.is_empty() {
        return Vec::new();
    }
    let pods = format!("gke-{}-pods-{}", cluster.name, cluster.hash());
    vec![(pods, MANAGED_PODS)]
}

fn subnetwork_path(cluster: &Cluster) -> String {
    format!(
        "regions/{}/subnetworks/{}",
        cluster.region(),
        cluster.text("subnetwork")
    )
}

fn add_ranges(state: &mut State, cluster: &Cluster) {
    for (name, range) in managed_ranges(cluster) {
        let path = subnetwork_path(cluster);
        let mut ranges = compute::list_of(state, &path, "secondaryIpRanges");
        ranges.push(json!({"rangeName": name, "ipCidrRange": range}));
        compute::set(state, &path, "secondaryIpRanges", json!(ranges));
    }
}

fn remove_ranges(state: &mut State, cluster: &Cluster) {
    for (name, _) in managed_ranges(cluster) {
        let path = subnetwork_path(cluster);
        let mut ranges = compute::list_of(state, &path, "secondaryIpRanges");
        ranges.retain(|range| range["rangeName"] != name.as_str());
        let left = if ranges.is_empty() {
            Value::Null
        } else {
            json!(ranges)
        };
        compute::set(state, &path, "secondaryIpRanges", left);
    }
}

/// The beginning of the names of a pool's resources in a zone.
fn base_name(cluster: &Cluster, pool: &Pool, zone: &str) -> String {
    let digest = Sha256::digest(format!("{} {} {zone}", cluster.id, pool.name).as_bytes());
    let digits: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let begin = if cluster.is_autopilot() { "gk3" } else { "gke" };
    let short = |text: &str| text.chars().take(18).collect::<String>();
    format!(
        "{begin}-{}-{}-{digits}",
        short(&cluster.name),
        short(&pool.name)
    )
}

/// Makes the machines of a pool: a template and a managed group in each zone.
pub(super) fn add_of_pool(state: &mut State, key: &str, name: &str, with_machines: bool) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    let Some(pool) = cluster.pool(name).cloned() else {
        return;
    };
    let mut managers = Vec::new();
    for zone in pool.locations(&cluster.locations()) {
        let base = base_name(&cluster, &pool, &zone);
        let template = format!("global/instanceTemplates/{base}");
        let properties = template_properties(state, &cluster, &pool);
        compute::add(state, &template, json!({ "properties": properties }));
        let manager = format!("zones/{zone}/instanceGroupManagers/{base}-grp");
        let size = if with_machines { pool.size } else { 0 };
        let document = json!({
            "instanceTemplate": compute::link(state, &template),
            "baseInstanceName": base, "targetSize": size,
        });
        compute::add(state, &manager, document);
        managers.push(manager);
    }
    let kept = state.container.clusters.get_mut(key);
    if let Some(pool) = kept.and_then(|cluster| cluster.pool_mut(name)) {
        pool.managers = managers;
    }
}

/// The labels of a pool's machines, and of their disks.
fn machine_labels(cluster: &Cluster, pool: &Pool) -> Object {
    let mut marks = labels(cluster);
    marks.insert("goog-gke-node".to_owned(), json!(""));
    marks.insert("goog-k8s-node-pool-name".to_owned(), json!(pool.name));
    if let Some(own) = pool.config("resourceLabels").as_object() {
        marks.extend(own.clone());
    }
    marks
}

/// Gives the machines of a cluster, and their disks, the labels that the cluster has now.
pub(super) fn relabel(state: &mut State, key: &str) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    for pool in &cluster.pools {
        let marks = machine_labels(&cluster, pool);
        for manager in &pool.managers {
            for path in compute::instances_of(state, manager) {
                for disk in compute::list_of(state, &path, "disks") {
                    let source = disk["source"].as_str().unwrap_or_default();
                    compute::relabel(state, links::below_project(source), &marks);
                }
                compute::relabel(state, &path, &marks);
            }
        }
    }
}

fn template_properties(state: &State, cluster: &Cluster, pool: &Pool) -> Value {
    let marks = machine_labels(cluster, pool);
    let mut tags = vec![json!(node_tag(cluster))];
    tags.extend(pool.config("tags").as_array().cloned().unwrap_or_default());
    let network = format!("global/networks/{}", cluster.text("network"));
    let mut interface = json!({
        "network": compute::link(state, &network),
        "subnetwork": compute::link(state, &subnetwork_path(cluster)),
    });
    let is_private = cluster.flag("/privateClusterConfig/enablePrivateNodes")
        || cluster.flag("/networkConfig/defaultEnablePrivateNodes");
    if !is_private {
        interface["accessConfigs"] = json!([{"type": "ONE_TO_ONE_NAT", "name": "external-nat"}]);
    }
    let size = pool.config("diskSizeGb").as_i64().unwrap_or(100);
    let scheduling = if pool.is_spot() {
        json!({"onHostMaintenance": "TERMINATE", "automaticRestart": false, "preemptible": true,
               "provisioningModel": "SPOT", "instanceTerminationAction": "DELETE"})
    } else {
        json!({"onHostMaintenance": "MIGRATE", "automaticRestart": true, "preemptible": false,
               "provisioningModel": "STANDARD"})
    };
    json!({
        "machineType": pool.machine_type(), "labels": marks, "tags": {"items": tags},
        "networkInterfaces": [interface], "scheduling": scheduling, "canIpForward": true,
        "metadata": {"kind": "compute#metadata", "items": [
            {"key": "cluster-name", "value": cluster.name},
            {"key": "cluster-uid", "value": cluster.id},
        ]},
        "serviceAccounts": [{"email": pool.config("serviceAccount"),
                             "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
        "disks": [{"boot": true, "autoDelete": true, "type": "PERSISTENT", "mode": "READ_WRITE",
                   "initializeParams": {"diskSizeGb": size.to_string(),
                                        "diskType": pool.config("diskType")}}],
    })
}

/// The paths of the machines of a cluster.
pub(crate) fn instances(state: &State, cluster: &Cluster) -> Vec<String> {
    let managers = cluster.pools.iter().flat_map(|pool| &pool.managers);
    let all = managers.flat_map(|manager| compute::instances_of(state, manager));
    all.collect()
}

/// Has the nodes of a pool be its machines: new ones join, and those of machines that are gone leave.
pub(super) fn sync(state: &mut State, key: &str, name: &str) {
    let Some(cluster) = state.container.clusters.get(key) else {
        return;
    };
    let Some(pool) = cluster.pool(name) else {
        return;
    };
    let managers = pool.managers.iter();
    let machines = managers.flat_map(|manager| compute::instances_of(state, manager));
    let machines: Vec<String> = machines.collect();
    let joined = pool.nodes.iter().cloned();
    let left: Vec<String> = joined.filter(|path| !machines.contains(path)).collect();
    let new = machines.iter().filter(|path| !pool.nodes.contains(path));
    let new: Vec<NewNode> = new
        .filter_map(|path| node(state, cluster, pool, path))
        .collect();
    let gpus = machine_types::find(pool.machine_type()).and_then(|found| found.gpus);
    let Some(server) = state.container.servers.get_mut(key) else {
        return;
    };
    for path in left {
        server.remove_node(links::name(&path));
    }
    for node in new {
        if let Some((_, count)) = gpus {
            server.node_has_gpus(&node.name, count);
            // GKE runs the device plugin itself.
            server.device_plugin_runs();
        }
        server.add_node(node);
    }
    let cluster = state.container.clusters.get_mut(key);
    if let Some(pool) = cluster.and_then(|cluster| cluster.pool_mut(name)) {
        pool.nodes = machines;
    }
}

/// The same for all pools that run: machines may have gone, or been replaced, without a call of this service.
pub(crate) fn sync_all(state: &mut State) {
    let clusters = state.container.clusters.entries();
    let pools = clusters.flat_map(|(key, cluster)| {
        let running = cluster.pools.iter();
        let running = running.filter(|pool| pool.status == Status::Running);
        running.map(move |pool| (key.to_owned(), pool.name.clone()))
    });
    let pools: Vec<(String, String)> = pools.collect();
    for (key, pool) in pools {
        sync(state, &key, &pool);
    }
}

fn node(state: &State, cluster: &Cluster, pool: &Pool, path: &str) -> Option<NewNode> {
    let machine = machine_types::find(pool.machine_type())?;
    let zone = path.split('/').nth(1)?;
    let name = links::name(path);
    let mut labels = BTreeMap::from(
        [
            ("cloud.google.com/gke-nodepool", pool.name.as_str()),
            ("node.kubernetes.io/instance-type", machine.name),
            ("kubernetes.io/arch", "amd64"),
            ("topology.kubernetes.io/region", cluster.region()),
            ("topology.kubernetes.io/zone", zone),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    for (key, value) in pool.config("labels").as_object().into_iter().flatten() {
        labels.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    if pool.is_spot() {
        labels.insert("cloud.google.com/gke-spot".to_owned(), "true".to_owned());
    }
    let interfaces = compute::list_of(state, path, "networkInterfaces");
    let address = interfaces.first().and_then(|one| one["networkIP"].as_str());
    Some(NewNode {
        name: name.to_owned(),
        provider_id: format!("gce://{}/{zone}/{name}", state.setup.project),
        labels,
        cpus: machine.vcpus,
        memory_mib: machine.memory_mib,
        address: address.unwrap_or_default().to_owned(),
    })
}

/// Changes the number of a pool's nodes in each zone.
pub(super) fn resize(state: &mut State, key: &str, name: &str, size: u32) {
    let cluster = state.container.clusters.get_mut(key);
    let Some(pool) = cluster.and_then(|cluster| cluster.pool_mut(name)) else {
        return;
    };
    pool.size = size;
    for manager in pool.managers.clone() {
        compute::set(state, &manager, "targetSize", json!(size));
    }
    sync(state, key, name);
}

/// Removes the machines of a pool.
pub(super) fn remove_of_pool(state: &mut State, key: &str, name: &str) {
    let Some(pool) = state
        .container
        .clusters
        .get(key)
        .and_then(|cluster| cluster.pool(name))
    else {
        return;
    };
    for manager in pool.managers.clone() {
        let template = compute::text_of(state, &manager, "instanceTemplate");
        compute::remove(state, &manager);
        compute::remove(state, links::below_project(&template));
    }
    sync(state, key, name);
}

/// Removes what belongs to a cluster. Load balancers and disks of claims may stay: Kubernetes Engine tries to remove
/// them, and does not promise it. `is_partial` leaves all of it, a firewall rule, and the ranges that were added to the
/// subnetwork (boskos' `gcp_janitor` removes such ranges).
pub(super) fn remove_of_cluster(state: &mut State, key: &str, is_partial: bool) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    for pool in &cluster.pools {
        remove_of_pool(state, key, &pool.name);
    }
    for (end, ..) in rules(&cluster) {
        if !(is_partial && end == "vms") {
            compute::remove(state, &rule_path(&cluster, end));
        }
    }
    if !is_partial {
        remove_ranges(state, &cluster);
        cloud_controller::remove_some(state, &cluster);
    }
}
