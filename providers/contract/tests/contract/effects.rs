//! Every effect on one call: what its client sees, and whether the call is applied.
//!
//! The table has every effect, so removing or changing one fails a test.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kubeproof_contract::call::{Actor, Dialect, ErrorKind, FURTHER_PAGE, Signature};
use kubeproof_contract::disk::{Disk, DiskDialect, Files};
use kubeproof_contract::fault::{EFFECTS, Effect};
use kubeproof_contract::fault_layer::{
    ASYNC_FAULT_HEADER, Acknowledged, FaultPlan, ForeignChanges,
};
use kubeproof_contract::provider_errors::ForeignChangeError;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

mod injection;

/// A server that records what arrives, and answers how many things were made.
#[derive(Debug, Default)]
struct Server {
    arrived: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut arrived = self.arrived.lock().expect("a lock");
        let header = request.headers().get(ASYNC_FAULT_HEADER);
        let fault = header.map(|value| value.to_str().expect("text").to_owned());
        let written = fault.as_ref().map(|fault| format!(" {fault}"));
        let path = request.uri().path();
        arrived.push(format!("{path}{}", written.unwrap_or_default()));
        let made = arrived.iter().filter(|one| one.starts_with("/Make"));
        let body = match path {
            "/Empty" => Bytes::new(),
            _ => Bytes::from(format!("{} made", made.count())),
        };
        let mut response = Response::new(body);
        // The first `Later` is refused, and what `Simple` starts cannot fail later.
        let is_first = arrived
            .iter()
            .filter(|one| one.starts_with("/Later"))
            .count()
            == 1;
        if path == "/Later" && is_first {
            *response.status_mut() = StatusCode::CONFLICT;
        } else if fault.is_some() && path != "/Simple" {
            response.extensions_mut().insert(Acknowledged);
        }
        Ok(response)
    }
}

/// Paths are operations; everything except `Look` is mutating; the body of an error is its kind.
#[derive(Debug)]
struct Toy;

impl Dialect for Toy {
    fn shows_later(&self, call: &Signature, effect: &Effect) -> bool {
        effect.is_delayed() || (call.operation == "Group" && *effect == Effect::Capacity)
    }

    fn signature(&self, request: &Request<Bytes>) -> Signature {
        let operation = request.uri().path().trim_start_matches('/').to_owned();
        Signature {
            service: "toy".to_owned(),
            mutating: !operation.starts_with("Look"),
            operation,
        }
    }

    fn error(&self, _: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(format!("{kind:?}")));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    }

    fn with_further_page(
        &self,
        _: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        let text = String::from_utf8_lossy(response.body());
        Some(Response::new(Bytes::from(format!(
            "{text}, {FURTHER_PAGE}"
        ))))
    }

    fn error_code(&self, _: &Response<Bytes>) -> Option<String> {
        None
    }
}

#[derive(Debug, Default)]
struct OtherUser(Mutex<Vec<String>>);

#[async_trait]
impl ForeignChanges for OtherUser {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        self.0.lock().expect("a lock").push(name.to_owned());
        Ok(())
    }
}

struct Bench {
    server: Arc<Server>,
    plan: FaultPlan,
    transport: SharedTransport,
    other_user: Arc<OtherUser>,
}

fn bench(fault: &str) -> Bench {
    bench_of(&[fault])
}

fn bench_of(faults: &[&str]) -> Bench {
    let server = Arc::new(Server::default());
    let faults = faults.iter().map(|fault| fault.parse().expect(fault));
    let plan = FaultPlan::new(faults.collect());
    let other_user = Arc::new(OtherUser::default());
    plan.let_change(other_user.clone());
    let transport = plan.layer(server.clone(), Arc::new(Toy), Actor::Provisioner);
    Bench {
        server,
        plan,
        transport,
        other_user,
    }
}

fn request(path: &str) -> Request<Bytes> {
    let request = Request::builder().method(Method::POST).uri(path);
    request.body(Bytes::new()).expect("a request")
}

impl Bench {
    /// The result of a call: its answer, its error, or the end of its process.
    async fn call(&self, path: &str) -> String {
        let sent = self.transport.send(request(path));
        tokio::select! {
            biased;
            () = self.plan.crash() => {
                let cancelled = self.plan.was_cancelled();
                (if cancelled { "cancelled" } else { "died" }).to_owned()
            }
            answer = tokio::time::timeout(Duration::from_mins(10), sent) => match answer {
                Err(_) => "silence".to_owned(),
                Ok(Err(TransportError::Timeout(_))) => "timeout".to_owned(),
                Ok(Err(_)) => "lost".to_owned(),
                Ok(Ok(response)) => String::from_utf8_lossy(response.body()).into_owned(),
            }
        }
    }

    fn arrived(&self) -> Vec<String> {
        self.server.arrived.lock().expect("a lock").clone()
    }
}

/// Effects on a mutating call: what its client sees, and what arrives immediately.
const ON_A_CHANGE: &[(&str, &str, &[&str])] = &[
    ("reject", "Rejected(None)", &[]),
    (
        "throttle(3)",
        "Throttled { retry_after_seconds: Some(3) }",
        &[],
    ),
    ("server-error", "Server", &[]),
    ("server-error-after", "Server", &["/Make"]),
    ("lost-request", "lost", &[]),
    ("lost-response", "lost", &["/Make"]),
    ("late-apply(30)", "timeout", &[]),
    ("hang", "silence", &[]),
    ("outage", "silence", &[]),
    ("garbled", "1 m", &["/Make"]),
    ("async-fail(Code)", "1 made", &["/Make async-fail(Code)"]),
    ("async-stuck", "1 made", &["/Make async-stuck"]),
    ("async-late(2)", "1 made", &["/Make async-late(2)"]),
    ("partial", "1 made", &["/Make partial"]),
    ("quota", "Quota", &[]),
    ("capacity", "Capacity", &[]),
    ("dependency", "Dependency", &[]),
    ("credentials-expire", "CredentialsExpired", &[]),
    ("permission-lag", "PermissionLag", &[]),
    ("crash-before", "died", &[]),
    ("crash-after", "died", &["/Make"]),
    ("cancel-before", "cancelled", &[]),
    ("cancel", "cancelled", &["/Make"]),
    ("cancel-twice", "cancelled", &["/Make"]),
    ("foreign-change(cut)", "1 made", &["/Make"]),
    ("stale-read(NotThere)", "Rejected(Some(\"NotThere\"))", &[]),
];

#[tokio::test(start_paused = true)]
async fn every_effect_does_what_it_says_to_a_mutating_call() {
    for (effect, seen, arrived) in ON_A_CHANGE {
        let bench = bench(&format!("toy:Make={effect}"));
        assert_eq!(bench.call("/Make").await, *seen, "{effect}");
        assert_eq!(bench.arrived(), *arrived, "{effect}");
        assert_eq!(bench.plan.tally()[0].1.attempted, 1, "{effect}");
    }
}

#[test]
fn no_effect_is_left_out() {
    let elsewhere = ["repeated-page", "write-fails", "torn-write", "lost-disk"];
    let name = |effect: &'static str| effect.split('(').next().unwrap_or(effect);
    let mut shown: BTreeSet<&str> = ON_A_CHANGE.iter().map(|row| name(row.0)).collect();
    shown.extend(elsewhere);
    let all: BTreeSet<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, all);
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_the_cloud_shows_later_is_left_to_the_simulator_for_these_calls_only() {
    let later = bench("toy:*=capacity");
    assert_eq!(later.call("/Group").await, "0 made");
    assert_eq!(later.arrived(), ["/Group capacity"]);
    assert_eq!(later.plan.tally()[0].1.attempted, 1);
    let immediate = bench("toy:Make=capacity");
    assert_eq!(immediate.call("/Make").await, "Capacity");
}

#[tokio::test(start_paused = true)]
async fn another_user_makes_the_change_that_is_named() {
    let bench = bench("toy:Make=foreign-change(cut)");
    bench.call("/Make").await;
    assert_eq!(*bench.other_user.0.lock().expect("a lock"), ["cut"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_affects_all_calls_of_the_service_until_it_is_lifted() {
    let bench = bench("toy:Make=outage");
    assert_eq!(bench.call("/Make").await, "silence");
    assert_eq!(bench.call("/Look").await, "silence");
    bench.plan.lift();
    assert_eq!(bench.call("/Look").await, "0 made");
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_repeats_the_answer_from_before_the_last_change() {
    let bench = bench("toy:Look#2=stale-read");
    assert_eq!(bench.call("/Look").await, "0 made");
    assert_eq!(bench.call("/Make").await, "1 made");
    assert_eq!(bench.call("/Look").await, "0 made");
    assert_eq!(bench.call("/Look").await, "1 made");
    assert_eq!(bench.plan.tally()[0].1.attempted, 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_cannot_be_stale_gets_no_fault() {
    let bench = bench("toy:Look#1=stale-read");
    assert_eq!(bench.call("/Look").await, "0 made");
    assert_eq!(bench.plan.tally()[0].1.attempted, 0);
}

#[tokio::test(start_paused = true)]
async fn a_page_comes_twice_and_then_the_list_ends() {
    let bench = bench("toy:Look=repeated-page");
    assert_eq!(bench.call("/Look").await, format!("0 made, {FURTHER_PAGE}"));
    let further = format!("/Look?token={FURTHER_PAGE}");
    assert_eq!(bench.call(&further).await, "0 made");
    assert_eq!(bench.arrived(), ["/Look"]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_twice_interrupts_the_next_change_too() {
    let bench = bench("toy:Make=cancel-twice");
    assert_eq!(bench.call("/Make").await, "cancelled");
    assert_eq!(bench.call("/Look").await, "1 made");
    assert_eq!(bench.call("/Delete").await, "cancelled");
    assert_eq!(bench.call("/Delete").await, "1 made");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ignores_retry_after_is_reported() {
    for (wait, waits_long_enough) in [(2, false), (3, true)] {
        let bench = bench("toy:Make=throttle(3)");
        bench.call("/Make").await;
        tokio::time::sleep(Duration::from_secs(wait)).await;
        bench.call("/Look").await;
        bench.call("/Make").await;
        assert_eq!(
            bench.plan.ignored_retry_after().is_empty(),
            waits_long_enough,
            "{wait} s"
        );
    }
    // A new process was not told to wait.
    let bench = bench("toy:Make=throttle(3)");
    bench.call("/Make").await;
    bench.plan.process_begins();
    bench.call("/Make").await;
    assert_eq!(bench.plan.ignored_retry_after(), Vec::<String>::new());
}

/// An effect on the second write of a file: how the write ends, and what the file holds then.
async fn check_disk(effect: &str, ends: &str, holds: Option<&str>) {
    let plan = FaultPlan::new(vec![
        format!("disk:Write#2={effect}").parse().expect(effect),
    ]);
    let disk = Disk::over(plan.layer(Files::empty(), Arc::new(DiskDialect), Actor::Provisioner));
    disk.write("file", "first").await.expect("written");
    let ended = tokio::select! {
        biased;
        () = plan.crash() => "died",
        written = disk.write("file", "second") => match written {
            Ok(()) => "written",
            Err(_) => "refused",
        },
    };
    assert_eq!(ended, ends, "{effect}");
    let content = disk.read("file").await.expect("read");
    let content = content.map(|content| String::from_utf8_lossy(&content).into_owned());
    assert_eq!(content.as_deref(), holds, "{effect}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_is_up_to_date_torn_one_write_behind_or_lost() {
    check_disk("crash-after", "died", Some("second")).await;
    check_disk("torn-write", "died", Some("sec")).await;
    check_disk("crash-before", "died", Some("first")).await;
    check_disk("lost-disk", "died", None).await;
    check_disk("write-fails", "refused", Some("first")).await;
}

#[tokio::test(start_paused = true)]
async fn a_program_that_its_user_interrupts_sees_the_answer_and_ends_in_its_own_time() {
    for (effect, seen, interrupted) in [
        ("cancel", "1 made", true),
        ("cancel-twice", "1 made", true),
        ("cancel-before", "lost", true),
        ("crash-after", "silence", false),
    ] {
        let bench = bench(&format!("toy:Make={effect}"));
        bench.plan.include_programs();
        let sent = bench.transport.send(request("/Make"));
        let answer = match tokio::time::timeout(Duration::from_mins(10), sent).await {
            Err(_) => "silence".to_owned(),
            Ok(Err(_)) => "lost".to_owned(),
            Ok(Ok(response)) => String::from_utf8_lossy(response.body()).into_owned(),
        };
        assert_eq!(answer, seen, "{effect}");
        bench.plan.crash().await;
        assert_eq!(bench.plan.was_cancelled(), interrupted, "{effect}");
    }
}
