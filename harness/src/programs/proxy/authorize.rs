//! The innermost layer of the proxy: authorizes each call anew with the real credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::placeholder::SharedPlaceholders;
use kubeproof_contract::provider::CredentialVariables;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

use super::keep;
use crate::live::Refusal;
use crate::programs::live_access::LiveAccess;

/// How long credentials are used before they are fetched again: temporary ones expire while a program runs.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Authorizes calls that were made with placeholders, and refuses all others.
pub struct Authorizing {
    pub placeholders: SharedPlaceholders,
    pub access: LiveAccess,
    /// The real credentials, and when they were fetched.
    pub fresh: tokio::sync::Mutex<Option<(Timestamp, CredentialVariables)>>,
    pub refused: Arc<Mutex<BTreeMap<String, u64>>>,
    pub inner: SharedTransport,
}

impl fmt::Debug for Authorizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizing").finish_non_exhaustive()
    }
}

impl Authorizing {
    async fn credentials(&self, now: Timestamp) -> Result<CredentialVariables, Refusal> {
        // Held while they are fetched: calls side by side wait for one answer.
        let mut fresh = self.fresh.lock().await;
        if let Some((at, known)) = &*fresh
            && now.duration_since(*at) < FRESH
        {
            return Ok(known.clone());
        }
        let fetched = self.access.checked().await?;
        *fresh = Some((now, fetched.clone()));
        Ok(fetched)
    }
}

#[async_trait]
impl Transport for Authorizing {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let now = self.access.connection.clock.now();
        let real = self.credentials(now).await.map_err(|refusal| {
            TransportError::Connect(format!(
                "no credentials for a call of the program: {}",
                refusal.message
            ))
        })?;
        match self.placeholders.authorize(request, &real, now) {
            Ok(request) => self.inner.send(request).await,
            Err(refused) => {
                keep(&self.refused, refused.why);
                Ok(refused.answer)
            }
        }
    }
}
