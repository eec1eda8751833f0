//! The journal: the ordered list of all calls of a trial.
//!
//! It sits on the transport, so rehearsal and live runs write the same kind. It keeps no headers (which hold
//! secrets) and no bodies, only digests: enough to compare two runs and to replay calls by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::call::{Actor, Dialect, Signature, Targets};
use crate::call_key::{AnswerChanged, CallKey};
use crate::clock::Clock;
use crate::mutex::lock;
use crate::transport::{SharedTransport, Transport, TransportError};

/// One call in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Position in the journal, from 1.
    pub ordinal: u64,
    /// When it was sent.
    pub at: Timestamp,
    /// Who sent it.
    pub actor: Actor,
    /// Its name.
    pub signature: Signature,
    /// HTTP method and path, without query.
    pub target: String,
    /// HTTP status of the response; `None` when no response came.
    pub status: Option<u16>,
    /// The cloud's error code, or the transport's error; `None` when the call succeeded.
    pub error: Option<String>,
    /// Time until the answer, milliseconds.
    pub milliseconds: u64,
    /// SHA-256 of the request body, hexadecimal, 16 digits.
    pub request_digest: String,
    /// SHA-256 of the response body, hexadecimal, 16 digits.
    pub response_digest: String,
    /// Ids and names of what a mutating call changes or deletes, where the path does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Ids and names of what it created, according to its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
    /// What it is about, where calls have keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether its answer differs from the one before to the same request, where calls have keys.
    #[serde(default, skip_serializing_if = "is_false")]
    pub changed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The shared list of calls of one trial.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Journal {
    /// A journal that goes on after these calls.
    pub fn after(calls: Vec<Call>) -> Self {
        Self {
            calls: Arc::new(Mutex::new(calls)),
        }
    }

    /// All calls so far, in the order in which they were sent.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// Whether this actor has made a call.
    pub fn has(&self, actor: Actor) -> bool {
        let calls = lock(&self.calls);
        calls.iter().any(|call| call.actor == actor)
    }

    /// The calls from this position on, counted from 0.
    pub fn calls_from(&self, from: usize) -> Vec<Call> {
        let calls = lock(&self.calls);
        calls.get(from..).unwrap_or_default().to_vec()
    }

    /// The number of calls so far.
    pub fn len(&self) -> usize {
        lock(&self.calls).len()
    }

    /// Whether no call was made yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One hash over everything in the calls that is deterministic: equal runs have equal hashes.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        let calls = lock(&self.calls);
        for call in calls.iter() {
            // Written out field by field, so that the hash does not change with serde's layout.
            hasher.update(format!(
                "{}|{}|{}|{}|{}|{:?}|{:?}|{}|{}|{}\n",
                call.ordinal,
                call.at,
                call.actor,
                call.signature,
                call.target,
                call.status,
                call.error,
                call.milliseconds,
                call.request_digest,
                call.response_digest,
            ));
        }
        hexadecimal(&hasher.finalize())
    }

    /// A transport that writes each call of `actor` into this journal before passing it on.
    pub fn layer(
        &self,
        inner: SharedTransport,
        dialect: Arc<dyn Dialect>,
        actor: Actor,
        clock: Clock,
    ) -> SharedTransport {
        Arc::new(JournalLayer {
            journal: self.clone(),
            inner,
            dialect,
            actor,
            clock,
        })
    }

    fn begin(&self, call: Call) -> usize {
        let mut calls = lock(&self.calls);
        let index = calls.len();
        calls.push(Call {
            ordinal: index as u64 + 1,
            ..call
        });
        index
    }

    fn end(&self, index: usize, finish: impl FnOnce(&mut Call)) {
        let mut calls = lock(&self.calls);
        if let Some(call) = calls.get_mut(index) {
            finish(call);
        }
    }
}

/// The first 16 hexadecimal digits of a body's SHA-256: enough to tell two bodies of one trial apart.
pub fn digest(body: &[u8]) -> String {
    let mut hex = hexadecimal(&Sha256::digest(body));
    hex.truncate(16);
    hex
}

/// Computes the digest of a text that arrives piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The same as [`digest`] of all pieces joined.
    pub fn finish(self) -> String {
        let mut hex = hexadecimal(&self.0.finalize());
        hex.truncate(16);
        hex
    }
}

/// A JSON body with its keys sorted, because SDKs write maps such as tags in random order. Other bodies are
/// returned unchanged.
pub(crate) fn in_key_order(body: &[u8]) -> Vec<u8> {
    let json = body
        .starts_with(b"{")
        .then(|| serde_json::from_slice(body).ok())
        .flatten();
    json.map_or_else(
        || body.to_vec(),
        |value| ordered(value).to_string().into_bytes(),
    )
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map
                .into_iter()
                .map(|(key, value)| (key, ordered(value)))
                .collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(ordered).collect()),
        other => other,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[derive(Debug)]
struct JournalLayer {
    journal: Journal,
    inner: SharedTransport,
    dialect: Arc<dyn Dialect>,
    actor: Actor,
    clock: Clock,
}

#[async_trait]
impl Transport for JournalLayer {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let began = self.clock.elapsed();
        let signature = self.dialect.signature(&request);
        // Kept for the answer, which tells what was created.
        let asked = signature.mutating.then(|| request.clone());
        let targets = |answer| {
            let asked = asked.as_ref();
            asked.map_or_else(Targets::default, |it| self.dialect.targets(it, answer))
        };
        // Written before it is sent: a call that never returns (crash, hang) is in the journal too.
        let index = self.journal.begin(Call {
            ordinal: 0,
            at: self.clock.now(),
            actor: self.actor,
            signature,
            target: format!("{} {}", request.method(), request.uri().path()),
            status: None,
            error: Some("no answer".to_owned()),
            milliseconds: 0,
            request_digest: digest(&in_key_order(request.body())),
            response_digest: String::new(),
            names: targets(None).names,
            made: Vec::new(),
            key: request
                .extensions()
                .get::<CallKey>()
                .map(ToString::to_string),
            changed: false,
        });
        let result = self.inner.send(request).await;
        let took = self.clock.elapsed().saturating_sub(began);
        self.journal.end(index, |call| {
            call.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            match &result {
                Ok(response) => {
                    call.status = Some(response.status().as_u16());
                    call.error = self.dialect.error_code(response);
                    call.response_digest = digest(response.body());
                    call.changed = response.extensions().get::<AnswerChanged>().is_some();
                    if response.status().as_u16() < 400 {
                        let targets = targets(Some(response));
                        (call.names, call.made) = (targets.names, targets.made);
                    }
                }
                Err(error) => call.error = Some(error.to_string()),
            }
        });
        result
    }
}
