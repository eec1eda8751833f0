//! Updates of clusters and node groups: in progress, then ended.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::addons::AddonKey;
use super::failure::{no_node_group, not_found};
use super::input::{self, Ending, epoch};
use super::{Event, GroupKey, addon_updates, after, cluster::Cluster};
use super::{node_group_update, support};
use crate::billing::usage;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// What an update sets when it succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing more: everything was set immediately.
    Done,
    /// The cluster's Kubernetes version.
    Version(String),
    /// The number of nodes of a group.
    Nodes(GroupKey),
    /// The status of an add-on.
    Addon(AddonKey),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its id, a UUID.
    pub id: String,
    /// `InProgress`, `Failed`, `Successful`.
    pub status: String,
    /// What is updated: `ConfigUpdate`, `VersionUpdate`, `EndpointAccessUpdate`, `LoggingUpdate`, …
    pub update_type: String,
    /// The parameters: type and value.
    pub params: Vec<(String, String)>,
    /// When it began.
    pub created_at: Timestamp,
    /// The node group, if it is an update of one.
    pub node_group: Option<String>,
    /// What is set at its end.
    pub change: Change,
}

impl Update {
    /// Whether it is one of the cluster itself.
    pub fn is_of_cluster(&self) -> bool {
        self.node_group.is_none() && self.addon().is_none()
    }

    /// The add-on, if it is an update of one.
    fn addon(&self) -> Option<&str> {
        match &self.change {
            Change::Addon(key) => Some(&key.addon),
            Change::Done | Change::Version(_) | Change::Nodes(_) => None,
        }
    }

    /// Whether it is in progress.
    pub fn is_running(&self) -> bool {
        self.status == "InProgress"
    }

    fn view(&self) -> Value {
        let errors = if self.status == "Failed" {
            vec![json!({"errorCode": "Unknown", "errorMessage": "The update failed"})]
        } else {
            Vec::new()
        };
        let params: Vec<Value> = self
            .params
            .iter()
            .map(|(name, value)| json!({"type": name, "value": value}))
            .collect();
        json!({
            "id": self.id,
            "status": self.status,
            "type": self.update_type,
            "params": params,
            "createdAt": epoch(self.created_at),
            "errors": errors,
        })
    }
}

/// Begins an update of a cluster: stores it and schedules its end.
pub(super) fn begin(
    state: &mut State,
    call: &Call,
    cluster: &str,
    update: (&str, Vec<(String, String)>),
    node_group: Option<String>,
    change: Change,
) -> Answer {
    let id = state.ids.uuid();
    let update = Update {
        id: id.clone(),
        status: "InProgress".to_owned(),
        update_type: update.0.to_owned(),
        params: update.1,
        created_at: state.now,
        node_group,
        change,
    };
    let answer = Answer::Json(json!({"update": update.view()}));
    if let Some(cluster) = state.eks.clusters.get_mut(cluster) {
        cluster.updates.insert(id.clone(), update);
    }
    let usually = state.durations.update;
    let cluster = cluster.to_owned();
    match input::ending(call, usually) {
        Ending::Well(wait) => after(state, wait, Event::UpdateEnded(cluster, id, true)),
        Ending::Badly(_) => after(state, usually, Event::UpdateEnded(cluster, id, false)),
        Ending::Never => {}
    }
    answer
}

/// Ends an update.
pub(super) fn end(state: &mut State, name: &str, id: &str, well: bool) {
    let Some(cluster) = state.eks.clusters.get_mut(name) else {
        return;
    };
    let Some(update) = cluster.updates.get_mut(id) else {
        return;
    };
    let status = if well { "Successful" } else { "Failed" };
    status.clone_into(&mut update.status);
    let change = update.change.clone();
    if update.is_of_cluster() && cluster.status == "UPDATING" {
        "ACTIVE".clone_into(&mut cluster.status);
    }
    match change {
        Change::Version(version) if well => {
            let serial = cluster.serial;
            cluster.version.clone_from(&version);
            if let Some(server) = state.kubernetes.get_mut(name) {
                server.is_of_version(&version);
            }
            let cluster = state.eks.clusters.get(name);
            if !cluster.is_some_and(|cluster| support::costs_more(state, cluster)) {
                usage::stop(state, &usage::extended_key(name));
            }
            support::watch(state, name, serial);
        }
        Change::Nodes(key) => node_group_update::end(state, &key, well),
        Change::Addon(key) => addon_updates::end(state, &key, well),
        Change::Version(_) | Change::Done => {}
    }
}

fn of_query<'a>(cluster: &'a Cluster, call: &Call) -> Result<Vec<&'a Update>, AwsError> {
    let group = call.params.get("nodegroupName");
    if let Some(name) = group
        && !cluster.node_groups.contains_key(name)
    {
        return Err(no_node_group(&cluster.name, name));
    }
    let addon = call.params.get("addonName");
    let fits = |update: &&Update| update.node_group.as_deref() == group && update.addon() == addon;
    Ok(cluster.updates.values().filter(fits).collect())
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let updates = of_query(input::cluster(state, call)?, call)?;
    let ids = updates.iter().map(|update| json!(update.id)).collect();
    input::paged(state, call, "updateIds", ids)
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let id = input::segment(call, 3);
    let updates = of_query(input::cluster(state, call)?, call)?;
    let missing = || not_found(format!("No update found for ID: {id}"));
    let update = updates
        .into_iter()
        .find(|update| update.id == id)
        .ok_or_else(missing)?;
    Ok(Answer::Json(json!({"update": update.view()})))
}
