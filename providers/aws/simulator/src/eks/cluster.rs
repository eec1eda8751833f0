//! A cluster: its stored state, and how it is shown, described and listed.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Token;
use serde_json::{Value, json};

use super::access::AccessEntry;
use super::addons::Addon;
use super::encryption::{self, Encryption};
use super::fargate::FargateProfile;
use super::input::{self, epoch};
use super::node_group::NodeGroup;
use super::pod_identity::Association;
use super::updates::Update;
use super::versions;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome};

/// The certificate that a cluster shows in memory: made up, because requests there do not use TLS.
pub const CERTIFICATE_AUTHORITY_PEM: &str = "-----BEGIN CERTIFICATE-----\n\
    bWFkZSB1cCBieSB0aGUga3ViZXByb29mIHNpbXVsYXRvciwgbm90IGEgY2VydGlm\n\
    aWNhdGU=\n-----END CERTIFICATE-----\n";

/// A problem of a cluster or node group: code, message, resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The code, such as `NodeCreationFailure`.
    pub code: String,
    pub message: String,
    /// The ids of the affected resources.
    pub resource_ids: Vec<String>,
}

/// The network of a cluster, as requested and as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Subnets of the control plane's interfaces.
    pub subnet_ids: Vec<String>,
    /// The requested security groups.
    pub security_group_ids: Vec<String>,
    /// The security group that EKS created.
    pub cluster_group_id: String,
    /// The VPC of the subnets.
    pub vpc_id: String,
    /// Whether the endpoint is public.
    pub public: bool,
    /// Whether the endpoint is reachable from inside the VPC.
    pub private: bool,
    /// Who may reach a public endpoint.
    pub public_cidrs: Vec<String>,
    /// Network of services.
    pub service_cidr: String,
    /// The interfaces that EKS created.
    pub interface_ids: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Cluster {
    pub name: String,
    pub arn: String,
    /// Its serial number: distinguishes it from a later cluster of the same name.
    pub serial: u64,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `FAILED`.
    pub status: String,
    /// Kubernetes version.
    pub version: String,
    /// The role that EKS assumes.
    pub role_arn: String,
    pub network: Network,
    /// Enabled log types; none means no logging.
    pub log_types: Vec<String>,
    /// `API`, `API_AND_CONFIG_MAP`, `CONFIG_MAP`.
    pub authentication_mode: String,
    /// Whether its creator is an administrator of it.
    pub creator_is_admin: bool,
    pub creator_arn: String,
    /// `STANDARD` or `EXTENDED`.
    pub support_type: String,
    /// Whether `DeleteCluster` is refused.
    pub deletion_protection: bool,
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    /// 32 hexadecimal digits of its endpoint and issuer.
    pub endpoint_id: String,
    /// Whether it was ever ACTIVE: only then does it have an endpoint.
    pub was_active: bool,
    /// Problems.
    pub issues: Vec<Issue>,
    /// The idempotency token of its creation.
    pub token: Token,
    /// Node groups by name.
    pub node_groups: BTreeMap<String, NodeGroup>,
    /// Access entries by principal.
    pub access: IndexMap<String, AccessEntry>,
    /// Updates by id, in order.
    pub updates: IndexMap<String, Update>,
    /// Pod identity associations by id.
    pub pod_identities: IndexMap<String, Association>,
    /// Add-ons by name.
    pub addons: BTreeMap<String, Addon>,
    /// Fargate profiles by name.
    pub fargate: BTreeMap<String, FargateProfile>,
    /// The key that encrypts its secrets.
    pub encryption: Option<Encryption>,
    /// Whether EKS put the usual add-ons into it, unmanaged.
    pub self_managed_addons: bool,
}

impl Cluster {
    /// The host of its API server.
    pub fn host(&self, region: &str) -> String {
        format!("{}.gr7.{region}.eks.amazonaws.com", self.endpoint_id)
    }

    /// The issuer of its service account tokens.
    pub fn issuer(&self, region: &str) -> String {
        format!(
            "https://oidc.eks.{region}.amazonaws.com/id/{}",
            self.endpoint_id
        )
    }

    /// Whether an update is in progress.
    pub fn running_update(&self) -> Option<&Update> {
        self.updates
            .values()
            .find(|update| update.is_running() && update.is_of_cluster())
    }
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    Ok(answer(state, input::cluster(state, call)?))
}

/// `{"cluster": …}`.
pub(super) fn answer(state: &State, cluster: &Cluster) -> Answer {
    Answer::Json(json!({ "cluster": view(state, cluster) }))
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let names = state.eks.clusters.keys().map(|name| json!(name)).collect();
    input::paged(state, call, "clusters", names)
}

/// A cluster as the API shows it: endpoint, certificate and issuer only once it has been ACTIVE.
pub fn view(state: &State, cluster: &Cluster) -> Value {
    let region = &state.setup.region;
    let of_key = encryption::issue(state, cluster);
    let problems: Vec<Issue> = cluster.issues.iter().cloned().chain(of_key).collect();
    let mut view = json!({
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": epoch(cluster.created_at),
        "version": cluster.version,
        "roleArn": cluster.role_arn,
        "resourcesVpcConfig": network(&cluster.network),
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": cluster.network.service_cidr,
            "ipFamily": "ipv4",
            "elasticLoadBalancing": {"enabled": false},
        },
        "logging": logging(&cluster.log_types),
        "status": cluster.status,
        "certificateAuthority": {},
        "platformVersion": versions::platform(&cluster.version),
        "tags": cluster.tags,
        "encryptionConfig": encryption::view(cluster),
        "health": {"issues": issues(&problems)},
        "accessConfig": {
            "bootstrapClusterCreatorAdminPermissions": cluster.creator_is_admin,
            "authenticationMode": cluster.authentication_mode,
        },
        "upgradePolicy": {"supportType": cluster.support_type},
        "deletionProtection": cluster.deletion_protection,
    });
    if cluster.was_active {
        use base64::Engine as _;
        let host = cluster.host(region);
        let (endpoint, authority) = match state.endpoints.get(&host) {
            Some(served) => (served.url.clone(), served.authority_pem.as_str()),
            None => (format!("https://{host}"), CERTIFICATE_AUTHORITY_PEM),
        };
        let encoded = base64::engine::general_purpose::STANDARD.encode(authority);
        view["endpoint"] = json!(endpoint);
        view["certificateAuthority"] = json!({ "data": encoded });
        view["identity"] = json!({"oidc": {"issuer": cluster.issuer(region)}});
    }
    view
}

fn network(network: &Network) -> Value {
    json!({
        "subnetIds": network.subnet_ids,
        "securityGroupIds": network.security_group_ids,
        "clusterSecurityGroupId": network.cluster_group_id,
        "vpcId": network.vpc_id,
        "endpointPublicAccess": network.public,
        "endpointPrivateAccess": network.private,
        "publicAccessCidrs": network.public_cidrs,
    })
}

/// All log types of a control plane.
pub(super) const LOG_TYPES: [&str; 5] = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
];

fn logging(enabled: &[String]) -> Value {
    let is_on = |name: &&str| enabled.iter().any(|one| one == name);
    let (on, off): (Vec<&str>, Vec<&str>) = LOG_TYPES.into_iter().partition(|name| is_on(name));
    let both = [(on, true), (off, false)];
    let groups: Vec<Value> = both
        .into_iter()
        .filter(|(types, _)| !types.is_empty())
        .map(|(types, enabled)| json!({"types": types, "enabled": enabled}))
        .collect();
    json!({ "clusterLogging": groups })
}

/// Problems as the API shows them.
pub(super) fn issues(issues: &[Issue]) -> Vec<Value> {
    issues
        .iter()
        .map(|issue| {
            json!({
                "code": issue.code,
                "message": issue.message,
                "resourceIds": issue.resource_ids,
            })
        })
        .collect()
}

pub(super) fn resource(state: &State, cluster: &Cluster) -> Resource {
    let mut resource = Resource::new("eks_cluster", &cluster.name, &state.setup.region);
    resource.name = Some(cluster.name.clone());
    resource.tags = cluster.tags.clone();
    crate::lifetime::set(&mut resource, cluster.status.clone());
    resource.created_at = Some(cluster.created_at);
    resource
        .properties
        .insert("vpc_id".to_owned(), cluster.network.vpc_id.clone());
    resource
        .properties
        .insert("version".to_owned(), cluster.version.clone());
    resource
}
