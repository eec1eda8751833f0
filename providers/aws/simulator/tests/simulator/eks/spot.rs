//! Node groups of spot instances: how they show, what they cost, and what ends with them.

use kubeproof_simkit::cloud::Cloud as _;
use serde_json::json;

use super::bench::{Bench, group_body};

fn world_with_spot_group() -> Bench {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let mut body = group_body(&network.private);
    body["capacityType"] = json!("SPOT");
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_create);
    bench
}

#[test]
fn instances_of_a_spot_group_are_spot_instances_with_a_request_each() {
    let mut bench = world_with_spot_group();
    let group = bench.group();
    assert_eq!(group["status"], "ACTIVE");
    assert_eq!(group["capacityType"], "SPOT");
    let instances = bench.ec2("DescribeInstances", &[]).ok();
    assert_eq!(instances.texts("instanceLifecycle"), ["spot", "spot"]);
    let requests = bench.ec2("DescribeSpotInstanceRequests", &[]).ok();
    assert_eq!(requests.texts("state"), ["active", "active"]);
    assert_eq!(requests.texts("type"), ["one-time", "one-time"]);
    assert_eq!(
        requests.texts("spotInstanceRequestId"),
        instances.texts("spotInstanceRequestId")
    );
    assert_eq!(
        requests.texts("instanceId"),
        instances.texts("instanceId"),
        "each is its instance's"
    );
    let spot = [
        ("Filter.1.Name", "instance-lifecycle"),
        ("Filter.1.Value.1", "spot"),
    ];
    let found = bench.ec2("DescribeInstances", &spot).ok();
    assert_eq!(found.texts("instanceId").len(), 2);
    let roles = bench
        .ec2(
            "DescribeInstances",
            &[
                ("Filter.1.Name", "instance-lifecycle"),
                ("Filter.1.Value.1", "scheduled"),
            ],
        )
        .ok();
    assert!(roles.texts("instanceId").is_empty());
    let role = [("RoleName", "AWSServiceRoleForEC2Spot")];
    bench.iam("GetRole", &role).ok();
}

#[test]
fn a_group_on_demand_has_no_spot_instances() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    assert_eq!(bench.group()["capacityType"], "ON_DEMAND");
    let instances = bench.ec2("DescribeInstances", &[]).ok();
    assert!(instances.texts("instanceLifecycle").is_empty());
    assert_eq!(bench.exists("ec2_spot_request"), []);
}

#[test]
fn spot_instances_have_no_known_price_and_none_is_made_up() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let from = bench.now;
    let mut body = group_body(&network.private);
    body["capacityType"] = json!("SPOT");
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_create);
    let charges = bench.cloud.metered("r1", from);
    assert!(charges.iter().all(|charge| charge.line != "nodes"));
    assert!(charges.iter().any(|charge| charge.line == "disks"));
    assert_eq!(
        bench.cloud.unpriced(),
        ["SpotUsage:t3.medium in us-east-1: no price is known, it is not counted"]
    );
}

#[test]
fn the_requests_of_a_deleted_group_are_closed_and_leave_nothing() {
    let mut bench = world_with_spot_group();
    assert_eq!(bench.exists("ec2_spot_request").len(), 2);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    let requests = bench.ec2("DescribeSpotInstanceRequests", &[]).ok();
    assert_eq!(requests.texts("state"), ["closed", "closed"]);
    assert_eq!(bench.exists("ec2_spot_request"), []);
}

#[test]
fn a_cancelled_request_leaves_its_instance_running() {
    let mut bench = world_with_spot_group();
    let requests = bench.ec2("DescribeSpotInstanceRequests", &[]).ok();
    let id = requests.texts("spotInstanceRequestId").remove(0);
    let answer = bench.ec2(
        "CancelSpotInstanceRequests",
        &[("SpotInstanceRequestId.1", &id)],
    );
    assert_eq!(answer.ok().texts("state"), ["cancelled"]);
    assert_eq!(bench.exists("ec2_instance").len(), 2);
    let unknown = [("SpotInstanceRequestId.1", "sir-00000000")];
    bench.ec2("CancelSpotInstanceRequests", &unknown).refused(
        400,
        "InvalidSpotInstanceRequestID.NotFound",
        "sir-00000000",
    );
}

#[test]
fn spot_instances_have_a_quota_of_their_own() {
    let mut bench = Bench::with(|setup| {
        setup.quotas.insert("L-1216C47A".to_owned(), 0);
        setup.quotas.insert("L-34B43A08".to_owned(), 3);
    });
    let network = bench.network(true);
    bench.active_cluster(&network);
    let mut body = group_body(&network.private);
    body["capacityType"] = json!("SPOT");
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_failure);
    let group = bench.group();
    let message = &group["health"]["issues"][0]["message"];
    assert_eq!(*message, "Max spot instance count exceeded");
    assert_eq!(bench.exists("ec2_instance").len(), 1);
}

#[test]
fn instances_on_demand_take_nothing_of_the_quota_of_spot_instances() {
    let mut bench = Bench::with(|setup| {
        setup.quotas.insert("L-1216C47A".to_owned(), 4);
        setup.quotas.insert("L-34B43A08".to_owned(), 4);
    });
    let network = bench.network(true);
    bench.active_cluster(&network);
    let mut body = group_body(&network.private);
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_create);
    body["nodegroupName"] = json!("n2");
    body["capacityType"] = json!("SPOT");
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_create);
    assert_eq!(bench.exists("ec2_instance").len(), 4);
    assert_eq!(bench.exists("ec2_spot_request").len(), 2);
}

#[test]
fn other_capacity_is_refused_by_name() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let mut body = group_body(&network.private);
    body["capacityType"] = json!("CAPACITY_BLOCK");
    let answer = bench.create_group(&body);
    assert_eq!(answer.status, 501, "{}", answer.body);
    body["capacityType"] = json!("CHEAP");
    bench
        .create_group(&body)
        .refused(400, "InvalidParameterException", "CHEAP");
}
