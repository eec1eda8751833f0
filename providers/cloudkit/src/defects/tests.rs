//! What each rule does, on a cloud of one list.

use std::sync::Mutex;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use kubeproof_contract::call::ErrorKind;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provider::{Credentials, ProgressSink};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use serde_json::{Value, json};

use super::*;

const SHOW: &[&str] = &["cloud:List"];
const MAKE: &[&str] = &["cloud:Make"];
const DELETE: &[&str] = &["cloud:Delete"];

/// `List`, `Make` and `Delete` by path: `/List`, `/Make/1`, `/Delete/1`.
#[derive(Debug)]
struct Names;

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

    fn targets(
        &self,
        request: &Request<Bytes>,
        response: Option<&Response<Bytes>>,
    ) -> kubeproof_contract::call::Targets {
        let made = response.filter(|_| request.uri().path().starts_with("/Make"));
        let id = made.map(|_| last(request.uri().path()));
        kubeproof_contract::call::Targets {
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
struct Model {
    there: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
    unanswered: Mutex<usize>,
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
struct Calls {
    connection: Connection,
    provision: &'static [&'static str],
    teardown: &'static [&'static str],
    shown: Arc<Mutex<Vec<String>>>,
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
            access: Err("none".to_owned()),
            made: [("a".to_owned(), "1".to_owned())].into(),
        })
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.make(self.teardown).await;
        Err(ProvisionerError::new("something is left"))
    }
}

fn connection(transport: SharedTransport) -> Connection {
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

/// What a wrong provisioner was shown in a lifecycle, the calls that reached the cloud, and what it reports.
struct Seen {
    shown: Vec<String>,
    calls: Vec<String>,
    made: Vec<String>,
    torn: Result<(), ProvisionerError>,
}

fn lifecycle(
    wrong: WrongProvisioner,
    model: Model,
    provision: &'static [&'static str],
    teardown: &'static [&'static str],
) -> Seen {
    let wrong = WrongProvisioners {
        all: Box::leak(Box::new([wrong])),
        dialect: &Names,
        worked: |_| Bytes::from_static(b"worked"),
    };
    let (model, shown) = (Arc::new(model), Arc::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        let connection = connection(Arc::clone(&model) as _);
        let mut process = wrong.provisioner(Some("x"), connection, |connection| Calls {
            connection,
            provision,
            teardown,
            shown: Arc::clone(&shown),
        });
        assert_eq!(process.name(), "reference with x");
        let made = process.provision().await.expect("provisioned").made;
        let torn = process.teardown().await;
        let (shown, calls) = (lock(&shown).clone(), lock(&model.calls).clone());
        Seen {
            shown,
            calls,
            made: made.into_keys().collect(),
            torn,
        }
    })
}

/// A rule for the provision, what is called under it, what it is shown, and what the cloud gets.
#[track_caller]
fn check(rules: &'static [Rule], calls: &'static [&'static str], shown: &[&str], sent: &[&str]) {
    let seen = lifecycle(
        WrongProvisioner::new("x", "", rules),
        Model::default(),
        calls,
        &[],
    );
    assert_eq!(seen.shown, shown);
    assert_eq!(seen.calls, sent);
}

const EMPTY: &str = r#"{"data":[]}"#;
const ONE: &str = r#"{"data":[{"id":"1"}]}"#;

#[test]
fn calls_are_not_sent_changed_or_followed_by_others() {
    const ANSWER: &[Rule] = &[Rule::new(
        Phase::Provision,
        MAKE,
        Does::Answer(|run, _| Response::new(Bytes::from(run.id.clone()))),
    )];
    check(ANSWER, &["Make/1", "List"], &["r1", EMPTY], &["/List"]);
    const CHANGE: &[Rule] = &[Rule::new(
        Phase::Provision,
        &["cloud:M*"],
        Does::Change(|run, mut request| {
            *request.uri_mut() = format!("http://cloud/Make/{}", run.id)
                .parse()
                .expect("a URI");
            request
        }),
    )];
    check(CHANGE, &["Make/1"], &["{}"], &["/Make/r1"]);
    const THEN: &[Rule] = &[Rule::new(
        Phase::Provision,
        MAKE,
        Does::Then(|_, request, _| {
            let next = request.uri().path().replace("Make/1", "Make/big");
            let next = next.replace("Make/2", "Make/3");
            Request::builder()
                .uri(format!("http://cloud{next}"))
                .body(Bytes::new())
                .ok()
        }),
    )];
    let sent = ["/Make/1", "/Make/big", "/Make/2", "/Make/3"];
    check(THEN, &["Make/1", "Make/2"], &["no-room", "{}"], &sent);
    const FIRST: &[Rule] = &[
        Rule::new(Phase::Provision, SHOW, Does::AnswerAsFirst).when(When {
            until: Some("cloud:Delete"),
            ..When::ALWAYS
        }),
    ];
    let calls = &["List", "Make/1", "List", "Delete/0", "List"];
    let sent = ["/List", "/Make/1", "/Delete/0", "/List"];
    check(FIRST, calls, &[EMPTY, "{}", EMPTY, "{}", ONE], &sent);
}

#[test]
fn lists_show_nothing_or_not_everything() {
    let calls = &["Make/1", "Make/22", "List", "List"];
    let sent = ["/Make/1", "/Make/22", "/List", "/List"];
    let both = r#"{"data":[{"id":"1"},{"id":"22"}]}"#;
    const NOTHING: &[Rule] = &[Rule::new(Phase::Provision, SHOW, Does::ShowNothing)];
    check(NOTHING, calls, &["{}", "{}", EMPTY, EMPTY], &sent);
    const ONCE: &[Rule] = &[NOTHING[0].when(When {
        times: 1,
        ..When::ALWAYS
    })];
    check(ONCE, calls, &["{}", "{}", EMPTY, both], &sent);
    const LATER: &[Rule] = &[NOTHING[0].when(When {
        since: Some(Event::Shown("cloud:List", |known, item| {
            item.contains("22") && known.made == ["1", "22"]
        })),
        ..When::ALWAYS
    })];
    check(LATER, calls, &["{}", "{}", both, EMPTY], &sent);
    const HIDDEN: &[Rule] = &[Rule::new(
        Phase::Provision,
        SHOW,
        Does::Hide(|_| "22".to_owned()),
    )];
    check(HIDDEN, calls, &["{}", "{}", ONE, ONE], &sent);
    const OTHER_PHASE: &[Rule] = &[Rule::new(Phase::Teardown, SHOW, Does::ShowNothing)];
    check(OTHER_PHASE, calls, &["{}", "{}", both, both], &sent);
}

#[test]
fn refusals_are_taken_for_success_and_what_is_forgotten_does_not_show() {
    const SUCCESS: &[Rule] = &[Rule::new(
        Phase::Provision,
        DELETE,
        Does::TakeForSuccess(|code| code == "in-use"),
    )];
    let calls = &["Make/used", "Make/1", "Delete/used", "List"];
    let sent = ["/Make/used", "/Make/1", "/Delete/used", "/List"];
    check(SUCCESS, calls, &["{}", "{}", "worked", ONE], &sent);
    const OTHER: &[Rule] = &[Rule::new(
        Phase::Provision,
        DELETE,
        Does::TakeForSuccess(|code| code == "other"),
    )];
    let calls = &["Delete/used"];
    check(OTHER, calls, &["in-use"], &["/Delete/used"]);
    const FORGET: &[Rule] = &[Rule::new(Phase::Any, MAKE, Does::Forget)];
    let calls = &["Make/1", "List"];
    check(FORGET, calls, &["{}", EMPTY], &["/Make/1", "/List"]);
    const REFUSED: &[Rule] = &[Rule::new(
        Phase::Provision,
        MAKE,
        Does::ForgetMadeWhenRefused("no-room"),
    )];
    let calls = &["Make/2", "Make/big", "Make/1", "List"];
    let sent = ["/Make/2", "/Make/big", "/Make/1", "/List"];
    check(REFUSED, calls, &["{}", "no-room", "{}", ONE], &sent);
}

#[test]
fn a_call_without_an_answer_is_sent_again() {
    const AGAIN: &[Rule] = &[Rule::new(
        Phase::Any,
        MAKE,
        Does::Resend(3, Duration::from_secs(13)),
    )];
    let check = |unanswered: usize, expected: usize| {
        let model = Model {
            unanswered: Mutex::new(unanswered),
            ..Model::default()
        };
        let seen = lifecycle(
            WrongProvisioner::new("x", "", AGAIN),
            model,
            &["Make/1"],
            &[],
        );
        assert_eq!(seen.calls.len(), expected, "{unanswered}");
    };
    check(0, 1);
    check(2, 3);
    check(9, 4);
}

#[test]
fn a_teardown_does_nothing_or_goes_on_wrongly_and_claims_are_added() {
    let check = |teardown: WrongTeardown, calls: &[&str], succeeds: bool| {
        let wrong = WrongProvisioner {
            teardown,
            claims: &[("b", "2")],
            ..WrongProvisioner::new(
                "x",
                "",
                &[Rule::new(
                    Phase::SecondTeardown,
                    DELETE,
                    Does::Change(|_, mut request| {
                        *request.uri_mut() = http::Uri::from_static("http://cloud/Delete/other");
                        request
                    }),
                )],
            )
        };
        let seen = lifecycle(wrong, Model::default(), &[], &["Delete/1"]);
        assert_eq!(seen.calls, calls, "{teardown:?}");
        assert_eq!(seen.torn.is_ok(), succeeds, "{teardown:?}");
        assert_eq!(seen.made, ["a", "b"]);
    };
    check(WrongTeardown::ByRules, &["/Delete/1"], false);
    check(WrongTeardown::DoesNothing, &[], true);
    let twice = ["/Delete/1", "/Delete/other"];
    check(WrongTeardown::Twice, &twice, false);
}

#[tokio::test]
async fn an_unknown_defect_refuses_to_run_and_none_is_the_correct_one() {
    let wrong = WrongProvisioners {
        all: &[],
        dialect: &Names,
        worked: |_| Bytes::new(),
    };
    let correct = |connection| Calls {
        connection,
        provision: &[],
        teardown: &[],
        shown: Arc::default(),
    };
    let connect = || connection(Arc::new(Model::default()));
    let mut process = wrong.provisioner(Some("no-such"), connect(), correct);
    let error = process.provision().await.expect_err("it refuses");
    assert_eq!(error.message, "no defect is named `no-such`");
    let process = wrong.provisioner(None, connect(), correct);
    assert_eq!(process.name(), "correct");
}
