//! Falls back to a smaller machine after a failure, without reporting it.
//!
//! As provisioners with a list of types to fall back to do (karpenter and cluster-autoscaler choose from
//! several on purpose): here no one asked for it, and the group is kept like that.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work, tears_down};

const FAILED: &str = "failed";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("settles for less", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        if parts.file(FAILED).await.is_some() {
            return parts.intercepted(Smaller).provision().await;
        }
        let made = parts.reference().provision().await;
        if made.is_err() {
            let _ = parts.connection.disk.write(FAILED, "yes").await;
        }
        made
    })
}

#[derive(Debug)]
struct Smaller;

#[async_trait]
impl Intercept for Smaller {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation != "CreateNodegroup" {
            return inner.send(request).await;
        }
        let smaller = request.map(|body| {
            let text = String::from_utf8_lossy(&body).into_owned();
            // The bug: what was asked for is not what is made.
            Bytes::from(text.replace("t3.medium", "t3.small"))
        });
        inner.send(smaller).await
    }
}
