//! Takes an active machine for a joined node, without asking the cluster.
//!
//! Seen in the wild as "ready" by the cloud's state alone: the machine runs, and no node ever joins.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::json;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("believes the machine", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        // It never records its end: each process but the first takes over.
        if parts.begins_again().await {
            parts.intercepted(TakesForReady).provision().await
        } else {
            parts.reference().provision().await
        }
    })
}

/// Answers node listings as if all nodes were ready.
#[derive(Debug)]
struct TakesForReady;

#[async_trait]
impl Intercept for TakesForReady {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation != "list-nodes" {
            return inner.send(request).await;
        }
        let node = json!({
            "metadata": {"name": "node-0"},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "allocatable": {"nvidia.com/gpu": "1"},
            },
        });
        let list = json!({
            "kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [node],
        });
        Ok(Response::new(Bytes::from(list.to_string())))
    }
}
