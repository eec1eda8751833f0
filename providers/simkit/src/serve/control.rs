//! The control routes of a served account: they show what happened to it, reset it, and inject faults.
//!
//! Their paths begin with a prefix that no cloud uses.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::fault::{Fault, FaultSyntaxError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, host_check, listeners};
use crate::cloud::Cloud;

/// The prefix of all control paths.
const PREFIX: &str = "/_kubeproof/";
/// The routes, for messages.
const ROUTES: &str = "GET inventory, GET journal, GET meter, GET faults, GET clock, POST reset, POST faults, POST clock";

/// Whether a path is a control path.
pub fn is_control(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers a control request.
pub async fn answer<C: Cloud>(
    shared: &Arc<Shared<C>>,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let (status, body) = match host_check::refused(request, shared.address.ip()) {
        Some(problem) => (StatusCode::FORBIDDEN, json!({ "error": problem })),
        None => match set_clock(shared, request).await {
            Some(set) => set,
            None => routed(shared, request),
        },
    };
    let mut response = Response::new(Bytes::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    let media = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// Advances the clock to the date that the request names, if it asks for that.
async fn set_clock<C: Cloud>(
    shared: &Arc<Shared<C>>,
    request: &Request<Bytes>,
) -> Option<(StatusCode, Value)> {
    let is_it = request.uri().path().strip_prefix(PREFIX) == Some("clock");
    if !is_it || request.method() != Method::POST {
        return None;
    }
    let body: Result<ClockBody, _> = serde_json::from_slice(request.body());
    Some(match body {
        Ok(ClockBody { at }) => {
            shared.advance_to(at).await;
            (StatusCode::OK, clock(shared))
        }
        Err(error) => {
            let error = format!("{error}; expected {{\"at\": \"2026-11-30T10:00:00Z\"}}");
            (StatusCode::BAD_REQUEST, json!({ "error": error }))
        }
    })
}

/// The date to which the clock is to advance.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    at: Timestamp,
}

fn clock<C: Cloud>(shared: &Arc<Shared<C>>) -> Value {
    json!({ "at": shared.clock.now() })
}

fn routed<C: Cloud>(shared: &Arc<Shared<C>>, request: &Request<Bytes>) -> (StatusCode, Value) {
    let path = request.uri().path();
    let route = path.strip_prefix(PREFIX).unwrap_or(path);
    match (request.method(), route) {
        (&Method::GET, "inventory") => {
            let resources = shared.memory.with(|cloud| cloud.inventory());
            (StatusCode::OK, json!({ "resources": resources }))
        }
        (&Method::GET, "journal") => {
            let calls = shared.calls();
            let body = json!({"calls": calls.journal.calls(), "forgotten": calls.forgotten});
            (StatusCode::OK, body)
        }
        (&Method::GET, "meter") => (StatusCode::OK, meter(shared)),
        (&Method::GET, "clock") => (StatusCode::OK, clock(shared)),
        (&Method::GET, "faults") => (StatusCode::OK, tally(shared)),
        (&Method::POST, "reset") => reset(shared),
        (&Method::POST, "faults") => match read_faults(request.body()) {
            Ok(faults) => {
                shared.set_faults(faults);
                (StatusCode::OK, tally(shared))
            }
            Err(error) => {
                let body = json!({ "error": error.to_string() });
                (StatusCode::BAD_REQUEST, body)
            }
        },
        (_, "inventory" | "journal" | "meter" | "reset" | "faults" | "clock") => {
            let error = format!(
                "the method {} is not for this route; routes: {ROUTES}",
                request.method()
            );
            (StatusCode::METHOD_NOT_ALLOWED, json!({ "error": error }))
        }
        _ => {
            let error = format!("unknown route `{route}` (expected one of {ROUTES})");
            (StatusCode::NOT_FOUND, json!({ "error": error }))
        }
    }
}

fn meter<C: Cloud>(shared: &Arc<Shared<C>>) -> Value {
    let (charges, unpriced) = shared
        .memory
        .with(|cloud| (cloud.charges(Timestamp::MIN), cloud.unpriced()));
    let usd: Decimal = charges.iter().map(|charge| charge.usd).sum();
    json!({"at": shared.clock.now(), "charges": charges, "usd": usd, "unpriced": unpriced})
}

/// The active faults, each with how often a call matched it and how often it was injected. Injections that the
/// simulator did not acknowledge, or has not applied yet, do not count.
fn tally<C: Cloud>(shared: &Arc<Shared<C>>) -> Value {
    let faults: Vec<Value> = shared
        .faults()
        .tally()
        .into_iter()
        .map(|(fault, count)| {
            json!({"fault": fault.to_string(), "seen": count.seen, "struck": count.injected()})
        })
        .collect();
    json!({ "faults": faults })
}

fn reset<C: Cloud>(shared: &Arc<Shared<C>>) -> (StatusCode, Value) {
    shared.reset();
    match listeners::update(shared) {
        Ok(()) => (StatusCode::OK, json!({})),
        Err(error) => {
            let body = json!({ "error": error.to_string() });
            (StatusCode::INTERNAL_SERVER_ERROR, body)
        }
    }
}

/// Parses `{"faults": ["SPEC", …]}`. These faults replace all others.
fn read_faults(body: &[u8]) -> Result<Vec<Fault>, FaultsError> {
    let body: Value = serde_json::from_slice(body)?;
    let specs = body.get("faults").and_then(Value::as_array);
    let specs = specs.ok_or(FaultsError::Form)?.iter();
    specs
        .map(|spec| Ok(spec.as_str().ok_or(FaultsError::Form)?.parse()?))
        .collect()
}

/// Why a body names no faults.
#[derive(Debug, thiserror::Error)]
enum FaultsError {
    #[error("{0}; expected {{\"faults\": [\"SPEC\", …]}}")]
    Json(#[from] serde_json::Error),
    #[error("expected {{\"faults\": [\"SPEC\", …]}}")]
    Form,
    #[error("{0}")]
    Fault(#[from] FaultSyntaxError),
}
