//! The answers that stale reads repeat: those from before the last change.
//!
//! Only plans with stale reads keep them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};

use crate::call::Signature;
use crate::journal::in_key_order;

/// Answers by request, each with the number of changes made before it.
#[derive(Debug, Default)]
pub struct StaleReads {
    changes: u64,
    answers: BTreeMap<Vec<u8>, Vec<(u64, Response<Bytes>)>>,
}

/// The key of a request: two requests with the same key ask the same, whenever they are sent.
pub fn key(signature: &Signature, request: &Request<Bytes>) -> Vec<u8> {
    let mut key = format!("{signature} {} {} ", request.method(), request.uri()).into_bytes();
    key.extend(in_key_order(request.body()));
    key
}

impl StaleReads {
    /// Notes that a change is about to be made.
    pub fn change(&mut self) {
        self.changes += 1;
    }

    /// Keeps an answer.
    pub fn keep(&mut self, key: Vec<u8>, answer: &Response<Bytes>) {
        let answers = self.answers.entry(key).or_default();
        answers.retain(|(changes, _)| *changes < self.changes);
        answers.push((self.changes, answer.clone()));
    }

    /// The last answer to this request from before the last change.
    pub fn before(&self, key: &[u8]) -> Option<Response<Bytes>> {
        let answers = self.answers.get(key)?;
        let older = answers
            .iter()
            .rev()
            .find(|(changes, _)| *changes < self.changes);
        older.map(|(_, answer)| answer.clone())
    }
}
