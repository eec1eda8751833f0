//! Waits too short a time for a cluster, and then reports as if there were none.
//!
//! Seen in the wild (eksctl issues 185 and 520: `timed out waiting for control plane`, which became
//! ready soon after). It reports everything but the cluster, which costs money.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, tears_down};

/// A cluster usually takes 8 to 12 minutes.
const GIVE_UP_AFTER: Duration = Duration::from_mins(13);
const NONE: &str = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"No cluster found.\"}";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "waits too short",
        parts,
        |parts| Box::pin(async { parts.intercepted(Impatient::default()).provision().await }),
        tears_down,
    )
}

/// Stops seeing the cluster once it has been creating for too long.
#[derive(Clone, Debug, Default)]
pub struct Impatient {
    began: Arc<OnceCell<Instant>>,
    /// Whether it has given up.
    pub gave_up: Arc<AtomicBool>,
}

/// The answer for a cluster that does not exist.
pub fn no_cluster() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from_static(NONE.as_bytes()));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

#[async_trait]
impl Intercept for Impatient {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let creating = String::from_utf8_lossy(answer.body()).contains("\"CREATING\"");
        if call.operation != "DescribeCluster" || !creating {
            return Ok(answer);
        }
        let began = self.began.get_or_init(|| async { Instant::now() }).await;
        if began.elapsed() < GIVE_UP_AFTER {
            return Ok(answer);
        }
        // The bug: not ready in time does not mean not there.
        self.gave_up.store(true, Ordering::Relaxed);
        Ok(no_cluster())
    }
}
