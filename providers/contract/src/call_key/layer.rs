//! Gives the calls of a trial their keys: the outermost layer names each call, and the innermost learns from every answer,
//! also from those that a fault keeps from the client.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use super::{CallKey, mask, parameters};
use crate::call::{Dialect, Signature};
use crate::journal::digest;
use crate::mutex::lock;
use crate::run::Run;
use crate::transport::{SharedTransport, Transport, TransportError};

/// A response extension: the answer is not the one that the same request got before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerChanged;

/// What the keys of one trial's calls are made with.
#[derive(Clone, Debug, Default)]
pub struct CallKeys {
    inner: Arc<Mutex<Known>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The names of the run, and what they are called.
    run: Vec<(String, &'static str)>,
    /// Ids that the cloud has drawn, and what they are called.
    made: BTreeMap<String, String>,
    /// What each read was answered last.
    answers: BTreeMap<String, String>,
}

impl CallKeys {
    /// For the calls of this run.
    pub fn of(run: &Run) -> Self {
        let known = Known {
            // The name contains the id.
            run: vec![(run.name(""), "NAME"), (run.id.clone(), "RUN")],
            ..Known::default()
        };
        Self {
            inner: Arc::new(Mutex::new(known)),
        }
    }

    /// An independent copy with the same past.
    #[must_use]
    pub fn fork(&self) -> Self {
        let known = lock(&self.inner).clone();
        Self {
            inner: Arc::new(Mutex::new(known)),
        }
    }

    /// The outermost layer: each request gets its key.
    pub fn name(&self, inner: SharedTransport) -> SharedTransport {
        let keys = self.clone();
        Arc::new(NameLayer { keys, inner })
    }

    /// The innermost layer, before the cloud.
    pub fn learn(&self, inner: SharedTransport, dialect: Arc<dyn Dialect>) -> SharedTransport {
        let keys = self.clone();
        Arc::new(LearnLayer {
            keys,
            inner,
            dialect,
        })
    }

    /// The key of a request.
    pub fn key(&self, request: &Request<Bytes>) -> CallKey {
        let known = lock(&self.inner);
        let mut all = parameters::of(request);
        for (name, value) in &mut all {
            if parameters::is_token(name) {
                *value = mask::MASK.to_string();
                continue;
            }
            for (own, called) in &known.run {
                *value = value.replace(own.as_str(), called);
            }
            *value = mask::masked(value, &known.made);
        }
        CallKey::of(&all)
    }

    /// Learns the ids that an accepted call has made. Those in the request were chosen by the client.
    fn made(&self, signature: &Signature, key: &CallKey, made: Vec<String>, request: &str) {
        let called = signature.operation.trim_start_matches("Create");
        let mut known = lock(&self.inner);
        for id in made {
            if !request.contains(&id) {
                let label = format!("{called}:{}", key.first_word());
                known.made.entry(id).or_insert(label);
            }
        }
    }

    /// Whether the answer to a read differs from the one before, ids of requests and dates aside.
    fn has_changed(&self, signature: &Signature, key: &CallKey, body: &[u8]) -> bool {
        let text = mask::masked(&String::from_utf8_lossy(body), &BTreeMap::new());
        let now = digest(text.as_bytes());
        let read = format!("{signature} {key}");
        let before = lock(&self.inner).answers.insert(read, now.clone());
        before.is_some_and(|before| before != now)
    }
}

#[derive(Debug)]
struct NameLayer {
    keys: CallKeys,
    inner: SharedTransport,
}

#[async_trait]
impl Transport for NameLayer {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let key = self.keys.key(&request);
        request.extensions_mut().insert(key);
        self.inner.send(request).await
    }
}

#[derive(Debug)]
struct LearnLayer {
    keys: CallKeys,
    inner: SharedTransport,
    dialect: Arc<dyn Dialect>,
}

#[async_trait]
impl Transport for LearnLayer {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let signature = self.dialect.signature(&request);
        let asked = request.clone();
        let mut answer = self.inner.send(request).await?;
        let Some(key) = asked.extensions().get::<CallKey>() else {
            return Ok(answer);
        };
        if !signature.mutating {
            if self.keys.has_changed(&signature, key, answer.body()) {
                answer.extensions_mut().insert(AnswerChanged);
            }
        } else if answer.status().as_u16() < 400 {
            let made = self.dialect.targets(&asked, Some(&answer)).made;
            let text = format!("{} {}", asked.uri(), String::from_utf8_lossy(asked.body()));
            self.keys.made(&signature, key, made, &text);
        }
        Ok(answer)
    }
}
