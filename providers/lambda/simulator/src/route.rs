//! Which call a request is, and which service answers it. Unknown calls answer 501 with their name.

use bytes::Bytes;
use http::Request;

use crate::state::State;
use crate::wire::{ApiError, Outcome};
use crate::{catalogue, filesystems, firewall, instances, keys, launch, trail};

/// The path of the API.
const BASE: &str = "/api/v1/";

/// Whether a request is a launch, which has a limit of its own.
pub(crate) fn is_launch(request: &Request<Bytes>) -> bool {
    request.uri().path() == "/api/v1/instance-operations/launch"
}

/// Answers a call of the cloud's API.
pub(crate) fn answer(state: &mut State, request: &Request<Bytes>) -> Outcome {
    let path = request.uri().path();
    let unknown = || ApiError::not_simulated(&format!("{} {path}", request.method()));
    let parts: Vec<&str> = path
        .strip_prefix(BASE)
        .ok_or_else(unknown)?
        .split('/')
        .collect();
    let outcome = match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["instance-types"]) => Ok(catalogue::listed()),
        ("GET", ["images"]) => Ok(catalogue::images()),
        ("GET", ["instances"]) => instances::list(state),
        ("GET", ["instances", id]) => instances::get(state, id),
        ("POST", ["instances", id]) => instances::rename(state, id, request),
        ("POST", ["instance-operations", "launch"]) => launch::launch(state, request),
        ("POST", ["instance-operations", "terminate"]) => instances::terminate(state, request),
        ("POST", ["instance-operations", "restart"]) => instances::restart(state, request),
        ("GET", ["ssh-keys"]) => keys::list(state),
        ("POST", ["ssh-keys"]) => keys::add(state, request),
        ("DELETE", ["ssh-keys", id]) => keys::delete(state, id),
        // The two spellings are the API's own.
        ("GET", ["file-systems"]) => filesystems::list(state),
        ("POST", ["filesystems"]) => filesystems::create(state, request),
        ("DELETE", ["filesystems", id]) => filesystems::delete(state, id),
        ("GET", ["firewall-rules"]) => firewall::rules(state),
        ("PUT", ["firewall-rules"]) => firewall::replace_rules(state, request),
        ("GET", ["firewall-rulesets"]) => firewall::list(state),
        ("POST", ["firewall-rulesets"]) => firewall::create(state, request),
        ("GET", ["firewall-rulesets", "global"]) => firewall::global(state),
        ("PATCH", ["firewall-rulesets", "global"]) => firewall::update_global(state, request),
        ("GET", ["firewall-rulesets", id]) => firewall::get(state, id),
        ("PATCH", ["firewall-rulesets", id]) => firewall::update(state, id, request),
        ("DELETE", ["firewall-rulesets", id]) => firewall::delete(state, id),
        ("GET", ["audit-events"]) => trail::list(state, request.uri().query().unwrap_or_default()),
        _ => Err(unknown()),
    };
    if outcome.is_ok() && request.method() != http::Method::GET {
        trail::note(state, request.method().as_str(), &parts.join("/"));
    }
    outcome
}
