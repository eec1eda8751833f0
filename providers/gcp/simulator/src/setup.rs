//! How a simulated project begins: its names, its token, its seed, its quotas.

use jiff::{SignedDuration, Timestamp};

/// The access token that the simulated project accepts. Made up, and useless elsewhere.
pub const ACCESS_TOKEN: &str = "ya29.kubeproof-rehearsal-0000000000000000000000000000";
/// Who the access token belongs to.
pub const CALLER: &str = "provisioner@kubeproof-rehearsal.iam.gserviceaccount.com";
/// The project.
pub const PROJECT: &str = "kubeproof-rehearsal";
/// The label that names the run of a resource. What has no labels says it in its description: `kubeproof-run=r1`.
pub const RUN_LABEL: &str = "kubeproof-run";

/// The initial settings of a project.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of ids.
    pub seed: u64,
    /// The time at the beginning.
    pub now: Timestamp,
    /// The project's id.
    pub project: String,
    /// The project's number.
    pub project_number: u64,
    /// The access token that is known.
    pub access_token: String,
    /// Who the access token belongs to.
    pub caller: String,
    /// The services that are enabled at the beginning, such as `compute.googleapis.com`.
    pub services: Vec<String>,
    /// The vCPUs that the project may use in a region.
    pub cpus_max: u32,
    /// The networks that the project may have.
    pub networks_max: u32,
    /// Whether the project has a billing account.
    pub is_billed: bool,
    /// Permissions that the caller does not have.
    pub denied_permissions: Vec<String>,
    /// Zones without machines to give.
    pub exhausted_zones: Vec<String>,
    /// Whether resources of other owners and shared ones exist from the start.
    pub bystanders: bool,
    /// Since when billing data are exported to `BigQuery`; `None`: they are not. What was used before is not exported.
    pub export_since: Option<Timestamp>,
    /// The dataset of the export.
    pub export_dataset: String,
    /// The hours after which a row is exported, least and most: "no delivery guarantees", and a day in practice.
    pub export_lag_hours: (u32, u32),
    /// How long a query lasts, seconds.
    pub query_seconds: u32,
    /// Most rows on a page of a query's result: the API limits pages by their size.
    pub query_page_rows: usize,
}

impl Setup {
    /// A project with bystanders.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let services = [
            "bigquery",
            "cloudasset",
            "cloudbilling",
            "cloudkms",
            "cloudresourcemanager",
            "compute",
            "container",
            "dns",
            "file",
            "gkehub",
            "iam",
            "logging",
            "serviceusage",
        ];
        Self {
            seed,
            now,
            project: PROJECT.to_owned(),
            project_number: 415_104_041_262,
            access_token: ACCESS_TOKEN.to_owned(),
            caller: CALLER.to_owned(),
            services: services
                .iter()
                .map(|one| format!("{one}.googleapis.com"))
                .collect(),
            cpus_max: 72,
            networks_max: 15,
            is_billed: true,
            denied_permissions: Vec::new(),
            exhausted_zones: Vec::new(),
            bystanders: true,
            export_since: now.checked_sub(SignedDuration::from_hours(48)).ok(),
            export_dataset: "billing".to_owned(),
            export_lag_hours: (4, 24),
            query_seconds: 1,
            query_page_rows: 10_000,
        }
    }
}
