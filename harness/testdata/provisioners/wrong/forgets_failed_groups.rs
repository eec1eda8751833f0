//! Does not keep failed creations in its state, so its teardown does not know about them.
//!
//! Seen in the wild (terraform-provider-aws issue 20268: node groups that are `CREATE_FAILED`).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work};

const FAILED: &str = "failed";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("forgets failed groups", parts, provision, |parts| {
        Box::pin(async {
            if parts.file(FAILED).await.is_some() {
                return parts.intercepted(Forgets).teardown().await;
            }
            parts.reference().teardown().await
        })
    })
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let result = parts.reference().provision().await;
        if result.is_err() {
            let _ = parts.connection.disk.write(FAILED, "yes").await;
        }
        result
    })
}

#[derive(Debug)]
struct Forgets;

#[async_trait]
impl Intercept for Forgets {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation == "ListNodegroups" {
            return Ok(Response::new(Bytes::from_static(b"{\"nodegroups\":[]}")));
        }
        inner.send(request).await
    }
}
