//! Lack of capacity: CreateNodegroup accepts, its scaling group cannot launch, and the group fails.

use serde_json::Value;

use crate::world::{World, group_body};

/// A node group that was asked for under a fault, when it has failed.
fn failed(world: &mut World, fault: &str, capacity: &str) -> Value {
    let network = world.network(true);
    world.active_cluster(&network);
    world.fault = Some(fault.to_owned());
    let mut body = group_body(&network.private);
    body["capacityType"] = capacity.into();
    let answer = world.create_group(&body).ok();
    assert!(answer.acknowledged, "{fault}");
    assert_eq!(world.group_status(), "CREATING", "{fault}: it is accepted");
    world.wait(world.durations.node_group_failure);
    world.group()
}

#[test]
fn a_group_without_capacity_is_accepted_launches_nothing_and_fails() {
    for fault in ["capacity", "async-fail(AsgInstanceLaunchFailures)"] {
        let mut world = World::new();
        let group = failed(&mut world, fault, "ON_DEMAND");
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
        assert_eq!(world.exists("ec2_instance"), [], "{fault}");
        let activities = world.scaling("DescribeScalingActivities", &[]).ok();
        assert_eq!(activities.texts("StatusCode"), ["Failed"]);
        // What is deleted leaves nothing.
        world.delete("/clusters/c1/node-groups/n1").ok();
        world.wait(world.durations.node_group_delete);
        assert_eq!(world.exists("eks_nodegroup"), []);
    }
}

#[test]
fn spot_capacity_that_lacks_is_worded_as_such() {
    let mut world = World::new();
    let group = failed(&mut world, "capacity", "SPOT");
    let message = &group["health"]["issues"][0]["message"];
    let message = message.as_str().expect("a message");
    assert!(
        message.starts_with("Could not launch Spot Instances."),
        "{message}"
    );
}

#[test]
fn a_part_of_a_group_runs_and_the_rest_lacks_capacity() {
    let mut world = World::new();
    let group = failed(&mut world, "partial", "ON_DEMAND");
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(
        group["health"]["issues"][0]["code"],
        "AsgInstanceLaunchFailures"
    );
    assert_eq!(world.exists("ec2_instance").len(), 1);
}

#[test]
fn a_call_that_begins_nothing_carries_out_no_lack_of_capacity() {
    let mut world = World::new();
    world.fault = Some("capacity".to_owned());
    assert!(!world.get("/clusters").ok().acknowledged);
}
