//! Backend services, in a region or global: where a load balancer sends its traffic.

use kubeproof_simkit::router::Operation;
use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::write;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const GLOBAL_TABLE: Table = resource_table!(
    global "backendServices", "backendServices", BACKEND_SERVICES,
    aggregated!("backendServices", BACKEND_SERVICES),
    Operation::not_simulated("GET", "/projects/{project}/global/backendServices/listUsable",
        "compute.backendServices.listUsable"),
    verb!("PATCH", "global/backendServices/{name}", "backendServices.patch",
        |state, call| write::patch(state, call, &BACKEND_SERVICES)),
);

pub(crate) const TABLE: Table = resource_table!(
    regional "backendServices", "regionBackendServices", BACKEND_SERVICES,
    Operation::not_simulated("GET", "/projects/{project}/regions/{region}/backendServices/listUsable",
        "compute.regionBackendServices.listUsable"),
    verb!("PATCH", "regions/{region}/backendServices/{name}", "regionBackendServices.patch",
        |state, call| write::patch(state, call, &BACKEND_SERVICES)),
);

pub(crate) static BACKEND_SERVICES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("backends", Member::Objects),
        ("healthChecks", Member::Texts),
        (
            "protocol",
            Member::Word(&["HTTP", "HTTPS", "HTTP2", "TCP", "SSL", "UDP", "GRPC"]),
        ),
        (
            "loadBalancingScheme",
            Member::Word(&[
                "EXTERNAL",
                "EXTERNAL_MANAGED",
                "INTERNAL",
                "INTERNAL_MANAGED",
            ]),
        ),
        ("port", Member::Number),
        ("portName", Member::Text),
        ("timeoutSec", Member::Number),
        ("sessionAffinity", Member::Text),
        ("connectionDraining", Member::Object),
        ("network", Member::Link("networks")),
        ("fingerprint", Member::Output),
    ],
    has_fingerprint: true,
    changeable: &[
        "description",
        "backends",
        "healthChecks",
        "port",
        "portName",
        "timeoutSec",
    ],
    properties: &["description"],
    seconds: [8, 8, 10],
    prepare,
    ..Collection::plain(
        "backendServices",
        "compute#backendService",
        &[Level::Global, Level::Region],
        "backend_service",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.default("protocol", json!("HTTP"));
    draft.default("loadBalancingScheme", json!("EXTERNAL"));
    draft.default("timeoutSec", json!(30));
    draft.default("sessionAffinity", json!("NONE"));
    draft.default("connectionDraining", json!({"drainingTimeoutSec": 0}));
    Ok(())
}
