//! The services, by host or by path, and the operations of each. Unknown calls answer 501 with their name.

mod path;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::router::{Operation, Routed, Router};

use crate::state::State;
use crate::token::{self, Audience};
use crate::wire::{ApiError, ErrorShape, Outcome};
use crate::{
    activity, aks, arm, authorization, billing, compute, graph, groups, identity, list_only, locks,
    network, providers, quota, resource_graph, subscription, usages,
};

pub(crate) use path::decoded;

/// One call of an API.
pub(crate) struct Call<'a> {
    /// The operation, such as `network.virtualNetworks.createOrUpdate`.
    pub(crate) name: &'static str,
    pub(crate) request: &'a Request<Bytes>,
    /// The path with the case of its words as documented.
    pub(crate) path: String,
    /// The parameters in its path, in their order, without percent-encoding.
    pub(crate) parameters: Vec<String>,
    /// The parameters in its query.
    pub(crate) query: BTreeMap<String, String>,
    /// The object id of who calls; empty where no token is needed.
    pub(crate) caller: String,
    /// The fault that is left to the simulator.
    pub(crate) injected: &'a InjectedFault,
    /// The address that was called: links in answers lie below it.
    pub(crate) base: String,
}

impl Call<'_> {
    /// A parameter of the path; empty if there are fewer.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// The scope that the first parameter of the path is; some clients leave out the slash at its beginning.
    pub(crate) fn scope(&self) -> String {
        format!("/{}", self.parameter(0).trim_matches('/'))
    }

    /// The last parameter of the path.
    pub(crate) fn last(&self) -> &str {
        self.parameters.last().map_or("", String::as_str)
    }

    /// A parameter of the query that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name)?.as_str();
        Some(value).filter(|value| !value.is_empty())
    }

    /// The version of the API that was asked for.
    pub(crate) fn api_version(&self) -> &str {
        self.query("api-version").unwrap_or_default()
    }

    /// A header of the request; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// What answers an operation.
pub(crate) type Handler = fn(&mut State, &Call<'_>) -> Outcome;
/// A table of operations. Each file of a service has its own.
pub(crate) type Table = Router<Handler>;

/// A service of the cloud.
pub(crate) struct Service {
    /// Its host; the path tells it too, so that all services can be served on one port.
    pub(crate) host: &'static str,
    /// Whose tokens it takes; `None` if it takes calls without one.
    pub(crate) audience: Option<Audience>,
    pub(crate) errors: ErrorShape,
    pub(crate) tables: &'static [&'static [Table]],
}

/// Resource Manager with all that is behind it.
const ARM: Service = Service {
    host: "management.azure.com",
    audience: Some(Audience::Arm),
    errors: ErrorShape::Arm,
    tables: &[
        &[
            activity::TABLE,
            arm::OPERATIONS,
            authorization::TABLE,
            billing::cost_management::TABLE,
            billing::exports::TABLE,
            groups::TABLE,
            list_only::TABLE,
            locks::TABLE,
            providers::TABLE,
            quota::TABLE,
            resource_graph::TABLE,
            subscription::TABLE,
            usages::TABLE,
        ],
        aks::TABLES,
        compute::TABLES,
        identity::TABLES,
        network::TABLES,
    ],
};

/// What tells clients where everything is, and needs no token.
const METADATA: Service = Service {
    host: "management.azure.com",
    audience: None,
    errors: ErrorShape::Arm,
    tables: &[&[token::ENDPOINTS]],
};

const SERVICES: &[&Service] = &[
    &ARM,
    &METADATA,
    &graph::SERVICE,
    &token::AUTHORITY,
    &token::INSTANCE_METADATA,
    &billing::retail::SERVICE,
];

/// The hosts of the services, as clients of the public cloud know them.
pub(crate) fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = SERVICES.iter().map(|one| one.host.to_owned()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn tables() -> impl Iterator<Item = &'static Table> {
    let tables = SERVICES.iter().flat_map(|service| service.tables);
    tables.flat_map(|tables| tables.iter())
}

/// The names of the operations, with those that are refused by name.
pub fn operations() -> impl Iterator<Item = &'static str> {
    tables().flat_map(Router::names)
}

/// The names of the operations that are simulated.
pub fn answered_operations() -> impl Iterator<Item = &'static str> {
    tables().flat_map(|table| table.names().filter(|name| table.handler(name).is_some()))
}

/// The name of the operation that a call by method and path is of; `None` for one that is unknown.
pub fn operation_of(method: &str, path: &str) -> Option<&'static str> {
    let path = path::with_scope(&path::canonical(path));
    find("", method, &path).map(|(_, routed)| routed.name)
}

/// A table of operations: how it reads in the file of a service.
pub(crate) const fn table(operations: &'static [Operation<Handler>]) -> Table {
    Router::new(operations)
}

/// The host of a request, without its port.
fn host(request: &Request<Bytes>) -> &str {
    let header = || request.headers().get("host")?.to_str().ok();
    let host = request.uri().host().or_else(header).unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// The address that a request was sent to.
fn base(request: &Request<Bytes>, service: &Service) -> String {
    if SERVICES.iter().any(|known| known.host == host(request)) {
        return format!("https://{}", service.host);
    }
    let header = || request.headers().get("host")?.to_str().ok();
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    // The simulator is served with TLS: clients of this cloud insist on it.
    format!(
        "https://{}",
        authority.or_else(header).unwrap_or(service.host)
    )
}

type Found<'p> = (&'static Service, Routed<'p, Handler>);

/// The operation of a request: of the service of its host, or of any service when it was called by an address.
fn find<'p>(host: &str, method: &str, path: &'p str) -> Option<Found<'p>> {
    let is_real = SERVICES.iter().any(|service| service.host == host);
    let services = SERVICES
        .iter()
        .filter(|service| !is_real || service.host == host);
    let found = services.flat_map(|service| {
        let tables = service.tables.iter().flat_map(|tables| tables.iter());
        tables.filter_map(move |table| Some((*service, table.find(method, path)?)))
    });
    found.min_by_key(|(_, routed)| {
        let written = routed.parameters.iter().map(|one| one.len());
        (routed.parameters.len(), written.sum::<usize>())
    })
}

/// What a call is answered with.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) errors: ErrorShape,
}

/// Answers a call.
pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    injected: &InjectedFault,
) -> Answered {
    let method = request.method().as_str();
    let path = path::canonical(request.uri().path());
    let routed = path::with_scope(&path);
    let Some((service, found)) = find(host(request), method, &routed) else {
        return Answered {
            outcome: Err(ApiError::not_simulated(format!("{method} {path}"))),
            errors: ErrorShape::Arm,
        };
    };
    let is_limited = service.audience == Some(Audience::Arm);
    let admitted = if is_limited {
        state.buckets.admit(request, state.now).map(Some)
    } else {
        Ok(None)
    };
    let outcome = admitted.and_then(|left| {
        let (handler, call) = call(state, request, injected, service, &found, &path)?;
        let outcome = handler(state, &call);
        activity::record(state, &call, &outcome);
        let answer = outcome?;
        Ok(match left {
            Some((name, count)) => answer.header(name, count),
            None => answer,
        })
    });
    Answered {
        outcome,
        errors: service.errors,
    }
}

/// A call that is admitted, and what answers it.
fn call<'a>(
    state: &State,
    request: &'a Request<Bytes>,
    injected: &'a InjectedFault,
    service: &Service,
    routed: &Routed<'_, Handler>,
    path: &str,
) -> Result<(Handler, Call<'a>), ApiError> {
    let named = || ApiError::not_simulated(routed.name);
    let handler = routed.handler.ok_or_else(named)?;
    let caller = match service.audience {
        None => String::new(),
        Some(audience) => token::caller(state, request, audience)?,
    };
    let parameters = routed.parameters.iter().map(|part| decoded(part));
    let parameters: Option<Vec<String>> = parameters.collect();
    let query = request.uri().query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned();
    let call = Call {
        name: routed.name,
        request,
        path: path.to_owned(),
        parameters: parameters.ok_or_else(|| ApiError::invalid("The path is not UTF-8."))?,
        query: query.collect(),
        caller,
        injected,
        base: base(request, service),
    };
    if service.audience == Some(Audience::Arm) {
        check_version(&call)?;
        check_subscription(state, path)?;
    }
    Ok((handler, call))
}

/// Refuses a call without a version of the API, or with one that is no date.
fn check_version(call: &Call<'_>) -> Result<(), ApiError> {
    let version = call.api_version();
    if version.is_empty() {
        return Err(ApiError::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let (date, rest) = version.split_at_checked(10).unwrap_or((version, ""));
    let is_date = date.parse::<jiff::civil::Date>().is_ok();
    if is_date && (rest.is_empty() || rest == "-preview") {
        return Ok(());
    }
    let message = format!("The api-version '{version}' is invalid.");
    Err(ApiError::new(400, "InvalidApiVersionParameter", message))
}

/// Refuses calls for another subscription.
fn check_subscription(state: &State, path: &str) -> Result<(), ApiError> {
    let Some(rest) = path.strip_prefix("/subscriptions/") else {
        return Ok(());
    };
    let id = rest.split('/').next().unwrap_or_default();
    if id.eq_ignore_ascii_case(&state.setup.subscription) {
        return Ok(());
    }
    let message = format!("The subscription '{id}' could not be found.");
    Err(ApiError::new(404, "SubscriptionNotFound", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_named_once() {
        let mut seen = std::collections::BTreeSet::new();
        for name in operations() {
            assert!(seen.insert(name), "{name} is there twice");
        }
        assert!(seen.len() > 150, "{}", seen.len());
    }

    #[test]
    fn a_request_is_routed_by_its_host_or_its_path() {
        let check = |host: &str, line: &str, expected: Option<&str>| {
            let (method, path) = line.split_once(' ').unwrap();
            let path = path::with_scope(&path::canonical(path));
            let found = find(host, method, &path).map(|(_, routed)| routed.name);
            assert_eq!(found, expected, "{host} {line}");
        };
        let group = "PUT /subscriptions/s/resourcegroups/G";
        let name = Some("resources.resourceGroups.createOrUpdate");
        check("management.azure.com", group, name);
        check("127.0.0.1", group, name);
        check("graph.microsoft.com", group, None);
        let assignment = "PUT /subscriptions/s/RESOURCEGROUPS/g/providers/microsoft.network/virtualnetworks/v/subnets/s/providers/Microsoft.Authorization/roleassignments/1";
        let name = Some("authorization.roleAssignments.create");
        check("127.0.0.1", assignment, name);
        check(
            "127.0.0.1",
            "POST /v1.0/applications",
            Some("graph.applications.create"),
        );
        check("127.0.0.1", "GET /elsewhere", None);
    }
}
