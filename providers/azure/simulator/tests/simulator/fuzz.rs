//! Any requests to a simulated subscription, in any order and at any time: each is answered, and nothing panics.

use jiff::Timestamp;
use kubeproof_simkit::cloud::Cloud as _;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, two_nodes};
use crate::fuzz_support as fuzz;

/// The routes, with placeholders.
fn routes() -> Vec<String> {
    let subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";
    let mut all = vec![
        format!("PUT {}", group("")),
        format!("DELETE {}", group("")),
        format!("PUT {subscription}/resourceGroups/ID"),
        format!("GET {subscription}/resources?$filter=ID"),
        format!("GET {subscription}/resourceGroups?$skiptoken=ID"),
        format!("POST {subscription}/providers/ID/register"),
        format!(
            "PUT {}/providers/Microsoft.Authorization/locks/ID",
            group("")
        ),
        format!(
            "PUT {}/providers/Microsoft.Authorization/roleAssignments/ID",
            group("")
        ),
        format!(
            "GET {}/providers/Microsoft.Authorization/roleAssignments?$filter=ID",
            group("")
        ),
        format!(
            "GET {subscription}/providers/Microsoft.Insights/eventtypes/management/values?$filter=ID"
        ),
        format!("GET {subscription}/providers/Microsoft.Compute/locations/ID/usages"),
        format!("PUT {}", cluster("")),
        format!("DELETE {}", cluster("")),
        format!("PUT {}", cluster("/agentPools/ID")),
        format!("POST {}", cluster("/listClusterUserCredential")),
        format!(
            "PUT {}",
            group("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n")
        ),
        format!("PUT {}", group("/providers/Microsoft.Compute/disks/n")),
        "POST /v1.0/applications".to_owned(),
        "POST /v1.0/servicePrincipals".to_owned(),
        "GET /v1.0/applications?$filter=ID".to_owned(),
        "DELETE /v1.0/applications/ID".to_owned(),
        "GET ID".to_owned(),
    ];
    for kind in [
        "virtualNetworks",
        "networkSecurityGroups",
        "routeTables",
        "publicIPAddresses",
        "natGateways",
        "loadBalancers",
        "networkInterfaces",
        "privateDnsZones",
    ] {
        all.push(format!("PUT {}", network(&format!("{kind}/n"))));
        all.push(format!("DELETE {}", network(&format!("{kind}/ID"))));
    }
    all.push(format!("PUT {}", network("virtualNetworks/n/subnets/n")));
    all
}

/// Valid bodies, to be changed in some places.
fn bodies() -> Vec<Value> {
    vec![
        json!({"location": "eastus", "tags": {"a": "b"}, "properties": {}}),
        json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
               "subnets": [{"name": "n", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
        json!({"properties": {"addressPrefix": "10.0.1.0/24", "routeTable": {"id": network("routeTables/n")}}}),
        json!({"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": network("publicIPAddresses/n")}]}}),
        json!({"location": "eastus", "properties": {"frontendIPConfigurations": [{"name": "f", "properties": {}}], "loadBalancingRules": [{"name": "r"}]}}),
        json!({"properties": {"level": "CanNotDelete"}}),
        json!({"properties": {"roleDefinitionId": "/x/b24988ac-6180-42a0-ab88-20f7382dd24c", "principalId": "eb7f4194-f509-4202-aadb-72fabfe5ba59", "principalType": "User"}}),
        json!({"displayName": "n", "appId": "n", "tags": ["a=b"]}),
        json!({"properties": {"count": 1, "vmSize": "Standard_D2s_v3", "mode": "User"}}),
        two_nodes(),
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
        let one = (select(routes()), fuzz::text(words), select(bodies()), changes, 0..900_i64);
        prop::collection::vec(one, 1..40)
    }) {
        let mut bench = Bench::new().with_group();
        for (route, id, body, changes, seconds) in &all {
            bench.wait(*seconds);
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let line = route.replace("ID", &id);
            let line = if line.contains(" /") { line } else { line.replace(' ', " /") };
            bench.call(&line, fuzz::mutated(body.clone(), changes));
        }
        bench.cloud.inventory();
        bench.cloud.states();
        bench.cloud.charges(Timestamp::MIN);
    }
}
