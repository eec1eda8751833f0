//! The provisioner: the program under test.
//!
//! It has two mutating methods and a claim. The harness learns everything else from an observer that does not
//! trust the provisioner.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// How a caller authenticates to an API server. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token.
    Token(String),
    /// A client certificate with its private key, both PEM.
    ClientCertificate {
        /// The certificate, with the chain that it needs.
        certificate_pem: String,
        /// Its private key.
        key_pem: String,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(redacted)",
            Self::ClientCertificate { .. } => "ClientCertificate(redacted)",
        })
    }
}

/// Access to a Kubernetes API server. `Debug` never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesAccess {
    /// The server's URL.
    pub server: String,
    /// The certificate authority of the server, PEM, if it is not a public one.
    pub certificate_authority_pem: Option<String>,
    /// How the caller authenticates.
    pub credential: Credential,
    /// When the credential expires, if it does.
    pub expires_at: Option<Timestamp>,
}

impl KubernetesAccess {
    /// The bearer token, if the credential is one.
    pub fn token(&self) -> Option<&str> {
        match &self.credential {
            Credential::Token(token) => Some(token),
            Credential::ClientCertificate { .. } => None,
        }
    }
}

/// Why a provisioner hands over no access. It is not wrong for that.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoAccess {
    /// It gives none, for this reason.
    #[error("{0}")]
    NotGiven(&'static str),
    /// The program that its kubeconfig asks for a credential cannot be started here, which proves nothing.
    #[error("the helper of its kubeconfig: {0}")]
    NoHelper(#[source] Arc<dyn Error + Send + Sync>),
}

/// The access that a provisioner hands over; or why there is none.
pub type HandedOver = Result<KubernetesAccess, NoAccess>;

/// What a provisioner hands over when it reports that the cluster is ready.
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// Access to the cluster, from the provisioner's kubeconfig; or why there is none.
    pub access: HandedOver,
    /// What it says it created: logical name → id. Evidence, never believed unchecked.
    pub made: BTreeMap<String, String>,
}

/// Stands for unknown resources in [`ProvisionerError::left_behind`].
pub const UNKNOWN_LEFT: &str = "unknown";

/// Why a phase failed, in the provisioner's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProvisionerError {
    /// What happened, where, and what to do next.
    pub message: String,
    /// The ids of everything that the provisioner says it left behind. Empty means "nothing";
    /// [`UNKNOWN_LEFT`] means that it could not find out.
    pub left_behind: Vec<String>,
    /// Why its report of what it left behind cannot be read, if it cannot.
    pub unreadable: Option<String>,
}

impl ProvisionerError {
    /// An error that leaves exactly these behind.
    pub fn left(message: impl Into<String>, left_behind: Vec<String>) -> Self {
        Self {
            message: message.into(),
            left_behind,
            unreadable: None,
        }
    }

    /// An error of a provisioner that could not find out what it left behind.
    pub fn left_unknown(message: impl Into<String>) -> Self {
        Self::left(message, vec![UNKNOWN_LEFT.to_owned()])
    }

    /// An error that leaves nothing behind.
    pub fn new(message: impl Into<String>) -> Self {
        Self::left(message, Vec::new())
    }

    /// The error of a provisioner that then removed what it had made, or could not.
    pub fn unwound(error: impl fmt::Display, unwound: Result<(), Self>) -> Self {
        match unwound {
            Ok(()) => Self::new(format!("{error}; unwound")),
            Err(stuck) => Self {
                message: format!("{error}; unwinding stuck: {}", stuck.message),
                ..stuck
            },
        }
    }
}

/// What a provisioner claims that an hour of its cluster costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRate {
    /// US dollars per hour.
    pub usd_per_hour: Decimal,
    /// Where the claim is made.
    pub source: String,
}

/// The program under test. One value is one process: after a crash a new one is created, without memory.
#[async_trait]
pub trait Provisioner: Send {
    /// Its name, for records.
    fn name(&self) -> String;

    /// What it claims that an hour of its cluster costs, if it claims anything.
    fn claim(&self) -> Option<ClaimedRate>;

    /// Creates the cluster, or finishes creating it: a second call converges and creates no duplicates.
    ///
    /// # Errors
    /// When it cannot. It has then unwound, or left a state that `teardown` can remove from tags alone.
    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError>;

    /// Removes everything that belongs to the run, found by tags and natural names alone. A second call is a
    /// no-op.
    ///
    /// # Errors
    /// When something is left.
    async fn teardown(&mut self) -> Result<(), ProvisionerError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwinding_that_is_stuck_keeps_what_it_left_and_both_errors() {
        let clean = ProvisionerError::unwound("no capacity", Ok(()));
        assert_eq!(clean, ProvisionerError::new("no capacity; unwound"));
        let left = vec!["i-1".to_owned()];
        let stuck = Err(ProvisionerError::left("denied", left.clone()));
        let message = "no capacity; unwinding stuck: denied";
        let expected = ProvisionerError::left(message, left);
        assert_eq!(ProvisionerError::unwound("no capacity", stuck), expected);
    }
}
