//! Reports a failure although the cluster still exists, and drops it from its state.
//!
//! Seen in the wild (terraform-provider-azurerm issues 9342 and 2523: the next apply meets a cluster
//! that `already exists`, and destroy does not know it).

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use super::waits_too_short::{Impatient, no_cluster};
use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work};

const DROPPED: &str = "dropped";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("disowns a living cluster", parts, provision, teardown)
}

/// Its errors list nothing: it only has its state.
fn bare(error: ProvisionerError) -> ProvisionerError {
    ProvisionerError::new(error.message)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        if parts.file(DROPPED).await.is_some() {
            return parts.intercepted(Disowns).provision().await.map_err(bare);
        }
        let impatient = Impatient::default();
        let result = parts.intercepted(impatient.clone()).provision().await;
        if result.is_err() && impatient.gave_up.load(Ordering::Relaxed) {
            // The bug: after a failed wait the resource is not in the state.
            let _ = parts.connection.disk.write(DROPPED, "the cluster").await;
        }
        result.map_err(bare)
    })
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        if parts.file(DROPPED).await.is_some() {
            return parts.intercepted(Disowns).teardown().await.map_err(bare);
        }
        parts.reference().teardown().await
    })
}

/// Never sees a cluster.
#[derive(Debug)]
struct Disowns;

#[async_trait]
impl Intercept for Disowns {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation == "DescribeCluster" {
            return Ok(no_cluster());
        }
        inner.send(request).await
    }
}
