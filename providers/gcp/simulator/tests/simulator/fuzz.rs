//! Any requests to a simulated project, in any order and at any time: each is answered, and nothing panics.

use jiff::{SignedDuration, Timestamp};
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::Setup;
use kubeproof_simkit::cloud::Cloud;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::bench::{cluster, request, start};
use crate::fuzz_support as fuzz;

/// The routes, with placeholders.
const ROUTES: &[&str] = &[
    "POST compute global/networks",
    "PATCH compute global/networks/ID",
    "DELETE compute global/networks/ID",
    "POST compute regions/us-central1/subnetworks",
    "PATCH compute regions/us-central1/subnetworks/ID",
    "POST compute regions/us-central1/subnetworks/ID/expandIpCidrRange",
    "POST compute global/routes",
    "POST compute global/firewalls",
    "POST compute regions/us-central1/routers",
    "PATCH compute regions/us-central1/routers/ID",
    "POST compute regions/us-central1/addresses",
    "POST compute zones/us-central1-a/disks",
    "POST compute zones/us-central1-a/disks/ID/resize",
    "POST compute zones/us-central1-a/instances",
    "POST compute zones/us-central1-a/instances/ID/setTags",
    "DELETE compute zones/us-central1-a/instances/ID",
    "POST compute global/instanceTemplates",
    "POST compute zones/us-central1-a/instanceGroupManagers",
    "POST compute zones/us-central1-a/instanceGroupManagers/ID/resize?size=2",
    "POST compute zones/us-central1-a/instanceGroups",
    "POST compute zones/us-central1-a/instanceGroups/ID/addInstances",
    "POST compute regions/us-central1/forwardingRules",
    "POST compute regions/us-central1/targetPools",
    "POST compute global/backendServices",
    "POST compute global/healthChecks",
    "POST compute zones/us-central1-a/networkEndpointGroups",
    "POST compute zones/us-central1-a/networkEndpointGroups/ID/attachNetworkEndpoints",
    "GET compute aggregated/instances?filter=ID",
    "GET compute global/networks?pageToken=ID",
    "GET compute global/operations/ID",
    "POST container locations/us-central1-a/clusters",
    "POST container locations/us-central1/clusters",
    "PUT container locations/us-central1-a/clusters/ID",
    "POST container locations/us-central1-a/clusters/ID:setResourceLabels",
    "POST container locations/us-central1-a/clusters/ID/nodePools",
    "PUT container locations/us-central1-a/clusters/ID/nodePools/default-pool",
    "POST container locations/us-central1-a/clusters/ID/nodePools/default-pool:setSize",
    "DELETE container locations/us-central1-a/clusters/ID",
    "GET container locations/us-central1-a/clusters/ID",
    "GET container locations/-/clusters",
    "GET container locations/-/operations",
    "POST container locations/us-central1-a/operations/ID:cancel",
    "GET compute ID",
];

/// Valid bodies, to be changed in some places.
fn bodies() -> Vec<Value> {
    let network = "global/networks/default";
    vec![
        json!({"name": "n", "autoCreateSubnetworks": true, "routingConfig": {"routingMode": "GLOBAL"}, "mtu": 1460}),
        json!({"name": "n", "network": network, "ipCidrRange": "10.200.0.0/20",
               "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.201.0.0/16"}]}),
        json!({"name": "n", "network": network, "destRange": "10.9.0.0/16", "nextHopIp": "10.128.0.2"}),
        json!({"name": "n", "network": network, "allowed": [{"IPProtocol": "tcp", "ports": ["1"]}], "targetTags": ["a"]}),
        json!({"name": "n", "network": network, "nats": [{"name": "nat"}], "labels": {"a": "b"}}),
        json!({"name": "n", "sizeGb": "10", "labels": {"kubeproof-run": "r"}, "labelFingerprint": "x"}),
        json!({"name": "n", "machineType": "zones/us-central1-a/machineTypes/e2-medium", "disks": [{"boot": true}],
               "networkInterfaces": [{"network": network}], "tags": {"items": ["a"]}}),
        json!({"name": "n", "properties": {"machineType": "e2-medium", "disks": [{"boot": true}],
               "networkInterfaces": [{}], "metadata": {"items": []}}}),
        json!({"name": "n", "instanceTemplate": "global/instanceTemplates/n", "targetSize": 2}),
        json!({"name": "n", "target": "regions/us-central1/targetPools/n", "portRange": "80", "instances": []}),
        json!({"name": "n", "networkEndpointType": "GCE_VM_IP_PORT", "network": network, "type": "TCP"}),
        cluster("n"),
        json!({"cluster": {"name": "n", "nodePools": [{"name": "p", "initialNodeCount": 1, "config": {"labels": {"a": "b"}}}],
               "ipAllocationPolicy": {"useIpAliases": true}, "autopilot": {"enabled": false}}}),
        json!({"update": {"desiredLocations": ["us-central1-a", "us-central1-b"]}}),
        json!({"nodePool": {"name": "p", "initialNodeCount": 1, "autoscaling": {"enabled": true}}}),
        json!({"nodeCount": 1, "nodeVersion": "-", "tags": {"tags": ["a"]}}),
        json!({"resourceLabels": {"a": "b"}, "labelFingerprint": "x"}),
        Value::Null,
    ]
}

proptest! {
    #![proptest_config(fuzz::cases(48))]

    #[test]
    fn any_requests_in_any_order_are_answered(all in {
        let mut words = fuzz::literals(env!("CARGO_MANIFEST_DIR"));
        words.extend(std::iter::repeat_n("n".to_owned(), words.len() / 2));
        let change = (any::<usize>(), fuzz::json(words.clone(), words.clone()));
        let changes = prop::collection::vec(change, 0..3);
        let one = (select(ROUTES), fuzz::text(words), select(bodies()), changes, 0..900_i64);
        prop::collection::vec(one, 1..40)
    }) {
        let mut now = start();
        let mut cloud = GcpCloud::new(Setup::new(1, now));
        for (route, id, body, changes, seconds) in &all {
            now += SignedDuration::from_secs(*seconds);
            cloud.advance(now);
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let line = route.replace("ID", &id);
            let body = fuzz::mutated(body.clone(), changes);
            cloud.answer(&request(&line, &body));
        }
        cloud.inventory();
        cloud.charges(Timestamp::MIN);
    }
}
