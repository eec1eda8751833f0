//! The proxies of load balancers that do not speak HTTP: for TCP, TLS and gRPC. Only global ones can be made here.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table};
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

/// The type in inventories, as of proxies for HTTP.
const RESOURCE_TYPE: &str = "target_proxy";
const HEADER: (&str, Member) = ("proxyHeader", Member::Word(&["NONE", "PROXY_V1"]));

pub(crate) const TCP_TABLE: Table = resource_table!(
    global "targetTcpProxies", "targetTcpProxies", TCP_PROXIES,
    aggregated!("targetTcpProxies", TCP_PROXIES),
);
// These two have no aggregated list (compute.v1 discovery).
pub(crate) const SSL_TABLE: Table =
    resource_table!(global "targetSslProxies", "targetSslProxies", SSL_PROXIES);
pub(crate) const GRPC_TABLE: Table =
    resource_table!(global "targetGrpcProxies", "targetGrpcProxies", GRPC_PROXIES);

pub(crate) static TCP_PROXIES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("service", Member::Link("backendServices")),
        HEADER,
        ("proxyBind", Member::Flag),
    ],
    properties: &["description", "service"],
    seconds: [5, 5, 5],
    prepare: of_service,
    ..Collection::plain(
        "targetTcpProxies",
        "compute#targetTcpProxy",
        &[Level::Global, Level::Region],
        RESOURCE_TYPE,
    )
};

pub(crate) static SSL_PROXIES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("service", Member::Link("backendServices")),
        ("sslCertificates", Member::Links("sslCertificates")),
        HEADER,
    ],
    properties: &["description", "service", "sslCertificates"],
    seconds: [5, 5, 5],
    prepare: |state, draft| {
        draft.required("sslCertificates")?;
        of_service(state, draft)
    },
    ..Collection::plain(
        "targetSslProxies",
        "compute#targetSslProxy",
        &[Level::Global],
        RESOURCE_TYPE,
    )
};

pub(crate) static GRPC_PROXIES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("urlMap", Member::Link("urlMaps")),
        ("validateForProxyless", Member::Flag),
        ("fingerprint", Member::Output),
    ],
    has_fingerprint: true,
    properties: &["description", "urlMap"],
    seconds: [5, 5, 5],
    prepare: |_, draft| draft.required("urlMap").map(|_| ()),
    ..Collection::plain(
        "targetGrpcProxies",
        "compute#targetGrpcProxy",
        &[Level::Global],
        RESOURCE_TYPE,
    )
};

fn of_service(_: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("service")?;
    draft.default("proxyHeader", json!("NONE"));
    Ok(())
}
