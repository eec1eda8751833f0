//! Finds its machines only by their names, which anyone may change.
//!
//! Seen in the wild (cluster-api-provider-aws issue 4629: a `Name` tag that the user overrides is not
//! found again, and each reconciliation makes another instance, 124 of them).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::Value;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, with_json};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "knows by name",
        parts,
        |parts| Box::pin(async { parts.intercepted(ByName::of(parts)).provision().await }),
        |parts| Box::pin(async { parts.intercepted(ByName::of(parts)).teardown().await }),
    )
}

#[derive(Debug)]
struct ByName(String);

impl ByName {
    fn of(parts: &Parts) -> Self {
        Self(parts.connection.run.name(""))
    }
}

#[async_trait]
impl Intercept for ByName {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        if call.operation != "ListInstances" {
            return Ok(answer);
        }
        let is_named = |one: &Value| {
            let name = one["name"].as_str();
            name.is_some_and(|name| name.starts_with(&self.0))
        };
        Ok(with_json(answer, |body| {
            if let Some(machines) = body["data"].as_array_mut() {
                // The bug: their tags would identify them.
                machines.retain(is_named);
            }
        }))
    }
}
