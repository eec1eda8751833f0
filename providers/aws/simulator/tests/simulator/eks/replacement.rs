//! Machines of a node group that are ended behind its back.

use std::time::Duration;

use serde_json::Value;

use super::bench::{Bench, group_body};
use super::kubernetes::ask;

fn nodes(bench: &mut Bench) -> Vec<String> {
    let all = ask(bench, "GET", "/api/v1/nodes", &Value::Null).json();
    let items = all["items"].as_array().into_iter().flatten();
    let names = items.map(|node| node["metadata"]["name"].as_str().unwrap_or_default());
    names.map(str::to_owned).collect()
}

/// A cluster with two nodes, and the id of one of its machines.
fn with_nodes() -> (Bench, String) {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    let machine = bench.exists("ec2_instance")[0].id.clone();
    (bench, machine)
}

fn end(bench: &mut Bench, machine: &str) {
    let asked = [("InstanceId.1", machine)];
    bench.ec2("TerminateInstances", &asked).ok();
}

#[test]
fn the_cluster_forgets_its_node_and_another_machine_takes_its_place() {
    let (mut bench, machine) = with_nodes();
    assert_eq!(nodes(&mut bench).len(), 2);
    end(&mut bench, &machine);
    bench.wait(Duration::from_secs(70));
    assert_eq!(nodes(&mut bench).len(), 1);
    bench.wait(Duration::from_mins(10));
    assert_eq!(nodes(&mut bench).len(), 2);
    let there = bench.exists("ec2_instance");
    assert!(there.iter().all(|one| one.id != machine), "{there:?}");
    let groups = bench.scaling("DescribeAutoScalingGroups", &[]).ok();
    assert!(!groups.texts("InstanceId").contains(&machine));
    assert_eq!(groups.texts("InstanceId").len(), 2);
}

#[test]
fn a_group_that_is_deleted_meanwhile_replaces_nothing() {
    let (mut bench, machine) = with_nodes();
    end(&mut bench, &machine);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    bench.wait(Duration::from_hours(2));
    assert_eq!(bench.exists("ec2_instance").len(), 0);
    assert_eq!(nodes(&mut bench), [""; 0]);
}
