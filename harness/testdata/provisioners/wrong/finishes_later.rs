//! Reports that everything is gone while an address is still in use, and leaves it to the next teardown.
//!
//! Seen in the wild as `all cluster resources were deleted` when they were not (eksctl issues 1246, 1651
//! and 4979): deleting again finds something to delete. The account is clean in the end, so that
//! only the second teardown gives it away.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, provisions};

const RELEASED: &str = "<ReleaseAddressResponse><return>true</return></ReleaseAddressResponse>";
const NO_ADDRESS: &str = "<DescribeAddressesResponse><addressesSet/></DescribeAddressesResponse>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("finishes later", parts, provisions, |parts| {
        Box::pin(async { parts.intercepted(Defers::default()).teardown().await })
    })
}

/// What one process leaves for later. It is not stored: the next one finds it by its tags.
#[derive(Debug, Default)]
struct Defers(AtomicBool);

#[async_trait]
impl Intercept for Defers {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation == "DescribeAddresses" && self.0.load(Ordering::Relaxed) {
            return Ok(Response::new(Bytes::from_static(NO_ADDRESS.as_bytes())));
        }
        let answer = inner.send(request).await?;
        if call.operation == "ReleaseAddress" && answer.status().is_client_error() {
            // The bug: a deletion that was requested is not done.
            self.0.store(true, Ordering::Relaxed);
            return Ok(Response::new(Bytes::from_static(RELEASED.as_bytes())));
        }
        Ok(answer)
    }
}
