//! Repeats every call without an answer, with neither a token nor a check.
//!
//! Seen in the wild as an SDK's own retries of calls that create something new each time.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "blind repeat",
        parts,
        |parts| Box::pin(async { parts.intercepted(Repeats).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Repeats;

#[async_trait]
impl Intercept for Repeats {
    async fn send(
        &self,
        _: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        match inner.send(request.clone()).await {
            Err(TransportError::Lost(_)) => inner.send(request).await,
            answer => answer,
        }
    }
}
