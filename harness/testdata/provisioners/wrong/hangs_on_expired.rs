//! Asks again for ever with credentials that have expired.
//!
//! Seen in the wild (terraform-provider-aws issue 32809: hours without a word).

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, tears_down};

const PAUSE: Duration = Duration::from_secs(60);

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "hangs on expired credentials",
        parts,
        |parts| Box::pin(async { parts.bent(Stubborn).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Stubborn;

#[async_trait]
impl Bend for Stubborn {
    async fn send(
        &self,
        _: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        loop {
            let answer = inner.send(request.clone()).await?;
            if !String::from_utf8_lossy(answer.body()).contains("expired") {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
