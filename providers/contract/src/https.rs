//! Real HTTPS: the innermost transport of live runs.
//!
//! hyper with rustls, and nothing else in the tree speaks HTTP to the outside.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::transport::{Transport, TransportError};

/// A pooled HTTPS client that trusts the machine's certificate authorities.
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Https {
    /// A client that gives up on a request after `timeout`.
    ///
    /// # Errors
    /// When the machine's certificate authorities cannot be read.
    pub fn new(timeout: Duration) -> Result<Self, TransportError> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| {
                TransportError::Connect(format!("no certificate authorities to trust: {error}"))
            })?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), timeout })
    }
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let exchange = async {
            let response = self.client.request(request.map(Full::new)).await.map_err(|error| {
                let message = format!("{host}: {error}");
                if error.is_connect() {
                    TransportError::Connect(message)
                } else {
                    TransportError::Lost(message)
                }
            })?;
            let (parts, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| TransportError::Lost(format!("{host}: {error}")))?
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
