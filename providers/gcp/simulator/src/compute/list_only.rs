//! Collections that can be listed and stay empty: what an auditor looks for, and nothing here makes.

use super::collection::Collection;
use super::place::Level;
use super::rows::aggregated;
use crate::route::{Table, table};

/// A table of the reads of a collection.
macro_rules! reads {
    ($base:literal, $plural:literal, $of:expr, $more:expr) => {
        table(&[
            kubeproof_simkit::router::on(
                "GET",
                concat!("/projects/{project}/", $base, "/", $plural),
                concat!("compute.", $plural, ".list"),
                |state, call| super::read::list(state, call, &$of),
            ),
            kubeproof_simkit::router::on(
                "GET",
                concat!("/projects/{project}/", $base, "/", $plural, "/{name}"),
                concat!("compute.", $plural, ".get"),
                |state, call| super::read::get(state, call, &$of),
            ),
            $more,
        ])
    };
}

static POLICIES: Collection = Collection::plain(
    "resourcePolicies",
    "compute#resourcePolicy",
    &[Level::Region],
    "resource_policy",
);
static RESERVATIONS: Collection = Collection::plain(
    "reservations",
    "compute#reservation",
    &[Level::Zone],
    "reservation",
);
/// A pool's autoscaling is Kubernetes Engine's own: it makes none of these.
static AUTOSCALERS: Collection = Collection::plain(
    "autoscalers",
    "compute#autoscaler",
    &[Level::Region, Level::Zone],
    "autoscaler",
);

pub(crate) const POLICIES_TABLE: Table = reads!(
    "regions/{region}",
    "resourcePolicies",
    POLICIES,
    aggregated!("resourcePolicies", POLICIES)
);
pub(crate) const RESERVATIONS_TABLE: Table = reads!(
    "zones/{zone}",
    "reservations",
    RESERVATIONS,
    aggregated!("reservations", RESERVATIONS)
);
pub(crate) const AUTOSCALERS_TABLE: Table = reads!(
    "zones/{zone}",
    "autoscalers",
    AUTOSCALERS,
    aggregated!("autoscalers", AUTOSCALERS)
);
