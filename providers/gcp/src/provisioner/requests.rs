//! The bodies of requests to Kubernetes Engine: what is asked for, in the API's words.

use serde_json::{Value, json};

use super::Work;
use super::network::{PODS, Placement, SERVICES};
use crate::marks;
use crate::spec::{Mode, NodePool};

/// Nodes may call what their service account may, and no less.
const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

/// The cluster with all of its node pools: one operation makes them together.
pub(super) fn cluster(work: &Work, placement: &Placement, account: &str) -> Value {
    let spec = &work.spec;
    let mut cluster = json!({
        "name": work.run().name(""),
        "network": placement.network,
        "subnetwork": placement.subnetwork,
        "ipAllocationPolicy": ranges(placement),
        "releaseChannel": {"channel": spec.release_channel.word()},
        "resourceLabels": marks::labels(work.run()),
    });
    if let Some(version) = &spec.kubernetes_version {
        cluster["initialClusterVersion"] = json!(version.0);
    }
    if spec.network.private_nodes {
        cluster["privateClusterConfig"] =
            json!({"enablePrivateNodes": true, "enablePrivateEndpoint": false});
    }
    match spec.mode {
        Mode::Standard => {
            let pools = spec.node_pools.0.iter();
            cluster["nodePools"] = pools.map(|pool| node_pool(work, pool, account)).collect();
        }
        Mode::Autopilot => {
            cluster["autopilot"] = json!({"enabled": true});
            cluster["autoscaling"] = json!({
                "autoprovisioningNodePoolDefaults": {"serviceAccount": account, "oauthScopes": SCOPES},
            });
        }
    }
    let location = &spec.location.0;
    json!({"parent": format!("projects/{}/locations/{location}", work.project()), "cluster": cluster})
}

/// Addresses inside the VPC: from the run's own ranges, or from ranges that Kubernetes Engine adds and removes.
fn ranges(placement: &Placement) -> Value {
    let mut policy = json!({"useIpAliases": true});
    if placement.has_ranges {
        policy["clusterSecondaryRangeName"] = json!(PODS);
        policy["servicesSecondaryRangeName"] = json!(SERVICES);
    }
    policy
}

/// A node pool.
pub(super) fn node_pool(work: &Work, pool: &NodePool, account: &str) -> Value {
    let taints = pool.taints.iter();
    let taints: Vec<Value> = taints
        .map(|taint| json!({"key": taint.key, "value": taint.value, "effect": taint.effect.word()}))
        .collect();
    let mut body = json!({
        "name": pool.name.as_str(),
        "initialNodeCount": pool.count.0,
        "config": {
            "machineType": pool.machine_type.0,
            "diskSizeGb": pool.disk_gb.0,
            "diskType": pool.disk_type.word(),
            "serviceAccount": account,
            "oauthScopes": SCOPES,
            "labels": pool.labels,
            "resourceLabels": marks::labels(work.run()),
            "spot": pool.spot,
            "taints": taints,
        },
        "management": {"autoRepair": true, "autoUpgrade": true},
        "upgradeSettings": {"maxSurge": 1},
    });
    if let Some(limits) = pool.autoscaling {
        body["autoscaling"] =
            json!({"enabled": true, "minNodeCount": limits.min, "maxNodeCount": limits.max});
    }
    body
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::disk::Files;

    use super::*;
    use crate::api::Api;
    use crate::spec::tests::spec;
    use kubeproof_simkit::bench::connection;

    fn body(change: Value) -> Value {
        let connection = connection(Files::empty());
        let work = Work::new(Api::new(&connection), &spec(change));
        let placement = Placement {
            network: "n".to_owned(),
            subnetwork: "s".to_owned(),
            has_ranges: work.spec.network.existing.is_none(),
        };
        cluster(&work, &placement, "a@p")
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_says_what_the_scenario_asks_for() {
        let whole = body(
            json!({"kubernetes_version": "1.34", "release_channel": "rapid", "node_pools": [{
                "name": "main", "machine_type": "e2-standard-2", "count": 2, "spot": true,
                "autoscaling": {"min": 1, "max": 3}, "labels": {"a": "b"},
                "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
            }]}),
        );
        assert_eq!(
            whole["parent"],
            "projects/my-project/locations/us-central1-a"
        );
        let cluster = &whole["cluster"];
        assert_eq!(cluster["initialClusterVersion"], "1.34");
        assert_eq!(cluster["releaseChannel"]["channel"], "RAPID");
        assert_eq!(cluster["resourceLabels"]["kubeproof-run"], "r1");
        assert_eq!(
            cluster["ipAllocationPolicy"]["clusterSecondaryRangeName"],
            "pods"
        );
        let pool = &cluster["nodePools"][0];
        assert_eq!(
            pool["autoscaling"],
            json!({"enabled": true, "minNodeCount": 1, "maxNodeCount": 3})
        );
        assert_eq!(
            pool["config"]["taints"],
            json!([{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}])
        );
        assert_eq!(pool["config"]["spot"], true);
        assert_eq!(pool["config"]["resourceLabels"]["kubeproof-run"], "r1");
        assert!(cluster.get("privateClusterConfig").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn autopilot_has_no_node_pools_and_an_existing_network_no_ranges() {
        let whole = body(json!({
            "mode": "autopilot", "location": "us-central1", "node_pools": [],
            "network": {"private_nodes": true, "existing": {"network": "default", "subnetwork": "default"}},
        }));
        let cluster = &whole["cluster"];
        assert!(cluster.get("nodePools").is_none());
        assert_eq!(cluster["autopilot"]["enabled"], true);
        assert_eq!(cluster["ipAllocationPolicy"], json!({"useIpAliases": true}));
        assert_eq!(cluster["privateClusterConfig"]["enablePrivateNodes"], true);
    }
}
