//! A cloud of one list, and a provisioner that makes the calls that it is given.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature, Targets};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::provisioner::{
    ClaimedRate, NoAccess, Provisioned, Provisioner, ProvisionerError,
};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use serde_json::{Value, json};

/// `List`, `Make` and `Delete` by path: `/List`, `/Make/1`, `/Delete/1`.
#[derive(Debug)]
pub(super) struct Names;

impl Dialect for Names {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        let operation = request.uri().path().split('/').nth(1).unwrap_or_default();
        Signature {
            service: "cloud".to_owned(),
            operation: operation.to_owned(),
            mutating: operation != "List",
        }
    }

    fn error(&self, _: &Request<Bytes>, _: &ErrorKind) -> Response<Bytes> {
        Response::default()
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let made = response.filter(|_| request.uri().path().starts_with("/Make"));
        let id = made.map(|_| last(request.uri().path()));
        Targets {
            names: Vec::new(),
            made: id.into_iter().collect(),
        }
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        let code = String::from_utf8_lossy(response.body()).into_owned();
        response.status().is_client_error().then_some(code)
    }
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A cloud that refuses to delete `used` and has no room for `big`. Calls without an answer are applied.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) there: Mutex<Vec<String>>,
    pub(super) calls: Mutex<Vec<String>>,
    pub(super) unanswered: Mutex<usize>,
}

#[async_trait]
impl Transport for Model {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let path = request.uri().path().to_owned();
        lock(&self.calls).push(path.clone());
        let (mut there, id) = (lock(&self.there), last(&path));
        let mut answer = Response::new(Bytes::from_static(b"{}"));
        let refused = match path.split('/').nth(1) {
            Some("Make") if id == "big" => Some("no-room"),
            Some("Make") => {
                there.push(id);
                None
            }
            Some("Delete") if id == "used" => Some("in-use"),
            Some("Delete") => {
                there.retain(|one| *one != id);
                None
            }
            _ => {
                let items: Vec<Value> = there.iter().map(|id| json!({ "id": id })).collect();
                *answer.body_mut() = Bytes::from(json!({ "data": items }).to_string());
                None
            }
        };
        if let Some(code) = refused {
            *answer.status_mut() = StatusCode::CONFLICT;
            *answer.body_mut() = Bytes::from_static(code.as_bytes());
        }
        if let left @ 1.. = &mut *lock(&self.unanswered) {
            *left -= 1;
            return Err(TransportError::Lost("no answer".to_owned()));
        }
        Ok(answer)
    }
}

/// A provisioner that makes these calls; what its lists show is what it says it made.
pub(super) struct Calls {
    pub(super) connection: Connection,
    pub(super) provision: &'static [&'static str],
    pub(super) teardown: &'static [&'static str],
    pub(super) shown: Arc<Mutex<Vec<String>>>,
}

impl Calls {
    async fn make(&self, calls: &[&str]) {
        for path in calls {
            let request = Request::builder()
                .method(Method::POST)
                .uri(format!("http://cloud/{path}"))
                .body(Bytes::new());
            let request = request.expect("a request");
            let answer = self.connection.transport.send(request).await;
            let text = match answer {
                Ok(answer) => String::from_utf8_lossy(answer.body()).into_owned(),
                Err(error) => error.to_string(),
            };
            lock(&self.shown).push(text);
        }
    }
}

#[async_trait]
impl Provisioner for Calls {
    fn name(&self) -> String {
        "correct".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.make(self.provision).await;
        Ok(Provisioned {
            access: Err(NoAccess::NotGiven("none")),
            made: [("a".to_owned(), "1".to_owned())].into(),
        })
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.make(self.teardown).await;
        Err(ProvisionerError::new("something is left"))
    }
}

pub(super) fn connection(transport: SharedTransport) -> Connection {
    let started = jiff::Timestamp::UNIX_EPOCH;
    Connection {
        transport,
        clock: Clock::starting_at(started),
        seed: 1,
        run: Run::new("r1", "me", started),
        credentials: Credentials::Rehearsal,
        directory: "d".into(),
        disk: Disk::over(Files::empty()),
        progress: ProgressSink::default(),
    }
}
