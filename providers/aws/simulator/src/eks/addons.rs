//! Add-ons: software that EKS installs in a cluster and keeps there. They go with their cluster.
//!
//! An add-on whose pods find no node is degraded, and recovers by itself. Versions are in `addon_versions`, and what
//! changes an add-on later in `addon_updates`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_simkit::idempotency::Token;
use serde_json::{Value, json};

use super::cluster::{Cluster, Issue, issues};
use super::failure::{in_use, invalid_parameter, invalid_request, not_found};
use super::input::{self, Ending, epoch, need_text, text};
use super::kube_system::{self, Place, SystemAddon};
use super::{Event, addon_versions, after, versions};
use crate::iam::role_checks;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// What EKS puts into a new cluster by itself, without managing it.
const SELF_MANAGED: [&str; 3] = ["vpc-cni", "coredns", "kube-proxy"];
/// Those that run as a deployment: their pods need a node.
const DEPLOYED: [&str; 3] = ["coredns", "aws-ebs-csi-driver", "metrics-server"];
/// What the storage driver may not do without.
const STORAGE_POLICIES: [&str; 2] = ["AmazonEBSCSIDriverPolicy", "AmazonEBSCSIDriverPolicyV2"];

/// The key of an add-on, which may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddonKey {
    pub cluster: String,
    /// The add-on.
    pub addon: String,
    /// Its serial number.
    pub serial: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addon {
    pub name: String,
    pub arn: String,
    /// Distinguishes it from a later one of the same name.
    pub serial: u64,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `CREATE_FAILED`, `UPDATE_FAILED`: what EKS itself did. An active
    /// one may be shown as degraded.
    pub status: String,
    pub version: String,
    /// The role of its service account.
    pub role_arn: Option<String>,
    /// Configuration as given.
    pub configuration: Option<String>,
    /// The ids of its Pod Identity associations.
    pub pod_identities: Vec<String>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// Why it failed.
    pub issue: Option<Issue>,
    /// Whether its software stays in the cluster when it is deleted.
    pub preserved: bool,
    /// The idempotency token of its creation.
    pub token: Token,
}

/// Whether the pods of a cluster have a network: by the add-on, or by what EKS put there at first.
pub fn has_network(cluster: &Cluster) -> bool {
    let addon = cluster.addons.get("vpc-cni");
    cluster.self_managed_addons || addon.is_some_and(|addon| addon.status != "CREATE_FAILED")
}

/// Whether an add-on is installed in a cluster by EKS, and runs.
pub fn is_active(state: &State, cluster: &Cluster, name: &str) -> bool {
    let addon = cluster.addons.get(name);
    addon.is_some_and(|addon| shown(state, cluster, addon).0 == "ACTIVE")
}

/// The status of an add-on as it is shown, with its problem.
fn shown(state: &State, cluster: &Cluster, addon: &Addon) -> (String, Option<Issue>) {
    let degraded = (addon.status == "ACTIVE")
        .then(|| degraded(state, cluster, addon))
        .flatten();
    match degraded {
        Some(issue) => ("DEGRADED".to_owned(), Some(issue)),
        None => (addon.status.clone(), addon.issue.clone()),
    }
}

/// Why an installed add-on does not run.
fn degraded(state: &State, cluster: &Cluster, addon: &Addon) -> Option<Issue> {
    let has_nodes = || {
        let server = state.kubernetes.get(&cluster.name);
        server.is_some_and(|server| !server.nodes().is_empty())
    };
    let lacks_nodes = DEPLOYED.contains(&addon.name.as_str()) && !has_nodes();
    let lacks_role = addon.name == "aws-ebs-csi-driver" && !has_storage_role(state, cluster, addon);
    (lacks_nodes || lacks_role).then(|| Issue {
        code: "InsufficientNumberOfReplicas".to_owned(),
        message: "The add-on is unhealthy because it doesn't have the desired number of replicas."
            .to_owned(),
        resource_ids: Vec::new(),
    })
}

/// Whether the storage driver may call EC2: by the role of its service account, by Pod Identity, or by its node's role.
fn has_storage_role(state: &State, cluster: &Cluster, addon: &Addon) -> bool {
    let holds = |arn: &str| {
        let mut roles = state.iam.roles.values();
        let role = roles.find(|role| role.arn == arn);
        role.is_some_and(|role| {
            let attached = || {
                role.attached
                    .keys()
                    .filter_map(|arn| arn.rsplit('/').next())
            };
            let by_aws = attached().any(|name| STORAGE_POLICIES.contains(&name));
            // The documents of customers' policies are not read.
            by_aws
                || !role.inline.is_empty()
                || role
                    .attached
                    .keys()
                    .any(|arn| !arn.contains(":aws:policy/"))
        })
    };
    let issuer = cluster.issuer(&state.setup.region);
    let by_service_account = addon
        .role_arn
        .as_ref()
        .is_some_and(|arn| holds(arn) && role_checks::trusts_issuer(state, arn, &issuer));
    let by_pod_identity = addon.pod_identities.iter().any(|id| {
        let association = cluster.pod_identities.get(id);
        association.is_some_and(|one| holds(&one.role_arn))
    }) && cluster.addons.contains_key("eks-pod-identity-agent");
    let by_node = || {
        let mut groups = cluster.node_groups.values();
        groups.any(|group| holds(&group.role_arn))
    };
    by_service_account || by_pod_identity || by_node()
}

/// `{"addon": …}` of an add-on.
pub(super) fn answer(state: &State, cluster: &Cluster, addon: &Addon) -> Answer {
    let (status, issue) = shown(state, cluster, addon);
    let problems: Vec<Issue> = issue.into_iter().collect();
    let mut view = json!({
        "addonName": addon.name,
        "clusterName": cluster.name,
        "status": status,
        "addonVersion": addon.version,
        "health": {"issues": issues(&problems)},
        "addonArn": addon.arn,
        "createdAt": epoch(addon.created_at),
        "modifiedAt": epoch(addon.modified_at),
        "tags": addon.tags,
    });
    if let Some(arn) = &addon.role_arn {
        view["serviceAccountRoleArn"] = json!(arn);
    }
    if let Some(text) = &addon.configuration {
        view["configurationValues"] = json!(text);
    }
    if !addon.pod_identities.is_empty() {
        let associations = addon.pod_identities.iter();
        let arns = associations.filter_map(|id| Some(cluster.pod_identities.get(id)?.arn.clone()));
        view["podIdentityAssociations"] = json!(arns.collect::<Vec<_>>());
    }
    Answer::Json(json!({ "addon": view }))
}

/// The add-on that the path names.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(super) fn find<'a>(state: &'a State, call: &Call) -> Result<&'a Addon, AwsError> {
    let cluster = input::cluster(state, call)?;
    let name = input::segment(call, 3);
    cluster.addons.get(name).ok_or_else(|| {
        not_found(format!(
            "No addon: {name} found in cluster: {}",
            cluster.name
        ))
        .with("clusterName", cluster.name.as_str())
        .with("addonName", name)
    })
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    Ok(answer(
        state,
        input::cluster(state, call)?,
        find(state, call)?,
    ))
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let names = cluster.addons.keys().map(|name| json!(name)).collect();
    input::paged(state, call, "addons", names)
}

/// Refuses a version that does not fit the cluster, and gives its name.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn version(
    cluster: &Cluster,
    addon: &str,
    given: Option<&str>,
) -> Result<String, AwsError> {
    let found = match given {
        Some(name) => addon_versions::find(addon, name, &cluster.version),
        None => addon_versions::default(addon, &cluster.version),
    };
    let refused = || invalid_parameter("Addon version specified is not supported");
    Ok(found.ok_or_else(refused)?.name.to_owned())
}

/// Refuses configuration that is no map.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn configuration(body: &Value) -> Result<Option<String>, AwsError> {
    let Some(given) = text(body, "configurationValues") else {
        return Ok(None);
    };
    // EKS also takes YAML, which a map in braces is as well.
    let is_json = serde_json::from_str::<Value>(given).is_ok_and(|value| value.is_object());
    if given.trim_start().starts_with('{') && !is_json {
        let message =
            "ConfigurationValue provided in request is not supported: it is no JSON object";
        return Err(invalid_parameter(message));
    }
    Ok(Some(given.to_owned()))
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let name = need_text(body, "addonName")?.to_owned();
    let token = input::token(body);
    let cluster = input::cluster(state, call)?;
    let of_cluster = cluster.name.clone();
    let named = |error: AwsError| {
        error
            .with("clusterName", of_cluster.as_str())
            .with("addonName", name.as_str())
    };
    if let Some(addon) = cluster.addons.get(&name) {
        if input::is_repeated(&addon.token, &token)? {
            return Ok(answer(state, cluster, addon));
        }
        return Err(named(in_use("Addon already exists.")));
    }
    if cluster.status != "ACTIVE" {
        let message = format!(
            "Cannot create addon: cluster is in {} status",
            cluster.status
        );
        return Err(named(invalid_request(message)));
    }
    if !addon_versions::is_known(&name) {
        return Err(named(invalid_parameter(format!(
            "Addon {name} specified is not supported"
        ))));
    }
    let version = version(cluster, &name, text(body, "addonVersion")).map_err(named)?;
    let conflict = conflict(cluster, &name, &version, text(body, "resolveConflicts"));
    let configuration = configuration(body).map_err(named)?;
    let uuid = state.ids.uuid();
    let addon = Addon {
        arn: state.arn("eks", &format!("addon/{of_cluster}/{name}/{uuid}")),
        serial: state.eks.next_serial(),
        status: "CREATING".to_owned(),
        version,
        role_arn: text(body, "serviceAccountRoleArn").map(str::to_owned),
        configuration,
        pod_identities: super::pod_identity::of_addon(state, call, &of_cluster)?,
        created_at: state.now,
        modified_at: state.now,
        tags: input::map(body, "tags"),
        issue: None,
        preserved: false,
        token,
        name,
    };
    begin(state, call, addon, conflict)
}

/// A create that must not touch what is there fails where the two differ (EKS user guide, "Create an Amazon EKS
/// add-on": None).
fn conflict(cluster: &Cluster, addon: &str, version: &str, resolve: Option<&str>) -> bool {
    let there = cluster.self_managed_addons && SELF_MANAGED.contains(&addon);
    let usual = addon_versions::default(addon, &cluster.version);
    let differs = usual.is_none_or(|usual| usual.name != version);
    there && differs && resolve.is_none_or(|how| how == "NONE")
}

fn begin(state: &mut State, call: &Call, addon: Addon, conflict: bool) -> Outcome {
    let key = AddonKey {
        cluster: input::segment(call, 1).to_owned(),
        addon: addon.name.clone(),
        serial: addon.serial,
    };
    let usually = state.durations.update;
    let failed = |code: &str| Some(code.to_owned());
    let (wait, failure) = match input::ending(call, usually) {
        _ if conflict => (Some(usually), failed("ConfigurationConflict")),
        Ending::Well(wait) => (Some(wait), None),
        Ending::Badly(code) => (Some(usually), code.or_else(|| failed("InternalFailure"))),
        Ending::Never => (None, None),
    };
    if let Some(wait) = wait {
        after(state, wait, Event::AddonMade(key, failure));
    }
    let name = addon.name.clone();
    input::cluster_mut(state, call)?
        .addons
        .insert(name.clone(), addon);
    let cluster = input::cluster(state, call)?;
    let missing = || not_found(format!("No addon: {name}"));
    Ok(answer(
        state,
        cluster,
        cluster.addons.get(&name).ok_or_else(missing)?,
    ))
}

/// The add-on of a key, if it is still the same one.
pub(super) fn of_key<'a>(state: &'a mut State, key: &AddonKey) -> Option<&'a mut Addon> {
    let cluster = state.eks.clusters.get_mut(&key.cluster)?;
    let addon = cluster.addons.get_mut(&key.addon)?;
    (addon.serial == key.serial).then_some(addon)
}

/// An add-on is installed, or could not be, for this reason.
pub(super) fn made(state: &mut State, key: &AddonKey, failure: Option<String>) {
    let Some(addon) = of_key(state, key) else {
        return;
    };
    if addon.status != "CREATING" {
        return;
    }
    let status = if failure.is_some() {
        "CREATE_FAILED"
    } else {
        "ACTIVE"
    };
    status.clone_into(&mut addon.status);
    let well = failure.is_none();
    addon.issue = failure.map(|code| Issue {
        message: match code.as_str() {
            "ConfigurationConflict" => "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode.",
            _ => "The add-on could not be created.",
        }
        .to_owned(),
        code,
        resource_ids: Vec::new(),
    });
    if well {
        install(state, key);
    }
}

/// Its objects are in the cluster, for the add-ons whose objects are known.
fn install(state: &mut State, key: &AddonKey) {
    let region = state.setup.region.clone();
    let (Some(cluster), Some(addon)) = (
        state.eks.clusters.get(&key.cluster),
        SystemAddon::named(&key.addon),
    ) else {
        return;
    };
    let place = Place {
        region: &region,
        minor: versions::minor(&cluster.version),
        service_cidr: &cluster.network.service_cidr,
    };
    if let Some(server) = state.kubernetes.get_mut(&key.cluster) {
        kube_system::install(server, addon, place);
    }
}

/// An empty list of an existing cluster.
pub(super) fn empty(state: &State, call: &Call, member: &str) -> Outcome {
    input::cluster(state, call)?;
    input::paged(state, call, member, Vec::new())
}
