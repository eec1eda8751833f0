//! The end of a version's support: the surcharge of extended support begins, or EKS upgrades the cluster.
//!
//! Source: EKS user guide ("Understand the Kubernetes version lifecycle", "Cluster upgrade policy"): billing of extended
//! support starts with the day on which standard support ends; a cluster with the policy STANDARD is upgraded then, and any
//! cluster at the end of extended support, one minor version at a time and at a time that EKS does not tell.

use std::time::Duration;

use jiff::SignedDuration;

use super::cluster::Cluster;
use super::failure::invalid_parameter;
use super::updates::{Change, Update};
use super::{Event, after, versions};
use crate::billing::{self, usage};
use crate::state::State;
use crate::wire::error::AwsError;

/// How long after the end of support EKS upgrades a cluster here; the guide says "at any time after" it.
const UPGRADED_AFTER: Duration = Duration::from_hours(1);
/// How often it looks again while the cluster is being changed.
const AGAIN_AFTER: Duration = Duration::from_mins(10);
const STANDARD: &str = "STANDARD";
const EXTENDED: &str = "EXTENDED";

/// The policy that a request asks for; EXTENDED is the default.
///
/// # Errors
/// `InvalidParameterException` for any other word.
pub(super) fn policy(asked: Option<&str>) -> Result<String, AwsError> {
    match asked {
        None => Ok(EXTENDED.to_owned()),
        Some(known @ (STANDARD | EXTENDED)) => Ok(known.to_owned()),
        Some(other) => Err(invalid_parameter(format!(
            "Value '{other}' at 'upgradePolicy.supportType' failed to satisfy constraint: Member must satisfy enum \
             value set: [STANDARD, EXTENDED]"
        ))),
    }
}

/// Sets the policy of a cluster. Extended support cannot be left but by an upgrade (EKS user guide, "Disable EKS extended
/// support"); the words are ours.
pub(super) fn set_policy(
    cluster: &mut Cluster,
    asked: &str,
    now: jiff::Timestamp,
) -> Result<(), AwsError> {
    let wanted = policy(Some(asked))?;
    let is_extended = versions::is_extended(now, &cluster.version);
    if is_extended && cluster.support_type == EXTENDED && wanted == STANDARD {
        return Err(invalid_parameter(format!(
            "The upgrade policy of cluster {} cannot be changed to STANDARD: its version {} is in extended support",
            cluster.name, cluster.version
        ))
        .with("clusterName", cluster.name.as_str()));
    }
    cluster.support_type = wanted;
    Ok(())
}

/// Whether a cluster costs the surcharge of extended support now.
pub(super) fn costs_more(state: &State, cluster: &Cluster) -> bool {
    cluster.support_type == EXTENDED && versions::is_extended(state.now, &cluster.version)
}

/// Looks at a cluster when the support of its version ends next.
pub(super) fn watch(state: &mut State, name: &str, serial: u64) {
    let Some(cluster) = state.eks.clusters.get(name) else {
        return;
    };
    let is_overdue = must_go(state, cluster);
    let next = versions::next_end(state.now, &cluster.version);
    let wait = match next {
        _ if is_overdue => UPGRADED_AFTER,
        Some(next) => {
            let wait = next.duration_since(state.now).max(SignedDuration::ZERO);
            Duration::try_from(wait).unwrap_or(Duration::ZERO)
        }
        None => return,
    };
    after(state, wait, Event::SupportEnds(name.to_owned(), serial));
}

/// Whether EKS does not leave a cluster on its version.
fn must_go(state: &State, cluster: &Cluster) -> bool {
    let is_standard = cluster.support_type == STANDARD;
    (is_standard && versions::is_extended(state.now, &cluster.version))
        || !versions::is_offered(state.now, &cluster.version)
}

/// The support of a cluster's version has ended.
pub(super) fn ends(state: &mut State, name: &str, serial: u64) {
    let found = state
        .eks
        .clusters
        .get(name)
        .filter(|cluster| cluster.serial == serial);
    let Some(cluster) = found.cloned() else {
        return;
    };
    if ["DELETING", "FAILED"].contains(&cluster.status.as_str()) {
        return;
    }
    if must_go(state, &cluster) {
        let event = Event::SupportEnds(name.to_owned(), serial);
        if cluster.status == "ACTIVE" {
            upgrade(state, &cluster);
        } else {
            after(state, AGAIN_AFTER, event);
        }
        return;
    }
    let is_charged = state.meter.open(&usage::extended_key(name)).is_some();
    if costs_more(state, &cluster) && !is_charged {
        let run = billing::run_of(&cluster.tags);
        usage::extended_support(state, name, &cluster.tags, run.as_deref());
    }
    watch(state, name, serial);
}

/// EKS upgrades a cluster by itself.
fn upgrade(state: &mut State, cluster: &Cluster) {
    let next = format!("1.{}", versions::minor(&cluster.version) + 1);
    let id = state.ids.uuid();
    let update = Update {
        id: id.clone(),
        status: "InProgress".to_owned(),
        update_type: "VersionUpdate".to_owned(),
        params: vec![
            ("Version".to_owned(), next.clone()),
            (
                "PlatformVersion".to_owned(),
                format!("\"{}\"", versions::platform(&next)),
            ),
        ],
        created_at: state.now,
        node_group: None,
        change: Change::Version(next),
    };
    if let Some(cluster) = state.eks.clusters.get_mut(&cluster.name) {
        "UPDATING".clone_into(&mut cluster.status);
        cluster.updates.insert(id.clone(), update);
    }
    let usually = state.durations.update;
    after(
        state,
        usually,
        Event::UpdateEnded(cluster.name.clone(), id, true),
    );
}
