//! Makes a resource with a fixed name if there is none yet, for all its clusters, and never deletes it.
//!
//! Seen in the wild as SkyPilot's role `skypilot-v1` and network `skypilot-vpc`. The first cluster makes it: that of the
//! bystander, before the run's baseline.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

/// The calls that make what it shares, one for each cloud: a role, an SSH key, a network.
const SHARED: &[&str] = &["CreateRole", "AddSshKey", "networks.insert"];

/// Lambda Cloud takes one call a second.
const PAUSE: Duration = Duration::from_secs(2);

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "keeps what it shares",
        parts,
        |parts| {
            let run = parts.connection.run.clone();
            Box::pin(async { parts.intercepted(OneForAll(run)).provision().await })
        },
        tears_down,
    )
}

#[derive(Debug)]
struct OneForAll(Run);

impl OneForAll {
    /// The same request for the name that all clusters share, without what would make it a repetition.
    fn for_all(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let (mut head, body) = request.clone().into_parts();
        head.headers.remove(header::CONTENT_LENGTH);
        let body = String::from_utf8_lossy(&body)
            .replace(&self.0.name(""), "kubeproof-shared")
            .replace(&self.0.id, "shared");
        let url = head.uri.to_string();
        if let Some((url, _)) = url
            .split_once('?')
            .filter(|(_, query)| query.contains("requestId"))
        {
            head.uri = url.parse().expect("the same URL");
        }
        Request::from_parts(head, Bytes::from(body))
    }
}

#[async_trait]
impl Intercept for OneForAll {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if SHARED.contains(&call.operation.as_str()) {
            // The bug: it is made for no run, so that no teardown knows it. That it exists already is fine.
            inner.send(self.for_all(&request)).await?;
            tokio::time::sleep(PAUSE).await;
        }
        inner.send(request).await
    }
}
