//! `CreateNodegroup`: validation, and what EKS creates immediately.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::AccessEntry;
use super::aws_auth::Machines;
use super::cluster::Cluster;
use super::failure::{in_use, invalid_parameter, invalid_request, limit_exceeded};
use super::input::{self, Ending, map, need_text, number, text, texts};
use super::node_group::{Holdings, NodeGroup, Scaling, answer};
use super::{Event, after, aws_auth, node_template, nodes, versions};
use crate::iam::role_checks::{RoleRequirements, Unusable, role_is_usable};
use crate::iam::{profiles, service_linked};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;
use crate::{autoscaling, ec2, quotas};

/// The quota of node groups in a cluster.
const GROUPS_QUOTA: &str = "L-6D54EA21";
/// Policies without which a node role is refused; errors name the first of each line.
const NODE_POLICIES: &[&[&str]] = &[
    &[
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
    ],
    &[
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
    ],
];
/// The last minor version with Amazon Linux 2 images.
const LAST_AL2_MINOR: u32 = 32;

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let cluster = input::cluster(state, call)?;
    let cluster_name = cluster.name.clone();
    let name = need_text(body, "nodegroupName")?.to_owned();
    let token = input::token(body);
    if let Some(group) = cluster.node_groups.get(&name) {
        if input::is_repeated(&group.token, &token)? {
            return Ok(answer(&cluster_name, group));
        }
        return Err(in_use(format!(
            "NodeGroup already exists with name {name} and cluster name {cluster_name}"
        ))
        .with("clusterName", cluster_name)
        .with("nodegroupName", name));
    }
    let named = |error: AwsError| {
        error
            .with("clusterName", cluster_name.as_str())
            .with("nodegroupName", name.as_str())
    };
    check_cluster(state, cluster).map_err(named)?;
    check_known(body)?;
    let template = node_template::read(state, body).map_err(named)?;
    let mut group = read(cluster, body, &name).map_err(named)?;
    node_template::apply(&mut group, template);
    check_types(&group).map_err(named)?;
    check_subnets(state, cluster, &group).map_err(named)?;
    check_role(state, &group.role_arn).map_err(named)?;
    group.token = token;
    group.created_at = state.now;
    group.modified_at = state.now;
    group.serial = state.eks.next_serial();
    hold(state, &cluster_name, &mut group);
    begin(state, call, &cluster_name, group)
}

/// Stores the group and schedules the rest.
fn begin(state: &mut State, call: &Call, cluster: &str, mut group: NodeGroup) -> Outcome {
    let key = group.key(cluster);
    let usually = state.durations.node_group_create;
    let ending = if call.injected.take_partial() {
        group.short = 1;
        Ending::Badly(Some(nodes::LAUNCH_FAILURES.to_owned()))
    } else if call.injected.take_capacity() {
        Ending::Badly(Some(nodes::LAUNCH_FAILURES.to_owned()))
    } else {
        input::ending(call, usually)
    };
    // Instances that cannot be launched count as lack of capacity: then there is no instance at all.
    let fails = matches!(&ending, Ending::Badly(Some(code)) if code == nodes::LAUNCH_FAILURES);
    if fails && group.short == 0 {
        group.short = usize::MAX;
    }
    group.planned = if let Ending::Well(wait) = ending {
        wait
    } else {
        usually
    };
    after(state, group.planned / 4, Event::Launch(key.clone()));
    match ending {
        Ending::Well(wait) => after(state, nodes_join_after(wait), Event::Join(key, 0)),
        Ending::Badly(code) => {
            let code = code.unwrap_or_else(|| "NodeCreationFailure".to_owned());
            after(
                state,
                state.durations.node_group_failure,
                Event::GroupFailed(key, code),
            );
        }
        Ending::Never => {}
    }
    let answer = answer(cluster, &group);
    let now = state.now;
    aws_auth::add_role(state, cluster, &group.role_arn, Machines::Instances);
    if let Some(cluster) = state.eks.clusters.get_mut(cluster) {
        if cluster.authentication_mode != "CONFIG_MAP" {
            let entry = AccessEntry::of_nodes(cluster, &group.role_arn, now);
            cluster
                .access
                .entry(group.role_arn.clone())
                .or_insert(entry);
        }
        cluster.node_groups.insert(group.name.clone(), group);
    }
    Ok(answer)
}

/// The nodes are Ready a little before the group is ACTIVE.
fn nodes_join_after(planned: Duration) -> Duration {
    planned * 19 / 20
}

fn check_cluster(state: &State, cluster: &Cluster) -> Result<(), AwsError> {
    if cluster.status != "ACTIVE" {
        return Err(invalid_request(format!(
            "Cluster '{}' is not in ACTIVE status: it is {}",
            cluster.name, cluster.status
        )));
    }
    if cluster.node_groups.len() >= quotas::limit(state, GROUPS_QUOTA) as usize {
        return Err(limit_exceeded("Nodegroup limit exceeded for cluster."));
    }
    Ok(())
}

/// Refuses what the simulator does not support: it would have to pretend.
fn check_known(body: &Value) -> Result<(), AwsError> {
    match text(body, "capacityType") {
        None | Some("ON_DEMAND" | "SPOT") => {}
        Some("CAPACITY_BLOCK") => {
            return Err(AwsError::unknown_operation(
                "eks",
                "CreateNodegroup of capacityType CAPACITY_BLOCK",
            ));
        }
        Some(other) => {
            return Err(invalid_parameter(format!(
                "Value '{other}' at 'capacityType' failed to satisfy constraint: Member must satisfy enum \
                 value set: [ON_DEMAND, SPOT, CAPACITY_BLOCK]"
            )));
        }
    }
    let asked = |member: &&&str| body.get(**member).is_some_and(|value| !value.is_null());
    match ["remoteAccess", "nodeRepairConfig"].iter().find(asked) {
        Some(member) => Err(AwsError::unknown_operation(
            "eks",
            &format!("CreateNodegroup with {member}"),
        )),
        None => Ok(()),
    }
}

fn read(cluster: &Cluster, body: &Value, name: &str) -> Result<NodeGroup, AwsError> {
    let version = text(body, "version").unwrap_or(&cluster.version).to_owned();
    if versions::minor(&version) > versions::minor(&cluster.version) {
        let message = format!("Requested Nodegroup version {version} is newer than the cluster's");
        return Err(invalid_parameter(message));
    }
    let ami_type = text(body, "amiType")
        .unwrap_or("AL2023_x86_64_STANDARD")
        .to_owned();
    if ami_type.starts_with("AL2_") && versions::minor(&version) > LAST_AL2_MINOR {
        return Err(invalid_parameter(format!(
            "AMI Type {ami_type} is only supported for kubernetes versions 1.{LAST_AL2_MINOR} or \
             earlier"
        )));
    }
    let mut instance_types = texts(body, "instanceTypes");
    if instance_types.is_empty() {
        instance_types.push("t3.medium".to_owned());
    }
    Ok(NodeGroup {
        short: 0,
        name: name.to_owned(),
        arn: String::new(),
        serial: 0,
        status: "CREATING".to_owned(),
        role_arn: need_text(body, "nodeRole")?.to_owned(),
        subnet_ids: texts(body, "subnets"),
        scaling: scaling(
            &body["scalingConfig"],
            Scaling {
                min: 1,
                max: 2,
                desired: 2,
            },
        )?,
        instance_types,
        ami_type,
        disk_gb: number(body, "diskSize").unwrap_or(20),
        capacity_type: text(body, "capacityType").unwrap_or("ON_DEMAND").to_owned(),
        labels: map(body, "labels"),
        taints: body["taints"].as_array().cloned().unwrap_or_default(),
        update_config: update_config(&body["updateConfig"])?
            .unwrap_or_else(|| json!({ "maxUnavailable": 1 })),
        tags: map(body, "tags"),
        created_at: cluster.created_at,
        modified_at: cluster.created_at,
        planned: Duration::ZERO,
        issues: Vec::new(),
        token: kubeproof_simkit::idempotency::Token::default(),
        template: None,
        holds: Holdings::default(),
        version,
    })
}

/// How many nodes an update may take away at once: a number or a percentage (EKS API reference,
/// `NodegroupUpdateConfig`).
///
/// # Errors
/// `InvalidParameterException` for both, or for one out of range.
pub(super) fn update_config(given: &Value) -> Result<Option<Value>, AwsError> {
    let asked = |member: &str| number(given, member).map(|number| (member.to_owned(), number));
    match (asked("maxUnavailable"), asked("maxUnavailablePercentage")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(invalid_parameter(
            "Exactly one of maxUnavailable and maxUnavailablePercentage must be set",
        )),
        (Some((member, number)), None) | (None, Some((member, number))) => {
            if !(1..=100).contains(&number) {
                let message = format!("{member} must be between 1 and 100");
                return Err(invalid_parameter(message));
            }
            let mut config = json!({ member: number });
            if let Some(strategy) = text(given, "updateStrategy") {
                config["updateStrategy"] = json!(strategy);
            }
            Ok(Some(config))
        }
    }
}

/// The sizes of a request, or the defaults.
///
/// # Errors
/// `InvalidParameterException` when they contradict each other.
pub(super) fn scaling(given: &Value, usual: Scaling) -> Result<Scaling, AwsError> {
    let scaling = Scaling {
        min: number(given, "minSize").unwrap_or(usual.min),
        max: number(given, "maxSize").unwrap_or(usual.max),
        desired: number(given, "desiredSize").unwrap_or(usual.desired),
    };
    if scaling.min > scaling.desired {
        return Err(invalid_parameter(format!(
            "Minimum capacity {} can't be greater than desired size {}",
            scaling.min, scaling.desired
        )));
    }
    if scaling.desired > scaling.max || scaling.max == 0 {
        return Err(invalid_parameter(format!(
            "desired capacity {} can't be greater than max size {}",
            scaling.desired, scaling.max
        )));
    }
    Ok(scaling)
}

fn check_types(group: &NodeGroup) -> Result<(), AwsError> {
    let mut names = group.instance_types.iter();
    if let Some(refused) = names.find_map(|name| ec2::instance_types::refused(name)) {
        return Err(refused);
    }
    let known = |name: &&String| ec2::instance_types::get(name).is_some();
    if let Some(unknown) = group.instance_types.iter().find(|name| !known(name)) {
        return Err(invalid_parameter(format!(
            "The following supplied instance types do not exist: [{unknown}]"
        )));
    }
    let arm = |name: &&String| {
        ec2::instance_types::get(name).is_some_and(|known| known.architecture == "arm64")
    };
    let arm_image = group.ami_type.contains("ARM");
    match group
        .instance_types
        .iter()
        .find(|name| arm(name) != arm_image)
    {
        Some(name) => Err(invalid_parameter(format!(
            "[{name}] is not a valid instance type for requested amiType {}",
            group.ami_type
        ))),
        None => Ok(()),
    }
}

fn check_subnets(state: &State, cluster: &Cluster, group: &NodeGroup) -> Result<(), AwsError> {
    if group.subnet_ids.is_empty() {
        return Err(invalid_parameter("Subnets are not specified"));
    }
    for id in &group.subnet_ids {
        match ec2::subnets::get(state, id) {
            None => {
                return Err(invalid_parameter(format!(
                    "The subnet ID '{id}' does not exist (Service: AmazonEC2; Status Code: 400; \
                     Error Code: InvalidSubnetID.NotFound)"
                )));
            }
            Some(subnet) if subnet.vpc_id != cluster.network.vpc_id => {
                return Err(invalid_parameter(
                    "Subnets are not in the VPC of the cluster",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn check_role(state: &State, arn: &str) -> Result<(), AwsError> {
    let requirements = RoleRequirements {
        principal: "ec2.amazonaws.com",
        policies: NODE_POLICIES,
    };
    role_is_usable(state, arn, requirements).map_err(|reason| {
        invalid_parameter(match reason {
            Unusable::Unseen => format!("nodeRole, {arn}, does not exist"),
            Unusable::Untrusting => format!(
                "Following required service principals [ec2.amazonaws.com] were not found in the \
                 trust relationships of nodeRole {arn}: Role could not be assumed because the \
                 trusted entity is not correct"
            ),
            Unusable::Lacking(policies) => format!(
                "The provided role doesn't have the Amazon EKS Managed Policies associated with \
                 it. Please ensure the following policies [{}] are attached",
                policies.join(", ")
            ),
        })
    })
}

/// Creates the launch template, the instance profile and the Auto Scaling group.
fn hold(state: &mut State, cluster: &str, group: &mut NodeGroup) {
    service_linked::ensure(state, "eks-nodegroup.amazonaws.com");
    service_linked::ensure(state, "autoscaling.amazonaws.com");
    if group.is_spot() {
        service_linked::ensure(state, "spot.amazonaws.com");
    }
    let uuid = state.ids.uuid();
    let name = format!("eks-{uuid}");
    group.arn = state.arn("eks", &format!("nodegroup/{cluster}/{}/{uuid}", group.name));
    let tags = nodes::tags(cluster, &group.name);
    let role = group
        .role_arn
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    profiles::create_internal(state, &name, &role);
    let template_tags = tags
        .iter()
        .filter(|(key, _)| key.starts_with("eks:"))
        .map(|(k, v)| (k.clone(), v.clone()));
    group.holds = Holdings {
        launch_template_id: ec2::launch_templates::create_internal(
            state,
            &name,
            template_tags.collect(),
        ),
        scaling_group: format!("eks-{}-{uuid}", group.name),
        profile: name.clone(),
        instances: std::collections::BTreeMap::new(),
    };
    let zones = nodes::zones(state, &group.subnet_ids);
    autoscaling::create_internal(
        state,
        autoscaling::NewGroup {
            name: group.holds.scaling_group.clone(),
            launch_template: (group.holds.launch_template_id.clone(), name),
            sizes: (group.scaling.min, group.scaling.max, group.scaling.desired),
            subnet_ids: group.subnet_ids.clone(),
            zones,
            tags,
        },
    );
}
