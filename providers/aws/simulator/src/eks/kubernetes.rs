//! The clusters' API servers: who may call them, and what they request from the account.
//!
//! The API server knows no AWS, and EKS no Kubernetes objects: this is where the two meet.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http::Request;
use ipnet::Ipv4Net;
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{OptionallySigned, ReceivedAt, Reply};

use super::access_policies::ADMIN_POLICY;
use super::cluster::Cluster;
use super::{aws_auth, cloud_controller, fargate_pods, token};
use crate::state::State;

/// The cluster whose endpoint a request goes to.
pub fn cluster_of(state: &State, request: &Request<Bytes>) -> Option<String> {
    let host = host(request)?;
    let region = &state.setup.region;
    let mut clusters = state.eks.clusters.values();
    let cluster =
        clusters.find(|one| one.was_active && one.host(region).eq_ignore_ascii_case(host))?;
    Some(cluster.name.clone())
}

/// The host of a request without its port.
fn host(request: &Request<Bytes>) -> Option<&str> {
    let header = || {
        request
            .headers()
            .get("host")?
            .to_str()
            .ok()?
            .split(':')
            .next()
    };
    request.uri().host().or_else(header)
}

/// Authenticates a request and passes it to the cluster's API server.
pub fn answer(state: &mut State, cluster: &str, request: &Request<Bytes>) -> Reply {
    let found = state.eks.clusters.get(cluster);
    if let Some(why) = found.and_then(out_of_reach) {
        return Reply::Now(refused(cluster, &why));
    }
    let identity = state
        .eks
        .clusters
        .get(cluster)
        .map_or(Identity::Unauthenticated, |cluster| {
            identify(state, cluster, request)
        });
    match state.kubernetes.get_mut(cluster) {
        Some(server) => server.answer(&identity, request),
        None => Reply::Now(unavailable()),
    }
}

/// Ranges that are reserved for documentation (RFC 5737): no caller has an address in them.
const RESERVED: [Ipv4Net; 3] = [
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 2, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24),
];

/// Why no caller from outside of the VPC reaches the endpoint. Which address a caller has, a simulator on one machine
/// cannot know: only ranges that no one calls from keep everybody out.
fn out_of_reach(cluster: &Cluster) -> Option<String> {
    let network = &cluster.network;
    if !network.public {
        return Some("its endpoint is private, and the caller is outside of its VPC".to_owned());
    }
    let is_reserved = |cidr: &String| {
        let range: Option<Ipv4Net> = cidr.parse().ok();
        range.is_some_and(|range| RESERVED.iter().any(|all| all.contains(&range)))
    };
    let cidrs = &network.public_cidrs;
    cidrs.iter().all(is_reserved).then(|| {
        let cidrs = cidrs.join(", ");
        format!("publicAccessCidrs are {cidrs}, and the caller is outside of them")
    })
}

/// What stands for no answer at all, for which a real client would wait until its own limit. kubectl shows the body of a
/// 403 that is plain text, and of no other answer to its first question.
fn refused(cluster: &str, why: &str) -> http::Response<Bytes> {
    let message = format!(
        "the API server of {cluster} is out of reach: {why} (the cloud would not answer at all)"
    );
    let mut response = http::Response::new(Bytes::from(message));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert("content-type", text);
    response
}

fn unavailable() -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from_static(b"no API server"));
    *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// Who a request is from: an IAM principal that the cluster knows, or no one.
fn identify(state: &State, cluster: &Cluster, request: &Request<Bytes>) -> Identity {
    let header = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|text| text.strip_prefix("Bearer "));
    let Some(bearer) = bearer else {
        return Identity::Unauthenticated;
    };
    // A token that came over a socket was signed by a client that uses the real clock.
    let received = request.extensions().get::<ReceivedAt>();
    let now = received.map_or(state.now, |received| received.at);
    let perhaps = request.extensions().get::<OptionallySigned>();
    let dates = [Some(now), perhaps.map(|perhaps| perhaps.at)];
    let mut principals = dates
        .into_iter()
        .flatten()
        .filter_map(|at| token::principal(bearer, &cluster.name, at).ok());
    principals
        .next()
        .map_or(Identity::Unauthenticated, |principal| {
            let server = state.kubernetes.get(&cluster.name);
            map(cluster, server, &principal)
        })
}

/// The Kubernetes identity of a principal: a cluster that does not know it says 401, not 403. An access entry counts
/// before the config map (EKS user guide, "Change authentication mode to use access entries").
fn map(cluster: &Cluster, server: Option<&ApiServer>, principal: &str) -> Identity {
    if cluster.authentication_mode != "CONFIG_MAP"
        && let Some(entry) = cluster.access.get(principal)
    {
        let is_admin = entry
            .policies
            .get(ADMIN_POLICY)
            .is_some_and(|one| one.scope == "cluster");
        let groups = if is_admin {
            vec![MASTERS.to_owned()]
        } else {
            entry.groups.clone()
        };
        return user(&entry.username, groups);
    }
    if !aws_auth::is_read(cluster) {
        return Identity::Unauthenticated;
    }
    // Where there are no access entries the creator is always an administrator.
    if cluster.authentication_mode == "CONFIG_MAP" && principal == cluster.creator_arn {
        return user("kubernetes-admin", vec![MASTERS.to_owned()]);
    }
    match server.and_then(|server| aws_auth::mapped(server, principal)) {
        Some(mapped) => user(&mapped.username, mapped.groups),
        None => Identity::Unauthenticated,
    }
}

/// The group that may do everything.
const MASTERS: &str = "system:masters";

fn user(name: &str, mut groups: Vec<String>) -> Identity {
    groups.push("system:authenticated".to_owned());
    Identity::User {
        name: name.to_owned(),
        groups,
    }
}

/// Advances the API servers to the current time. Returns whether that changed the account.
pub fn advance(state: &mut State) -> bool {
    for server in state.kubernetes.values_mut() {
        server.advance(state.now);
    }
    carry_out(state)
}

/// Carries out what the clusters request from the account: load balancers and volumes. Returns whether
/// there were any requests.
pub fn carry_out(state: &mut State) -> bool {
    let mut wanted = Vec::new();
    for (cluster, server) in &mut state.kubernetes {
        wanted.extend(
            server
                .take_cloud_requests()
                .into_iter()
                .map(|one| (cluster.clone(), one)),
        );
    }
    let any = !wanted.is_empty();
    for (cluster, request) in wanted {
        cloud_controller::carry_out(state, &cluster, request);
    }
    fargate_pods::look(state) || any
}
