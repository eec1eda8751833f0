//! Lack of capacity: `CreateNodegroup` accepts, its scaling group cannot launch, and the group fails.

use serde_json::Value;

use super::bench::{Bench, group_body};

/// A node group that was created under a fault, after it has failed.
fn failed(bench: &mut Bench, fault: &str, capacity: &str) -> Value {
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.fault = Some(fault.to_owned());
    let mut body = group_body(&network.private);
    body["capacityType"] = capacity.into();
    let answer = bench.create_group(&body).ok();
    assert!(answer.acknowledged, "{fault}");
    assert_eq!(bench.group_status(), "CREATING", "{fault}: it is accepted");
    bench.wait(bench.durations.node_group_failure);
    bench.group()
}

#[test]
fn a_group_without_capacity_is_accepted_launches_nothing_and_fails() {
    for fault in ["capacity", "async-fail(AsgInstanceLaunchFailures)"] {
        let mut bench = Bench::new();
        let group = failed(&mut bench, fault, "ON_DEMAND");
        assert_eq!(group["status"], "CREATE_FAILED", "{fault}");
        let issue = &group["health"]["issues"][0];
        assert_eq!(issue["code"], "AsgInstanceLaunchFailures");
        let message = issue["message"].as_str().expect("a message");
        assert!(
            message.starts_with(
                "Could not launch On-Demand Instances. InsufficientInstanceCapacity - "
            ) && message.contains("t3.medium")
                && message.contains("us-east-1"),
            "{message}"
        );
        let scaling_group = &group["resources"]["autoScalingGroups"][0]["name"];
        assert_eq!(issue["resourceIds"][0], *scaling_group);
        assert_eq!(bench.exists("ec2_instance"), [], "{fault}");
        let activities = bench.scaling("DescribeScalingActivities", &[]).ok();
        assert_eq!(activities.texts("StatusCode"), ["Failed"]);
        // Deletion leaves nothing.
        bench.delete("/clusters/c1/node-groups/n1").ok();
        bench.wait(bench.durations.node_group_delete);
        assert_eq!(bench.exists("eks_nodegroup"), []);
    }
}

#[test]
fn spot_capacity_that_lacks_is_worded_as_such() {
    let mut bench = Bench::new();
    let group = failed(&mut bench, "capacity", "SPOT");
    let message = &group["health"]["issues"][0]["message"];
    let message = message.as_str().expect("a message");
    assert!(
        message.starts_with("Could not launch Spot Instances."),
        "{message}"
    );
}

#[test]
fn a_part_of_a_group_runs_and_the_rest_lacks_capacity() {
    let mut bench = Bench::new();
    let group = failed(&mut bench, "partial", "ON_DEMAND");
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(
        group["health"]["issues"][0]["code"],
        "AsgInstanceLaunchFailures"
    );
    assert_eq!(bench.exists("ec2_instance").len(), 1);
}

#[test]
fn a_call_that_begins_nothing_carries_out_no_lack_of_capacity() {
    let mut bench = Bench::new();
    bench.fault = Some("capacity".to_owned());
    assert!(!bench.get("/clusters").ok().acknowledged);
}
