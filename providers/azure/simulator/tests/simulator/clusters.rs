//! Clusters: their life, what they make, what goes wrong, and what it costs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, two_nodes};

const MC: &str = "MC_g_c_eastus";

fn create() -> String {
    format!("PUT {}", cluster(""))
}

fn with(member: &str, value: Value) -> Value {
    let mut body = two_nodes();
    body["properties"][member] = value;
    body
}

fn pool(change: Value) -> Value {
    let mut pool =
        json!({"name": "main", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v3"});
    if let (Some(pool), Value::Object(change)) = (pool.as_object_mut(), change) {
        pool.extend(change);
    }
    with("agentPoolProfiles", json!([pool]))
}

#[test]
fn a_cluster_makes_a_group_of_its_own_and_leaves_nothing() {
    let mut bench = Bench::new().with_group();
    let before = bench.all();
    let begun = bench.is(201, &create(), two_nodes());
    assert_eq!(begun.body["properties"]["provisioningState"], "Creating");
    bench.wait(130);
    assert_eq!(bench.names("node_resource_group"), [MC]);
    assert_eq!(bench.names("managed_disk").len(), 2);
    bench.wait(120);
    assert_eq!(
        bench.follow(&begun.operation.unwrap()).body["status"],
        "Succeeded"
    );
    let shown = bench.get(&cluster(""));
    let properties = &shown["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["nodeResourceGroup"], MC);
    assert_eq!(
        properties["agentPoolProfiles"][0]["provisioningState"],
        "Succeeded"
    );
    assert!(
        properties["identityProfile"]["kubeletidentity"]["resourceId"]
            .as_str()
            .unwrap()
            .contains("/c-agentpool")
    );
    assert!(shown["identity"]["principalId"].is_string());
    for kind in [
        "vmss",
        "load_balancer",
        "public_ip",
        "nsg",
        "vnet_subnet",
        "user_assigned_identity",
    ] {
        assert_eq!(bench.names(kind).len(), 1, "{kind}");
    }
    assert_eq!(bench.names("role_assignment").len(), 1);
    // Tags of the cluster are copied, those of its group are not.
    let set = bench.get("/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Compute/virtualMachineScaleSets");
    assert_eq!(set["value"][0]["tags"]["kubeproof:run"], "r1");
    assert_eq!(set["value"][0]["sku"]["capacity"], 2);
    bench.made(&format!("DELETE {}", cluster("")), Value::Null);
    assert_eq!(bench.all(), before);
}

#[test]
fn one_change_of_a_cluster_at_a_time_and_a_deletion_goes_first() {
    let mut bench = Bench::new().with_group();
    let begun = bench.is(201, &create(), two_nodes());
    bench.refused(&create(), two_nodes(), 409, "OperationNotAllowed");
    let more = json!({"properties": {"count": 1, "vmSize": "Standard_D2s_v3", "mode": "User"}});
    bench.refused(
        &format!("PUT {}", cluster("/agentPools/more")),
        more,
        409,
        "OperationNotAllowed",
    );
    bench.is(202, &format!("DELETE {}", cluster("")), Value::Null);
    let ended = bench.follow(&begun.operation.unwrap()).body;
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("Canceled"), &json!("AKSOperationPreemptedByDelete"))
    );
    bench.wait(400);
    bench.refused(
        &format!("GET {}", cluster("")),
        Value::Null,
        404,
        "ResourceNotFound",
    );
}

#[test]
fn what_is_wrong_is_refused() {
    let mut bench = Bench::with(|setup| setup.cores_max = 10).with_group();
    let mut check = |body: Value, code: &str| bench.refused(&create(), body, 400, code);
    check(
        with("kubernetesVersion", json!("1.2")),
        "K8sVersionNotSupported",
    );
    check(with("dnsPrefix", json!("")), "InvalidParameter");
    check(with("agentPoolProfiles", json!([])), "InvalidParameter");
    check(pool(json!({"name": "Main"})), "InvalidParameter");
    check(pool(json!({"mode": "User"})), "InvalidParameter");
    check(
        pool(json!({"vmSize": "Standard_Moon"})),
        "VMSizeNotSupported",
    );
    check(pool(json!({"count": 6})), "ErrCode_InsufficientVCPUQuota");
    check(
        pool(json!({"availabilityZones": ["9"]})),
        "AvailabilityZoneNotSupported",
    );
    check(
        pool(json!({"enableAutoScaling": true, "minCount": 3, "maxCount": 5})),
        "InvalidParameter",
    );
    check(
        pool(json!({"vnetSubnetID": network("virtualNetworks/v/subnets/s")})),
        "VnetSubnetIDNotFound",
    );
    let mut body = two_nodes();
    body.as_object_mut().unwrap().remove("identity");
    check(body.clone(), "ServicePrincipalProfileMissing");
    body["properties"]["servicePrincipalProfile"] = json!({"clientId": "none", "secret": "x"});
    check(body, "ServicePrincipalNotFound");
    let message = bench.refused(
        &create(),
        with(
            "apiServerAccessProfile",
            json!({"enablePrivateCluster": true}),
        ),
        501,
        "NotImplemented",
    );
    assert!(
        message.ends_with("with properties.apiServerAccessProfile"),
        "{message}"
    );
    let message = bench.refused(
        &create(),
        pool(json!({"enableNodePublicIP": true})),
        501,
        "NotImplemented",
    );
    assert!(message.ends_with("enableNodePublicIP"), "{message}");
}

#[test]
fn a_subnet_of_ones_own_is_in_use_must_be_large_enough_and_stays() {
    let mut bench = Bench::new().with_group();
    let subnets = json!([{"name": "s", "properties": {"addressPrefix": "10.1.0.0/26"}}, {"name": "t", "properties": {"addressPrefix": "10.1.4.0/22"}}]);
    let body = json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}});
    bench.made(&format!("PUT {}", network("virtualNetworks/v")), body);
    let small = pool(json!({"vnetSubnetID": network("virtualNetworks/v/subnets/s")}));
    bench.refused(&create(), small, 400, "InsufficientSubnetSize");
    let mut overlapping = pool(json!({"vnetSubnetID": network("virtualNetworks/v/subnets/t")}));
    overlapping["properties"]["networkProfile"] =
        json!({"serviceCidr": "10.1.0.0/16", "dnsServiceIP": "10.1.0.10"});
    bench.refused(
        &create(),
        overlapping,
        400,
        "ServiceCidrOverlapExistingSubnetsCidr",
    );
    bench.made(
        &create(),
        pool(json!({"vnetSubnetID": network("virtualNetworks/v/subnets/t")})),
    );
    let line = format!("DELETE {}", network("virtualNetworks/v"));
    bench.refused(&line, Value::Null, 400, "InUseSubnetCannotBeDeleted");
    bench.made(&format!("DELETE {}", cluster("")), Value::Null);
    bench.made(&line, Value::Null);
}

#[test]
fn a_creation_that_fails_leaves_a_cluster_that_a_repeated_put_mends() {
    let mut bench =
        Bench::with(|setup| setup.exhausted_zones = vec!["eastus-1".to_owned()]).with_group();
    let ended = bench.done(&create(), pool(json!({"availabilityZones": ["1"]})));
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("Failed"), &json!("ZonalAllocationFailed"))
    );
    assert_eq!(
        bench.get(&cluster(""))["properties"]["provisioningState"],
        "Failed"
    );
    assert_eq!(bench.names("managed_disk").len(), 0);
    assert_eq!(bench.names("node_resource_group"), [MC]);
    bench.made(&create(), pool(json!({"availabilityZones": ["2"]})));
    assert_eq!(bench.names("managed_disk").len(), 2);
    let lacking = Bench::new()
        .with_group()
        .faulty("capacity", &create(), two_nodes());
    assert!(lacking.acknowledged && lacking.status == 201, "{lacking:?}");
}

#[test]
fn a_cluster_may_come_up_after_its_operation_has_failed() {
    let mut bench = Bench::new().with_group();
    let begun = bench.faulty(
        "async-fail(CreateVMSSAgentPoolFailed)",
        &create(),
        two_nodes(),
    );
    bench.wait(250);
    assert_eq!(
        bench.follow(&begun.operation.unwrap()).body["status"],
        "Failed"
    );
    assert_eq!(
        bench.get(&cluster(""))["properties"]["provisioningState"],
        "Failed"
    );
    bench.wait(300);
    assert_eq!(
        bench.get(&cluster(""))["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[test]
fn pools_are_added_scaled_and_removed() {
    let mut bench = Bench::new().with_group();
    bench.made(&create(), two_nodes());
    let path = cluster("/agentPools/more");
    let body = |count: u32| json!({"properties": {"count": count, "vmSize": "Standard_D2s_v3", "mode": "User"}});
    let begun = bench.is(201, &format!("PUT {path}"), body(1));
    assert_eq!(begun.body["properties"]["provisioningState"], "Creating");
    bench.wait(200);
    assert_eq!(bench.names("managed_disk").len(), 3);
    bench.made(&format!("PUT {path}"), body(3));
    assert_eq!(bench.names("managed_disk").len(), 5);
    assert_eq!(
        bench.get(&cluster("/agentPools"))["value"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bench.refused(
        &format!("PUT {path}"),
        json!({"properties": {"count": 1, "vmSize": "Standard_B2s"}}),
        400,
        "PropertyChangeNotAllowed",
    );
    bench.made(&format!("DELETE {path}"), Value::Null);
    assert_eq!(bench.names("managed_disk").len(), 2);
    assert_eq!(bench.names("vmss").len(), 1);
    let system = format!("DELETE {}", cluster("/agentPools/main"));
    bench.refused(&system, Value::Null, 400, "InvalidParameter");
}

#[test]
fn the_node_group_may_be_left_or_be_gone_before_its_cluster() {
    let mut bench = Bench::new().with_group();
    bench.made(&create(), two_nodes());
    let seen = bench.faulty("partial", &format!("DELETE {}", cluster("")), Value::Null);
    assert!(seen.acknowledged);
    bench.wait(400);
    assert_eq!(
        (
            bench.names("node_resource_group").len(),
            bench.names("public_ip").len()
        ),
        (1, 1)
    );
    let mut bench = Bench::new().with_group();
    bench.made(&create(), two_nodes());
    bench.made(
        &format!("DELETE {}", group("").replace("/g", &format!("/{MC}"))),
        Value::Null,
    );
    assert_eq!(
        bench.get(&cluster(""))["properties"]["provisioningState"],
        "Failed"
    );
}

#[test]
fn credentials_lead_to_an_api_server_with_the_nodes() {
    let mut bench = Bench::new().with_group();
    bench.is(201, &create(), two_nodes());
    let line = format!("POST {}", cluster("/listClusterUserCredential"));
    bench.refused(&line, Value::Null, 404, "ControlPlaneNotFound");
    bench.wait(300);
    let credentials = bench.is(200, &line, Value::Null).body;
    let encoded = credentials["kubeconfigs"][0]["value"].as_str().unwrap();
    let config: Value = serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap();
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    assert!(server.ends_with(".hcp.eastus.azmk8s.io:443"), "{server}");
    let token = config["users"][0]["user"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let nodes = |bench: &mut Bench, token: &str| {
        let request = http::Request::get(format!("{server}/api/v1/nodes"))
            .header("authorization", format!("Bearer {token}"));
        bench.send(&request.body(bytes::Bytes::new()).unwrap())
    };
    let seen = nodes(&mut bench, &token);
    assert_eq!(
        (seen.status, seen.body["items"].as_array().unwrap().len()),
        (200, 2)
    );
    assert_eq!(
        seen.body["items"][0]["metadata"]["labels"]["agentpool"],
        "main"
    );
    assert_eq!(nodes(&mut bench, "none").status, 401);
}

#[test]
fn the_meter_counts_each_part_of_the_checklists_cluster() {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["sku"] = json!({"name": "Base", "tier": "Standard"});
    bench.made(&create(), body);
    bench.wait(2700);
    let charges = bench.cloud.metered("r1", Timestamp::MIN);
    let sum = |line: &str| {
        let of = charges.iter().filter(|charge| charge.line == line);
        let (count, usd) = of.fold(
            (0, kubeproof_contract::Decimal::ZERO),
            |(count, usd), one| (count + 1, usd + one.usd),
        );
        (count, usd.round_dp(4).normalize().to_string())
    };
    // Machines and disks appear 120 s after the start and the control plane 240 s after it; 3600 s have passed.
    // By hand: 0.1 × 3360 / 3600; 2 × 0.096 × 3480 / 3600; 2 × 19.71 / 730 × 3480 / 3600; two clock hours each.
    assert_eq!(sum("control_plane"), (1, "0.0933".to_owned()));
    assert_eq!(sum("nodes"), (2, "0.1856".to_owned()));
    assert_eq!(sum("disks"), (2, "0.0522".to_owned()));
    assert_eq!(sum("public_ipv4"), (1, "0.01".to_owned()));
    assert_eq!(sum("load_balancer"), (1, "0.05".to_owned()));
    assert!(
        bench.cloud.unpriced().is_empty(),
        "{:?}",
        bench.cloud.unpriced()
    );
}
