//! The innermost layer of the proxy: authorizes each call anew with the real credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::placeholder::SharedPlaceholders;
use kubeproof_contract::provider::CredentialVariables;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

use crate::live::Refusal;
use crate::programs::live_credentials::LiveCredentials;

/// How long credentials are used before they are fetched again: temporary ones expire while a program runs.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How many different refusals are kept.
const REFUSALS_MAX: usize = 20;

/// The calls that were refused, a sentence each, with how often.
pub type Refusals = Arc<Mutex<BTreeMap<String, u64>>>;

/// Authorizes calls that were made with placeholders, and refuses all others.
pub struct Authorizing {
    pub placeholders: SharedPlaceholders,
    pub credentials: LiveCredentials,
    /// The real credentials, and when they were fetched.
    pub fresh: tokio::sync::Mutex<Option<(Timestamp, CredentialVariables)>>,
    pub refused: Refusals,
    pub inner: SharedTransport,
}

impl fmt::Debug for Authorizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizing").finish_non_exhaustive()
    }
}

impl Authorizing {
    async fn current(&self, now: Timestamp) -> Result<CredentialVariables, Refusal> {
        // Held while they are fetched: calls side by side wait for one answer.
        let mut fresh = self.fresh.lock().await;
        if let Some((at, known)) = &*fresh
            && now.duration_since(*at) < FRESH
        {
            return Ok(known.clone());
        }
        let fetched = self.credentials.checked().await?;
        *fresh = Some((now, fetched.clone()));
        Ok(fetched)
    }

    fn keep(&self, why: String) {
        let mut all = lock(&self.refused);
        if all.len() < REFUSALS_MAX || all.contains_key(&why) {
            *all.entry(why).or_default() += 1;
        }
    }
}

#[async_trait]
impl Transport for Authorizing {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let now = self.credentials.connection.clock.now();
        let real = self.current(now).await.map_err(|refusal| {
            TransportError::Connect(format!(
                "no credentials for a call of the program: {}",
                refusal.message
            ))
        })?;
        match self.placeholders.authorize(request, &real, now) {
            Ok(request) => self.inner.send(request).await,
            Err(refused) => {
                self.keep(refused.why);
                Ok(refused.answer)
            }
        }
    }
}
