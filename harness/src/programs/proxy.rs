//! The proxy of a live trial's programs: they work with placeholders, and their calls are journaled, get the trial's faults
//! and are authorized anew for the real cloud.
//!
//! `journal(faults(authorize(HTTPS)))`: what the journal records is what the program saw. The real credentials are fetched
//! by the observer's connection, at most every few minutes, and only while they belong to an allowed account. They are
//! never in the program's environment, in a file, or in a message.

mod authorize;

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use kubeproof_contract::authorities;
use kubeproof_contract::journal::digest;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::placeholder::{MakePlaceholders, PlaceholderSecret, SharedPlaceholders};
use kubeproof_contract::serve::{ClientEnvironment, ServeError};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_simkit::proxy::{Proxy, ProxySetting};
use ring::rand::{SecureRandom as _, SystemRandom};

use self::authorize::{Authorizing, Refusals};
use super::live_credentials::LiveCredentials;
use crate::trial::Trial;

/// Variables in which clients look for a proxy to hosts behind TLS.
const PROXIES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// Variables that would lead around it.
const AROUND: [&str; 4] = ["NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"];

/// This machine gives out no random bytes, so that the placeholders could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes for the placeholders of the run's programs")]
pub struct NoRandomBytes;

/// Puts the layers of a trial over what its calls reach.
pub type Layers = Arc<dyn Fn(SharedTransport) -> SharedTransport + Send + Sync>;

/// How the calls of a program go on from the proxy.
#[derive(Clone)]
pub struct Onward {
    /// Journal and faults of the trial.
    pub layers: Layers,
    /// The real cloud.
    pub innermost: SharedTransport,
    /// How many seconds of the trial's clock pass in one real second.
    pub time_scale: u32,
}

/// What the proxy could not see, and what it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyReport {
    /// Hosts of others to which connections were handed on unread, with their number.
    pub handed_on: BTreeMap<String, u64>,
    /// The calls that were refused, a sentence each, with how often.
    pub refused: BTreeMap<String, u64>,
}

/// The proxy of a trial. It opens before the first program runs, and closes when it is dropped.
#[derive(Debug)]
pub struct ProgramProxy {
    placeholders: SharedPlaceholders,
    refused: Refusals,
    open: Mutex<Option<Proxy>>,
}

impl ProgramProxy {
    /// The proxy of a trial whose program runs live; `None` where it runs otherwise, or without one.
    ///
    /// # Errors
    /// When placeholders cannot be made.
    pub fn of(trial: &Trial) -> Result<Option<Arc<Self>>, NoRandomBytes> {
        let proxy = trial.placeholders().map(Self::with).transpose()?;
        Ok(proxy.map(Arc::new))
    }

    fn with(placeholders: MakePlaceholders) -> Result<Self, NoRandomBytes> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| NoRandomBytes)?;
        Ok(Self {
            placeholders: placeholders(&PlaceholderSecret::new(bytes)),
            refused: Arc::default(),
            open: Mutex::default(),
        })
    }

    /// The placeholders.
    pub fn placeholders(&self) -> &SharedPlaceholders {
        &self.placeholders
    }

    /// Leads a program through the proxy, with placeholders; opens it if it is not open yet. `credentials` gets the
    /// real ones.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn lead_through(
        &self,
        redirect: &mut ClientEnvironment,
        (credentials, onward): (LiveCredentials, &Onward),
        folder: &Path,
    ) -> Result<(), ServeError> {
        let mut open = lock(&self.open);
        let proxy = match &mut *open {
            Some(proxy) => proxy,
            closed => closed.insert(self.open(credentials, onward)?),
        };
        let address = format!("http://{}", proxy.address());
        for name in PROXIES {
            redirect.set(name, address.clone(), "the run's proxy to the cloud");
        }
        for name in AROUND {
            redirect.unset(name, "would lead around the run's proxy");
        }
        for (name, value) in self.placeholders.variables().0 {
            redirect.set(&name, value, "a placeholder: the run's proxy knows it");
        }
        // Clients read one file, and meet other hosts too. Its name is that of its content: a file that is there already
        // is the right one.
        let pem = authorities::of_this_machine() + proxy.authority_pem();
        let path = folder.join(format!("proxy-{}.pem", digest(pem.as_bytes())));
        redirect.trust(self.placeholders.authority_variables(), path, &pem);
        Ok(())
    }

    fn open(&self, credentials: LiveCredentials, onward: &Onward) -> Result<Proxy, ServeError> {
        let authorizing = Authorizing {
            placeholders: Arc::clone(&self.placeholders),
            credentials,
            fresh: tokio::sync::Mutex::default(),
            refused: Arc::clone(&self.refused),
            inner: Arc::clone(&onward.innermost),
        };
        let placeholders = Arc::clone(&self.placeholders);
        Proxy::open(ProxySetting {
            address: Ipv4Addr::LOCALHOST.into(),
            intercepts: Arc::new(move |host| placeholders.is_of_cloud(host)),
            transport: (onward.layers)(Arc::new(authorizing)),
            time_scale: onward.time_scale,
        })
    }

    /// What it has seen so far.
    pub fn report(&self) -> ProxyReport {
        let open = lock(&self.open);
        ProxyReport {
            handed_on: open.as_ref().map(Proxy::handed_on).unwrap_or_default(),
            refused: lock(&self.refused).clone(),
        }
    }
}

impl fmt::Debug for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onward").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl ProgramProxy {
    /// One for tests.
    pub(super) fn of_test(placeholders: MakePlaceholders) -> Result<Arc<Self>, NoRandomBytes> {
        Self::with(placeholders).map(Arc::new)
    }
}
