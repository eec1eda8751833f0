//! Knows its machines by their names alone, which anybody may change.
//!
//! Seen in the wild (cluster-api-provider-aws issue 4629: a `Name` tag that the user overrides is not
//! found again, and each look makes another instance, 124 of them).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::Value;

use crate::variant::{Acts, Bend, Parts};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "knows by name",
        parts,
        |parts| Box::pin(async { parts.bent(ByName::of(parts)).provision().await }),
        |parts| Box::pin(async { parts.bent(ByName::of(parts)).teardown().await }),
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
impl Bend for ByName {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
            return Ok(answer);
        };
        match body["data"].as_array_mut() {
            Some(machines) if call.operation == "ListInstances" => {
                // The bug: the tags that it gave them would say whose they are.
                machines.retain(|one| {
                    one["name"]
                        .as_str()
                        .is_some_and(|it| it.starts_with(&self.0))
                });
            }
            _ => return Ok(answer),
        }
        Ok(answer.map(|_| Bytes::from(body.to_string())))
    }
}
