//! Node groups with a launch template of the caller: what is taken from it, and what is refused.

use std::time::Duration;

use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use super::bench::{Bench, Network, group_body, text};

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

/// A bench with an active cluster.
fn bench() -> (Bench, Network) {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    (bench, network)
}

fn template(bench: &mut Bench, data: &[(&str, &str)]) -> String {
    let named = [("LaunchTemplateName", "mine")];
    let made = bench.ec2("CreateLaunchTemplate", &[&named, data].concat());
    made.ok().text("launchTemplateId")
}

fn body(network: &Network, template: &str) -> Value {
    let mut body = group_body(&network.private);
    body["diskSize"] = Value::Null;
    body["launchTemplate"] = json!({"id": template});
    body
}

/// EKS's security group of the cluster.
fn cluster_group(bench: &mut Bench) -> String {
    let cluster = bench.get("/clusters/c1").ok().json();
    text(&cluster["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"])
}

/// Another group of the cluster's VPC.
fn own_group(bench: &mut Bench) -> String {
    let cluster = bench.get("/clusters/c1").ok().json();
    let vpc = text(&cluster["cluster"]["resourcesVpcConfig"]["vpcId"]);
    let asked = [
        ("GroupName", "own"),
        ("GroupDescription", "own"),
        ("VpcId", vpc.as_str()),
    ];
    bench
        .ec2("CreateSecurityGroup", &asked)
        .ok()
        .text("groupId")
}

#[test]
fn instances_get_only_the_groups_tags_and_disks_of_the_template() {
    let (mut bench, network) = bench();
    let (own, eks) = (own_group(&mut bench), cluster_group(&mut bench));
    let groups = [
        ("LaunchTemplateData.SecurityGroupId.1", eks.as_str()),
        ("LaunchTemplateData.SecurityGroupId.2", own.as_str()),
    ];
    let id = template(&mut bench, &[TAGGED, DISK, &groups].concat());
    bench.create_group(&body(&network, &id)).ok();
    bench.wait(bench.durations.node_group_create);
    let group = bench.group();
    assert_eq!(group["status"], "ACTIVE");
    assert_eq!(
        group["launchTemplate"],
        json!({"id": id, "name": "mine", "version": "1"})
    );
    assert_eq!(group["diskSize"], Value::Null);
    for (resource_type, count) in [("ec2_instance", 2), ("ebs_volume", 2)] {
        let all = bench.exists(resource_type);
        assert_eq!(all.len(), count, "{resource_type}");
        for one in all {
            assert_eq!(one.tags["kubeproof:run"], "r9", "{one:?}");
            assert_eq!(one.tags["eks:nodegroup-name"], "n1", "{one:?}");
        }
    }
    assert!(
        bench
            .exists("ebs_volume")
            .iter()
            .all(|one| one.properties["size_gb"] == "35")
    );
    let of_group = [
        ("Filter.1.Name", "group-id"),
        ("Filter.1.Value.1", own.as_str()),
    ];
    let shown = bench.ec2("DescribeNetworkInterfaces", &of_group).ok();
    assert_eq!(shown.texts("networkInterfaceId").len(), 2);
    assert_eq!(shown.body.matches("<value>r9</value>").count(), 2);
    assert_eq!(
        bench.exists("launch_template").len(),
        2,
        "mine and EKS's own"
    );
    // The tags of the instances tell the meter which run they belong to; the cluster's run is r1.
    let charges = bench.cloud.metered("r9", bench.now);
    let of_line = |line: &str| charges.iter().filter(|one| one.line == line).count();
    assert_eq!((of_line("nodes"), of_line("disks")), (2, 2));
}

#[test]
fn a_deleted_group_takes_eks_own_template_with_it_and_leaves_the_callers() {
    let (mut bench, network) = bench();
    let id = template(&mut bench, TAGGED);
    bench.create_group(&body(&network, &id)).ok();
    bench.wait(bench.durations.node_group_create);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    let left = bench.exists("launch_template");
    assert_eq!(
        left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        [id.as_str()]
    );
    bench
        .ec2("DeleteLaunchTemplate", &[("LaunchTemplateId", &id)])
        .ok();
    assert!(bench.exists("launch_template").is_empty());
}

#[test]
fn nodes_whose_groups_lack_the_clusters_own_never_join() {
    let (mut bench, network) = bench();
    let own = own_group(&mut bench);
    let groups = [("LaunchTemplateData.SecurityGroupId.1", own.as_str())];
    let id = template(&mut bench, &groups);
    bench.create_group(&body(&network, &id)).ok();
    bench.wait(bench.durations.node_group_failure + Duration::from_mins(1));
    let group = bench.group();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(group["health"]["issues"][0]["code"], "NodeCreationFailure");
}

#[test]
fn a_root_disk_that_shall_not_go_with_its_instance_stays_and_costs() {
    let (mut bench, network) = bench();
    let stays = (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.DeleteOnTermination",
        "false",
    );
    let id = template(&mut bench, &[DISK, &[stays]].concat());
    bench.create_group(&body(&network, &id)).ok();
    bench.wait(bench.durations.node_group_create);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    assert!(bench.exists("ec2_instance").is_empty());
    let left = bench.exists("ebs_volume");
    assert_eq!(left.len(), 2);
    assert!(
        left.iter().all(|volume| volume.state == "available"),
        "{left:?}"
    );
}

#[test]
fn what_a_template_and_a_request_may_not_both_say_is_refused() {
    let (mut bench, network) = bench();
    let typed = [("LaunchTemplateData.InstanceType", "t3.large")];
    let id = template(&mut bench, &typed);
    let good = body(&network, &id);
    let check = |bench: &mut Bench, change: &dyn Fn(&mut Value), code: &str, message: &str| {
        let mut body = good.clone();
        change(&mut body);
        bench.create_group(&body).refused(400, code, message);
    };
    let parameter = "InvalidParameterException";
    check(
        &mut bench,
        &|_body| {},
        parameter,
        "both the launch template",
    );
    let disk = |body: &mut Value| body["diskSize"] = json!(20);
    let words = "Disk size must be specified within the launch template";
    check(&mut bench, &disk, parameter, words);
    let both = |body: &mut Value| body["launchTemplate"]["name"] = json!("mine");
    check(&mut bench, &both, parameter, "but not both");
    let missing = |body: &mut Value| body["launchTemplate"] = json!({"name": "no-such"});
    check(&mut bench, &missing, "InvalidRequestException", "no-such");
    let version = |body: &mut Value| body["launchTemplate"]["version"] = json!("7");
    check(
        &mut bench,
        &version,
        "InvalidRequestException",
        "no version 7",
    );
    assert!(bench.exists("eks_nodegroup").is_empty());
    let mut typed_there = good;
    typed_there["instanceTypes"] = Value::Null;
    bench.create_group(&typed_there).ok();
    assert_eq!(bench.group()["instanceTypes"], Value::Null);
    bench.wait(bench.durations.node_group_create);
    let instances = bench.exists("ec2_instance");
    assert!(
        instances
            .iter()
            .all(|one| one.properties["instance_type"] == "t3.large")
    );
}

#[test]
fn what_cannot_be_launched_honestly_is_named_in_a_501() {
    let (mut bench, network) = bench();
    let image = [("LaunchTemplateData.ImageId", "ami-0123456789abcdef0")];
    let id = template(&mut bench, &image);
    let answer = bench.create_group(&body(&network, &id));
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("ImageId"), "{}", answer.body);
}
