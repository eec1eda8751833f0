//! Cannot parse a failed cluster, so it can neither repair nor remove it.
//!
//! Seen in the wild (terraform-aws-eks issue 1050: fields that only an active cluster has).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "needs a living cluster",
        parts,
        |parts| Box::pin(async { parts.intercepted(Narrow).provision().await }),
        |parts| Box::pin(async { parts.intercepted(Narrow).teardown().await }),
    )
}

#[derive(Debug)]
struct Narrow;

#[async_trait]
impl Intercept for Narrow {
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
