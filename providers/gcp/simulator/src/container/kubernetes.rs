//! The clusters' API servers: who may call them, and what they request from the project.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_kubernetes_simulator::server::Identity;
use kubeproof_simkit::cloud::Reply;

use super::{autoscaler, cloud_controller, ingress, pods};
use crate::state::State;
use crate::{auth, links};

/// The cluster whose endpoint a request goes to. An address that is no cluster's is empty: nothing answers there.
pub(crate) fn cluster_of(state: &State, request: &Request<Bytes>) -> Option<String> {
    // Addresses of this machine are those of the cloud's API.
    let host = request.uri().host()?;
    let clusters = state.container.clusters.entries();
    let mut reachable = clusters.filter(|(_, cluster)| cluster.was_ready);
    let found = reachable.find(|(_, cluster)| cluster.endpoint == host);
    let is_public = host.starts_with("34.") && host.parse::<std::net::Ipv4Addr>().is_ok();
    found
        .map(|(key, _)| key.to_owned())
        .or_else(|| is_public.then(String::new))
}

/// The addresses of the API servers.
pub(crate) fn hosts(state: &State) -> Vec<String> {
    let clusters = state.container.clusters.all();
    let reachable = clusters.filter(|cluster| cluster.was_ready);
    reachable.map(|cluster| cluster.endpoint.clone()).collect()
}

/// Authenticates a request and passes it to the cluster's API server: the holder of a token of the project may do all.
pub(crate) fn answer(state: &mut State, cluster: &str, request: &Request<Bytes>) -> Reply {
    let identity = auth::caller(state, request).map_or(Identity::Unauthenticated, |name| {
        let groups = ["system:masters", "system:authenticated"];
        Identity::User {
            name,
            groups: groups.map(str::to_owned).to_vec(),
        }
    });
    match state.container.servers.get_mut(cluster) {
        Some(server) => server.answer(&identity, request),
        None => Reply::Now(unreachable(links::host(request))),
    }
}

/// In memory there is no connection that could fail: 503 stands for it, as from a gateway.
fn unreachable(host: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{host}: connection refused")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// Advances the API servers to the current time. Returns whether that changed the project.
pub(crate) fn advance(state: &mut State) -> bool {
    for server in state.container.servers.values_mut() {
        server.advance(state.now);
    }
    carry_out(state)
}

/// Carries out what the clusters request from the project: load balancers and volumes. Returns whether there were any
/// requests.
pub(crate) fn carry_out(state: &mut State) -> bool {
    let mut wanted = Vec::new();
    for (cluster, server) in &mut state.container.servers {
        let requests = server.take_cloud_requests().into_iter();
        wanted.extend(requests.map(|one| (cluster.clone(), one)));
    }
    let mut any = !wanted.is_empty();
    for (cluster, request) in wanted {
        cloud_controller::carry_out(state, &cluster, request);
    }
    for cluster in changed(state) {
        any |= ingress::reconcile(state, &cluster);
        autoscaler::watch(state, &cluster);
        pods::meter(state, &cluster);
    }
    any
}

/// The clusters in whose API servers something has changed since the cloud's controllers last saw them.
fn changed(state: &mut State) -> Vec<String> {
    let mut changed = Vec::new();
    for (cluster, server) in &state.container.servers {
        let now = server.changes();
        if state.container.seen.insert(cluster.clone(), now) != Some(now) {
            changed.push(cluster.clone());
        }
    }
    changed
}
