//! Tears down every NAT gateway that carries the tag of its tool, as if the tool had only made one cluster.
//!
//! Seen in the wild as clean-up by `managed-by`, which all clusters of a team carry.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, provisions};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("takes all of its tool", parts, provisions, |parts| {
        let run = &parts.connection.run;
        let (run, owner) = (run.id.clone(), run.owner.clone());
        Box::pin(async {
            parts
                .intercepted(BySharedTag { run, owner })
                .teardown()
                .await
        })
    })
}

#[derive(Debug)]
struct BySharedTag {
    run: String,
    owner: String,
}

#[async_trait]
impl Intercept for BySharedTag {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation != "DescribeNatGateways" {
            return inner.send(request).await;
        }
        // The bug: it filters by owner, who has more than one cluster, instead of by run.
        let (head, body) = request.into_parts();
        let body = String::from_utf8_lossy(&body)
            .replace("kubeproof%3Arun", "kubeproof%3Aowner")
            .replace(&self.run, &self.owner);
        let answer = inner
            .send(Request::from_parts(head, Bytes::from(body)))
            .await?;
        let text =
            String::from_utf8_lossy(answer.body()).replace(&format!("{}-2", self.run), &self.run);
        Ok(answer.map(|_| Bytes::from(text)))
    }
}
