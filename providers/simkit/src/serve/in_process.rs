//! The in-process transport: the served cloud in memory, for callers that know the addresses of its ports.
//!
//! Observers of a trial call in memory, on a clock that jumps. But a cluster's address, and the access and tokens
//! that a program handed over, name the port on which its API server is served.
//!
//! tidy: real time (a program signs its tokens with its own clock, which is the real one).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::transport::{Transport, TransportError};

use super::Shared;
use super::handler::on_host;
use crate::cloud::{Cloud, OptionallySigned};

/// An in-memory transport to a served cloud.
pub struct InProcess<C: Cloud>(pub Arc<Shared<C>>);

impl<C: Cloud> fmt::Debug for InProcess<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: Cloud> Transport for InProcess<C> {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let authority = request.uri().authority().map(ToString::to_string);
        let host = authority.and_then(|authority| self.0.listeners.host_at(&authority));
        if let Some(host) = host {
            *request.uri_mut() = on_host(&host, request.uri());
            let at = Timestamp::now(); // real clock: what a program may have signed with
            request.extensions_mut().insert(OptionallySigned { at });
        }
        self.0.memory.send(request).await
    }
}
