//! Bystanders: resources of other owners and shared ones, which must survive every run untouched.
//!
//! They are made by ordinary calls, with names that a careless clean-up would take for its own: `kp-legacy`
//! looks like a run's name, but none of these resources carries the run's tag.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use http::Method;
use kubeproof_contract::resource::Resource;
use kubeproof_kubernetes_simulator::server::ApiServer;
use kubeproof_simkit::bystanders::Bystanders;
use kubeproof_simkit::injected::InjectedFault;
use serde_json::Value;

use crate::billing::Tags;
use crate::cloud::inventory;
use crate::setup::ACCESS_KEY_ID;
use crate::state::State;
use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::Answer;
use crate::{ec2, iam, logs};

/// The tag of resources that belong to someone else.
const OWNER_TAG: (&str, &str) = ("owner", "bystander");
/// A name that a run could have.
const NAME: &str = "kp-legacy";

/// Creates the bystanders of an account.
pub fn create(state: &mut State) {
    // Bystanders that cannot be created are left out: the test `all_bystanders_are_there` checks that none is
    // missing.
    let _ = network(state);
    let _ = address(state);
    let _ = role(state);
    let tags = tags(&[("Name", NAME)]);
    logs::create_group_internal(state, &format!("/aws/eks/{NAME}/cluster"), tags.clone());
    let zones = state.setup.zones();
    if let Some((zone, _)) = zones.first() {
        {
            let disk = (8, ec2::volumes::VolumeType::Gp3);
            ec2::volumes::create_internal(state, zone, disk, tags, None)
        };
    }
}

/// A VPC with a subnet, an attached internet gateway, and a group that lets one address in.
fn network(state: &mut State) -> Result<(), AwsError> {
    let named = |name: &str| tags(&[("Name", name)]);
    let vpc = [("CidrBlock", "10.99.0.0/16")];
    let vpc_id = made(state, "CreateVpc", "vpcId", &vpc, "vpc", &named(NAME))?;
    let zones = state.setup.zones();
    let zone = zones.first().map_or("", |(name, _)| name.as_str());
    let subnet = [
        ("VpcId", vpc_id.as_str()),
        ("CidrBlock", "10.99.1.0/24"),
        ("AvailabilityZone", zone),
    ];
    made(
        state,
        "CreateSubnet",
        "subnetId",
        &subnet,
        "subnet",
        &named("kp-legacy-public-1"),
    )?;
    let gateway = named("kp-legacy-igw");
    let action = "CreateInternetGateway";
    let gateway_id = made(
        state,
        action,
        "internetGatewayId",
        &[],
        "internet-gateway",
        &gateway,
    )?;
    let attach = [
        ("InternetGatewayId", gateway_id.as_str()),
        ("VpcId", vpc_id.as_str()),
    ];
    ec2(state, "AttachInternetGateway", &attach)?;
    let group = [
        ("GroupName", "kp-legacy-cluster"),
        ("GroupDescription", "cluster of another team"),
        ("VpcId", vpc_id.as_str()),
    ];
    let named = named("kp-legacy-cluster");
    let group_id = made(
        state,
        "CreateSecurityGroup",
        "groupId",
        &group,
        "security-group",
        &named,
    )?;
    let rule = [
        ("GroupId", group_id.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "443"),
        ("IpPermissions.1.ToPort", "443"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "192.0.2.7/32"),
    ];
    ec2(state, "AuthorizeSecurityGroupIngress", &rule)?;
    Ok(())
}

/// An idle address: billed, and tagged with another team.
fn address(state: &mut State) -> Result<(), AwsError> {
    let tags = tags(&[("Name", "kp-legacy-nat-1"), ("team", "bystander")]);
    let domain = [("Domain", "vpc")];
    let id = made(
        state,
        "AllocateAddress",
        "allocationId",
        &domain,
        "elastic-ip",
        &tags,
    )?;
    state.meter.retag(&id, &tags);
    Ok(())
}

/// A role that several teams' nodes use.
fn role(state: &mut State) -> Result<(), AwsError> {
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "ec2.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    })
    .to_string();
    let name = "kp-legacy-shared-node-role";
    let params = [
        ("RoleName", name),
        ("AssumeRolePolicyDocument", trust.as_str()),
        ("Tags.member.1.Key", OWNER_TAG.0),
        ("Tags.member.1.Value", OWNER_TAG.1),
    ];
    iam::answer(state, &call(state, "iam", "CreateRole", &params))?;
    let policy = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
    let attach = [("RoleName", name), ("PolicyArn", policy)];
    iam::answer(state, &call(state, "iam", "AttachRolePolicy", &attach))?;
    Ok(())
}

fn tags(more: &[(&str, &str)]) -> Tags {
    let pairs = more.iter().chain([&OWNER_TAG]);
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Creates a tagged resource and returns its id, the text of the element `id`.
fn made(
    state: &mut State,
    action: &str,
    id: &str,
    params: &[(&str, &str)],
    tagged_type: &str,
    tags: &Tags,
) -> Result<String, AwsError> {
    let mut all: Vec<(String, String)> = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    all.push((
        "TagSpecification.1.ResourceType".to_owned(),
        tagged_type.to_owned(),
    ));
    for (n, (key, value)) in (1..).zip(tags) {
        all.push((format!("TagSpecification.1.Tag.{n}.Key"), key.clone()));
        all.push((format!("TagSpecification.1.Tag.{n}.Value"), value.clone()));
    }
    let all: Vec<(&str, &str)> = all.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let answer = ec2(state, action, &all)?;
    let Answer::Xml(node) = &answer else {
        return Ok(String::new());
    };
    let leaves = node.leaves();
    let found = leaves.iter().find(|(name, _)| *name == id);
    Ok(found
        .map(|(_, text)| (*text).to_owned())
        .unwrap_or_default())
}

fn ec2(state: &mut State, action: &str, params: &[(&str, &str)]) -> Result<Answer, AwsError> {
    ec2::answer(state, &call(state, "ec2", action, params))
}

fn call(state: &State, service: &str, action: &str, params: &[(&str, &str)]) -> Call {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish();
    Call {
        service: service.to_owned(),
        region: state.setup.region.clone(),
        access_key: ACCESS_KEY_ID.to_owned(),
        action: action.to_owned(),
        version: String::new(),
        protocol: Protocol::Ec2,
        params: Params::read(form.as_bytes()),
        json: Value::Null,
        method: Method::POST,
        path: Vec::new(),
        injected: InjectedFault::default(),
    }
}

/// The bystanders: all that carries their tag, all that lives in their VPC without a tag (its route table, its
/// default group), and `others`.
pub fn all(state: &State, others: &Bystanders) -> Vec<Resource> {
    let mut all = inventory(state);
    let is_tagged = |resource: &Resource| {
        let owner = resource.tags.get(OWNER_TAG.0);
        owner.is_some_and(|owner| owner == OWNER_TAG.1)
    };
    let vpcs: BTreeSet<String> = all
        .iter()
        .filter(|resource| resource.resource_type == "vpc" && is_tagged(resource))
        .map(|resource| resource.id.clone())
        .collect();
    let is_inside = |resource: &Resource| {
        let vpc_id = resource.properties.get("vpc_id");
        vpc_id.is_some_and(|vpc_id| vpcs.contains(vpc_id))
    };
    all.retain(|one| is_tagged(one) || is_inside(one) || others.has(one));
    all
}

/// The whole state of a resource as text, from its store: only calls change it, not time.
pub fn canonical(state: &State, resource: &Resource) -> String {
    let id = resource.id.as_str();
    let ec2 = &state.ec2;
    let mut text = match resource.resource_type.as_str() {
        "vpc" => format!("{:?}", ec2.vpcs.get(id)),
        "subnet" => format!("{:?}", ec2.subnets.get(id)),
        "internet_gateway" => format!("{:?}", ec2.internet_gateways.get(id)),
        "elastic_ip" => format!("{:?}", ec2.addresses.get(id)),
        "route_table" => format!("{:?}", ec2.route_tables.get(id)),
        "security_group" => format!("{:?}", ec2.security_groups.get(id)),
        "network_acl" => format!("{:?}", ec2.acls.get(id)),
        "dhcp_options" => format!("{:?}", ec2.dhcp_options.get(id)),
        "ebs_volume" => format!("{:?}", ec2.volumes.get(id)),
        "iam_role" => format!("{:?}", state.iam.roles.get(id)),
        "cloudwatch_log_group" => format!("{:?}", state.logs.groups.get(id)),
        "nat_gateway" => format!("{:?}", ec2.nat_gateways.get(id)),
        "network_interface" => format!("{:?}", ec2.interfaces.get(id)),
        "ec2_instance" => format!("{:?}", ec2.instances.get(id)),
        "ec2_spot_request" => format!("{:?}", ec2.spot_requests.get(id)),
        "launch_template" => format!("{:?}", ec2.launch_templates.get(id)),
        "egress_only_igw" => format!("{:?}", ec2.egress_only.get(id)),
        "vpc_endpoint" => format!("{:?}", ec2.endpoints.get(id)),
        "flow_log" => format!("{:?}", ec2.flow_logs.get(id)),
        "kms_key" => format!("{:?}", state.kms.keys.get(id)),
        "sqs_queue" => {
            let name = id.rsplit(':').next().unwrap_or_default();
            format!("{:?}", state.sqs.queues.get(name))
        }
        "eventbridge_rule" => {
            let name = id.rsplit('/').next().unwrap_or_default();
            format!("{:?}", state.events.rules.get(name))
        }
        "kms_alias" => format!("{:?}", state.kms.aliases.get(id)),
        // Node groups, access entries and the objects of its API server are kept with a cluster.
        "eks_cluster" => {
            let objects = state.kubernetes.get(id).map(ApiServer::changes);
            format!("{:?} {objects:?}", state.eks.clusters.get(id))
        }
        // For the rest the visible state is enough.
        _ => format!("{resource:?}"),
    };
    // Rules are stored beside their groups.
    let rules: BTreeMap<&str, String> = ec2
        .rules
        .all()
        .filter(|rule| rule.group_id == id)
        .map(|rule| (rule.meta.id.as_str(), format!("{rule:?}")))
        .collect();
    for rule in rules.values() {
        let _ = write!(text, "\n{rule}");
    }
    text
}
