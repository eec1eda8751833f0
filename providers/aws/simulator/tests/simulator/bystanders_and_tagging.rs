//! Bystanders are all there and betray every change; the tagging API is blind where AWS is.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::Setup;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::requests::{self, START, account, at, ec2, json_ok, pass, query_ok, text};

fn crowded() -> AwsCloud {
    let mut cloud = account(Setup::new(1, "us-east-1", at(START)));
    pass(&mut cloud, 1);
    cloud
}

fn bystander(cloud: &AwsCloud, resource_type: &str) -> String {
    let bystanders = cloud.bystanders();
    let found = bystanders.iter().find(|(resource, _)| {
        resource.resource_type == resource_type && resource.tags.contains_key("owner")
    });
    found
        .unwrap_or_else(|| panic!("no {resource_type}"))
        .0
        .id
        .clone()
}

/// Checks that a call changes the digest of the bystander of this type, or takes it away.
fn check_betrayed(resource_type: &str, change: impl FnOnce(&mut AwsCloud, &str)) {
    let mut cloud = crowded();
    let id = bystander(&cloud, resource_type);
    let look = |cloud: &AwsCloud| {
        cloud
            .bystanders()
            .into_iter()
            .find(|(resource, _)| resource.id == id)
            .map(|(_, digest)| digest)
    };
    let before = look(&cloud);
    pass(&mut cloud, 600);
    assert_eq!(look(&cloud), before, "time alone changes nothing");
    change(&mut cloud, &id);
    assert_ne!(look(&cloud), before, "{resource_type}");
}

#[test]
fn all_bystanders_are_there() {
    let cloud = crowded();
    let types: BTreeSet<String> = cloud
        .bystanders()
        .into_iter()
        .map(|(resource, _)| resource.resource_type)
        .collect();
    for expected in [
        "cloudwatch_log_group",
        "ebs_volume",
        "elastic_ip",
        "iam_role",
        "internet_gateway",
        "security_group",
        "subnet",
        "vpc",
    ] {
        assert!(
            types.contains(expected),
            "{expected} is missing in {types:?}"
        );
    }
}

#[test]
fn no_bystander_carries_a_runs_tag_though_its_name_looks_like_a_run() {
    let cloud = crowded();
    let bystanders = cloud.bystanders();
    assert!(
        bystanders
            .iter()
            .all(|(resource, _)| !resource.tags.contains_key("kubeproof:run"))
    );
    assert!(
        bystanders
            .iter()
            .any(|(resource, _)| resource.name.as_deref() == Some("kp-legacy"))
    );
}

#[test]
fn an_account_can_be_without_bystanders() {
    let cloud = account(requests::setup());
    assert_eq!(cloud.bystanders(), []);
}

#[test]
fn a_changed_tag_shows() {
    check_betrayed("vpc", |cloud, id| {
        ec2(
            cloud,
            "CreateTags",
            &[
                ("ResourceId.1", id),
                ("Tag.1.Key", "a"),
                ("Tag.1.Value", "b"),
            ],
        );
    });
}

#[test]
fn a_new_rule_shows() {
    check_betrayed("security_group", |cloud, id| {
        let rule = [
            ("GroupId", id),
            ("IpPermissions.1.IpProtocol", "-1"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ];
        ec2(cloud, "AuthorizeSecurityGroupIngress", &rule);
    });
}

#[test]
fn a_detached_gateway_shows() {
    check_betrayed("internet_gateway", |cloud, id| {
        let vpc_id = bystander(cloud, "vpc");
        let detach = [("InternetGatewayId", id), ("VpcId", vpc_id.as_str())];
        ec2(cloud, "DetachInternetGateway", &detach);
    });
}

#[test]
fn a_detached_policy_shows() {
    check_betrayed("iam_role", |cloud, id| {
        let policy = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
        let params = [("RoleName", id), ("PolicyArn", policy)];
        query_ok(cloud, "iam", "2010-05-08", "DetachRolePolicy", &params);
    });
}

#[test]
fn a_released_address_is_missing() {
    check_betrayed("elastic_ip", |cloud, id| {
        ec2(cloud, "ReleaseAddress", &[("AllocationId", id)]);
    });
}

#[test]
fn the_bystanders_address_is_on_the_bill_of_no_run() {
    let mut cloud = crowded();
    pass(&mut cloud, 48 * 60);
    let answer = json_ok(
        &mut cloud,
        "ce",
        "GetCostAndUsage",
        &json!({
            "TimePeriod": { "Start": "2026-11-03", "End": "2026-11-04" },
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [
                { "Type": "TAG", "Key": "kubeproof:run" },
                { "Type": "DIMENSION", "Key": "USAGE_TYPE" },
            ],
            "Filter": { "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Usage"] } },
        }),
    );
    let groups = answer["ResultsByTime"][0]["Groups"]
        .as_array()
        .expect("groups");
    assert!(
        groups
            .iter()
            .all(|group| group["Keys"][0] == "kubeproof:run$")
    );
    assert!(
        groups
            .iter()
            .any(|group| group["Keys"][1] == "USE1-PublicIPv4:IdleAddress")
    );
}

fn tagged(cloud: &mut AwsCloud, more: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut body = more.clone();
    for page in 1.. {
        assert!(page < 100, "pages without end");
        let answer = json_ok(cloud, "tagging", "GetResources", &body);
        for mapping in answer["ResourceTagMappingList"].as_array().expect("a list") {
            let arn = mapping["ResourceARN"].as_str().expect("an ARN").to_owned();
            found.insert(arn, mapping["Tags"].clone());
        }
        match answer["PaginationToken"].as_str() {
            Some("") | None => break,
            Some(token) => body["PaginationToken"] = token.into(),
        }
    }
    found
}

#[test]
fn tagged_resources_are_found_by_tag_and_type_but_not_iam() {
    let mut cloud = crowded();
    let all = tagged(
        &mut cloud,
        &json!({ "TagFilters": [{ "Key": "owner", "Values": ["bystander"] }] }),
    );
    assert!(all.keys().any(|arn| arn.contains(":vpc/")), "{all:?}");
    assert!(all.keys().any(|arn| arn.contains(":log-group:")));
    assert!(
        all.keys().all(|arn| !arn.contains(":role/")),
        "IAM is a blind spot"
    );
    let vpcs = tagged(&mut cloud, &json!({ "ResourceTypeFilters": ["ec2:vpc"] }));
    assert_eq!(
        vpcs.len(),
        1,
        "the default VPC has no tags and is not listed"
    );
    let none = tagged(
        &mut cloud,
        &json!({ "TagFilters": [{ "Key": "owner", "Values": ["me"] }] }),
    );
    assert!(none.is_empty());
}

#[test]
fn pages_of_tagged_resources_add_up() {
    let mut setup = Setup::new(1, "us-east-1", at(START));
    let all = tagged(&mut account(setup.clone()), &json!({}));
    setup.page_size_max = 2;
    assert_eq!(tagged(&mut account(setup), &json!({})), all);
    assert!(all.len() > 4);
}

#[test]
fn a_creation_is_found_in_the_trail_by_the_new_id() {
    let mut cloud = crowded();
    let vpc_id = text(
        &ec2(&mut cloud, "CreateVpc", &[("CidrBlock", "10.0.0.0/16")]),
        "vpcId",
    );
    pass(&mut cloud, 10);
    let attribute = json!({ "AttributeKey": "ResourceName", "AttributeValue": vpc_id });
    let body = json!({ "LookupAttributes": [attribute] });
    let answer = json_ok(&mut cloud, "cloudtrail", "LookupEvents", &body);
    assert_eq!(answer["Events"][0]["EventName"], "CreateVpc");
    let types = answer["Events"][0]["Resources"]
        .as_array()
        .expect("resources");
    assert!(
        types
            .iter()
            .any(|resource| resource["ResourceType"] == "AWS::EC2::VPC")
    );
}

/// Checks that a call changes the state of a default resource of this type, which every account has.
fn check_state_changes(resource_type: &str, change: impl FnOnce(&mut AwsCloud, &str)) {
    let mut cloud = crowded();
    let bystanders: BTreeSet<String> = cloud
        .bystanders()
        .into_iter()
        .map(|(it, _)| it.id)
        .collect();
    let states = cloud.states();
    let own = states
        .iter()
        .find(|(it, _)| it.resource_type == resource_type && !bystanders.contains(&it.id));
    let (resource, before) = own.expect("every account has one").clone();
    let look = |cloud: &AwsCloud| {
        let states = cloud.states();
        let found = states.into_iter().find(|(it, _)| it.id == resource.id);
        found.map(|(_, digest)| digest)
    };
    pass(&mut cloud, 600);
    assert_eq!(look(&cloud), Some(before.clone()), "time changes nothing");
    change(&mut cloud, &resource.id);
    assert_ne!(look(&cloud), Some(before), "{resource_type}");
}

#[test]
fn a_change_to_what_the_account_itself_has_shows_in_its_states() {
    let tag = |cloud: &mut AwsCloud, id: &str| {
        let params = [
            ("ResourceId.1", id),
            ("Tag.1.Key", "a"),
            ("Tag.1.Value", "b"),
        ];
        ec2(cloud, "CreateTags", &params);
    };
    for resource_type in [
        "vpc",
        "subnet",
        "security_group",
        "route_table",
        "network_acl",
        "internet_gateway",
        "dhcp_options",
    ] {
        check_state_changes(resource_type, tag);
    }
    check_state_changes("security_group", |cloud, id| {
        let params = [
            ("GroupId", id),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ];
        ec2(cloud, "AuthorizeSecurityGroupIngress", &params);
    });
}
