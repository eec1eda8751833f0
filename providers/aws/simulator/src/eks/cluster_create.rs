//! `CreateCluster`: validation, and what EKS creates immediately.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::access::AccessEntry;
use super::cluster::{Cluster, LOG_TYPES, Network, answer};
use super::failure::{in_use, invalid_parameter, limit_exceeded};
use super::input::{self, Ending, need_text, text, texts};
use super::{Event, encryption, managed_resources, support, versions};
use crate::billing::{self, usage};
use crate::iam::role_checks::{RoleRequirements, Unusable, role_is_usable};
use crate::iam::service_linked;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;
use crate::{ec2, quotas, sts};

/// The quota of clusters in a region.
const CLUSTERS_QUOTA: &str = "L-1194D53C";
/// Zones in which EKS refuses control planes, by zone id (EKS user guide, network requirements).
const REFUSED_ZONE_IDS: [&str; 3] = ["use1-az3", "usw1-az2", "cac1-az3"];
/// The policy without which the cluster's role is refused.
const CLUSTER_POLICY: &str = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let name = need_text(body, "name")?.to_owned();
    let token = input::token(body);
    if let Some(cluster) = state.eks.clusters.get(&name) {
        if input::is_repeated(&cluster.token, &token)? {
            return Ok(answer(state, cluster));
        }
        let message = format!("Cluster already exists with name: {name}");
        return Err(in_use(message).with("clusterName", name));
    }
    check_known(body)?;
    check_name(&name)?;
    let version = text(body, "version")
        .unwrap_or_else(|| versions::default(state.now))
        .to_owned();
    if !versions::is_offered(state.now, &version) {
        return Err(
            invalid_parameter(format!("unsupported Kubernetes version {version}"))
                .with("clusterName", name),
        );
    }
    check_quota(state)?;
    let network = check_network(state, &body["resourcesVpcConfig"])?;
    let role_arn = need_text(body, "roleArn")?.to_owned();
    check_role(state, &role_arn).map_err(|error| error.with("clusterName", name.as_str()))?;
    let mut cluster = read(state, call, name, version, role_arn, network)?;
    cluster.token = token;
    cluster.encryption = encryption::read(state, &body["encryptionConfig"], &cluster.role_arn)
        .map_err(|error| error.with("clusterName", cluster.name.as_str()))?;
    begin(state, call, cluster)
}

/// Creates what EKS creates immediately, and schedules the rest.
fn begin(state: &mut State, call: &Call, mut cluster: Cluster) -> Outcome {
    managed_resources::create_network(state, &mut cluster)?;
    service_linked::ensure(state, "eks.amazonaws.com");
    managed_resources::ensure_log_group(state, &cluster);
    let (name, serial) = (cluster.name.clone(), cluster.serial);
    let run = billing::run_of(&cluster.tags);
    usage::control_plane(state, &name, &cluster.tags, run.as_deref());
    if support::costs_more(state, &cluster) {
        usage::extended_support(state, &name, &cluster.tags, run.as_deref());
    }
    let usually = state.durations.cluster_create;
    match input::ending(call, usually) {
        Ending::Well(wait) => super::after(state, wait, Event::ClusterActive(name, serial)),
        Ending::Badly(code) => {
            let code = code.unwrap_or_else(|| "InternalFailure".to_owned());
            let event = Event::ClusterFailed(name, serial, code);
            super::after(state, usually / 2, event);
        }
        Ending::Never => {}
    }
    state.eks.ever_made = true;
    let answer = answer(state, &cluster);
    let (name, serial) = (cluster.name.clone(), cluster.serial);
    state.eks.clusters.insert(name.clone(), cluster);
    support::watch(state, &name, serial);
    Ok(answer)
}

/// Refuses what the simulator does not support: it would have to pretend.
fn check_known(body: &Value) -> Result<(), AwsError> {
    let unknown = ["outpostConfig", "computeConfig", "remoteNetworkConfig"];
    let asked = |member: &&&str| match body.get(**member) {
        None | Some(Value::Null) => false,
        Some(Value::Array(values)) => !values.is_empty(),
        Some(value) => value.get("enabled").and_then(Value::as_bool) != Some(false),
    };
    match unknown.iter().find(asked) {
        Some(member) => Err(AwsError::unknown_operation(
            "eks",
            &format!("CreateCluster with {member}"),
        )),
        None => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if first && rest && name.len() <= 100 {
        return Ok(());
    }
    Err(invalid_parameter(format!(
        "The cluster name '{name}' is not valid: it must match ^[0-9A-Za-z][A-Za-z0-9_-]*$ and \
         have at most 100 characters"
    )))
}

fn check_quota(state: &State) -> Result<(), AwsError> {
    let limit = quotas::limit(state, CLUSTERS_QUOTA);
    if state.eks.clusters.len() < limit as usize {
        return Ok(());
    }
    Err(limit_exceeded("Cluster limit exceeded for account."))
}

fn check_network(state: &State, given: &Value) -> Result<Network, AwsError> {
    let subnet_ids = texts(given, "subnetIds");
    let mut zones = BTreeSet::new();
    let mut vpcs = BTreeSet::new();
    for id in &subnet_ids {
        let subnet = ec2::subnets::get(state, id).ok_or_else(|| {
            invalid_parameter(format!(
                "The subnet ID '{id}' does not exist (Service: AmazonEC2; Status Code: 400; Error \
                 Code: InvalidSubnetID.NotFound)"
            ))
        })?;
        zones.insert(subnet.zone.clone());
        vpcs.insert(subnet.vpc_id.clone());
    }
    check_zones(state, &zones)?;
    let mut vpcs = vpcs.into_iter();
    let (Some(vpc_id), None) = (vpcs.next(), vpcs.next()) else {
        return Err(invalid_parameter(
            "Subnets specified must be in the same VPC",
        ));
    };
    let security_group_ids = texts(given, "securityGroupIds");
    managed_resources::check_security_groups(state, &security_group_ids, &vpc_id)?;
    let flag = |member: &str, usually: bool| given[member].as_bool().unwrap_or(usually);
    let network = Network {
        subnet_ids,
        security_group_ids,
        cluster_group_id: String::new(),
        vpc_id,
        public: flag("endpointPublicAccess", true),
        private: flag("endpointPrivateAccess", false),
        public_cidrs: some_or(texts(given, "publicAccessCidrs"), "0.0.0.0/0"),
        service_cidr: String::new(),
        interface_ids: Vec::new(),
    };
    check_access(&network)?;
    Ok(network)
}

/// Refuses an endpoint that no one reaches, and private ranges for one that is public.
pub(super) fn check_access(network: &Network) -> Result<(), AwsError> {
    if !network.public && !network.private {
        return Err(invalid_parameter(
            "Private and public endpoint access cannot both be false",
        ));
    }
    let is_public = |cidr: &str| {
        let range: Option<ipnet::Ipv4Net> = cidr.parse().ok();
        range.is_some_and(|range| !range.addr().is_private())
    };
    let mut cidrs = network.public_cidrs.iter().map(String::as_str);
    match cidrs.find(|cidr| !is_public(cidr)) {
        None => Ok(()),
        Some(cidr) => Err(invalid_parameter(format!(
            "The following CIDRs are not allowed in publicAccessCidrs: [{cidr}]"
        ))),
    }
}

/// Refuses a range of services that clients of the network could not tell from machines (EKS API reference,
/// `KubernetesNetworkConfigRequest`: private, /24 to /12, outside of the VPC's).
fn check_service_cidr(state: &State, network: &Network) -> Result<(), AwsError> {
    let given = &network.service_cidr;
    let refused = |why: &str| {
        Err(invalid_parameter(format!(
            "The serviceIpv4Cidr {given} is not valid: {why}"
        )))
    };
    let Ok(range) = given.parse::<ipnet::Ipv4Net>() else {
        return refused("it is no CIDR block");
    };
    if !range.addr().is_private() || !(12..=24).contains(&range.prefix_len()) {
        return refused(
            "it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, between /24 and /12",
        );
    }
    let vpc = state.ec2.vpcs.get(&network.vpc_id);
    if vpc.is_some_and(|vpc| ec2::vpc_cidrs::overlaps(vpc, &range)) {
        return refused("it overlaps with the CIDR block of the VPC");
    }
    Ok(())
}

fn some_or(given: Vec<String>, usually: &str) -> Vec<String> {
    if given.is_empty() {
        vec![usually.to_owned()]
    } else {
        given
    }
}

fn check_zones(state: &State, zones: &BTreeSet<String>) -> Result<(), AwsError> {
    let known = state.setup.zones();
    let refused = |name: &str| {
        known
            .iter()
            .any(|(zone, id)| zone == name && REFUSED_ZONE_IDS.contains(&id.as_str()))
    };
    let valid: Vec<&str> = known
        .iter()
        .map(|(zone, _)| zone.as_str())
        .filter(|zone| !refused(zone))
        .collect();
    if let Some(zone) = zones.iter().find(|zone| refused(zone)) {
        let message = format!(
            "Cannot create cluster because {zone}, the targeted availability zone, does not \
             currently have sufficient capacity to support the cluster. Retry and choose from \
             these availability zones: {}",
            valid.join(", ")
        );
        return Err(
            AwsError::new(400, "UnsupportedAvailabilityZoneException", message)
                .with("validZones", valid),
        );
    }
    if zones.len() < 2 {
        return Err(invalid_parameter(
            "Subnets specified must be in at least two different AZs",
        ));
    }
    Ok(())
}

fn check_role(state: &State, arn: &str) -> Result<(), AwsError> {
    let requirements = RoleRequirements {
        principal: "eks.amazonaws.com",
        policies: &[&[CLUSTER_POLICY]],
    };
    role_is_usable(state, arn, requirements).map_err(|reason| {
        invalid_parameter(match reason {
            Unusable::Unseen => format!("roleArn, {arn}, does not exist"),
            Unusable::Untrusting => {
                "Role could not be assumed because the trusted entity is not correct".to_owned()
            }
            Unusable::Lacking(policies) => format!(
                "The provided role doesn't have the Amazon EKS Managed Policies associated with \
                 it. Please ensure the following policies [{}] are attached",
                policies.join(", ")
            ),
        })
    })
}

fn read(
    state: &mut State,
    call: &Call,
    name: String,
    version: String,
    role_arn: String,
    mut network: Network,
) -> Result<Cluster, AwsError> {
    let body = &call.json;
    let creator = sts::caller(state, &call.access_key);
    let creator = creator.map_or_else(sts::caller_arn, |who| who.principal_arn());
    let given = &body["kubernetesNetworkConfig"];
    if text(given, "ipFamily") == Some("ipv6") {
        return Err(AwsError::unknown_operation(
            "eks",
            "CreateCluster with ipFamily ipv6",
        ));
    }
    // A VPC in 10/8 gets the other service range, so that the two never overlap.
    let in_ten = ec2::subnets::get(state, &network.subnet_ids[0])
        .is_some_and(|subnet| subnet.cidr.addr().octets()[0] == 10);
    let usual_cidr = if in_ten {
        "172.20.0.0/16"
    } else {
        "10.100.0.0/16"
    };
    network.service_cidr = text(given, "serviceIpv4Cidr")
        .unwrap_or(usual_cidr)
        .to_owned();
    let access_config = &body["accessConfig"];
    let mode = text(access_config, "authenticationMode")
        .unwrap_or("CONFIG_MAP")
        .to_owned();
    let flag = |value: &Value, usually: bool| value.as_bool().unwrap_or(usually);
    let creator_is_admin = flag(
        &access_config["bootstrapClusterCreatorAdminPermissions"],
        true,
    );
    // terraform-aws-eks#3026: without the map of roles no one else could be an administrator.
    if mode == "CONFIG_MAP" && !creator_is_admin {
        return Err(invalid_parameter(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is \
             set to CONFIG_MAP",
        ));
    }
    check_service_cidr(state, &network)?;
    let mut cluster = Cluster {
        arn: state.arn("eks", &format!("cluster/{name}")),
        serial: state.eks.next_serial(),
        status: "CREATING".to_owned(),
        log_types: changed_logs(&[], &body["logging"]),
        creator_is_admin,
        creator_arn: creator,
        authentication_mode: mode,
        support_type: support::policy(text(&body["upgradePolicy"], "supportType"))?,
        deletion_protection: flag(&body["deletionProtection"], false),
        tags: input::map(body, "tags"),
        created_at: state.now,
        endpoint_id: state.ids.hex(32).to_uppercase(),
        was_active: false,
        issues: Vec::new(),
        token: kubeproof_simkit::idempotency::Token::default(),
        node_groups: BTreeMap::new(),
        access: IndexMap::new(),
        updates: IndexMap::new(),
        pod_identities: IndexMap::new(),
        addons: BTreeMap::new(),
        fargate: BTreeMap::new(),
        encryption: None,
        self_managed_addons: flag(&body["bootstrapSelfManagedAddons"], true),
        name,
        version,
        role_arn,
        network,
    };
    if cluster.creator_is_admin && cluster.authentication_mode != "CONFIG_MAP" {
        let entry = AccessEntry::of_creator(&cluster, state.now);
        cluster.access.insert(entry.principal_arn.clone(), entry);
    }
    Ok(cluster)
}

/// The log types that are on after a `logging` member: it turns types on or off, and the others stay as they were.
pub(super) fn changed_logs(before: &[String], logging: &Value) -> Vec<String> {
    let mut on: BTreeSet<String> = before.iter().cloned().collect();
    for group in logging["clusterLogging"].as_array().into_iter().flatten() {
        let types = texts(group, "types");
        match group["enabled"].as_bool() {
            Some(true) => on.extend(types),
            Some(false) => on.retain(|one| !types.contains(one)),
            None => {}
        }
    }
    LOG_TYPES
        .iter()
        .filter(|name| on.contains(**name))
        .map(|name| (*name).to_owned())
        .collect()
}
