//! Real HTTPS: the innermost transport of live runs.
//!
//! It uses hyper with rustls. Nothing else in the code base speaks HTTP to the outside.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::mutex::lock;
use crate::transport::{CertificateAuthority, ClientIdentity, Transport, TransportError};

type Pool = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The authority that a private pool trusts, and the identity that it presents.
type Peer = (CertificateAuthority, Option<ClientIdentity>);

/// The largest number of clusters whose connection pools are kept.
const PRIVATE_POOLS_MAX: usize = 64;

/// The largest body of an answer, bytes. A page of a list has a few MB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// A pooled HTTPS client that trusts the machine's certificate authorities, or a cluster's own one where a
/// request names it ([`CertificateAuthority`]).
pub struct Https {
    public: Pool,
    private: Mutex<BTreeMap<Peer, Pool>>,
    timeout: Duration,
    body_bytes_max: usize,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Https {
    /// A client that gives up on a request after `timeout`, in the time of the runtime's clock.
    ///
    /// # Errors
    /// When the machine's certificate authorities cannot be read.
    pub fn new(timeout: Duration) -> Result<Self, TransportError> {
        let builder = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| {
                TransportError::Connect(format!("no certificate authorities to trust: {error}"))
            })?;
        let connector = builder.https_or_http().enable_http1().build();
        Ok(Self {
            public: pool(connector),
            private: Mutex::default(),
            timeout,
            body_bytes_max: BODY_BYTES_MAX,
        })
    }

    /// Sets the largest body of an answer that is read, bytes.
    #[must_use]
    pub fn with_largest_body(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    fn pool_for(&self, extensions: &Extensions) -> Result<Pool, TransportError> {
        let identity = extensions.get::<ClientIdentity>().cloned();
        let Some(authority) = extensions.get::<CertificateAuthority>().cloned() else {
            return match identity {
                None => Ok(self.public.clone()),
                // Not needed so far, and a client certificate must not be shown to arbitrary servers.
                Some(_) => Err(TransportError::Connect(
                    "a client certificate is shown only to a server whose certificate authority \
                     is given"
                        .to_owned(),
                )),
            };
        };
        let peer = (authority, identity);
        let mut private = lock(&self.private);
        if let Some(pool) = private.get(&peer) {
            return Ok(pool.clone());
        }
        if private.len() >= PRIVATE_POOLS_MAX {
            private.clear();
        }
        let pool = pool(private_connector(&peer.0, peer.1.as_ref())?);
        private.insert(peer, pool.clone());
        Ok(pool)
    }
}

fn pool(connector: HttpsConnector<HttpConnector>) -> Pool {
    Client::builder(TokioExecutor::new()).build(connector)
}

/// A connector that trusts only this authority, and presents the identity when asked.
fn private_connector(
    authority: &CertificateAuthority,
    identity: Option<&ClientIdentity>,
) -> Result<HttpsConnector<HttpConnector>, TransportError> {
    let refused = |problem: String| {
        TransportError::Connect(format!(
            "the cluster's certificate authority is unusable: {problem}"
        ))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.0.as_bytes()) {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("it holds no certificate".to_owned()));
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let tls = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = certified(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable(&error))?
        }
    };
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .build())
}

fn unusable(problem: &dyn fmt::Display) -> TransportError {
    TransportError::Connect(format!("the client certificate is unusable: {problem}"))
}

/// The certificate chain and key of an identity.
fn certified(
    identity: &ClientIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TransportError> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(&error))?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())
        .map_err(|error| unusable(&error))?;
    Ok((chain, key))
}

/// Why a body could not be read in full.
fn broken(
    host: &str,
    most: usize,
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> TransportError {
    TransportError::Lost(if error.is::<LengthLimitError>() {
        format!("{host}: the answer is larger than {most} bytes, so the rest was not read")
    } else {
        format!("{host}: {error}")
    })
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let pool = self.pool_for(request.extensions())?;
        let exchange = async {
            let response = pool
                .request(request.map(Full::new))
                .await
                .map_err(|error| {
                    let message = format!("{host}: {error}");
                    if error.is_connect() {
                        TransportError::Connect(message)
                    } else {
                        TransportError::Lost(message)
                    }
                })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, self.body_bytes_max)
                .collect()
                .await
                .map_err(|error| broken(&host, self.body_bytes_max, error.as_ref()))?
                .to_bytes();
            Ok(Response::from_parts(parts, body))
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::Timeout(format!(
                "{host} did not answer within {} s",
                self.timeout.as_secs()
            ))),
        }
    }
}
