//! The bodies of requests: what is asked for, in the API's words.

use serde_json::{Value, json};

use super::application::Secret;
use super::{Work, network};
use crate::spec::{NodePool, Outbound, Taint};

/// The name of the subnet of nodes.
pub(super) const SUBNET: &str = "nodes";

/// The network with its one subnet.
pub(super) fn network(work: &Work) -> Value {
    let range = String::from(work.spec.network_cidr);
    let mut subnet = json!({"addressPrefix": work.spec.network_cidr.of_nodes()});
    if work.spec.outbound == Outbound::NatGateway {
        subnet["natGateway"] = json!({"id": network::gateway_id(work)});
    }
    json!({
        "location": work.spec.location.0, "tags": work.run().tags(),
        "properties": {
            "addressSpace": {"addressPrefixes": [range]},
            "subnets": [{"name": SUBNET, "properties": subnet}],
        },
    })
}

/// The address of a NAT gateway.
pub(super) fn address(work: &Work) -> Value {
    json!({
        "location": work.spec.location.0, "tags": work.run().tags(),
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"},
    })
}

/// A NAT gateway with this address.
pub(super) fn nat_gateway(work: &Work, address: &str) -> Value {
    json!({
        "location": work.spec.location.0, "tags": work.run().tags(), "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": address}]},
    })
}

/// The path of a subnet below its group.
pub(super) fn subnet(network: &str, name: &str) -> String {
    format!("Microsoft.Network/virtualNetworks/{network}/subnets/{name}")
}

/// The identity of the control plane.
pub(super) fn identity(work: &Work) -> Value {
    json!({"location": work.spec.location.0, "tags": work.run().tags()})
}

/// What a cluster's body says of who it acts as: beside its properties, and among them.
pub(super) struct Profile {
    identity: Value,
    service_principal: Value,
}

/// A cluster that acts as a managed identity.
pub(super) fn managed(id: &str) -> Profile {
    Profile {
        identity: json!({"type": "UserAssigned", "userAssignedIdentities": {id: {}}}),
        service_principal: Value::Null,
    }
}

/// A cluster that acts as a service principal.
pub(super) fn service_principal(client: &str, secret: &Secret) -> Profile {
    Profile {
        identity: Value::Null,
        service_principal: json!({"clientId": client, "secret": secret.value()}),
    }
}

/// The cluster with all of its node pools: one operation makes them together.
pub(super) fn cluster(work: &Work, profile: Profile) -> Value {
    let spec = &work.spec;
    let pools = spec.node_pools.0.iter().enumerate();
    let pools: Vec<Value> = pools
        .map(|(index, pool)| {
            let mut profile = node_pool(work, pool, index == 0);
            profile["name"] = json!(pool.name.0);
            profile
        })
        .collect();
    let mut body = json!({
        "location": spec.location.0, "tags": work.run().tags(),
        "sku": {"name": "Base", "tier": spec.tier.word()},
        "properties": {
            "dnsPrefix": work.name(), "enableRBAC": true, "agentPoolProfiles": pools,
            "networkProfile": {
                "networkPlugin": "azure", "networkPluginMode": "overlay", "podCidr": "10.244.0.0/16",
                "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10", "loadBalancerSku": "standard",
                "outboundType": spec.outbound.word(),
            },
        },
    });
    if !profile.identity.is_null() {
        body["identity"] = profile.identity;
    }
    if !profile.service_principal.is_null() {
        body["properties"]["servicePrincipalProfile"] = profile.service_principal;
    }
    if let Some(version) = &spec.kubernetes_version {
        body["properties"]["kubernetesVersion"] = json!(version.0);
    }
    body
}

/// A node pool.
pub(super) fn node_pool(work: &Work, pool: &NodePool, is_system: bool) -> Value {
    let mut profile = json!({
        "count": pool.count.0, "vmSize": pool.vm_size.0, "osType": "Linux", "osDiskType": "Managed",
        "osDiskSizeGB": pool.disk_gb.0, "mode": if is_system { "System" } else { "User" },
        "type": "VirtualMachineScaleSets", "vnetSubnetID": work.subnet(),
    });
    if pool.spot {
        profile["scaleSetPriority"] = json!("Spot");
        profile["scaleSetEvictionPolicy"] = json!("Delete");
    }
    if !pool.zones.is_empty() {
        profile["availabilityZones"] = json!(pool.zones);
    }
    if !pool.labels.is_empty() {
        profile["nodeLabels"] = json!(pool.labels);
    }
    if !pool.taints.is_empty() {
        let taints = pool.taints.iter().map(Taint::text);
        profile["nodeTaints"] = json!(taints.collect::<Vec<_>>());
    }
    if let Some(limits) = pool.autoscaling {
        profile["enableAutoScaling"] = json!(true);
        profile["minCount"] = json!(limits.min);
        profile["maxCount"] = json!(limits.max);
    }
    profile
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::disk::Files;

    use super::*;
    use crate::api::Api;
    use crate::spec::tests::spec;
    use kubeproof_simkit::bench::connection;

    #[tokio::test(start_paused = true)]
    async fn a_request_says_what_the_scenario_asks_for() {
        let pools = json!([
            {"name": "main", "vm_size": "Standard_D2s_v3", "count": 2},
            {"name": "spare", "vm_size": "Standard_D4s_v3", "count": 1, "spot": true, "zones": ["1"],
             "autoscaling": {"min": 0, "max": 3}, "labels": {"team": "a"},
             "taints": [{"key": "batch", "value": "yes", "effect": "NoSchedule"}]},
        ]);
        let work = Work {
            api: Api::new(&connection(Files::empty())),
            spec: spec(
                json!({"kubernetes_version": "1.34", "tier": "standard", "node_pools": pools}),
            ),
        };
        let body = cluster(&work, managed("/me"));
        let acts_as = &body["identity"]["userAssignedIdentities"];
        assert_eq!(*acts_as, json!({"/me": {}}));
        assert_eq!(body["properties"]["servicePrincipalProfile"], Value::Null);
        assert_eq!(body["tags"]["kubeproof:run"], "r1");
        assert_eq!(body["sku"]["tier"], "Standard");
        let properties = &body["properties"];
        assert_eq!(properties["kubernetesVersion"], "1.34");
        assert_eq!(properties["agentPoolProfiles"][0]["mode"], "System");
        let spare = &properties["agentPoolProfiles"][1];
        assert_eq!(
            (&spare["mode"], &spare["scaleSetPriority"]),
            (&json!("User"), &json!("Spot"))
        );
        assert_eq!(spare["availabilityZones"], json!(["1"]));
        assert_eq!(
            (&spare["minCount"], &spare["maxCount"]),
            (&json!(0), &json!(3))
        );
        assert_eq!(spare["nodeLabels"], json!({"team": "a"}));
        assert_eq!(spare["nodeTaints"], json!(["batch=yes:NoSchedule"]));
        let group =
            "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/kp-r1/providers/";
        let subnet = format!("{group}Microsoft.Network/virtualNetworks/kp-r1-net/subnets/nodes");
        assert_eq!(spare["vnetSubnetID"], subnet);
        assert_eq!(
            network(&work)["properties"]["subnets"][0]["properties"]["addressPrefix"],
            "10.1.0.0/18"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_principal_stands_in_place_of_an_identity_and_a_subnet_may_be_there() {
        let network = json!({"resource_group": "theirs", "virtual_network": "v", "subnet": "s"});
        let work = Work {
            api: Api::new(&connection(Files::empty())),
            spec: spec(
                json!({"identity": "service-principal", "network": network, "resource_group": "mine"}),
            ),
        };
        let secret: Secret = serde_json::from_value(json!({"secretText": "hush"})).unwrap();
        let body = cluster(&work, service_principal("app", &secret));
        assert_eq!(body["identity"], Value::Null);
        let properties = &body["properties"];
        assert_eq!(
            properties["servicePrincipalProfile"],
            json!({"clientId": "app", "secret": "hush"})
        );
        assert_eq!(
            properties["agentPoolProfiles"][0]["vnetSubnetID"],
            "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/theirs/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
        );
        assert!(work.id("x").contains("/resourceGroups/mine/providers/x"));
    }
}
