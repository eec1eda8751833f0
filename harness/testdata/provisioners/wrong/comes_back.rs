//! A part of it keeps running after its teardown and creates resources again a day later, after the audit.
//!
//! Seen in the wild as controllers and jobs that a teardown forgot, which put back what was deleted.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, provisions};

/// Long after the audit, and long before the bill is final.
const LATER: Duration = Duration::from_hours(20);
/// How long it then works at most.
const WORK: Duration = Duration::from_mins(10);
/// Where it stops: everything before costs nothing, so that no bill shows it.
const DEAR: &[&str] = &["AllocateAddress", "CreateCluster", "CreateNatGateway"];

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("comes back", parts, provisions, |parts| {
        Box::pin(async {
            parts.reference().teardown().await?;
            // The bug: this one was not stopped.
            let mut left_over = parts.intercepted(Thrifty);
            tokio::spawn(async move {
                tokio::time::sleep(LATER).await;
                let _ = tokio::time::timeout(WORK, left_over.provision()).await;
            });
            Ok(())
        })
    })
}

#[derive(Debug)]
struct Thrifty;

#[async_trait]
impl Intercept for Thrifty {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if DEAR.contains(&call.operation.as_str()) {
            return std::future::pending().await;
        }
        inner.send(request).await
    }
}
