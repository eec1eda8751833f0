//! The operations of the cloud's API, and what answers each. Unknown calls answer 501 with their name.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::router::{Operation, Router};

use crate::state::State;
use crate::wire::{ApiError, Outcome};
use crate::{catalogue, filesystems, firewall, instances, keys, launch, trail};

/// The path of the API.
const BASE: &str = "/api/v1";

/// Answers a request, given the id in its path (empty if there is none).
type Handler = fn(&mut State, &Request<Bytes>, &str) -> Outcome;

/// The operations. The API itself spells filesystems in two ways.
#[rustfmt::skip]
const ROUTER: Router<Handler> = Router::new(&[
    on("GET", "/instance-types", "ListInstanceTypes", |_, _, _| Ok(catalogue::listed())),
    on("GET", "/images", "ListImages", |_, _, _| Ok(catalogue::images())),
    on("GET", "/instances", "ListInstances", |state, _, _| instances::list(state)),
    on("GET", "/instances/{id}", "GetInstance", |state, _, id| instances::get(state, id)),
    on("POST", "/instances/{id}", "RenameInstance", |state, request, id| instances::rename(state, id, request)),
    on("POST", "/instance-operations/launch", LAUNCH, |state, request, _| launch::launch(state, request)),
    on("POST", "/instance-operations/terminate", "TerminateInstances", |state, request, _| instances::terminate(state, request)),
    on("POST", "/instance-operations/restart", "RestartInstances", |state, request, _| instances::restart(state, request)),
    on("GET", "/ssh-keys", "ListSshKeys", |state, _, _| keys::list(state)),
    on("POST", "/ssh-keys", "AddSshKey", |state, request, _| keys::add(state, request)),
    on("DELETE", "/ssh-keys/{id}", "DeleteSshKey", |state, _, id| keys::delete(state, id)),
    on("GET", "/file-systems", "ListFileSystems", |state, _, _| filesystems::list(state)),
    on("POST", "/filesystems", "CreateFileSystem", |state, request, _| filesystems::create(state, request)),
    on("DELETE", "/filesystems/{id}", "DeleteFileSystem", |state, _, id| filesystems::delete(state, id)),
    on("GET", "/firewall-rules", "ListFirewallRules", |state, _, _| firewall::rules(state)),
    on("PUT", "/firewall-rules", "ReplaceFirewallRules", |state, request, _| firewall::replace_rules(state, request)),
    on("GET", "/firewall-rulesets", "ListFirewallRulesets", |state, _, _| firewall::list(state)),
    on("POST", "/firewall-rulesets", "CreateFirewallRuleset", |state, request, _| firewall::create(state, request)),
    on("GET", "/firewall-rulesets/global", "GetGlobalFirewallRuleset", |state, _, _| firewall::global(state)),
    on("PATCH", "/firewall-rulesets/global", "UpdateGlobalFirewallRuleset", |state, request, _| firewall::update_global(state, request)),
    on("GET", "/firewall-rulesets/{id}", "GetFirewallRuleset", |state, _, id| firewall::get(state, id)),
    on("PATCH", "/firewall-rulesets/{id}", "UpdateFirewallRuleset", |state, request, id| firewall::update(state, id, request)),
    on("DELETE", "/firewall-rulesets/{id}", "DeleteFirewallRuleset", |state, _, id| firewall::delete(state, id)),
    on("GET", "/audit-events", "ListAuditEvents", |state, request, _| trail::list(state, request.uri().query().unwrap_or_default())),
]);

/// The operation with a rate limit of its own.
const LAUNCH: &str = "LaunchInstance";

const fn on(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    handler: Handler,
) -> Operation<Handler> {
    Operation::new(method, path, name, handler)
}

/// The names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ROUTER.names()
}

/// Whether a request is a launch.
pub(crate) fn is_launch(request: &Request<Bytes>) -> bool {
    let path = request.uri().path().strip_prefix(BASE).unwrap_or_default();
    let found = ROUTER.find(request.method().as_str(), path);
    found.is_some_and(|found| found.name == LAUNCH)
}

/// Answers a call of the cloud's API.
pub(crate) fn answer(state: &mut State, request: &Request<Bytes>) -> Outcome {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let below_base = path.strip_prefix(BASE).unwrap_or_default();
    let unknown = || ApiError::not_simulated(&format!("{method} {path}"));
    let found = ROUTER.find(method, below_base).ok_or_else(unknown)?;
    let handler = found.handler.ok_or_else(unknown)?;
    let id = found.parameters.first().copied().unwrap_or_default();
    let outcome = handler(state, request, id);
    if outcome.is_ok() && request.method() != http::Method::GET {
        trail::note(state, method, below_base.trim_start_matches('/'));
    }
    outcome
}
