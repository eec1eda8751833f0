//! Health checks of load balancers, with the older ones of target pools.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::write;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    global "healthChecks", "healthChecks", HEALTH_CHECKS,
    aggregated!("healthChecks", HEALTH_CHECKS),
    verb!("PATCH", "global/healthChecks/{name}", "healthChecks.patch",
        |state, call| write::patch(state, call, &HEALTH_CHECKS)),
);

pub(crate) const REGIONAL_TABLE: Table =
    resource_table!(regional "healthChecks", "regionHealthChecks", HEALTH_CHECKS);

pub(crate) const HTTP_TABLE: Table =
    resource_table!(global "httpHealthChecks", "httpHealthChecks", HTTP_HEALTH_CHECKS);

pub(crate) static HEALTH_CHECKS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        (
            "type",
            Member::Word(&["TCP", "HTTP", "HTTPS", "SSL", "HTTP2", "GRPC"]),
        ),
        ("checkIntervalSec", Member::Number),
        ("timeoutSec", Member::Number),
        ("healthyThreshold", Member::Number),
        ("unhealthyThreshold", Member::Number),
        ("httpHealthCheck", Member::Object),
        ("httpsHealthCheck", Member::Object),
        ("tcpHealthCheck", Member::Object),
    ],
    changeable: &[
        "description",
        "checkIntervalSec",
        "timeoutSec",
        "healthyThreshold",
        "unhealthyThreshold",
    ],
    properties: &["description"],
    seconds: [5, 5, 5],
    prepare,
    ..Collection::plain(
        "healthChecks",
        "compute#healthCheck",
        &[Level::Global, Level::Region],
        "health_check",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("type")?;
    defaults(draft);
    Ok(())
}

fn defaults(draft: &mut Draft) {
    draft.default("checkIntervalSec", json!(5));
    draft.default("timeoutSec", json!(5));
    draft.default("healthyThreshold", json!(2));
    draft.default("unhealthyThreshold", json!(2));
}

pub(crate) static HTTP_HEALTH_CHECKS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("host", Member::Text),
        ("port", Member::Number),
        ("requestPath", Member::Text),
        ("checkIntervalSec", Member::Number),
        ("timeoutSec", Member::Number),
        ("healthyThreshold", Member::Number),
        ("unhealthyThreshold", Member::Number),
    ],
    properties: &["description"],
    seconds: [5, 5, 5],
    prepare: |_, draft| {
        draft.default("port", json!(80));
        draft.default("requestPath", json!("/"));
        defaults(draft);
        Ok(())
    },
    ..Collection::plain(
        "httpHealthChecks",
        "compute#httpHealthCheck",
        &[Level::Global],
        "http_health_check",
    )
};
