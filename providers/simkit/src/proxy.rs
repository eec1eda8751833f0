//! The proxy of programs that work in a real account: it reads their calls to the cloud's hosts, and hands on connections
//! to all others as they are.
//!
//! Clients ask for a host by `CONNECT` (`HTTPS_PROXY`). For a host of the cloud the proxy shows a certificate of its own
//! authority, which the program trusts, and sends each call through a transport of the trial: journal, faults, and the
//! real cloud. Of every other connection only the name and the number are kept. Limits are those of served accounts
//! ([`crate::serve::limits`]), with a larger body. Source: RFC 9110, sections 7.6.1 and 9.3.6.

mod connection;
mod forward;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubeproof_contract::mutex::lock;
use kubeproof_contract::serve::{Place, ServeError};
use kubeproof_contract::transport::SharedTransport;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::paced_clock;
use crate::serve::certificates::Certificates;
use crate::serve::limits::CONNECTIONS_MAX;
use crate::serve::listeners;

/// Largest body of a request, bytes: a program may upload more to a real cloud than simulators take.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// Largest number of hosts whose certificates are kept, and of those that are listed.
const HOSTS_MAX: usize = 1000;

/// Whether the proxy reads what is said to a host.
pub type Intercepts = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// How to open a proxy.
pub struct ProxySetting {
    /// Where to listen.
    pub address: IpAddr,
    /// The hosts of the cloud.
    pub intercepts: Intercepts,
    /// Where calls to them go. Their URIs name the host that was asked for.
    pub transport: SharedTransport,
    /// How many of the clock's seconds pass in one real second: limits on clients are in real time.
    pub time_scale: u32,
}

/// What all connections share.
struct Shared {
    setting: ProxySetting,
    certificates: Certificates,
    acceptors: Mutex<BTreeMap<String, TlsAcceptor>>,
    connections: Arc<Semaphore>,
    handed_on: Mutex<BTreeMap<String, u64>>,
}

impl Shared {
    fn real(&self, time: Duration) -> Duration {
        paced_clock::real(time, self.setting.time_scale)
    }

    /// Accepts TLS connections under the name of a host of the cloud.
    fn acceptor_of(&self, host: &str) -> Result<TlsAcceptor, ServeError> {
        if let Some(kept) = lock(&self.acceptors).get(host) {
            return Ok(kept.clone());
        }
        let made = self.certificates.acceptor_of(host)?;
        let mut acceptors = lock(&self.acceptors);
        if acceptors.len() < HOSTS_MAX {
            acceptors.insert(host.to_owned(), made.clone());
        }
        Ok(made)
    }

    /// Counts a connection that is handed on.
    fn count(&self, host: &str, port: u16) {
        let mut all = lock(&self.handed_on);
        let name = format!("{host}:{port}");
        if all.len() < HOSTS_MAX || all.contains_key(&name) {
            *all.entry(name).or_default() += 1;
        }
    }
}

/// An open proxy. It closes when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    _open: watch::Sender<()>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Opens it on the current runtime.
    ///
    /// # Errors
    /// When it cannot listen, or certificates cannot be created.
    pub fn open(setting: ProxySetting) -> Result<Self, ServeError> {
        let (listener, address) = listeners::bind(SocketAddr::new(setting.address, 0))?;
        let shared = Arc::new(Shared {
            certificates: Certificates::make(address.ip(), &Place::default())?,
            setting,
            acceptors: Mutex::default(),
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            handed_on: Mutex::default(),
        });
        let (open, closed) = watch::channel(());
        tokio::spawn(listen(Arc::clone(&shared), listener, closed));
        Ok(Self {
            shared,
            address,
            _open: open,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority (PEM) that signed its certificates.
    pub fn authority_pem(&self) -> &str {
        &self.shared.certificates.authority_pem
    }

    /// The hosts and ports to which connections were handed on unread, each with their number.
    pub fn handed_on(&self) -> BTreeMap<String, u64> {
        lock(&self.shared.handed_on).clone()
    }
}

/// Accepts connections until the proxy is closed.
async fn listen(shared: Arc<Shared>, listener: TcpListener, mut closed: watch::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closed.changed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // If the option cannot be set, the connection still works.
                let _ = stream.set_nodelay(true);
                connection::begin(&shared, stream, closed.clone());
            }
            // Out of file descriptors: try again, but not in a busy loop.
            Err(_) => tokio::time::sleep(shared.real(Duration::from_millis(20))).await,
        }
    }
}
