//! The operations of the cloud's API, and what answers each. Unknown calls answer 501 with their name.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::router::{Router, on};

use crate::state::State;
use crate::wire::Outcome;
use crate::{catalogue, filesystems, firewall, instances, keys, launch, trail};

/// The path of the API.
const BASE: &str = "/api/v1";

/// One call of the API.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request<Bytes>,
    /// The id in its path, empty if there is none.
    pub(crate) id: &'a str,
    /// The fault that is left to the simulator.
    pub(crate) injected: &'a InjectedFault,
}

type Handler = fn(&mut State, &Call<'_>) -> Outcome;

/// The operations. The API itself spells filesystems in two ways.
#[rustfmt::skip]
const ROUTER: Router<Handler> = Router::new(&[
    on("GET", "/instance-types", "ListInstanceTypes", |_, _| Ok(catalogue::listed())),
    on("GET", "/images", "ListImages", |_, _| Ok(catalogue::images())),
    on("GET", "/instances", "ListInstances", |state, _| instances::list(state)),
    on("GET", "/instances/{id}", "GetInstance", |state, call| instances::get(state, call.id)),
    on("POST", "/instances/{id}", "RenameInstance", |state, call| instances::rename(state, call.id, call.request)),
    on("POST", "/instance-operations/launch", LAUNCH, launch::launch),
    on("POST", "/instance-operations/terminate", "TerminateInstances", |state, call| instances::terminate(state, call.request)),
    on("POST", "/instance-operations/restart", "RestartInstances", |state, call| instances::restart(state, call.request)),
    on("GET", "/ssh-keys", "ListSshKeys", |state, _| keys::list(state)),
    on("POST", "/ssh-keys", "AddSshKey", |state, call| keys::add(state, call.request)),
    on("DELETE", "/ssh-keys/{id}", "DeleteSshKey", |state, call| keys::delete(state, call.id)),
    on("GET", "/file-systems", "ListFileSystems", |state, _| filesystems::list(state)),
    on("POST", "/filesystems", "CreateFileSystem", |state, call| filesystems::create(state, call.request)),
    on("DELETE", "/filesystems/{id}", "DeleteFileSystem", |state, call| filesystems::delete(state, call.id)),
    on("GET", "/firewall-rules", "ListFirewallRules", |state, _| firewall::rules(state)),
    on("PUT", "/firewall-rules", "ReplaceFirewallRules", |state, call| firewall::replace_rules(state, call.request)),
    on("GET", "/firewall-rulesets", "ListFirewallRulesets", |state, _| firewall::list(state)),
    on("POST", "/firewall-rulesets", "CreateFirewallRuleset", |state, call| firewall::create(state, call.request)),
    on("GET", "/firewall-rulesets/global", "GetGlobalFirewallRuleset", |state, _| firewall::global(state)),
    on("PATCH", "/firewall-rulesets/global", "UpdateGlobalFirewallRuleset", |state, call| firewall::update_global(state, call.request)),
    on("GET", "/firewall-rulesets/{id}", "GetFirewallRuleset", |state, call| firewall::get(state, call.id)),
    on("PATCH", "/firewall-rulesets/{id}", "UpdateFirewallRuleset", |state, call| firewall::update(state, call.id, call.request)),
    on("DELETE", "/firewall-rulesets/{id}", "DeleteFirewallRuleset", |state, call| firewall::delete(state, call.id)),
    on("GET", "/audit-events", "ListAuditEvents", |state, call| trail::list(state, call.request.uri().query().unwrap_or_default())),
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
    let (handler, parameters) = ROUTER.answering(request, BASE)?;
    let id = parameters.first().copied().unwrap_or_default();
    let call = Call {
        request,
        id,
        injected,
    };
    let outcome = handler(state, &call);
    if outcome.is_ok() && request.method() != http::Method::GET {
        let path = request.uri().path().trim_start_matches(BASE);
        trail::note(
            state,
            request.method().as_str(),
            path.trim_start_matches('/'),
        );
    }
    outcome
}
