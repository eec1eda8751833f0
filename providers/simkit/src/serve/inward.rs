//! The way inward: the same cloud in memory, for those who were told of its ports.
//!
//! Apart from exchanges, which come over sockets. Observers of a trial call in memory, on a clock that
//! jumps; but a cluster's address is the port on which its server is listened to, and so are the access
//! and the tokens that a program handed over.
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
use super::exchange::on_host;
use crate::cloud::{Cloud, PerhapsSigned};

/// The way inward.
pub struct Inward<C: Cloud>(pub Arc<Shared<C>>);

impl<C: Cloud> fmt::Debug for Inward<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inward").finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: Cloud> Transport for Inward<C> {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let authority = request.uri().authority().map(ToString::to_string);
        let host = authority.and_then(|authority| self.0.doors.host_at(&authority));
        if let Some(host) = host {
            *request.uri_mut() = on_host(&host, request.uri());
            let at = Timestamp::now(); // real clock: what a program may have signed with
            request.extensions_mut().insert(PerhapsSigned { at });
        }
        self.0.memory.send(request).await
    }
}
