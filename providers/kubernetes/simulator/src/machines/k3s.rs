//! The clusters on the machines: the API server of each, who may call it, and which nodes join.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use kubeproof_contract::transport::{CertificateAuthority, ClientIdentity};
use kubeproof_simkit::cloud::Reply;

use super::cloud_init::{self, Agent, Boot, Server};
use super::identity::verified;
use super::{Machine, MachineCloud, MachineFault, PORT};
use crate::cloud_provider::NewNode;
use crate::server::{ApiServer, Identity};

/// Pause before a node tries to join again, seconds.
const JOIN_AGAIN: i64 = 10;

/// All clusters of a cloud, by the id of the machine that runs the server.
#[derive(Clone, Debug, Default)]
pub struct Clusters(BTreeMap<String, K3s>);

impl Clusters {
    /// The names of the nodes of the cluster that this machine serves; none if it serves none.
    pub fn nodes(&self, id: &str) -> Vec<String> {
        let cluster = self.0.get(id);
        cluster.map_or_else(Vec::new, |cluster| cluster.api.nodes())
    }
}

/// The cluster of one server.
#[derive(Clone, Debug)]
struct K3s {
    api: ApiServer,
    server: Server,
}

/// The machine whose API server a request goes to, by its public address. No id: an address that is not assigned
/// answers nothing, and the request is no call of the cloud's API either.
pub fn machine_of(cloud: &impl MachineCloud, request: &Request<Bytes>) -> Option<String> {
    let host = request.uri().host()?;
    if request.uri().port_u16() != Some(PORT) {
        return None;
    }
    let known = cloud.machines().find(|one| one.ip == host);
    let numeric = host.parse::<std::net::IpAddr>().is_ok();
    known
        .map(|one| one.id.to_owned())
        .or_else(|| numeric.then(String::new))
}

/// Passes the request to the machine's API server.
pub fn answer(cloud: &mut impl MachineCloud, id: &str, request: &Request<Bytes>) -> Reply {
    let is_up = cloud.machine(id).is_some_and(|one| one.answers());
    let reachable = is_up && cloud.passes(id, PORT, None);
    let now = cloud.now();
    match cloud.clusters().0.get_mut(id).filter(|_| reachable) {
        Some(cluster) if cluster.is_trusted(request) => {
            let identity = cluster.identity(request, now);
            cluster.api.answer(&identity, request)
        }
        Some(_) => Reply::Now(unreachable(
            "the certificate is not signed by the authority that the client trusts, or does not name this address",
        )),
        None => Reply::Now(unreachable("connection refused")),
    }
}

/// In memory there is no connection that could fail: 503 stands for it, as from a gateway.
fn unreachable(why: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(why.to_owned()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

impl K3s {
    /// Whether a client would accept the server's certificate: it trusts the authority of the
    /// cloud-init document, and the certificate names the public address. There is no TLS in memory;
    /// over a socket the request carries no extension, and TLS itself is the proof.
    fn is_trusted(&self, request: &Request<Bytes>) -> bool {
        let authority = request.extensions().get::<CertificateAuthority>();
        self.server.names_address
            && authority.is_some_and(|CertificateAuthority(pem)| *pem == self.server.server_ca)
    }

    /// The caller, identified by a certificate that the client authority signed, with its key.
    fn identity(&self, request: &Request<Bytes>, now: Timestamp) -> Identity {
        let given = request.extensions().get::<ClientIdentity>();
        given
            .and_then(|given| verified(given, &self.server.client_ca, now.as_second()))
            .unwrap_or(Identity::Unauthenticated)
    }

    /// Whether a node with this token may join, and would: it finds the authority that it expects.
    fn admits(&self, agent: &Agent) -> bool {
        let found = cloud_init::digest(&self.server.server_ca);
        let trusts = agent.authority.as_ref().is_none_or(|one| *one == found);
        trusts && agent.secret == self.server.token
    }
}

/// Ends the installation on a machine: a server starts, a node joins, or tries to.
pub fn installed(cloud: &mut impl MachineCloud, id: &str) {
    let Some(machine) = cloud.machine(id) else {
        return;
    };
    if !machine.answers() || machine.has(MachineFault::InstallFails) {
        return;
    }
    match machine.boot.clone() {
        Boot::Plain => {}
        Boot::Server(server) => start(cloud, id, server),
        Boot::Agent(agent) => join(cloud, id, &agent),
    }
}

fn start(cloud: &mut impl MachineCloud, id: &str, server: Server) {
    let (seed, now) = (cloud.next_seed(), cloud.now());
    let mut api = ApiServer::new(&server.node, &server.version, seed, now);
    if server.device_plugin {
        api.device_plugin_runs();
    }
    if let Some(machine) = cloud.machine(id)
        && !machine.has(MachineFault::NeverJoins)
    {
        add_node(&mut api, machine, &server.node);
    }
    cloud
        .clusters()
        .0
        .insert(id.to_owned(), K3s { api, server });
}

fn join(cloud: &mut impl MachineCloud, id: &str, agent: &Agent) {
    let Some(machine) = cloud
        .machine(id)
        .filter(|one| !one.has(MachineFault::NeverJoins))
    else {
        return;
    };
    let server = cloud.machines().find(|one| {
        // Private addresses are unreachable from another network.
        one.private_ip == agent.server && one.network == machine.network
    });
    let open = server.filter(|server| {
        server.answers() && cloud.passes(server.id, PORT, Some(machine.private_ip))
    });
    let server = open.map(|server| server.id.to_owned()).unwrap_or_default();
    // Taken out while the machine is read, which belongs to the same cloud.
    let mut clusters = std::mem::take(cloud.clusters());
    let admitting = clusters.0.get_mut(&server).filter(|one| one.admits(agent));
    let joined = match (admitting, cloud.machine(id)) {
        (Some(cluster), Some(machine)) => {
            add_node(&mut cluster.api, machine, &agent.node);
            true
        }
        _ => false,
    };
    *cloud.clusters() = clusters;
    if !joined {
        cloud.try_again(id, JOIN_AGAIN);
    }
}

fn add_node(api: &mut ApiServer, machine: Machine<'_>, name: &str) {
    if machine.gpus > 0 && !machine.has(MachineFault::NoDriver) {
        api.node_has_gpus(name, machine.gpus);
    }
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    api.add_node(NewNode {
        name: name.to_owned(),
        provider_id: format!("k3s://{name}"),
        labels: BTreeMap::from([
            label("node.kubernetes.io/instance-type", "k3s"),
            label("kubernetes.io/arch", "amd64"),
        ]),
        cpus: machine.cpus,
        memory_mib: machine.memory_mib,
        address: machine.private_ip.to_owned(),
    });
}

/// Stops a machine: its node is removed with it, and its cluster too if it was the server.
pub fn stopped(cloud: &mut impl MachineCloud, id: &str) {
    let node = match cloud.machine(id).map(|one| one.boot) {
        Some(Boot::Agent(agent)) => Some(agent.node.clone()),
        _ => None,
    };
    let clusters = &mut cloud.clusters().0;
    clusters.remove(id);
    if let Some(node) = node {
        for cluster in clusters.values_mut() {
            cluster.api.remove_node(&node);
        }
    }
}

/// Advances the API servers to the current time. What they request from a cloud (balancers, volumes) is not
/// provided: k3s has no controller for it.
pub fn advance(cloud: &mut impl MachineCloud) {
    let now = cloud.now();
    for cluster in cloud.clusters().0.values_mut() {
        cluster.api.advance(now);
        cluster.api.take_cloud_requests();
    }
}
