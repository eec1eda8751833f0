//! The clusters' API servers: who may call them, and what they request from the subscription.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_kubernetes_simulator::server::Identity;
use kubeproof_simkit::cloud::Reply;
use kubeproof_simkit::rest;

use super::cluster::host;
use super::{accounts, autoscaler, cloud_controller, power};
use crate::state::State;
use crate::token;

/// The domain of API servers.
const DOMAIN: &str = ".azmk8s.io";

/// The cluster that a request goes to. A host of this kind that is no cluster's is empty: nothing answers there.
pub(crate) fn cluster_of(state: &State, request: &Request<Bytes>) -> Option<String> {
    let name = request.uri().host()?;
    if !name.ends_with(DOMAIN) {
        return None;
    }
    let mut running = state.aks.running.keys();
    let found = running.find(|key| {
        state
            .arm
            .items
            .get(key)
            .is_some_and(|cluster| host(cluster) == name)
    });
    Some(found.cloned().unwrap_or_default())
}

/// The hosts of the API servers.
pub(crate) fn hosts(state: &State) -> Vec<String> {
    let running = state.aks.running.keys();
    running
        .filter_map(|key| state.arm.items.get(key))
        .map(host)
        .collect()
}

/// Authenticates a request and passes it to the cluster's API server.
pub(crate) fn answer(state: &mut State, cluster: &str, request: &Request<Bytes>) -> Reply {
    let identity = identity(state, cluster, request);
    let item = state.arm.items.get(cluster);
    let is_stopped = item.is_some_and(power::is_stopped);
    let running = state.aks.running.get_mut(cluster);
    let Some(running) = running.filter(|_| !is_stopped) else {
        // In memory there is no connection that could fail: 503 stands for it, as from a gateway.
        let mut response = Response::new(Bytes::from("connection refused"));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Reply::Now(response);
    };
    running.server.answer(&identity, request)
}

/// Who calls a cluster: by the token in its credentials, or by one of the directory.
fn identity(state: &State, cluster: &str, request: &Request<Bytes>) -> Identity {
    let (running, item) = (state.aks.running.get(cluster), state.arm.items.get(cluster));
    let (Some(running), Some(item)) = (running, item) else {
        return Identity::Unauthenticated;
    };
    let given = rest::secret(request).unwrap_or_default();
    let names = ["masterclient", "clusterUser"];
    let mut known = running.tokens.iter().zip(names);
    match known.find(|(token, _)| **token == given) {
        // Without accounts of the directory, both kinds of credentials are those of administrators.
        Some((_, name)) if name == names[0] || !accounts::is_on(item) => Identity::User {
            name: name.to_owned(),
            groups: ["system:masters", "system:authenticated"]
                .map(str::to_owned)
                .to_vec(),
        },
        _ if accounts::is_on(item) => {
            let principal = token::of_cluster(state, request, &given);
            principal.map_or(Identity::Unauthenticated, |principal| {
                accounts::identity(state, item, principal)
            })
        }
        _ => Identity::Unauthenticated,
    }
}

/// Advances the API servers to the current time. Returns whether that changed the subscription.
pub(crate) fn advance(state: &mut State) -> bool {
    for running in state.aks.running.values_mut() {
        running.server.advance(state.now);
    }
    carry_out(state)
}

/// Carries out what the clusters request: load balancers and volumes. Returns whether there were any requests.
pub(crate) fn carry_out(state: &mut State) -> bool {
    let mut wanted = Vec::new();
    for (cluster, running) in &mut state.aks.running {
        let requests = running.server.take_cloud_requests().into_iter();
        wanted.extend(requests.map(|one| (cluster.clone(), one)));
    }
    let any = !wanted.is_empty();
    for (cluster, request) in wanted {
        cloud_controller::carry_out(state, &cluster, request);
    }
    for cluster in changed(state) {
        autoscaler::watch(state, &cluster);
    }
    any
}

/// The clusters in whose API servers something has changed since the cloud's controllers last saw them.
fn changed(state: &mut State) -> Vec<String> {
    let mut changed = Vec::new();
    for (cluster, running) in &state.aks.running {
        let now = running.server.changes();
        if state.aks.seen.insert(cluster.clone(), now) != Some(now) {
            changed.push(cluster.clone());
        }
    }
    changed
}
