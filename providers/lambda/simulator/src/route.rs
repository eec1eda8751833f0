//! The operations of the cloud's API, and what answers each. Unknown calls answer 501 with their name.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::router::{Handler, Router, on};

use crate::state::State;
use crate::wire::Outcome;
use crate::{catalogue, filesystems, firewall, instances, keys, launch, trail};

/// The path of the API.
pub(crate) const BASE: &str = "/api/v1";

/// The operations. The API itself spells filesystems in two ways.
#[rustfmt::skip]
const ROUTER: Router<Handler<State>> = Router::new(&[
    on("GET", "/instance-types", "ListInstanceTypes", |_, _| Ok(catalogue::listed())),
    on("GET", "/images", "ListImages", |_, _| Ok(catalogue::images())),
    on("GET", "/instances", "ListInstances", |state, _| instances::list(state)),
    on("GET", "/instances/{id}", "GetInstance", |state, call| instances::get(state, call.id)),
    on("POST", "/instances/{id}", "RenameInstance", instances::rename),
    on("POST", "/instance-operations/launch", LAUNCH, launch::launch),
    on("POST", "/instance-operations/terminate", "TerminateInstances", instances::terminate),
    on("POST", "/instance-operations/restart", "RestartInstances", instances::restart),
    on("GET", "/ssh-keys", "ListSshKeys", |state, _| keys::list(state)),
    on("POST", "/ssh-keys", "AddSshKey", keys::add),
    on("DELETE", "/ssh-keys/{id}", "DeleteSshKey", |state, call| keys::delete(state, call.id)),
    on("GET", "/file-systems", "ListFileSystems", |state, _| filesystems::list(state)),
    on("POST", "/filesystems", "CreateFileSystem", filesystems::create),
    on("DELETE", "/filesystems/{id}", "DeleteFileSystem", |state, call| filesystems::delete(state, call.id)),
    on("GET", "/firewall-rules", "ListFirewallRules", |state, _| firewall::rules(state)),
    on("PUT", "/firewall-rules", "ReplaceFirewallRules", firewall::replace_rules),
    on("GET", "/firewall-rulesets", "ListFirewallRulesets", |state, _| firewall::list(state)),
    on("POST", "/firewall-rulesets", "CreateFirewallRuleset", firewall::create),
    on("GET", "/firewall-rulesets/global", "GetGlobalFirewallRuleset", |state, _| firewall::global(state)),
    on("PATCH", "/firewall-rulesets/global", "UpdateGlobalFirewallRuleset", firewall::update_global),
    on("GET", "/firewall-rulesets/{id}", "GetFirewallRuleset", |state, call| firewall::get(state, call.id)),
    on("PATCH", "/firewall-rulesets/{id}", "UpdateFirewallRuleset", firewall::update),
    on("DELETE", "/firewall-rulesets/{id}", "DeleteFirewallRuleset", |state, call| firewall::delete(state, call.id)),
    on("GET", "/audit-events", "ListAuditEvents", |state, call| trail::list(state, call)),
]);

/// The operation with a rate limit of its own.
const LAUNCH: &str = "LaunchInstance";

/// The names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ROUTER.names()
}

/// Whether a request is a launch.
pub(crate) fn is_launch(request: &Request<Bytes>) -> bool {
    let found = ROUTER.of(request, BASE);
    found.is_some_and(|found| found.name == LAUNCH)
}

/// Answers a call of the cloud's API.
pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    injected: &InjectedFault,
) -> Outcome {
    let outcome = ROUTER.answer(state, request, BASE, injected);
    if outcome.is_ok() && request.method() != http::Method::GET {
        trail::note(state, request);
    }
    outcome
}
