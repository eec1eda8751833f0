//! Does not read `Retry-After`.
//!
//! A cloud that asks for time and is asked again at once does not serve, and may block.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "hurries",
        parts,
        |parts| Box::pin(async { parts.bent(Deaf).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Deaf;

#[async_trait]
impl Bend for Deaf {
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
