//! A cluster: what was asked for, and what became of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde_json::Value;

use super::pool::Pool;
use crate::compute::zones;
use crate::setup::RUN_LABEL;
use crate::state::State;
use crate::wire::{ApiError, Object};

/// How far a cluster or a node pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Provisioning,
    Running,
    /// A pool that has some of its machines, but not all.
    RunningWithError,
    /// Being changed.
    Reconciling,
    Stopping,
    Error,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Running => "RUNNING",
            Self::RunningWithError => "RUNNING_WITH_ERROR",
            Self::Reconciling => "RECONCILING",
            Self::Stopping => "STOPPING",
            Self::Error => "ERROR",
        }
    }
}

/// Why a cluster or a pool is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// `GCE_STOCKOUT`.
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    /// Its zone, or its region.
    pub(crate) location: String,
    /// 64 hexadecimal digits; the first eight are in the names of what belongs to it.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) status: Status,
    pub(crate) conditions: Vec<Condition>,
    /// The control plane's version.
    pub(crate) version: String,
    /// The control plane's public address.
    pub(crate) endpoint: String,
    /// Whether it ever ran: only then does it have an endpoint.
    pub(crate) was_ready: bool,
    pub(crate) pools: Vec<Pool>,
    /// What was asked for, without pools and name, and completed.
    pub(crate) document: Object,
}

impl Cluster {
    /// The key under which it is kept.
    pub(crate) fn key(&self) -> String {
        key(&self.location, &self.name)
    }

    /// The digits in the names of what belongs to it.
    pub(crate) fn hash(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }

    pub(crate) fn is_zonal(&self) -> bool {
        zones::is_zone(&self.location)
    }

    pub(crate) fn is_autopilot(&self) -> bool {
        self.flag("/autopilot/enabled")
    }

    /// A flag in what was asked for, by its path.
    pub(crate) fn flag(&self, path: &str) -> bool {
        self.at(path).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A value in what was asked for, by its path.
    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        let mut parts = path.trim_start_matches('/').split('/');
        let first = self.document.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// A text in what was asked for, by its path.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The region that it is in.
    pub(crate) fn region(&self) -> &str {
        if self.is_zonal() {
            zones::region_of(&self.location)
        } else {
            &self.location
        }
    }

    /// The zones of its nodes.
    pub(crate) fn locations(&self) -> Vec<String> {
        texts(self.document.get("locations"))
    }

    /// Its labels.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let labels = self
            .document
            .get("resourceLabels")
            .and_then(Value::as_object);
        let texts = labels.into_iter().flatten();
        texts
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    /// The run that it belongs to.
    pub(crate) fn run(&self) -> Option<String> {
        self.labels().get(RUN_LABEL).cloned()
    }

    /// Its path below the project, as real links have it: clusters of a zone have the older form.
    pub(crate) fn path(&self) -> String {
        let level = if self.is_zonal() {
            "zones"
        } else {
            "locations"
        };
        format!("{level}/{}/clusters/{}", self.location, self.name)
    }

    pub(crate) fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    pub(crate) fn pool_mut(&mut self, name: &str) -> Option<&mut Pool> {
        self.pools.iter_mut().find(|pool| pool.name == name)
    }

    /// The cluster as an auditor sees it.
    pub(crate) fn resource(&self) -> Resource {
        let scope = if self.is_zonal() {
            format!("{}/{}", self.region(), self.location)
        } else {
            self.location.clone()
        };
        let mut resource = Resource::new("gke_cluster", &self.name, scope);
        resource.incarnation = Some(self.id.clone());
        resource.lifetime = match self.status {
            Status::Stopping => Lifetime::Ending,
            // It serves no one, and has to be deleted all the same.
            Status::Error => Lifetime::Dead,
            _ => Lifetime::Alive,
        };
        resource.name = Some(self.name.clone());
        resource.tags = self.labels();
        resource.created_at = Some(self.created);
        self.status.word().clone_into(&mut resource.state);
        let pools: Vec<&str> = self.pools.iter().map(|pool| pool.name.as_str()).collect();
        resource.properties = BTreeMap::from([
            ("node_pools".to_owned(), pools.join(",")),
            ("network".to_owned(), self.text("network").to_owned()),
        ]);
        resource
    }
}

/// The key of a cluster.
pub(crate) fn key(location: &str, name: &str) -> String {
    format!("{location}/{name}")
}

/// The texts of a list; none if it is none.
pub(crate) fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The cluster with this key.
pub(crate) fn found<'s>(
    state: &'s State,
    location: &str,
    name: &str,
) -> Result<&'s Cluster, ApiError> {
    let cluster = state.container.clusters.get(&key(location, name));
    cluster.ok_or_else(|| absent(state, location, name))
}

/// 404 for a cluster.
pub(crate) fn absent(state: &State, location: &str, name: &str) -> ApiError {
    let level = if zones::is_zone(location) {
        "zones"
    } else {
        "locations"
    };
    let project = &state.setup.project;
    ApiError::not_found(format!(
        "Not found: projects/{project}/{level}/{location}/clusters/{name}."
    ))
}
