//! Fargate profiles: which pods run without instances of the account. A cluster changes one at a time.
//!
//! Sources: EKS API reference (`CreateFargateProfile`, `DeleteFargateProfile`) and user guide ("Define which Pods use AWS
//! Fargate when launched"). The words of refusals: terraform-aws-eks#866 and #2194, cloud-custodian#5585, eksctl#5652,
//! cluster-api-provider-aws#4728, awslabs/eks-perf-tests#195.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Token;
use serde_json::{Value, json};

use super::access::AccessEntry;
use super::aws_auth::{FARGATE_USER, Machines};
use super::cluster::{Cluster, Issue, issues};
use super::failure::{in_use, invalid_parameter, invalid_request, limit_exceeded, not_found};
use super::input::{self, Ending, epoch, need_text, texts};
use super::{Event, after, aws_auth, fargate_pods};
use crate::ec2::route_tables;
use crate::iam::role_checks::{RoleRequirements, Unusable, role_is_usable};
use crate::iam::service_linked;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::{ec2, eks::fargate_pods::FargatePod};

/// Most profiles of a cluster, and selectors of a profile (EKS user guide, service quotas).
const PROFILES_MAX: usize = 10;
const SELECTORS_MAX: usize = 5;
/// Who assumes the role of a profile.
const PRINCIPAL: &str = "eks-fargate-pods.amazonaws.com";

/// The key of a profile, which may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileKey {
    pub cluster: String,
    /// The profile.
    pub profile: String,
    /// Its serial number: distinguishes it from a later one of the same name.
    pub serial: u64,
}

#[derive(Clone, Debug)]
pub struct FargateProfile {
    pub name: String,
    pub arn: String,
    /// Distinguishes it from a later one of the same name.
    pub serial: u64,
    /// `CREATING`, `ACTIVE`, `DELETING`, `CREATE_FAILED`, `DELETE_FAILED`.
    pub status: String,
    /// The role that pulls images and registers the nodes.
    pub role_arn: String,
    pub subnet_ids: Vec<String>,
    /// Namespaces with labels.
    pub selectors: Vec<Selector>,
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    /// Why it failed.
    pub issue: Option<Issue>,
    /// Its pods by uid, each on a node of its own.
    pub pods: BTreeMap<String, FargatePod>,
    /// The token of its creation.
    pub token: Token,
}

/// Which pods a profile takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub namespace: String,
    /// All of these labels.
    pub labels: BTreeMap<String, String>,
}

/// The profile of a key, if it is still the same one.
pub(super) fn of_key<'a>(state: &'a mut State, key: &ProfileKey) -> Option<&'a mut FargateProfile> {
    let cluster = state.eks.clusters.get_mut(&key.cluster)?;
    let profile = cluster.fargate.get_mut(&key.profile)?;
    (profile.serial == key.serial).then_some(profile)
}

fn find<'a>(state: &'a State, call: &Call) -> Result<(&'a Cluster, &'a FargateProfile), AwsError> {
    let cluster = input::cluster(state, call)?;
    let name = input::segment(call, 3);
    let missing = || {
        not_found(format!("No Fargate Profile found with name: {name}."))
            .with("clusterName", cluster.name.as_str())
            .with("fargateProfileName", name)
    };
    Ok((cluster, cluster.fargate.get(name).ok_or_else(missing)?))
}

fn answer(cluster: &str, profile: &FargateProfile) -> Answer {
    let selectors = profile.selectors.iter();
    let selectors = selectors.map(|one| json!({"namespace": one.namespace, "labels": one.labels}));
    let problems: Vec<Issue> = profile.issue.iter().cloned().collect();
    Answer::Json(json!({"fargateProfile": {
        "fargateProfileName": profile.name,
        "fargateProfileArn": profile.arn,
        "clusterName": cluster,
        "createdAt": epoch(profile.created_at),
        "podExecutionRoleArn": profile.role_arn,
        "subnets": profile.subnet_ids,
        "selectors": selectors.collect::<Vec<_>>(),
        "status": profile.status,
        "tags": profile.tags,
        "health": {"issues": issues(&problems)},
    }}))
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let (cluster, profile) = find(state, call)?;
    Ok(answer(&cluster.name, profile))
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let names = cluster.fargate.keys().map(|name| json!(name)).collect();
    input::paged(state, call, "fargateProfileNames", names)
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let cluster = input::cluster(state, call)?;
    let of_cluster = cluster.name.clone();
    let name = need_text(body, "fargateProfileName")?.to_owned();
    let token = input::token(body);
    let named = |error: AwsError| {
        error
            .with("clusterName", of_cluster.as_str())
            .with("fargateProfileName", name.as_str())
    };
    if let Some(profile) = cluster.fargate.get(&name) {
        if input::is_repeated(&profile.token, &token)? {
            return Ok(answer(&of_cluster, profile));
        }
        let message = "A Fargate Profile already exists with this name in this cluster.";
        return Err(in_use(message).with("clusterName", of_cluster.as_str()));
    }
    refuse_busy(cluster, "create", &name)?;
    check_cluster(cluster).map_err(named)?;
    let selectors = selectors(body).map_err(named)?;
    let role_arn = need_text(body, "podExecutionRoleArn")?.to_owned();
    check_role(state, &role_arn).map_err(named)?;
    let subnet_ids = subnets(state, cluster, texts(body, "subnets")).map_err(named)?;
    service_linked::ensure(state, "eks-fargate.amazonaws.com");
    let uuid = state.ids.uuid();
    let profile = FargateProfile {
        arn: state.arn("eks", &format!("fargateprofile/{of_cluster}/{name}/{uuid}")),
        serial: state.eks.next_serial(),
        status: "CREATING".to_owned(),
        role_arn,
        subnet_ids,
        selectors,
        tags: input::map(body, "tags"),
        created_at: state.now,
        issue: None,
        pods: BTreeMap::new(),
        token,
        name,
    };
    begin(state, call, &of_cluster, profile)
}

/// Stores a profile, lets its role join nodes, and schedules the rest.
fn begin(state: &mut State, call: &Call, cluster: &str, profile: FargateProfile) -> Outcome {
    let key = ProfileKey {
        cluster: cluster.to_owned(),
        profile: profile.name.clone(),
        serial: profile.serial,
    };
    let usually = state.durations.fargate_create;
    match input::ending(call, usually) {
        Ending::Well(wait) => after(state, wait, Event::FargateMade(key, None)),
        Ending::Badly(code) => {
            let code = code.unwrap_or_else(|| "InternalFailure".to_owned());
            after(state, usually, Event::FargateMade(key, Some(code)));
        }
        Ending::Never => {}
    }
    aws_auth::add_role(state, cluster, &profile.role_arn, Machines::Fargate);
    let now = state.now;
    let held = input::cluster_mut(state, call)?;
    if held.authentication_mode != "CONFIG_MAP" {
        let mut entry = AccessEntry::of_nodes(held, &profile.role_arn, now);
        "FARGATE_LINUX".clone_into(&mut entry.entry_type);
        FARGATE_USER.clone_into(&mut entry.username);
        let role = profile.role_arn.clone();
        held.access.entry(role).or_insert(entry);
    }
    let answer = answer(cluster, &profile);
    held.fargate.insert(profile.name.clone(), profile);
    Ok(answer)
}

/// Refuses while another profile of the cluster changes, or the cluster does.
fn refuse_busy(cluster: &Cluster, verb: &str, name: &str) -> Result<(), AwsError> {
    // AWS writes `Cannot create` and `Cannot Delete`.
    let verb = if verb == "delete" { "Delete" } else { verb };
    let of = &cluster.name;
    let is_busy = |one: &&FargateProfile| ["CREATING", "DELETING"].contains(&one.status.as_str());
    let why = match cluster.fargate.values().find(is_busy) {
        Some(busy) => format!("Fargate profile {} in status {}", busy.name, busy.status),
        None if cluster.running_update().is_some() => "an update in progress".to_owned(),
        None => return Ok(()),
    };
    let message =
        format!("Cannot {verb} Fargate Profile {name} because cluster {of} currently has {why}");
    Err(in_use(message).with("clusterName", of.as_str()))
}

fn check_cluster(cluster: &Cluster) -> Result<(), AwsError> {
    if cluster.status != "ACTIVE" {
        let message = format!(
            "Cannot create Fargate Profile: cluster {} is in {} status",
            cluster.name, cluster.status
        );
        return Err(invalid_request(message));
    }
    if cluster.fargate.len() >= PROFILES_MAX {
        return Err(limit_exceeded(
            "Fargate profile limit exceeded for cluster.",
        ));
    }
    Ok(())
}

/// The selectors of a request, each with a namespace.
fn selectors(body: &Value) -> Result<Vec<Selector>, AwsError> {
    let given = body["selectors"].as_array().cloned().unwrap_or_default();
    if given.is_empty() || given.len() > SELECTORS_MAX {
        return Err(invalid_parameter(format!(
            "A Fargate profile has one to {SELECTORS_MAX} selectors"
        )));
    }
    let read = |one: &Value| {
        let namespace = need_text(one, "namespace")?.to_owned();
        let labels = input::map(one, "labels");
        let is_wild = |text: &String| text.contains(['*', '?']);
        let mut pairs = labels.iter();
        if is_wild(&namespace) || pairs.any(|(key, value)| is_wild(key) || is_wild(value)) {
            let what = "CreateFargateProfile with a wildcard in a selector";
            return Err(AwsError::unknown_operation("eks", what));
        }
        Ok(Selector { namespace, labels })
    };
    given.iter().map(read).collect()
}

fn check_role(state: &State, arn: &str) -> Result<(), AwsError> {
    let requirements = RoleRequirements {
        principal: PRINCIPAL,
        policies: &[],
    };
    role_is_usable(state, arn, requirements).map_err(|reason| {
        invalid_parameter(match reason {
            Unusable::Unseen | Unusable::Lacking(_) => format!("Role {arn} does not exist"),
            Unusable::Untrusting => format!(
                "Misconfigured PodExecutionRole Trust Policy; Please add the {PRINCIPAL} Service Principal"
            ),
        })
    })
}

/// The subnets of a profile: those of the cluster, if none is given. Each must be in its VPC and private.
fn subnets(state: &State, cluster: &Cluster, given: Vec<String>) -> Result<Vec<String>, AwsError> {
    let ids = if given.is_empty() {
        cluster.network.subnet_ids.clone()
    } else {
        given
    };
    for id in &ids {
        let Some(subnet) = ec2::subnets::get(state, id) else {
            let message = format!("The subnet ID '{id}' does not exist");
            return Err(invalid_parameter(message));
        };
        if subnet.vpc_id != cluster.network.vpc_id {
            let message =
                format!("Subnet {id} provided in Fargate Profile is not in the VPC of the cluster");
            return Err(invalid_parameter(message));
        }
        if route_tables::leads_to_internet_gateway(state, id) {
            let message =
                format!("Subnet {id} provided in Fargate Profile is not a private subnet");
            return Err(invalid_parameter(message));
        }
    }
    Ok(ids)
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let (cluster, profile) = find(state, call)?;
    refuse_busy(cluster, "delete", &profile.name)?;
    let key = ProfileKey {
        cluster: cluster.name.clone(),
        profile: profile.name.clone(),
        serial: profile.serial,
    };
    let usually = state.durations.fargate_delete;
    match input::ending(call, usually) {
        Ending::Well(wait) => after(state, wait, Event::FargateGone(key.clone(), true)),
        Ending::Badly(_) => after(state, usually, Event::FargateGone(key.clone(), false)),
        Ending::Never => {}
    }
    if let Some(profile) = of_key(state, &key) {
        "DELETING".clone_into(&mut profile.status);
    }
    fargate_pods::select(state, &key.cluster);
    let (cluster, profile) = find(state, call)?;
    Ok(answer(&cluster.name, profile))
}

/// A profile is ready, or could not be created, for this reason.
pub(super) fn made(state: &mut State, key: &ProfileKey, failure: Option<String>) {
    let Some(profile) = of_key(state, key).filter(|one| one.status == "CREATING") else {
        return;
    };
    let status = if failure.is_some() {
        "CREATE_FAILED"
    } else {
        "ACTIVE"
    };
    status.clone_into(&mut profile.status);
    profile.issue = failure.map(problem);
    fargate_pods::select(state, &key.cluster);
}

/// The deletion of a profile has ended. Its pods go with it (EKS API reference, `DeleteFargateProfile`).
pub(super) fn gone(state: &mut State, key: &ProfileKey, well: bool) {
    let Some(profile) = of_key(state, key).filter(|one| one.status == "DELETING") else {
        return;
    };
    if !well {
        "DELETE_FAILED".clone_into(&mut profile.status);
        profile.issue = Some(problem("InternalFailure".to_owned()));
        return;
    }
    let role_arn = profile.role_arn.clone();
    fargate_pods::remove_all(state, key);
    if let Some(cluster) = state.eks.clusters.get_mut(&key.cluster) {
        cluster.fargate.remove(&key.profile);
        if !cluster.fargate.values().any(|one| one.role_arn == role_arn) {
            let is_ours = |entry: &AccessEntry| entry.entry_type == "FARGATE_LINUX";
            if cluster.access.get(&role_arn).is_some_and(is_ours) {
                cluster.access.shift_remove(&role_arn);
            }
        }
    }
    aws_auth::remove_role(state, &key.cluster, &role_arn, Machines::Fargate);
}

fn problem(code: String) -> Issue {
    Issue {
        code,
        message: "The Fargate profile could not be changed".to_owned(),
        resource_ids: Vec::new(),
    }
}

pub(super) fn resource(region: &str, cluster: &str, profile: &FargateProfile) -> Resource {
    let id = format!("{cluster}/{}", profile.name);
    let mut resource = Resource::new("eks_fargate_profile", id, region);
    resource.name = Some(profile.name.clone());
    resource.tags.clone_from(&profile.tags);
    crate::lifetime::set(&mut resource, profile.status.clone());
    resource.created_at = Some(profile.created_at);
    let cluster = ("cluster".to_owned(), cluster.to_owned());
    resource.properties.extend([cluster]);
    resource
}
