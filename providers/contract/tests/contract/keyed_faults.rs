//! Faults that are aimed at what a call is about: into exactly that call, whatever comes before it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect, ErrorKind, Signature};
use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

/// A cloud that gives these answers in turn, and then the last of them.
#[derive(Debug)]
struct Answers(Mutex<Vec<&'static str>>);

#[async_trait]
impl Transport for Answers {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut left = self.0.lock().expect("not poisoned");
        let answer = if left.len() > 1 {
            left.remove(0)
        } else {
            left[0]
        };
        Ok(Response::new(Bytes::from(answer)))
    }
}

/// A dialect in which the path is the operation, and those that begin with `Make` are changes.
#[derive(Debug)]
struct Paths;

impl Dialect for Paths {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        let operation = request.uri().path().trim_start_matches('/').to_owned();
        Signature {
            service: "toy".to_owned(),
            mutating: operation.starts_with("Make"),
            operation,
        }
    }

    fn error(&self, _: &Request<Bytes>, _: &ErrorKind) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    }

    fn error_code(&self, _: &Response<Bytes>) -> Option<String> {
        None
    }
}

/// Sends calls (`Operation body`; `teardown` is where it begins) under a fault, and returns the numbers of those, from
/// 1, into which it was injected.
async fn injected(fault: &str, calls: &[&str], answers: &[&'static str]) -> Vec<usize> {
    let cloud: SharedTransport = Arc::new(Answers(Mutex::new(answers.to_vec())));
    let keys = CallKeys::of(&Run::new("r1-0a1b2c3d", "me", Timestamp::UNIX_EPOCH));
    let plan = FaultPlan::new(vec![fault.parse().expect(fault)]);
    let dialect: Arc<dyn Dialect> = Arc::new(Paths);
    let learns = keys.learn(cloud, Arc::clone(&dialect));
    let transport = keys.name(plan.layer(learns, dialect, Actor::Provisioner));
    let mut refused = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let Some((operation, body)) = call.split_once(' ') else {
            plan.teardown_begins();
            continue;
        };
        let request = Request::post(format!("/{operation}"));
        let request = request
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        let answer = transport.send(request).await.expect("an answer");
        if answer.status() == StatusCode::BAD_REQUEST {
            refused.push(index + 1);
        }
    }
    refused
}

#[track_caller]
fn check(injected: &[usize], expected: &[usize]) {
    assert_eq!(injected, expected);
}

#[tokio::test]
async fn a_fault_finds_its_call_in_any_order() {
    let fault = "toy:Make[10.0.2.0/24]=reject";
    let (one, two) = ("Make block=10.0.1.0%2F24", "Make block=10.0.2.0%2F24");
    check(&injected(fault, &[one, two], &["a"]).await, &[2]);
    check(&injected(fault, &[two, one, two], &["a"]).await, &[1]);
    let second = "toy:Make[10.0.2.0/24]#2=reject";
    check(&injected(second, &[two, one, two, two], &["a"]).await, &[3]);
    let lasting = "toy:Make[10.0.2.0/24]#1*1000=reject";
    check(&injected(lasting, &[two, one, two], &["a"]).await, &[1, 3]);
}

#[tokio::test]
async fn a_fault_in_the_teardown_counts_from_its_beginning() {
    let calls = [
        "Look id=1",
        "Look id=1",
        "teardown",
        "Look id=1",
        "Look id=1",
    ];
    let fault = "toy:Look@teardown#2=reject";
    check(&injected(fault, &calls, &["a"]).await, &[5]);
}

#[tokio::test]
async fn a_fault_into_a_changed_answer_waits_for_it_however_long_that_takes() {
    let fault = "toy:Look[1]#changed=reject";
    let calls = ["Look id=1"; 5];
    let few = ["pending", "ready"];
    let many = ["pending", "pending", "pending", "ready"];
    check(&injected(fault, &calls, &few).await, &[2]);
    check(&injected(fault, &calls, &many).await, &[4]);
    check(&injected(fault, &calls, &["pending"]).await, &[]);
}
