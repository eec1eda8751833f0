//! Removes the cluster, but not the volumes that it made for its workloads.
//!
//! Seen in the wild (ingress-gce issues 136 and 1195: what controllers inside the cluster had made
//! outlived it). No fault is needed, but a workload is.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, provisions};

const NO_VOLUME: &str = "<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("forgets volumes", parts, provisions, |parts| {
        Box::pin(async { parts.intercepted(NoVolumes).teardown().await })
    })
}

#[derive(Debug)]
struct NoVolumes;

#[async_trait]
impl Intercept for NoVolumes {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        // The bug: neither the cluster nor the cloud is asked for volumes.
        let kind = match call.operation.as_str() {
            "list-persistentvolumeclaims" => "PersistentVolumeClaimList",
            "list-persistentvolumes" => "PersistentVolumeList",
            "DescribeVolumes" => {
                return Ok(Response::new(Bytes::from_static(NO_VOLUME.as_bytes())));
            }
            _ => return inner.send(request).await,
        };
        let none =
            format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"items\":[]}}");
        Ok(Response::new(Bytes::from(none)))
    }
}
