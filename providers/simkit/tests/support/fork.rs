//! Shared by the tests of simulators: the fork of an account is equal to it, and independent of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect, ErrorKind, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::{GroundTruth, Rehearsal};
use kubeproof_contract::journal::Journal;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::cloud::Cloud;
use kubeproof_simkit::in_memory::InMemory;

/// The pause after each request, longer than any rate limit: events become due in between.
const PAUSE: Duration = Duration::from_secs(70);

/// Names each request by its method and path.
#[derive(Debug)]
struct ByPath;

impl Dialect for ByPath {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        Signature {
            service: "test".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        }
    }

    fn error(&self, _request: &Request<Bytes>, _kind: &ErrorKind) -> Response<Bytes> {
        Response::new(Bytes::new())
    }

    fn error_code(&self, _response: &Response<Bytes>) -> Option<String> {
        None
    }
}

/// What can be seen of an account.
fn seen(account: &Rehearsal, from: Timestamp) -> String {
    let truth: &dyn GroundTruth = &*account.ground_truth;
    let (all, states, others) = (truth.inventory(), truth.states(), truth.bystanders());
    let (lifetimes, charges) = (truth.lifetimes(), truth.charges(from));
    format!("{all:?}\n{states:?}\n{others:?}\n{lifetimes:?}\n{charges:?}")
}

/// Sends requests with pauses: the answers, and the hash of the journal.
async fn send(
    account: &Rehearsal,
    clock: Clock,
    requests: Vec<Request<Bytes>>,
) -> (Vec<(u16, Bytes)>, String) {
    let journal = Journal::default();
    let inner = Arc::clone(&account.transport);
    let transport = journal.layer(inner, Arc::new(ByPath), Actor::Provisioner, clock);
    let mut answers = Vec::new();
    for request in requests {
        let answer = transport.send(request).await.expect("an answer");
        answers.push((answer.status().as_u16(), answer.into_body()));
        tokio::time::sleep(PAUSE).await;
    }
    (answers, journal.hash())
}

/// Checks that forks of an account are equal to it and independent of it. `first` are the requests before the fork,
/// `further` those after it, given what exists then.
pub async fn check<C: Cloud>(
    cloud: C,
    start: Timestamp,
    first: impl Fn(&[Resource]) -> Vec<Request<Bytes>>,
    further: impl Fn(&[Resource]) -> Vec<Request<Bytes>>,
) {
    let clock = Clock::starting_at(start);
    let account = InMemory::rehearsal(cloud, clock);
    let requests = first(&account.ground_truth.inventory());
    let (answers, _) = send(&account, clock, requests).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );

    let fork = account.ground_truth.copy().fork(clock);
    assert_eq!(seen(&account, start), seen(&fork, start));
    let requests = further(&account.ground_truth.inventory());
    let (one, other) = tokio::join!(
        send(&account, clock, requests.clone()),
        send(&fork, clock, requests),
    );
    assert!(one.0.iter().all(|(status, _)| *status == 200), "{one:?}");
    assert_eq!(
        one, other,
        "the same further calls have the same answers and journal"
    );
    assert_eq!(seen(&account, start), seen(&fork, start));

    let (untouched, changed) = (
        account.ground_truth.copy().fork(clock),
        account.ground_truth.copy().fork(clock),
    );
    let requests = first(&account.ground_truth.inventory());
    send(&changed, clock, requests).await;
    assert_eq!(
        seen(&account, start),
        seen(&untouched, start),
        "a change shows in another account"
    );
    assert_ne!(
        seen(&account, start),
        seen(&changed, start),
        "the requests change nothing"
    );
}
