//! An account in which observers get no answer to one question.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

/// The question.
const ABOUT_POLICIES: &[u8] = b"Action=ListAttachedRolePolicies";

#[derive(Debug)]
struct Blind(SharedTransport);

/// A transport into an account that does not list the policies of a role.
pub fn to_policies(inner: SharedTransport) -> SharedTransport {
    Arc::new(Blind(inner))
}

#[async_trait]
impl Transport for Blind {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if request.body().starts_with(ABOUT_POLICIES) {
            return Err(TransportError::Lost("no answer".to_owned()));
        }
        self.0.send(request).await
    }
}
