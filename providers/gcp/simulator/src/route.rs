//! The services, by host or by path, and the operations of each. Unknown calls answer 501 with their name.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_simkit::cloud::AskedAt;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::router::{Operation, Routed, Router};

use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome};
use crate::{
    asset, auth, bigquery, cloud_billing, compute, container, dns, file, hub, iam, kms, links,
    logging, project, resource_manager, service_usage, token,
};

/// One call of an API.
pub(crate) struct Call<'a> {
    /// The operation, such as `compute.networks.insert`.
    pub(crate) name: &'static str,
    pub(crate) request: &'a Request<Bytes>,
    /// The parameters in its path, in their order, without percent-encoding.
    pub(crate) parameters: Vec<String>,
    /// The parameters in its query.
    pub(crate) query: BTreeMap<String, String>,
    /// Who calls.
    pub(crate) caller: String,
    /// The fault that is left to the simulator.
    pub(crate) injected: &'a InjectedFault,
    /// When it came in.
    pub(crate) asked: Timestamp,
    ask_again: Cell<Option<Duration>>,
}

impl Call<'_> {
    /// A parameter of the path; empty if there are fewer.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// A parameter of the query that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name)?.as_str();
        Some(value).filter(|value| !value.is_empty())
    }

    /// Has the call answered only after this time: it waits for something.
    pub(crate) fn ask_again(&self, after: Duration) {
        self.ask_again.set(Some(after));
    }
}

/// What answers an operation.
pub(crate) type Handler = fn(&mut State, &Call<'_>) -> Outcome;
/// A table of operations. Each file of a service has its own.
pub(crate) type Table = Router<Handler>;

/// A service of the cloud.
pub(crate) struct Service {
    /// The beginning of its operations' names, such as `compute`.
    pub(crate) name: &'static str,
    /// Its host; the path tells it too, so that all services can be served on one port.
    pub(crate) host: &'static str,
    /// Its path, before the paths of the tables.
    pub(crate) base: &'static str,
    /// Whether the service has to be enabled in the project before it can be called.
    pub(crate) is_optional: bool,
    pub(crate) errors: ErrorShape,
    pub(crate) tables: &'static [Table],
}

/// The old host of several services.
const COMMON_HOST: &str = "www.googleapis.com";

/// All services.
const SERVICES: &[&Service] = &[
    &compute::SERVICE,
    &container::SERVICE,
    &service_usage::SERVICE,
    &resource_manager::V1,
    &resource_manager::V3,
    &iam::SERVICE,
    &cloud_billing::SERVICE,
    &bigquery::SERVICE,
    &asset::SERVICE,
    &dns::SERVICE,
    &file::SERVICE,
    &hub::SERVICE,
    &kms::SERVICE,
    &logging::SERVICE,
    &token::SERVICE,
];

/// The names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    let tables = SERVICES.iter().flat_map(|service| service.tables);
    tables.flat_map(Router::names)
}

/// The names of the services, with how many operations of each are simulated.
pub fn services() -> impl Iterator<Item = (&'static str, usize)> {
    let count = |service: &Service| service.tables.iter().flat_map(Router::names).count();
    SERVICES
        .iter()
        .map(move |service| (service.name, count(service)))
}

/// The hosts of the services, and the old common one.
pub(crate) fn hosts() -> BTreeSet<&'static str> {
    let hosts = SERVICES.iter().map(|service| service.host);
    hosts.chain([COMMON_HOST]).collect()
}

/// A table of operations: how it reads in the file of a service.
pub(crate) const fn table(operations: &'static [Operation<Handler>]) -> Table {
    Router::new(operations)
}

type Found<'p> = (&'static Service, Routed<'p, Handler>);

/// The operation of a request: of the service of its host, or of any service when it was called by an address.
fn find<'p>(host: &str, method: &str, path: &'p str) -> Option<Found<'p>> {
    let services = SERVICES.iter().filter(|service| {
        // Compute Engine and BigQuery can be called by the old common host too.
        !links::is_real(host) || service.host == host || host == COMMON_HOST
    });
    let found = services.flat_map(|service| {
        let below = path.strip_prefix(service.base);
        let tables = service.tables.iter();
        tables.filter_map(move |table| Some((*service, table.find(method, below?)?)))
    });
    let found = found.min_by_key(|(_, routed)| {
        let written = routed.parameters.iter().map(|one| one.len());
        (routed.parameters.len(), written.sum::<usize>())
    });
    // A verb that no table has is no part of a name.
    let last = path.rsplit('/').next().filter(|last| last.contains(':'));
    found.filter(|(_, routed)| routed.parameters.last().copied() != last || last.is_none())
}

/// What a call is answered with.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) errors: ErrorShape,
    /// The call waits: it is to be asked again after this time.
    pub(crate) ask_again: Option<Duration>,
}

/// Answers a call.
pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    injected: &InjectedFault,
) -> Answered {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let host = links::host(request);
    let Some((service, routed)) = find(host, method, path) else {
        let named = if links::is_real(host) { host } else { "" };
        return Answered {
            outcome: Err(ApiError::not_simulated(&format!("{method} {named}{path}"))),
            errors: ErrorShape::Status,
            ask_again: None,
        };
    };
    let (outcome, ask_again) = match call(state, request, injected, service, &routed) {
        Ok((handler, call)) => {
            let outcome = handler(state, &call);
            if outcome.is_ok() {
                state.project.used.insert(service.host.to_owned());
                logging::record(state, &call, service);
            }
            (outcome, call.ask_again.get())
        }
        Err(error) => (Err(error), None),
    };
    Answered {
        outcome,
        errors: service.errors,
        ask_again,
    }
}

/// A call that is admitted, and what answers it.
fn call<'a>(
    state: &State,
    request: &'a Request<Bytes>,
    injected: &'a InjectedFault,
    service: &Service,
    routed: &Routed<'_, Handler>,
) -> Result<(Handler, Call<'a>), ApiError> {
    let named = || ApiError::not_simulated(routed.name);
    let handler = routed.handler.ok_or_else(named)?;
    let caller = auth::caller(state, request)?;
    if service.is_optional {
        project::admit(state, service.host)?;
    }
    let parameters = routed.parameters.iter();
    let parameters = parameters.map(|part| links::decoded(part));
    let parameters: Option<Vec<String>> = parameters.collect();
    let query = request.uri().query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned();
    let asked = request.extensions().get::<AskedAt>();
    let call = Call {
        name: routed.name,
        request,
        parameters: parameters.ok_or_else(|| ApiError::invalid("The path is not UTF-8."))?,
        query: query.collect(),
        caller,
        injected,
        asked: asked.map_or(state.now, |asked| asked.at),
        ask_again: Cell::new(None),
    };
    check_project(state, request)?;
    Ok((handler, call))
}

/// Refuses calls for another project: it is not told whether it exists.
fn check_project(state: &State, request: &Request<Bytes>) -> Result<(), ApiError> {
    let mut parts = request.uri().path().split('/');
    let Some(project) = parts
        .find(|part| *part == "projects")
        .and_then(|_| parts.next())
    else {
        return Ok(());
    };
    let project = project.split(':').next().unwrap_or_default();
    let number = state.setup.project_number.to_string();
    if project == state.setup.project || project == number || project == "-" {
        return Ok(());
    }
    Err(ApiError::denied(format!(
        "Permission denied on resource project {project}."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verb_is_no_part_of_a_name() {
        let name = |path: &str| {
            let found = find("container.googleapis.com", "GET", path);
            found.map(|(_, routed)| routed.name)
        };
        let cluster = "/v1/projects/p/locations/l/clusters/c";
        let get = "container.projects.locations.clusters.get";
        assert_eq!(name(cluster), Some(get));
        assert_eq!(name(&format!("{cluster}:fetchClusterUpgradeInfo")), None);
        assert_eq!(
            name("/v1/projects/example.com:p/locations/l/clusters/c"),
            Some(get)
        );
    }

    #[test]
    fn each_operation_is_named_once_and_by_its_service() {
        let mut seen = BTreeSet::new();
        for service in SERVICES {
            for name in service.tables.iter().flat_map(Router::names) {
                // Two versions of a service have operations of the same names.
                assert!(seen.insert((service.base, name)), "{name} is there twice");
                assert_eq!(name.split('.').next(), Some(service.name), "{name}");
            }
        }
    }
}
