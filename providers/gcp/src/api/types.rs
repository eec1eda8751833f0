//! The API's answers, as far as they are used here. Unknown members are ignored: the API grows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A page of a list of Compute Engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub struct Page<T> {
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
    pub next_page_token: Option<String>,
    pub warning: Option<Warning>,
}

/// A page of an aggregated list: what each scope has, or why it could not be read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregatedPage {
    #[serde(default)]
    pub items: BTreeMap<String, Value>,
    pub next_page_token: Option<String>,
    pub warning: Option<Warning>,
    /// Scopes that did not answer.
    #[serde(default)]
    pub unreachables: Vec<String>,
}

/// Why a list, or a part of it, is not complete.
#[derive(Clone, Debug, Deserialize)]
pub struct Warning {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

impl Warning {
    /// Whether it only says that a scope has nothing, which is not a defect of the list.
    pub fn is_harmless(&self) -> bool {
        self.code == "NO_RESULTS_ON_PAGE"
    }
}

/// A resource of Compute Engine: the members that say what it is, whose, and what it refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComputeResource {
    pub name: String,
    /// The cloud's unique id: names are used again.
    pub id: String,
    pub self_link: String,
    pub creation_timestamp: String,
    pub description: String,
    pub labels: BTreeMap<String, String>,
    /// The link of its network, where it has one.
    pub network: Option<String>,
    /// The link of its region; none when it is global or in a zone.
    pub region: Option<String>,
    /// The link of its zone.
    pub zone: Option<String>,
    /// Links of what uses it.
    pub users: Vec<String>,
    /// The tags of the machines that a firewall rule is for.
    pub target_tags: Vec<String>,
    /// The links of a target pool's health checks.
    pub health_checks: Vec<String>,
    /// The links of a target pool's machines.
    pub instances: Vec<String>,
}

impl ComputeResource {
    /// The name of its region or zone.
    pub fn location(&self) -> Option<&str> {
        last(self.zone.as_deref().or(self.region.as_deref())?)
    }

    /// The name of its network.
    pub fn network_name(&self) -> Option<&str> {
        last(self.network.as_deref()?)
    }
}

/// The last part of a link: the name of what it leads to.
pub fn last(link: &str) -> Option<&str> {
    link.rsplit('/').next().filter(|name| !name.is_empty())
}

/// An operation of Compute Engine. One that failed is answered with 200, and its error is inside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComputeOperation {
    pub name: String,
    pub status: String,
    pub region: Option<String>,
    pub zone: Option<String>,
    pub error: Option<ComputeErrors>,
    pub http_error_status_code: Option<u16>,
    pub http_error_message: Option<String>,
}

/// The errors of an operation of Compute Engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ComputeErrors {
    pub errors: Vec<ComputeError>,
}

/// One error of an operation of Compute Engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ComputeError {
    pub code: String,
    pub message: String,
}

/// An operation of Kubernetes Engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterOperation {
    /// The short name.
    pub name: String,
    pub operation_type: String,
    /// `PENDING`, `RUNNING`, `DONE` or `ABORTING`.
    pub status: String,
    pub status_message: String,
    pub target_link: String,
    pub start_time: String,
    pub error: Option<Status>,
}

/// An error as most services write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// A number of `google.rpc.Code`.
    pub code: i32,
    pub message: String,
}

/// The operations of a location.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterOperations {
    pub operations: Vec<ClusterOperation>,
    /// Zones that did not answer.
    pub missing_zones: Vec<String>,
}

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cluster {
    pub name: String,
    pub id: String,
    /// `PROVISIONING`, `RUNNING`, `RECONCILING`, `STOPPING`, `ERROR` or `DEGRADED`.
    pub status: String,
    pub status_message: String,
    pub conditions: Vec<Condition>,
    /// The address of the API server, without a port.
    pub endpoint: String,
    pub master_auth: MasterAuth,
    pub resource_labels: BTreeMap<String, String>,
    pub node_pools: Vec<NodePool>,
    pub current_master_version: String,
    pub create_time: String,
}

/// How to trust a cluster's API server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MasterAuth {
    /// Base64 of PEM.
    pub cluster_ca_certificate: String,
}

/// What is wrong with a cluster or node pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// The older word, such as `GCE_STOCKOUT`.
    pub code: String,
    pub canonical_code: String,
    pub message: String,
}

/// A node pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePool {
    pub name: String,
    /// `PROVISIONING`, `RUNNING`, `RUNNING_WITH_ERROR`, `RECONCILING`, `STOPPING` or `ERROR`.
    pub status: String,
    pub status_message: String,
    pub conditions: Vec<Condition>,
}

/// A project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Project {
    pub project_id: String,
    pub project_number: String,
    pub lifecycle_state: String,
}

/// Whether a project is billed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BillingInfo {
    pub billing_enabled: bool,
    pub billing_account_name: String,
}

/// One API of a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EnabledApi {
    /// `projects/NUMBER/services/container.googleapis.com`.
    pub name: String,
    /// `ENABLED` or `DISABLED`.
    pub state: String,
}

/// Several APIs of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EnabledApis {
    pub services: Vec<EnabledApi>,
}

/// An operation of Service Usage.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LongRunning {
    /// `operations/acf.p2-…`.
    pub name: String,
    pub done: bool,
    pub error: Option<Status>,
}

/// A service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccount {
    pub email: String,
    pub unique_id: String,
    pub display_name: String,
    pub description: String,
}
