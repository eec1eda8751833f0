//! The provisioner's disk: small files that outlive the process that wrote them.
//!
//! Reads and writes are calls on a transport, so journal and faults treat them like calls to the cloud: a
//! process can die before, during or after a write, or lose its disk. A provisioner that works from tags and
//! names alone stores nothing here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use crate::call::{Dialect, ErrorKind, Signature};
use crate::documented_effects::DocumentedEffect;
use crate::effect::Effect;
use crate::mutex::lock;
use crate::transport::{SharedTransport, Transport, TransportError};

/// The service name of these calls in signatures.
pub const SERVICE: &str = "disk";
/// The header that marks a write as torn.
pub(crate) const TORN: &str = "x-kubeproof-torn";

/// A client for the files.
#[derive(Clone, Debug)]
pub struct Disk(SharedTransport);

impl Disk {
    /// A disk behind this transport.
    pub fn over(transport: SharedTransport) -> Self {
        Self(transport)
    }

    /// A disk in memory, without faults or journal.
    pub fn unwatched() -> Self {
        Self(Files::empty())
    }

    /// Reads a file; `None` when it does not exist.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, name: &str) -> Result<Option<Bytes>, TransportError> {
        let answer = self
            .0
            .send(request(Method::GET, name, Bytes::new())?)
            .await?;
        Ok(answer.status().is_success().then(|| answer.into_body()))
    }

    /// Writes a file, replacing its content.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn write(&self, name: &str, content: impl Into<Bytes>) -> Result<(), TransportError> {
        let answer = self
            .0
            .send(request(Method::PUT, name, content.into())?)
            .await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(TransportError::Lost(format!(
            "{name} could not be written: no space left"
        )))
    }
}

fn request(method: Method, name: &str, body: Bytes) -> Result<Request<Bytes>, TransportError> {
    Request::builder()
        .method(method)
        .uri(format!("disk://provisioner/{name}"))
        .body(body)
        .map_err(|error| TransportError::Lost(error.to_string()))
}

/// Files in memory.
#[derive(Debug, Default)]
pub struct Files(Mutex<BTreeMap<String, Bytes>>);

impl Files {
    /// An empty disk, as a transport.
    pub fn empty() -> SharedTransport {
        Arc::new(Self::default())
    }
}

#[async_trait]
impl Transport for Files {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut files = lock(&self.0);
        let name = request.uri().path().to_owned();
        let mut response = Response::new(Bytes::new());
        match *request.method() {
            Method::DELETE => files.clear(),
            Method::PUT => {
                let torn = request.headers().contains_key(TORN);
                let body = request.into_body();
                let whole = body.len();
                files.insert(name, body.slice(..if torn { whole / 2 } else { whole }));
            }
            _ => match files.get(&name) {
                Some(content) => *response.body_mut() = content.clone(),
                None => *response.status_mut() = StatusCode::NOT_FOUND,
            },
        }
        Ok(response)
    }
}

/// How calls to the disk are named.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskDialect;

impl Dialect for DiskDialect {
    /// None of them is mutating: they do not change the account.
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        let operation = match *request.method() {
            Method::PUT => "Write",
            Method::DELETE => "Lose",
            _ => "Read",
        };
        Signature {
            service: SERVICE.to_owned(),
            operation: operation.to_owned(),
            mutating: false,
        }
    }

    fn error(&self, _: &Request<Bytes>, _: &ErrorKind) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(b"no space left on device"));
        *response.status_mut() = StatusCode::INSUFFICIENT_STORAGE;
        response
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        let full = response.status() == StatusCode::INSUFFICIENT_STORAGE;
        full.then(|| "ENOSPC".to_owned())
    }
}

/// The calls that faults can target.
pub fn calls() -> Vec<Signature> {
    let call = |operation: &str| Signature {
        service: SERVICE.to_owned(),
        operation: operation.to_owned(),
        mutating: false,
    };
    ["Read", "Write"].map(call).into()
}

/// What can happen to a call to the disk. A write that never happened (`crash-before`) leaves the file
/// one write behind.
pub fn documented(call: &Signature) -> Vec<DocumentedEffect> {
    const FULL: &str = "write(2): ENOSPC, EDQUOT, EIO";
    const TORN_WRITE: &str = "write(2): a write may be partial; fsync(2) on what survives a crash";
    const GONE: &str = "containers and spot machines: local storage ends with the instance";
    if call.operation != "Write" {
        return Vec::new();
    }
    vec![
        DocumentedEffect::transient(Effect::WriteFails, FULL),
        DocumentedEffect::transient(Effect::TornWrite, TORN_WRITE),
        DocumentedEffect::transient(Effect::LostDisk, GONE),
        DocumentedEffect::transient(Effect::CrashAfter, TORN_WRITE),
        DocumentedEffect::transient(Effect::Cancel, TORN_WRITE),
    ]
}
