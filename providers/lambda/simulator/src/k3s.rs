//! The clusters on the instances: the API server of each, who may call it, and which nodes join.
//!
//! The API server knows no cloud, and the cloud no Kubernetes objects: this is where the two meet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_contract::transport::{CertificateAuthority, ClientIdentity};
use kubeproof_kubernetes_simulator::cloud_provider::NewNode;
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::Reply;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;

use crate::cloud_init::{self, Agent, Boot, Server};
use crate::firewall;
use crate::state::{Event, InjectedFailure, Instance, State};

/// The port of the API server.
pub(crate) const PORT: u16 = 6443;
/// Pause before a node tries to join again.
const JOIN_AGAIN: i64 = 10;

/// The cluster of one server.
#[derive(Clone, Debug)]
pub(crate) struct K3s {
    api: ApiServer,
    server: Server,
}

/// The instance whose API server a request goes to, by its public address.
pub(crate) fn instance_of(state: &State, request: &Request<Bytes>) -> Option<String> {
    let host = request.uri().host()?;
    if request.uri().port_u16() != Some(PORT) {
        return None;
    }
    let known = state.instances.all().find(|one| one.ip == host);
    // An unassigned address answers nothing; this is no call of the cloud's API.
    let numeric = host.parse::<std::net::IpAddr>().is_ok();
    known
        .map(|one| one.id.clone())
        .or_else(|| numeric.then(String::new))
}

/// Passes the request to the instance's API server.
pub(crate) fn answer(state: &mut State, instance: &str, request: &Request<Bytes>) -> Reply {
    let reachable = state
        .instances
        .get(instance)
        .is_some_and(|one| is_up(one) && firewall::passes(state, one, PORT, None));
    let now = state.now.as_second();
    match state.clusters.get_mut(instance).filter(|_| reachable) {
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

fn is_up(instance: &Instance) -> bool {
    matches!(instance.status, "booting" | "active") && instance.failure != InjectedFailure::Unusable
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
    fn identity(&self, request: &Request<Bytes>, now: i64) -> Identity {
        let Some(identity) = request.extensions().get::<ClientIdentity>() else {
            return Identity::Unauthenticated;
        };
        verified(identity, &self.server.client_ca, now).unwrap_or(Identity::Unauthenticated)
    }
}

fn verified(identity: &ClientIdentity, client_ca: &str, now: i64) -> Option<Identity> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(client_ca.as_bytes()).ok()?)
        .ok()?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .ok()?;
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).ok()?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).ok()?));
    verifier.verify_client_cert(&certificate, &[], at).ok()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).ok()?;
    let certified = CertifiedKey::from_der(vec![certificate.clone()], key, &provider).ok()?;
    certified.keys_match().ok()?;
    let name = subject(&certificate, 3)?;
    let group = subject(&certificate, 10)?;
    Some(Identity::User {
        name,
        groups: vec![group, "system:authenticated".to_owned()],
    })
}

/// The last attribute 2.5.4.`number` in a verified certificate: the issuer comes before the subject.
fn subject(certificate: &CertificateDer<'_>, number: u8) -> Option<String> {
    let bytes: &[u8] = certificate;
    let oid = [0x06, 0x03, 0x55, 0x04, number];
    let at = bytes.windows(oid.len()).rposition(|window| window == oid)?;
    let rest = bytes.get(at + oid.len()..)?;
    let length = usize::from(*rest.get(1)?);
    String::from_utf8(rest.get(2..2 + length)?.to_vec()).ok()
}

/// Ends the installation on an instance.
pub(crate) fn installed(state: &mut State, id: &str) {
    let Some(instance) = state.instances.get(id) else {
        return;
    };
    if !is_up(instance) || instance.failure == InjectedFailure::InstallFails {
        return;
    }
    match instance.boot.clone() {
        Boot::Plain => {}
        Boot::Server(server) => start(state, id, &server),
        Boot::Agent(agent) => join(state, id, &agent),
    }
}

fn start(state: &mut State, id: &str, server: &Server) {
    let seed = state.ids.below(u64::MAX);
    let mut api = ApiServer::new(&server.node, &server.version, seed, state.now);
    if server.device_plugin {
        api.device_plugin_runs();
    }
    if let Some(instance) = state.instances.get(id)
        && instance.failure != InjectedFailure::NeverJoins
    {
        add_node(&mut api, instance, &server.node);
    }
    let server = server.clone();
    state.clusters.insert(id.to_owned(), K3s { api, server });
}

fn join(state: &mut State, id: &str, agent: &Agent) {
    let Some(instance) = state
        .instances
        .get(id)
        .filter(|one| one.failure != InjectedFailure::NeverJoins)
    else {
        return;
    };
    let server = state.instances.all().find(|one| {
        // Private addresses are unreachable from another region.
        one.private_ip == agent.server && one.region == instance.region
    });
    let open = server.is_some_and(|server| {
        is_up(server) && firewall::passes(state, server, PORT, Some(&instance.private_ip))
    });
    let server = server.map(|server| server.id.clone()).unwrap_or_default();
    let Some(cluster) = state.clusters.get_mut(&server).filter(|_| open) else {
        return state.after(JOIN_AGAIN, Event::Installed(id.to_owned()));
    };
    let expected = cloud_init::digest(&cluster.server.server_ca);
    let trusts = agent.authority.as_ref().is_none_or(|one| *one == expected);
    if trusts && agent.secret == cluster.server.token {
        add_node(&mut cluster.api, instance, &agent.node);
    } else {
        state.after(JOIN_AGAIN, Event::Installed(id.to_owned()));
    }
}

fn add_node(api: &mut ApiServer, instance: &Instance, name: &str) {
    if instance.of.gpus > 0 && instance.failure != InjectedFailure::NoDriver {
        api.node_has_gpus(name, instance.of.gpus);
    }
    let labels = BTreeMap::from([
        (
            "node.kubernetes.io/instance-type".to_owned(),
            "k3s".to_owned(),
        ),
        ("kubernetes.io/arch".to_owned(), "amd64".to_owned()),
    ]);
    api.add_node(NewNode {
        name: name.to_owned(),
        provider_id: format!("k3s://{name}"),
        labels,
        cpus: instance.of.vcpus,
        memory_mib: instance.of.memory_gib * 1024,
        address: instance.private_ip.clone(),
    });
}

/// Stops an instance: its node is removed with it, and its cluster too if it was the server.
pub(crate) fn stopped(state: &mut State, id: &str) {
    state.clusters.remove(id);
    let node = match state.instances.get(id).map(|one| &one.boot) {
        Some(Boot::Agent(agent)) => agent.node.clone(),
        _ => return,
    };
    for cluster in state.clusters.values_mut() {
        cluster.api.remove_node(&node);
    }
}

/// Advances the API servers to the current time. What they request from a cloud (balancers, volumes) is not
/// provided: k3s has no controller for it.
pub(crate) fn advance(state: &mut State) {
    for cluster in state.clusters.values_mut() {
        cluster.api.advance(state.now);
        cluster.api.take_cloud_requests();
    }
}
