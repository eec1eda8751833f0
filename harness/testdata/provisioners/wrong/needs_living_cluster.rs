//! Cannot read a cluster that has failed, so it can neither mend nor remove it.
//!
//! Seen in the wild (terraform-aws-eks issue 1050: fields that only an active cluster has).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "needs a living cluster",
        parts,
        |parts| Box::pin(async { parts.bent(Narrow).provision().await }),
        |parts| Box::pin(async { parts.bent(Narrow).teardown().await }),
    )
}

#[derive(Debug)]
struct Narrow;

#[async_trait]
impl Bend for Narrow {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let failed = String::from_utf8_lossy(answer.body()).contains("\"FAILED\"");
        if call.operation == "DescribeCluster" && failed {
            return Err(TransportError::Lost("the answer lacks a field".to_owned()));
        }
        Ok(answer)
    }
}
