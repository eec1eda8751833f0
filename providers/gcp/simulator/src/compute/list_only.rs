//! Collections that can be listed and stay empty: what an auditor looks for, and nothing here makes.

use super::collection::Collection;
use super::place::Level;
use super::rows::aggregated;
use crate::route::{Table, table};

/// A table of the reads of a collection.
macro_rules! reads {
    ($base:literal, $plural:literal, $of:expr $(, $more:expr)?) => {
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
            $($more)?
        ])
    };
}

const BOTH: &[Level] = &[Level::Global, Level::Region];

static URL_MAPS: Collection = Collection::plain("urlMaps", "compute#urlMap", BOTH, "url_map");
static HTTP_PROXIES: Collection = Collection::plain(
    "targetHttpProxies",
    "compute#targetHttpProxy",
    BOTH,
    "target_proxy",
);
static HTTPS_PROXIES: Collection = Collection::plain(
    "targetHttpsProxies",
    "compute#targetHttpsProxy",
    BOTH,
    "target_proxy",
);
static CERTIFICATES: Collection = Collection::plain(
    "sslCertificates",
    "compute#sslCertificate",
    BOTH,
    "ssl_certificate",
);
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
static SNAPSHOTS: Collection = Collection::plain(
    "snapshots",
    "compute#snapshot",
    &[Level::Global],
    "snapshot",
);

pub(crate) const URL_MAPS_TABLE: Table = reads!(
    "global",
    "urlMaps",
    URL_MAPS,
    aggregated!("urlMaps", URL_MAPS)
);
pub(crate) const HTTP_PROXIES_TABLE: Table = reads!(
    "global",
    "targetHttpProxies",
    HTTP_PROXIES,
    aggregated!("targetHttpProxies", HTTP_PROXIES)
);
pub(crate) const HTTPS_PROXIES_TABLE: Table = reads!(
    "global",
    "targetHttpsProxies",
    HTTPS_PROXIES,
    aggregated!("targetHttpsProxies", HTTPS_PROXIES)
);
pub(crate) const CERTIFICATES_TABLE: Table = reads!(
    "global",
    "sslCertificates",
    CERTIFICATES,
    aggregated!("sslCertificates", CERTIFICATES)
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
pub(crate) const SNAPSHOTS_TABLE: Table = reads!("global", "snapshots", SNAPSHOTS);
pub(crate) const AUTOSCALERS_TABLE: Table = reads!(
    "zones/{zone}",
    "autoscalers",
    AUTOSCALERS,
    aggregated!("autoscalers", AUTOSCALERS)
);
