//! Gives up teardown when a call is throttled, so that another teardown is needed.
//!
//! Seen in the wild as deletions that end with "Rate exceeded" and leave the rest.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};
use tokio::sync::Notify;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, provisions};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("gives up when throttled", parts, provisions, |parts| {
        Box::pin(async {
            let throttled = Arc::new(Notify::new());
            let mut reference = parts.intercepted(Watched(Arc::clone(&throttled)));
            tokio::select! {
                ended = reference.teardown() => ended,
                // The bug: a throttled call must be repeated.
                () = throttled.notified() => Err(ProvisionerError::left_unknown("rate exceeded")),
            }
        })
    })
}

#[derive(Debug)]
struct Watched(Arc<Notify>);

#[async_trait]
impl Intercept for Watched {
    async fn send(
        &self,
        _: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let text = String::from_utf8_lossy(answer.body());
        if text.contains("RequestLimitExceeded") || text.contains("Throttling") {
            self.0.notify_one();
        }
        Ok(answer)
    }
}
