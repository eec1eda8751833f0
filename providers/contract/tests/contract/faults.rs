//! Faults: their written form can be parsed again, and each effect does what it says to the targeted calls and
//! to no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_contract::call::{Actor, Dialect, ErrorKind, Signature};
use kubeproof_contract::call_key::KeyPattern;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::{CallMatcher, Effect, Fault};
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged, FaultPlan};
use kubeproof_contract::journal::Journal;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use proptest::prelude::*;

/// A server that counts the requests that arrive and answers `applied`.
#[derive(Debug, Default)]
struct Counter {
    arrived: AtomicU64,
    async_faults: AtomicU64,
}

#[async_trait]
impl Transport for Counter {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let mut response = Response::new(Bytes::from_static(b"applied"));
        if request.headers().contains_key(ASYNC_FAULT_HEADER) {
            self.async_faults.fetch_add(1, Ordering::SeqCst);
            response.extensions_mut().insert(Acknowledged);
        }
        Ok(response)
    }
}

/// A dialect in which the path is the operation of the service `toy`.
#[derive(Debug)]
struct Toy;

impl Dialect for Toy {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        Signature {
            service: "toy".to_owned(),
            operation: request.uri().path().trim_start_matches('/').to_owned(),
            mutating: true,
        }
    }

    fn error(&self, _: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(format!("{kind:?}")));
        *response.status_mut() = match kind {
            ErrorKind::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Server => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        response
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        (!response.status().is_success()).then(|| response.status().as_str().to_owned())
    }
}

struct Bench {
    server: Arc<Counter>,
    plan: FaultPlan,
    transport: SharedTransport,
}

fn bench(faults: &[&str]) -> Bench {
    let faults = faults
        .iter()
        .map(|text| text.parse().expect(text))
        .collect();
    let server = Arc::new(Counter::default());
    let plan = FaultPlan::new(faults);
    let transport = plan.layer(server.clone(), Arc::new(Toy), Actor::Provisioner);
    Bench {
        server,
        plan,
        transport,
    }
}

impl Bench {
    async fn call(&self, operation: &str) -> Result<u16, TransportError> {
        let request = Request::get(format!("/{operation}"))
            .body(Bytes::new())
            .expect("request");
        self.transport
            .send(request)
            .await
            .map(|response| response.status().as_u16())
    }

    fn arrived(&self) -> u64 {
        self.server.arrived.load(Ordering::SeqCst)
    }
}

/// One effect on the only call: what the client sees, and how many requests arrive immediately.
async fn check(effect: &str, seen: Result<u16, &str>, arrived: u64) {
    let bench = bench(&[&format!("toy:Make={effect}")]);
    let got = bench.call("Make").await;
    match (seen, &got) {
        (Ok(status), Ok(got)) => assert_eq!(status, *got, "{effect}"),
        (Err(kind), Err(error)) => {
            assert!(
                format!("{error:?}").starts_with(kind),
                "{effect}: {error:?}"
            );
        }
        _ => panic!("{effect}: {got:?}"),
    }
    assert_eq!(bench.arrived(), arrived, "{effect}: requests that arrived");
    assert_eq!(bench.plan.tally()[0].1.attempted, 1, "{effect} injected");
}

#[tokio::test(start_paused = true)]
async fn each_effect_does_what_it_says() {
    check("reject", Ok(400), 0).await;
    check("throttle(3)", Ok(429), 0).await;
    check("server-error", Ok(500), 0).await;
    check("server-error-after", Ok(500), 1).await;
    check("lost-request", Err("Lost"), 0).await;
    check("lost-response", Err("Lost"), 1).await;
    check("quota", Ok(400), 0).await;
    check("garbled", Ok(200), 1).await;
    check("async-fail(Broken)", Ok(200), 1).await;
    check("late-apply(30)", Err("Timeout"), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_applied_after_the_client_gave_up() {
    let bench = bench(&["toy:Make=late-apply(30)"]);
    assert!(bench.call("Make").await.is_err());
    assert_eq!(bench.arrived(), 0);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(bench.arrived(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_injected_into_its_targets_only() {
    let bench = bench(&["toy:Make#2*2=reject"]);
    let mut seen = Vec::new();
    for operation in ["Make", "Look", "Make", "Make", "Make"] {
        seen.push(bench.call(operation).await.expect("answer"));
    }
    assert_eq!(seen, [200, 200, 400, 400, 200]);
    let count = bench.plan.tally()[0].1;
    assert_eq!((count.seen, count.attempted), (4, 2));
}

#[test]
fn two_faults_with_the_same_target_collide() {
    let check = |one: &str, other: &str, expected: bool| {
        let faults = [one, other].map(|text| text.parse::<Fault>().expect(text));
        let [one, other] = &faults;
        assert_eq!(one.collides_with(other), expected, "{one} {other}");
        assert_eq!(other.collides_with(one), expected, "{other} {one}");
    };
    check("toy:Make#1=quota", "toy:Make#1=throttle", true);
    check("toy:Make#1*3=quota", "toy:Make#3=throttle", true);
    check("toy:Make#2*1000=quota", "toy:Make#9=throttle", true);
    check("toy:Make#1*2=quota", "toy:Make#3=throttle", false);
    check("toy:Make#1=quota", "toy:Look#1=throttle", false);
    check("toy:Make#1=quota", "auditor/toy:Make#1=quota", false);
    // An effect that shows later waits for an accepted call.
    check("toy:Make#1=quota", "toy:Make#1=async-fail", false);
    check("toy:Make#1=lost-response", "toy:Make#1=async-fail", true);
    check("toy:Make#1=async-stuck", "toy:Make#1=async-fail", true);
}

#[tokio::test(start_paused = true)]
async fn a_fault_for_another_actor_leaves_this_one_alone() {
    let bench = bench(&["auditor/toy:*=reject"]);
    assert_eq!(bench.call("Make").await, Ok(200));
    assert_eq!(bench.plan.tally()[0].1.seen, 0);
}

#[tokio::test(start_paused = true)]
async fn an_async_fault_is_handed_to_the_simulator() {
    let bench = bench(&["toy:Make=async-stuck"]);
    assert_eq!(bench.call("Make").await, Ok(200));
    assert_eq!(bench.server.async_faults.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_announced_and_the_call_never_returns() {
    for (effect, arrived) in [("crash-before", 0), ("crash-after", 1)] {
        let bench = bench(&[&format!("toy:Make={effect}")]);
        tokio::select! {
            biased;
            answer = bench.call("Make") => panic!("{effect} answered: {answer:?}"),
            () = bench.plan.crash() => {}
        }
        assert_eq!(bench.arrived(), arrived, "{effect}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_keeps_every_call_and_its_hash_follows_the_content() {
    let hash_of = async |operations: &[&str]| {
        let clock = Clock::starting_at("2026-11-02T09:00:00Z".parse().expect("date"));
        let journal = Journal::default();
        let server = Arc::new(Counter::default());
        let transport = journal.layer(server, Arc::new(Toy), Actor::Auditor, clock);
        for operation in operations {
            let request = Request::get(format!("/{operation}"))
                .body(Bytes::new())
                .expect("request");
            transport.send(request).await.expect("answer");
        }
        assert_eq!(journal.len(), operations.len());
        journal.hash()
    };
    let one = hash_of(&["A", "B"]).await;
    assert_eq!(one, hash_of(&["A", "B"]).await);
    assert_ne!(one, hash_of(&["B", "A"]).await);
}

#[test]
fn a_text_that_is_not_a_fault_is_refused_with_the_reason() {
    let check = |text: &str, reason: &str| {
        let message = text.parse::<Fault>().expect_err(text).to_string();
        assert!(message.contains(reason), "{text}: {message}");
    };
    check("ec2:CreateVpc", "no `=effect`");
    check("CreateVpc=reject", "not `service:operation`");
    check(
        "ec2:CreateVpc=explode",
        "unknown effect `explode` (expected one of reject, throttle,",
    );
    check("ec2:CreateVpc#0=reject", "not a count from 1");
    check("ec2:CreateVpc=hang(3)", "takes no argument");
    check("stranger/ec2:CreateVpc=reject", "unknown actor `stranger`");
    check("ec2:CreateVpc=throttle(soon)", "not a number");
    check(":=reject", "must not be empty");
}

fn any_effect() -> impl Strategy<Value = Effect> {
    let code = proptest::option::of("[A-Za-z.]{1,12}");
    prop_oneof![
        code.clone().prop_map(Effect::Reject),
        proptest::option::of(0..600_u64).prop_map(Effect::Throttle),
        Just(Effect::ServerErrorBefore),
        Just(Effect::ServerErrorAfter),
        Just(Effect::LostRequest),
        Just(Effect::LostResponse),
        (0..600_u64).prop_map(Effect::LateApply),
        Just(Effect::Hang),
        Just(Effect::Garbled),
        code.prop_map(Effect::AsyncFail),
        Just(Effect::AsyncStuck),
        (2..9_u64).prop_map(Effect::AsyncLate),
        Just(Effect::Quota),
        Just(Effect::Capacity),
        Just(Effect::Dependency),
        Just(Effect::CredentialsExpire),
        Just(Effect::CrashBefore),
        Just(Effect::CrashAfter),
        Just(Effect::Cancel),
        Just(Effect::CancelBefore),
        Just(Effect::CancelTwice),
        proptest::option::of("[A-Za-z.]{1,12}").prop_map(Effect::StaleRead),
        (1..600_u64).prop_map(Effect::NotYetVisible),
        Just(Effect::RepeatedPage),
        Just(Effect::PermissionLag),
        Just(Effect::Partial),
        Just(Effect::WriteFails),
        Just(Effect::TornWrite),
        Just(Effect::LostDisk),
        Just(Effect::Outage),
        "[a-z-]{1,12}".prop_map(Effect::ForeignChange),
    ]
}

fn any_target() -> impl Strategy<Value = CallMatcher> {
    let actor = proptest::sample::select(Actor::ALL.to_vec());
    (
        actor,
        "[a-z0-9]{1,8}",
        "[A-Z][A-Za-z]{0,12}\\*?",
        proptest::option::of("[a-z0-9./:+@_-]{1,12}(~[0-9a-f]{8})?"),
        (any::<bool>(), any::<bool>()),
        1..50_u64,
        1..50_u64,
    )
        .prop_map(
            |(actor, service, operation, key, (in_teardown, changed), occurrence, times)| {
                CallMatcher {
                    actor,
                    service,
                    operation,
                    key: key.and_then(|key| KeyPattern::read(&key)),
                    in_teardown,
                    changed,
                    occurrence: if changed { 1 } else { occurrence },
                    times,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_displayed_fault_parses_back_to_the_same_fault(
        target in any_target(), effect in any_effect(),
    ) {
        let fault = Fault { target, effect };
        prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
    }

    #[test]
    fn a_fault_is_injected_exactly_its_number_of_times(target in any_target()) {
        let injected = (1..=200).filter(|count| target.covers(*count)).count() as u64;
        prop_assert_eq!(injected, target.times);
        prop_assert!(!target.covers(target.occurrence - 1));
    }
}

#[test]
fn a_count_needs_no_occurrence_and_a_pattern_is_no_count() {
    let check = |text: &str, operation: &str, occurrence: u64, times: u64| {
        let target = text.parse::<Fault>().expect(text).target;
        assert_eq!(target.operation, operation, "{text}");
        assert_eq!(
            (target.occurrence, target.times),
            (occurrence, times),
            "{text}"
        );
    };
    check("toy:Make=reject", "Make", 1, 1);
    check("toy:Make*99=reject", "Make", 1, 99);
    check("toy:Make#2*3=reject", "Make", 2, 3);
    check("toy:Ma*=reject", "Ma*", 1, 1);
    check("toy:Ma**3=reject", "Ma*", 1, 3);
    check("toy:*=reject", "*", 1, 1);
    for wrong in ["toy:Make*0=reject", "toy:Make*x=reject", "toy:M*ke=reject"] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
}
