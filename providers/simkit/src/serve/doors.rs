//! Doors: the ports that are listened to, one for the cloud's API and one for each host of its own.
//!
//! Apart from connections because doors open and close while the account changes: a cluster that is made
//! needs a port before anybody is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kubeproof_contract::serve::ServeError;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::limits::DOORS_MAX;
use super::{Shared, connection};
use crate::cloud::{Cloud, Place};

/// What is behind a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// The cloud's API and the control routes; plain or TLS, as the client begins.
    Api,
    /// A host of the cloud with a server of its own: TLS only.
    Host(String),
}

/// The doors of hosts that are open.
#[derive(Default)]
pub struct Doors {
    open: Mutex<BTreeMap<String, Opened>>,
}

/// An open door: dropping the sender closes it.
pub struct Opened {
    _open: watch::Sender<()>,
    authority: String,
    listening: JoinHandle<()>,
}

impl Opened {
    /// Opens a door: listens on a task of its own.
    pub fn new<C: Cloud>(shared: &Arc<Shared<C>>, listener: TcpListener, door: Door) -> Self {
        let (open, closed) = watch::channel(());
        let bound = listener.local_addr();
        let authority = bound.map_or_else(|_| String::new(), |it| reachable(it).to_string());
        let listening = tokio::spawn(listen(Arc::clone(shared), listener, door, closed));
        Self {
            _open: open,
            authority,
            listening,
        }
    }

    /// Closes it, and gives what ends once nobody listens any more.
    pub fn close(self) -> JoinHandle<()> {
        self.listening
    }
}

impl Doors {
    /// The host that is listened to under this address and port.
    pub fn host_at(&self, authority: &str) -> Option<String> {
        let open = self.lock();
        let mut all = open.iter();
        let found = all.find(|(_, opened)| opened.authority == authority)?;
        Some(found.0.clone())
    }

    /// Closes all, and gives what ends once nobody listens any more.
    pub fn close(&self) -> Vec<JoinHandle<()>> {
        let open = std::mem::take(&mut *self.lock());
        open.into_values().map(Opened::close).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Opened>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds an address. Not asynchronous: a loopback port is there at once, and the caller may hold a lock.
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

/// Opens a door for each host that has none, and closes those of hosts that are gone. Called inside the
/// runtime after each change, before its answer goes out.
///
/// # Errors
/// When a port could not be had: then what was answered names a host that nobody listens to.
pub fn settle<C: Cloud>(shared: &Arc<Shared<C>>) -> Result<(), ServeError> {
    let hosts: BTreeSet<String> = shared
        .memory
        .with(|cloud| cloud.hosts())
        .into_iter()
        .collect();
    let mut open = shared.doors.lock();
    open.retain(|host, _| hosts.contains(host));
    for host in hosts {
        if open.contains_key(&host) {
            continue;
        }
        let address = SocketAddr::new(shared.address.ip(), 0);
        if open.len() >= DOORS_MAX {
            return Err(ServeError::Listen {
                address,
                problem: format!("{DOORS_MAX} hosts have ports already"),
            });
        }
        let (listener, bound) = bind(address)?;
        let place = Place {
            url: format!("https://{}", reachable(bound)),
            authority_pem: shared.certificates.authority_pem.clone(),
        };
        let opened = Opened::new(shared, listener, Door::Host(host.clone()));
        shared.memory.with(|cloud| cloud.placed(&host, place));
        open.insert(host, opened);
    }
    Ok(())
}

/// The address under which a client of this machine reaches one that is listened to: "any" is no address
/// to connect to.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Accepts connections until the door is closed.
async fn listen<C: Cloud>(
    shared: Arc<Shared<C>>,
    listener: TcpListener,
    door: Door,
    mut closed: watch::Receiver<()>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closed.changed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small answers go out at once; that it cannot be asked for is no reason to refuse.
                let _ = stream.set_nodelay(true);
                connection::begin(&shared, stream, door.clone(), closed.clone());
            }
            // Out of file descriptors, or a connection that broke before it was accepted: the next may
            // go well, but not in a busy loop.
            Err(_) => tokio::time::sleep(shared.real(std::time::Duration::from_millis(20))).await,
        }
    }
}
