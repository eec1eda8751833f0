//! Ignores `Retry-After`.
//!
//! A cloud that is called again too early does not answer, and may block the client.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "hurries",
        parts,
        |parts| Box::pin(async { parts.intercepted(Deaf).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Deaf;

#[async_trait]
impl Intercept for Deaf {
    async fn send(
        &self,
        _: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut answer = inner.send(request).await?;
        answer.headers_mut().remove("retry-after");
        Ok(answer)
    }
}
