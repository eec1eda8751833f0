//! Takes a throttled firewall rule for one that was created.
//!
//! Seen in the wild (terraform-provider-aws issue 3128: the group is recorded, its rules are not there).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "loses a rule",
        parts,
        |parts| Box::pin(async { parts.intercepted(Careless(is_of_rule)).provision().await }),
        tears_down,
    )
}

fn is_of_rule(operation: &str) -> bool {
    operation == "AuthorizeSecurityGroupIngress"
}

/// Takes a throttled change by one of these operations for one that was applied.
#[derive(Debug)]
pub struct Careless(pub fn(&str) -> bool);

#[async_trait]
impl Intercept for Careless {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let operation = &call.operation;
        if (self.0)(operation) && answer.status().is_server_error() {
            let made = format!("<{operation}Response><return>true</return></{operation}Response>");
            return Ok(Response::new(Bytes::from(made)));
        }
        Ok(answer)
    }
}
