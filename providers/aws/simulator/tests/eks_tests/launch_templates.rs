//! Node groups with a launch template of the caller: what is taken from it, and what is refused.

use std::time::Duration;

use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::world::{Network, World, group_body, text};

/// The tags of a run, once for each type of what is launched.
const TAGGED: &[(&str, &str)] = &[
    (
        "LaunchTemplateData.TagSpecification.1.ResourceType",
        "instance",
    ),
    (
        "LaunchTemplateData.TagSpecification.1.Tag.1.Key",
        "kubeproof:run",
    ),
    ("LaunchTemplateData.TagSpecification.1.Tag.1.Value", "r9"),
    (
        "LaunchTemplateData.TagSpecification.2.ResourceType",
        "volume",
    ),
    (
        "LaunchTemplateData.TagSpecification.2.Tag.1.Key",
        "kubeproof:run",
    ),
    ("LaunchTemplateData.TagSpecification.2.Tag.1.Value", "r9"),
    (
        "LaunchTemplateData.TagSpecification.3.ResourceType",
        "network-interface",
    ),
    (
        "LaunchTemplateData.TagSpecification.3.Tag.1.Key",
        "kubeproof:run",
    ),
    ("LaunchTemplateData.TagSpecification.3.Tag.1.Value", "r9"),
];
const DISK: &[(&str, &str)] = &[
    (
        "LaunchTemplateData.BlockDeviceMapping.1.DeviceName",
        "/dev/xvda",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize",
        "35",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeType",
        "gp3",
    ),
];

/// A world with an active cluster.
fn world() -> (World, Network) {
    let mut world = World::new();
    let network = world.network(true);
    world.active_cluster(&network);
    (world, network)
}

fn template(world: &mut World, data: &[(&str, &str)]) -> String {
    let named = [("LaunchTemplateName", "mine")];
    let made = world.ec2("CreateLaunchTemplate", &[&named, data].concat());
    made.ok().text("launchTemplateId")
}

fn body(network: &Network, template: &str) -> Value {
    let mut body = group_body(&network.private);
    body["diskSize"] = Value::Null;
    body["launchTemplate"] = json!({"id": template});
    body
}

/// EKS's security group of the cluster.
fn cluster_group(world: &mut World) -> String {
    let cluster = world.get("/clusters/c1").ok().json();
    text(&cluster["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"])
}

/// Another group of the cluster's VPC.
fn own_group(world: &mut World) -> String {
    let cluster = world.get("/clusters/c1").ok().json();
    let vpc = text(&cluster["cluster"]["resourcesVpcConfig"]["vpcId"]);
    let asked = [
        ("GroupName", "own"),
        ("GroupDescription", "own"),
        ("VpcId", vpc.as_str()),
    ];
    world
        .ec2("CreateSecurityGroup", &asked)
        .ok()
        .text("groupId")
}

#[test]
fn instances_get_groups_tags_and_disks_of_the_template_and_nobody_elses() {
    let (mut world, network) = world();
    let (own, eks) = (own_group(&mut world), cluster_group(&mut world));
    let groups = [
        ("LaunchTemplateData.SecurityGroupId.1", eks.as_str()),
        ("LaunchTemplateData.SecurityGroupId.2", own.as_str()),
    ];
    let id = template(&mut world, &[TAGGED, DISK, &groups].concat());
    world.create_group(&body(&network, &id)).ok();
    world.wait(world.durations.node_group_create);
    let group = world.group();
    assert_eq!(group["status"], "ACTIVE");
    assert_eq!(
        group["launchTemplate"],
        json!({"id": id, "name": "mine", "version": "1"})
    );
    assert_eq!(group["diskSize"], Value::Null);
    for (resource_type, count) in [("ec2_instance", 2), ("ebs_volume", 2)] {
        let all = world.exists(resource_type);
        assert_eq!(all.len(), count, "{resource_type}");
        for one in all {
            assert_eq!(one.tags["kubeproof:run"], "r9", "{one:?}");
            assert_eq!(one.tags["eks:nodegroup-name"], "n1", "{one:?}");
        }
    }
    assert!(
        world
            .exists("ebs_volume")
            .iter()
            .all(|one| one.facts["size_gb"] == "35")
    );
    let of_group = [
        ("Filter.1.Name", "group-id"),
        ("Filter.1.Value.1", own.as_str()),
    ];
    let shown = world.ec2("DescribeNetworkInterfaces", &of_group).ok();
    assert_eq!(shown.texts("networkInterfaceId").len(), 2);
    assert_eq!(shown.body.matches("<value>r9</value>").count(), 2);
    assert_eq!(
        world.exists("launch_template").len(),
        2,
        "mine and EKS's own"
    );
    // Tags of the instances tell the meter whose they are; the cluster's run is r1.
    let charges = world.cloud.metered("r9", world.now);
    let of_line = |line: &str| charges.iter().filter(|one| one.line == line).count();
    assert_eq!((of_line("nodes"), of_line("disks")), (2, 2));
}

#[test]
fn a_deleted_group_takes_eks_own_template_with_it_and_leaves_the_callers() {
    let (mut world, network) = world();
    let id = template(&mut world, TAGGED);
    world.create_group(&body(&network, &id)).ok();
    world.wait(world.durations.node_group_create);
    world.delete("/clusters/c1/node-groups/n1").ok();
    world.wait(world.durations.node_group_delete);
    let left = world.exists("launch_template");
    assert_eq!(
        left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        [id.as_str()]
    );
    world
        .ec2("DeleteLaunchTemplate", &[("LaunchTemplateId", &id)])
        .ok();
    assert!(world.exists("launch_template").is_empty());
}

#[test]
fn nodes_whose_groups_lack_the_clusters_own_never_join() {
    let (mut world, network) = world();
    let own = own_group(&mut world);
    let groups = [("LaunchTemplateData.SecurityGroupId.1", own.as_str())];
    let id = template(&mut world, &groups);
    world.create_group(&body(&network, &id)).ok();
    world.wait(world.durations.node_group_failure + Duration::from_secs(60));
    let group = world.group();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(group["health"]["issues"][0]["code"], "NodeCreationFailure");
}

#[test]
fn a_root_disk_that_shall_not_go_with_its_instance_stays_and_costs() {
    let (mut world, network) = world();
    let stays = (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.DeleteOnTermination",
        "false",
    );
    let id = template(&mut world, &[DISK, &[stays]].concat());
    world.create_group(&body(&network, &id)).ok();
    world.wait(world.durations.node_group_create);
    world.delete("/clusters/c1/node-groups/n1").ok();
    world.wait(world.durations.node_group_delete);
    assert!(world.exists("ec2_instance").is_empty());
    let left = world.exists("ebs_volume");
    assert_eq!(left.len(), 2);
    assert!(
        left.iter().all(|volume| volume.state == "available"),
        "{left:?}"
    );
}

#[test]
fn what_a_template_and_a_request_may_not_both_say_is_refused() {
    let (mut world, network) = world();
    let typed = [("LaunchTemplateData.InstanceType", "t3.large")];
    let id = template(&mut world, &typed);
    let good = body(&network, &id);
    let check = |world: &mut World, change: &dyn Fn(&mut Value), code: &str, message: &str| {
        let mut body = good.clone();
        change(&mut body);
        world.create_group(&body).refused(400, code, message);
    };
    let parameter = "InvalidParameterException";
    check(
        &mut world,
        &|_body| {},
        parameter,
        "both the launch template",
    );
    let disk = |body: &mut Value| body["diskSize"] = json!(20);
    let words = "Disk size must be specified within the launch template";
    check(&mut world, &disk, parameter, words);
    let both = |body: &mut Value| body["launchTemplate"]["name"] = json!("mine");
    check(&mut world, &both, parameter, "but not both");
    let missing = |body: &mut Value| body["launchTemplate"] = json!({"name": "no-such"});
    check(&mut world, &missing, "InvalidRequestException", "no-such");
    let version = |body: &mut Value| body["launchTemplate"]["version"] = json!("7");
    check(
        &mut world,
        &version,
        "InvalidRequestException",
        "no version 7",
    );
    assert!(world.exists("eks_nodegroup").is_empty());
    let mut typed_there = good;
    typed_there["instanceTypes"] = Value::Null;
    world.create_group(&typed_there).ok();
    assert_eq!(world.group()["instanceTypes"], Value::Null);
    world.wait(world.durations.node_group_create);
    let instances = world.exists("ec2_instance");
    assert!(
        instances
            .iter()
            .all(|one| one.facts["instance_type"] == "t3.large")
    );
}

#[test]
fn what_cannot_be_launched_honestly_is_named_in_a_501() {
    let (mut world, network) = world();
    let image = [("LaunchTemplateData.ImageId", "ami-0123456789abcdef0")];
    let id = template(&mut world, &image);
    let answer = world.create_group(&body(&network, &id));
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("ImageId"), "{}", answer.body);
}
