//! What Kubernetes Engine bills: the management fee by the second, and the credit of the free tier, which the bill
//! shows apart.
//!
//! The fee "applies to all clusters" (price page), which says nothing of those that are still being made. They are taken to
//! be billed, so that a cluster is billed for as long as it exists; one whose creation failed is not.

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};

use super::cluster::Cluster;
use super::pods;
use crate::state::State;
use crate::{prices, skus};

/// The key of the credit, which only one cluster has at a time: it is worth a month of one cluster's fee.
const CREDIT: &str = "container/free-tier";

fn key_of(cluster: &str) -> String {
    format!("container/{cluster}")
}

fn usage(cluster: &Cluster) -> Usage {
    let usage_type = if cluster.is_autopilot() {
        skus::AUTOPILOT
    } else if cluster.is_zonal() {
        skus::ZONAL
    } else {
        skus::REGIONAL
    };
    Usage {
        line: "control_plane".to_owned(),
        service: skus::KUBERNETES_ENGINE.to_owned(),
        usage_type: usage_type.to_owned(),
        unit: "Hrs".to_owned(),
        usd_per_unit: prices::fee(),
        amount: Decimal::ONE,
        rounding: Rounding::Seconds { min_seconds: 0 },
        resource_id: cluster.name.clone(),
        tags: cluster.labels(),
        run_id: cluster.run(),
    }
}

/// A cluster is made, or its labels have changed.
pub(super) fn start(state: &mut State, key: &str) {
    let Some(cluster) = state.container.clusters.get(key) else {
        return;
    };
    let usage = usage(cluster);
    if cluster.text("/releaseChannel/channel") == "EXTENDED" {
        state.unpriced.insert("the extended channel".to_owned());
    }
    let meter = key_of(key);
    if state.meter.open(&meter).is_none() {
        state.meter.start(&meter, usage, state.now);
    } else {
        state.meter.retag(&usage.resource_id, &usage.tags);
    }
    credit(state);
}

/// A cluster is gone, or could not be made.
pub(super) fn stop(state: &mut State, key: &str) {
    pods::stop_all(state, key);
    state.meter.stop(&key_of(key), state.now);
}

/// Gives the credit of the free tier to the first cluster that it is for: one of a zone, or an Autopilot one.
pub(super) fn credit(state: &mut State) {
    let mut clusters = state.container.clusters.entries();
    let first = clusters.find(|(key, cluster)| {
        state.meter.open(&key_of(key)).is_some()
            && (cluster.is_zonal() || cluster.is_autopilot())
            && !state.container.exempt.contains(&cluster.id)
    });
    let open = state.credits.open(CREDIT);
    let Some((_, first)) = first else {
        state.credits.stop(CREDIT, state.now);
        return;
    };
    if open.is_some_and(|open| open.usage.resource_id == first.name) {
        return;
    }
    let mut credit = usage(first);
    "free_tier".clone_into(&mut credit.line);
    credit.usd_per_unit = -prices::fee();
    state.credits.start(CREDIT, credit, state.now);
}

/// Has the clusters that exist use up no credit of a run.
pub(crate) fn exempt_all(state: &mut State) {
    let ids = state
        .container
        .clusters
        .all()
        .map(|cluster| cluster.id.clone());
    state.container.exempt = ids.collect();
}
