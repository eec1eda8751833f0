//! The transport seam: one async function from an HTTP request to an HTTP response.
//!
//! Cloud SDKs, kube-rs and typed REST clients all use it; layers (journal, faults) and the two ends (an in-memory
//! simulator, real HTTPS) implement it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// Why no HTTP response came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: the request was certainly not applied.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The connection broke before an answer: the request may or may not have been applied.
    #[error("connection lost before an answer came: {0}")]
    Lost(String),
    /// No answer in time: the request may or may not have been applied.
    #[error("no answer in time: {0}")]
    Timeout(String),
}

/// One async function: request in, response out.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends one request and returns its whole response.
    ///
    /// # Errors
    /// When no response came back; an HTTP error status is not an error here.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// A request extension: trust this certificate authority (PEM) for this request instead of the
/// machine's own. Clusters have their own certificate authorities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateAuthority(pub String);

/// A request extension: authenticate with this client certificate and its private key (both PEM).
/// `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientIdentity {
    /// The certificate, with the chain that it needs.
    pub certificate_pem: String,
    /// Its private key.
    pub key_pem: String,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(redacted)")
    }
}

/// A transport that many clients share.
pub type SharedTransport = Arc<dyn Transport>;
