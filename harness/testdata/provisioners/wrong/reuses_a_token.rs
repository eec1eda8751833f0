//! Derives the idempotency token of a NAT gateway only from its role, so that after a failure the same token always
//! returns the failed one.
//!
//! Seen in the wild (boto3 issue 4406: a token of an instance that was terminated; ubicloud pull 5898: a
//! retry that differs under the token of the first try).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

const NONE: &str = "<DescribeNatGatewaysResponse><natGatewaySet/></DescribeNatGatewaysResponse>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "reuses a token",
        parts,
        |parts| Box::pin(async { parts.intercepted(Oblivious).provision().await }),
        tears_down,
    )
}

/// Does not see failed gateways with the name, from which the correct token is derived.
#[derive(Debug)]
struct Oblivious;

#[async_trait]
impl Intercept for Oblivious {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let by_name = String::from_utf8_lossy(request.body()).contains("tag%3AName");
        let answer = inner.send(request).await?;
        if call.operation != "DescribeNatGateways" || !by_name {
            return Ok(answer);
        }
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let is = |state: &str| body.contains(&format!("<state>{state}</state>"));
        if is("pending") || is("available") {
            return Ok(answer);
        }
        // The bug: the token does not change when its gateway has failed.
        Ok(answer.map(|_| Bytes::from_static(NONE.as_bytes())))
    }
}
