//! A node group's lifecycle: its instances, what it needs of the network, and the order of deletion.

use std::time::Duration;

use kubeproof_simkit::cloud::Cloud;
use serde_json::json;

use super::bench::{Bench, NODE_POLICIES, group_body, text};

#[test]
fn a_perfect_client_is_ready_in_exactly_the_fastest_time() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    assert_eq!(bench.cloud.fastest_ready(), None);
    let from = bench.now;
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    let (fastest, chain) = bench.cloud.fastest_ready().expect("a cluster was made");
    let spent = Duration::try_from(bench.now.duration_since(from)).expect("a time");
    let left = fastest.checked_sub(spent + Duration::from_millis(1));
    bench.wait(left.expect("it takes longer"));
    assert_eq!(bench.group_status(), "CREATING");
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.group_status(), "ACTIVE");
    for part in ["iam ", "cluster ", "node group "] {
        assert!(chain.contains(part), "{chain}");
    }
}

#[test]
fn a_node_group_makes_its_template_group_profile_and_instances() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    let group = bench.group();
    assert_eq!(group["status"], "ACTIVE");
    let scaling = text(&group["resources"]["autoScalingGroups"][0]["name"]);
    let named = [("AutoScalingGroupNames.member.1", scaling.as_str())];
    let shown = bench.scaling("DescribeAutoScalingGroups", &named).ok();
    assert_eq!(shown.text("DesiredCapacity"), "2");
    let zones = shown.texts("AvailabilityZone");
    assert_eq!(zones, ["us-east-1a", "us-east-1b"], "an even spread");
    let instances = bench.exists("ec2_instance");
    assert_eq!(instances.len(), 2);
    for instance in &instances {
        assert_eq!(
            instance.tags.get("eks:nodegroup-name").map(String::as_str),
            Some("n1")
        );
        assert_eq!(
            instance
                .tags
                .get("kubernetes.io/cluster/c1")
                .map(String::as_str),
            Some("owned")
        );
    }
    assert_eq!(bench.exists("launch_template").len(), 1);
    assert_eq!(bench.exists("ebs_volume").len(), 2);
    let profile = [("RoleName", "node")];
    let profiles = bench.iam("ListInstanceProfilesForRole", &profile).ok();
    assert!(profiles.text("InstanceProfileName").starts_with("eks-"));
    let charges = bench.cloud.metered("r1", bench.now);
    assert_eq!(
        charges
            .iter()
            .filter(|charge| charge.line == "nodes")
            .count(),
        2
    );
    assert_eq!(
        charges
            .iter()
            .filter(|charge| charge.line == "disks")
            .count(),
        2
    );
}

#[test]
fn a_deleted_node_group_takes_everything_with_it_but_the_service_linked_roles() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    let attached = "Cluster has nodegroups attached";
    bench
        .delete("/clusters/c1")
        .refused(409, "ResourceInUseException", attached);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    assert_eq!(bench.group_status(), "DELETING");
    bench
        .delete("/clusters/c1")
        .refused(409, "ResourceInUseException", attached);
    bench.wait(bench.durations.node_group_delete);
    let gone = bench.get("/clusters/c1/node-groups/n1");
    let gone = gone.refused(404, "ResourceNotFoundException", "n1");
    assert_eq!(gone.json()["nodegroupName"], "n1");
    for left in [
        "launch_template",
        "autoscaling_group",
        "iam_instance_profile",
        "ec2_instance",
        "ebs_volume",
    ] {
        assert!(bench.exists(left).is_empty(), "{left}");
    }
    let linked: Vec<_> = bench
        .exists("iam_role")
        .into_iter()
        .filter(|role| role.properties["path"].starts_with("/aws-service-role/"))
        .map(|role| role.id)
        .collect();
    let expected = [
        "AWSServiceRoleForAmazonEKS",
        "AWSServiceRoleForAmazonEKSNodegroup",
        "AWSServiceRoleForAutoScaling",
    ];
    assert_eq!(linked, expected);
    bench.delete("/clusters/c1").ok();
}

#[test]
fn a_node_group_needs_an_active_cluster_and_a_role_that_has_propagated() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    let body = bench.cluster_body(&network);
    bench.eks("POST", "/clusters", &body).ok();
    let group = group_body(&network.private);
    bench
        .create_group(&group)
        .refused(400, "InvalidRequestException", "ACTIVE");
    bench.wait(bench.durations.cluster_create);
    let mut other = group.clone();
    other["nodeRole"] = json!(bench.role("late", "ec2.amazonaws.com", &NODE_POLICIES));
    bench
        .create_group(&other)
        .refused(400, "InvalidParameterException", "does not exist");
    bench.wait(bench.durations.iam_propagation);
    bench.create_group(&other).ok();
}

#[test]
fn a_node_group_that_cannot_be_is_refused() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let good = group_body(&network.private);
    let check = |bench: &mut Bench, member: &str, value: serde_json::Value, message: &str| {
        let mut body = good.clone();
        body[member] = value;
        bench
            .create_group(&body)
            .refused(400, "InvalidParameterException", message);
    };
    check(
        &mut bench,
        "amiType",
        json!("AL2_x86_64"),
        "AL2_x86_64 is only supported",
    );
    check(&mut bench, "instanceTypes", json!(["t9.huge"]), "t9.huge");
    check(
        &mut bench,
        "instanceTypes",
        json!(["t4g.medium"]),
        "not a valid instance type",
    );
    check(&mut bench, "subnets", json!(["subnet-0"]), "subnet-0");
    let sizes = json!({"minSize": 1, "maxSize": 1, "desiredSize": 2});
    check(
        &mut bench,
        "scalingConfig",
        sizes,
        "can't be greater than max size",
    );
    assert!(bench.exists("eks_nodegroup").is_empty());
}

#[test]
fn nodes_without_a_way_out_never_join_and_the_group_fails_while_it_costs() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let from = bench.now;
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create * 2);
    assert_eq!(bench.group_status(), "CREATING");
    bench.wait(bench.durations.node_group_failure);
    let group = bench.group();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(group["health"]["issues"][0]["code"], "NodeCreationFailure");
    assert_eq!(bench.exists("ec2_instance").len(), 2);
    let charges = bench.cloud.metered("r1", from);
    assert_eq!(
        charges
            .iter()
            .filter(|charge| charge.line == "nodes")
            .count(),
        2
    );
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    assert!(bench.exists("ec2_instance").is_empty());
}

#[test]
fn nodes_whose_role_lacks_the_network_policy_never_join() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let mut body = group_body(&network.private);
    let policies = [NODE_POLICIES[0], NODE_POLICIES[2]];
    body["nodeRole"] = json!(bench.role("bare", "ec2.amazonaws.com", &policies));
    bench.wait(bench.durations.iam_propagation);
    bench.create_group(&body).ok();
    bench.wait(bench.durations.node_group_failure);
    assert_eq!(
        bench.group()["health"]["issues"][0]["code"],
        "NodeCreationFailure"
    );
}

#[test]
fn a_used_up_quota_of_processors_fails_the_group_and_shows_in_the_activities() {
    let mut bench = Bench::with(|setup| {
        setup.quotas.insert("L-1216C47A".to_owned(), 3);
    });
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_failure);
    let group = bench.group();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(
        group["health"]["issues"][0]["code"],
        "AsgInstanceLaunchFailures"
    );
    assert_eq!(bench.exists("ec2_instance").len(), 1);
    let activities = bench.scaling("DescribeScalingActivities", &[]).ok();
    assert!(
        activities
            .texts("StatusCode")
            .contains(&"Failed".to_owned())
    );
}

#[test]
fn public_subnets_that_give_addresses_are_a_way_out() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.public)).ok();
    bench.wait(bench.durations.node_group_create);
    assert_eq!(bench.group_status(), "ACTIVE");
}

#[test]
fn nodes_join_no_cluster_from_a_vpc_without_names() {
    for attribute in ["EnableDnsHostnames.Value", "EnableDnsSupport.Value"] {
        let mut bench = Bench::new();
        let network = bench.network(true);
        bench.active_cluster(&network);
        let off = [("VpcId", network.vpc.as_str()), (attribute, "false")];
        bench.ec2("ModifyVpcAttribute", &off).ok();
        bench.create_group(&group_body(&network.private)).ok();
        bench.wait(bench.durations.node_group_failure);
        assert_eq!(bench.group_status(), "CREATE_FAILED", "{attribute}");
    }
}

#[test]
fn an_injected_failure_names_its_code_and_a_failed_deletion_can_be_repeated() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.fault = Some("async-fail(AsgInstanceLaunchFailures)".to_owned());
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_failure);
    let group = bench.group();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(
        group["health"]["issues"][0]["code"],
        "AsgInstanceLaunchFailures"
    );
    bench.fault = Some("async-fail".to_owned());
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    assert_eq!(bench.group_status(), "DELETE_FAILED");
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    assert!(bench.exists("eks_nodegroup").is_empty());
}

#[test]
fn a_group_deleted_while_it_is_created_leaves_nothing() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create / 2);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    bench.wait(bench.durations.node_group_failure);
    assert!(
        bench.exists("ec2_instance").is_empty() && bench.exists("autoscaling_group").is_empty()
    );
}

#[test]
fn scaling_changes_the_number_of_nodes_and_only_one_update_runs_at_a_time() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    let path = "/clusters/c1/node-groups/n1/update-config";
    let resize = |bench: &mut Bench, desired: u32| {
        let body = json!({"scalingConfig": {"desiredSize": desired}});
        let update = bench.eks("POST", path, &body).ok().json()["update"].clone();
        bench
            .eks("POST", path, &body)
            .refused(409, "ResourceInUseException", "in progress");
        bench.wait(bench.durations.update);
        let id = text(&update["id"]);
        let shown = bench
            .get(&format!("/clusters/c1/updates/{id}?nodegroupName=n1"))
            .ok()
            .json();
        assert_eq!(shown["update"]["status"], "Successful");
        assert_eq!(bench.group_status(), "ACTIVE");
        // Instances shut down for a while before they are terminated.
        bench.wait(Duration::from_mins(5));
        bench.exists("ec2_instance").len()
    };
    assert_eq!(resize(&mut bench, 3), 3);
    assert_eq!(resize(&mut bench, 1), 1);
}

// awslabs/eks-perf-tests#513 reports it; aws/containers-roadmap#2531 the same for Auto Mode.
#[test]
fn a_role_stays_while_the_profile_that_eks_made_for_its_nodes_holds_it() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let role = bench.role("held", "ec2.amazonaws.com", &NODE_POLICIES);
    bench.wait(bench.durations.iam_propagation);
    let mut body = group_body(&network.private);
    body["nodeRole"] = serde_json::json!(role);
    bench.create_group(&body).ok();
    let named = ("RoleName", "held");
    for policy in NODE_POLICIES {
        bench
            .iam("DetachRolePolicy", &[named, ("PolicyArn", policy)])
            .ok();
    }
    let held = "must remove roles from instance profile first";
    bench
        .iam("DeleteRole", &[named])
        .refused(409, "DeleteConflict", held);
    let profile = bench.iam("ListInstanceProfilesForRole", &[named]).ok();
    let profile = profile.text("InstanceProfileName");
    let out = [named, ("InstanceProfileName", profile.as_str())];
    bench.iam("RemoveRoleFromInstanceProfile", &out).ok();
    bench.iam("DeleteRole", &[named]).ok();
}
