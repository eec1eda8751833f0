//! Listeners: one port for the cloud's API, and one for each host with its own server.
//!
//! They open and close while the account changes: a new cluster needs a port before any client is told its address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use kubeproof_contract::mutex::lock;
use kubeproof_contract::serve::ServeError;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::limits::LISTENERS_MAX;
use super::{Shared, connection};
use crate::cloud::{Cloud, HostEndpoint};

/// What is served on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// The cloud's API and the control routes; plain or TLS, as the client chooses.
    Api,
    /// A host of the cloud with its own server: TLS only.
    Host(String),
}

/// The open listeners of hosts.
#[derive(Default)]
pub struct Listeners {
    open: Mutex<BTreeMap<String, OpenListener>>,
}

/// An open listener. Dropping the sender closes it.
pub struct OpenListener {
    _open: watch::Sender<()>,
    authority: String,
    listening: JoinHandle<()>,
}

impl OpenListener {
    /// Starts to accept connections, on its own task.
    pub fn new<C: Cloud>(
        shared: &Arc<Shared<C>>,
        listener: TcpListener,
        kind: ListenerKind,
    ) -> Self {
        let (open, closed) = watch::channel(());
        let bound = listener.local_addr();
        let authority = bound.map_or_else(|_| String::new(), |it| reachable(it).to_string());
        let listening = tokio::spawn(listen(Arc::clone(shared), listener, kind, closed));
        Self {
            _open: open,
            authority,
            listening,
        }
    }

    /// Closes it, and returns a task that ends when it no longer listens.
    pub fn close(self) -> JoinHandle<()> {
        self.listening
    }
}

impl Listeners {
    /// The host that is served at this address and port.
    pub fn host_at(&self, authority: &str) -> Option<String> {
        let open = self.lock();
        let mut all = open.iter();
        let found = all.find(|(_, opened)| opened.authority == authority)?;
        Some(found.0.clone())
    }

    /// Closes all, and returns tasks that end when they no longer listen.
    pub fn close(&self) -> Vec<JoinHandle<()>> {
        let open = std::mem::take(&mut *self.lock());
        open.into_values().map(OpenListener::close).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OpenListener>> {
        lock(&self.open)
    }
}

/// Binds an address. Not asynchronous: a loopback port is available immediately, and the caller may hold a lock.
pub fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error: std::io::Error| ServeError::Listen {
        address,
        problem: error.to_string(),
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((TcpListener::from_std(listener).map_err(failed)?, bound))
}

/// Opens a listener for each host that has none, and closes those of hosts that no longer exist. Must be called
/// inside the runtime after each change, before its answer is sent.
///
/// # Errors
/// When no port is available; the answer then names a host that is not served.
pub fn update<C: Cloud>(shared: &Arc<Shared<C>>) -> Result<(), ServeError> {
    let hosts: BTreeSet<String> = shared
        .memory
        .with(|cloud| cloud.hosts())
        .into_iter()
        .collect();
    let mut open = shared.listeners.lock();
    open.retain(|host, _| hosts.contains(host));
    for host in hosts {
        if open.contains_key(&host) {
            continue;
        }
        let address = SocketAddr::new(shared.address.ip(), shared.place.port(&host));
        if open.len() >= LISTENERS_MAX {
            return Err(ServeError::Listen {
                address,
                problem: format!("{LISTENERS_MAX} hosts have ports already"),
            });
        }
        // Another may listen there by now.
        let anywhere = || bind(SocketAddr::new(address.ip(), 0));
        let (listener, bound) = bind(address).or_else(|_| anywhere())?;
        shared.place.keep_port(&host, bound.port());
        let endpoint = HostEndpoint {
            url: format!("https://{}", reachable(bound)),
            authority_pem: shared.certificates.authority_pem.clone(),
        };
        let opened = OpenListener::new(shared, listener, ListenerKind::Host(host.clone()));
        shared
            .memory
            .with(|cloud| cloud.host_served(&host, endpoint));
        open.insert(host, opened);
    }
    Ok(())
}

/// The address at which a client on this machine reaches a bound one. The unspecified address becomes loopback,
/// because clients cannot connect to it.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Accepts connections until the listener is closed.
async fn listen<C: Cloud>(
    shared: Arc<Shared<C>>,
    listener: TcpListener,
    kind: ListenerKind,
    mut closed: watch::Receiver<()>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closed.changed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // Send small answers immediately. If the option cannot be set, the connection still works.
                let _ = stream.set_nodelay(true);
                connection::begin(&shared, stream, kind.clone(), closed.clone());
            }
            // Out of file descriptors, or a connection broke before it was accepted. Try again, but not in a busy
            // loop.
            Err(_) => tokio::time::sleep(shared.real(std::time::Duration::from_millis(20))).await,
        }
    }
}
