//! Takes a throttled change of an attribute for one that was made.
//!
//! As `loses_a_rule` (terraform-provider-aws issue 3128), with what makes a subnet public and what gives
//! the hosts of a VPC their names.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "loses an attribute",
        parts,
        |parts| Box::pin(async { parts.bent(Careless).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Careless;

#[async_trait]
impl Bend for Careless {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let operation = &call.operation;
        let of_attribute = operation.starts_with("Modify") && operation.ends_with("Attribute");
        if of_attribute && answer.status().is_server_error() {
            let made = format!("<{operation}Response><return>true</return></{operation}Response>");
            return Ok(Response::new(Bytes::from(made)));
        }
        Ok(answer)
    }
}
