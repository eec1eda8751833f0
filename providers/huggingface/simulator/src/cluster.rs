//! A Kubernetes cluster beside the account, which belongs to no one's bill here: what runs in it may use endpoints.
//!
//! The API server knows no Hugging Face and the account no Kubernetes objects. Here a request that a pod sends to a host
//! outside its cluster is answered by the account, as any other request.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_kubernetes_simulator::cloud_provider::{NewNode, PodAnswer, PodRequest};
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{AskedAt, Reply};
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::rest;
use serde_json::Value;

use crate::setup::{CLUSTER_HOST, CLUSTER_TOKEN};
use crate::state::State;
use crate::wire::{self, Then};
use crate::{inference, route};

/// The port of API servers.
const PORT: u16 = 6443;
/// The version of the cluster, and its nodes.
const VERSION: &str = "1.34";
const NODES: u32 = 2;

/// What an auditor lists of a cluster, by the names of types in the inventory and in Kubernetes.
const TYPES: &[(&str, &str)] = &[
    ("kubernetes_namespace", "namespaces"),
    ("kubernetes_secret", "secrets"),
    ("kubernetes_service", "services"),
    ("kubernetes_job", "jobs.batch"),
];

/// A cluster, and the requests of its pods that are not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    server: ApiServer,
    waiting: Vec<PodRequest>,
    /// The number of changes that were seen last.
    seen: u64,
}

impl Cluster {
    /// A cluster of a few nodes, whose pods can call hosts outside it.
    pub(crate) fn new(seed: u64, now: jiff::Timestamp) -> Self {
        let mut server = ApiServer::new("beside-hugging-face", VERSION, seed, now);
        server.reaches_outside();
        for number in 1..=NODES {
            server.add_node(NewNode {
                name: format!("node-{number}"),
                provider_id: format!("simulated://node-{number}"),
                labels: BTreeMap::new(),
                cpus: 4,
                memory_mib: 16 * 1024,
                address: format!("10.0.0.{}", 10 + number),
            });
        }
        let seen = server.changes();
        Self {
            server,
            waiting: Vec::new(),
            seen,
        }
    }
}

/// Whether a request is for the cluster's API server.
pub(crate) fn is_for_it(state: &State, request: &Request<Bytes>) -> bool {
    let uri = request.uri();
    let is_host = uri.host() == Some(CLUSTER_HOST) && uri.port_u16() == Some(PORT);
    state.cluster.is_some() && is_host
}

/// Answers a request to the API server.
pub(crate) fn answer(state: &mut State, request: &Request<Bytes>) -> Option<Reply> {
    let identity = match rest::secret(request) {
        Some(token) if token == CLUSTER_TOKEN => Identity::User {
            name: "kubeproof".to_owned(),
            groups: ["system:masters", "system:authenticated"]
                .map(str::to_owned)
                .to_vec(),
        },
        _ => Identity::Unauthenticated,
    };
    let cluster = state.cluster.as_mut()?;
    Some(cluster.server.answer(&identity, request))
}

/// Advances the cluster to the account's time, and answers what its pods have asked. Returns whether objects have
/// changed.
pub(crate) fn advance(state: &mut State) -> bool {
    let now = state.now;
    let Some(cluster) = &mut state.cluster else {
        return false;
    };
    cluster.server.advance(now);
    let new = cluster.server.take_pod_requests();
    cluster.waiting.extend(new.into_iter().map(|mut asked| {
        asked.request.extensions_mut().insert(AskedAt { at: now });
        asked
    }));
    for asked in std::mem::take(&mut cluster.waiting) {
        let answer = answer_pod(state, &asked);
        let Some(cluster) = &mut state.cluster else {
            return false;
        };
        match answer {
            Some(answer) => cluster.server.answer_pod(&asked, answer),
            None => cluster.waiting.push(asked),
        }
    }
    has_changed(state)
}

/// Whether objects have changed since the last time.
pub(crate) fn has_changed(state: &mut State) -> bool {
    let Some(cluster) = &mut state.cluster else {
        return false;
    };
    let now = cluster.server.changes();
    std::mem::replace(&mut cluster.seen, now) != now
}

/// The answer to a request of a pod; `None` while it is held.
fn answer_pod(state: &mut State, asked: &PodRequest) -> Option<PodAnswer> {
    let host = asked.request.uri().host().unwrap_or_default();
    let is_served =
        |host: &str| inference::endpoint_of(state, host).is_some() || route::is_api_host(host);
    if !is_served(&asked.to) {
        return Some(PodAnswer::NoServer);
    }
    if asked.to != host {
        return Some(PodAnswer::OtherHost);
    }
    let answer = route::answer(state, &asked.request, &InjectedFault::default());
    match answer.then {
        Then::AskAgain(_) => None,
        Then::Ends | Then::More(_) => Some(PodAnswer::Response(wire::write(&answer))),
    }
}

/// The objects of the cluster, as an auditor sees them.
pub(crate) fn inventory(state: &State) -> impl Iterator<Item = Resource> {
    let servers = state.cluster.iter().map(|cluster| &cluster.server);
    servers.flat_map(|server| {
        TYPES.iter().flat_map(|(name, of)| {
            let objects = server.objects(of).into_iter();
            objects.map(|object| resource(name, &object))
        })
    })
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn resource(name: &str, object: &Value) -> Resource {
    let (namespace, own) = (
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    let id = match namespace {
        "" => own.to_owned(),
        namespace => format!("{namespace}/{own}"),
    };
    let labels: BTreeMap<String, String> = object
        .pointer("/metadata/labels")
        .and_then(|labels| serde_json::from_value(labels.clone()).ok())
        .unwrap_or_default();
    let is_ending = object.pointer("/metadata/deletionTimestamp").is_some();
    let (word, lifetime) = if is_ending {
        ("Terminating", Lifetime::Ending)
    } else {
        ("Active", Lifetime::Alive)
    };
    let mut resource = Resource::new(name, id, format!("kubernetes:{CLUSTER_HOST}:{PORT}"))
        .named(own.to_owned())
        .tagged(labels)
        .in_state(word, lifetime);
    if let Ok(at) = text(object, "/metadata/creationTimestamp").parse() {
        resource = resource.created(at);
    }
    resource.incarnation = Some(text(object, "/metadata/uid").to_owned());
    resource
}

/// What only calls change of an object, as text; empty for a resource that is none.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let found = TYPES
        .iter()
        .find(|(name, _)| *name == resource.resource_type);
    let (Some(cluster), Some((_, of))) = (&state.cluster, found) else {
        return String::new();
    };
    let objects = cluster.server.objects(of).into_iter();
    let mut own = objects
        .filter(|object| Some(text(object, "/metadata/uid")) == resource.incarnation.as_deref());
    own.next().map_or_else(String::new, |object| {
        let parts = ["data", "spec", "type"].map(|part| object[part].to_string());
        parts.join("|")
    })
}
