//! Makes one call after the other, where the reference makes many in parallel.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use tokio::sync::Semaphore;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "sequential",
        parts,
        |parts| Box::pin(async { parts.intercepted(OneByOne::default()).provision().await }),
        |parts| Box::pin(async { parts.intercepted(OneByOne::default()).teardown().await }),
    )
}

#[derive(Debug)]
struct OneByOne(Arc<Semaphore>);

impl Default for OneByOne {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

#[async_trait]
impl Intercept for OneByOne {
    async fn send(
        &self,
        _: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let _turn = self.0.acquire().await;
        inner.send(request).await
    }
}
