//! What each rule does, on a cloud of one list.

use std::sync::Mutex;
use std::time::Duration;

use http::{Request, Response};
use kubeproof_contract::mutex::lock;

use super::*;

mod model;

use model::{Calls, Model, Names, connection};

const SHOW: &[&str] = &["cloud:List"];
const MAKE: &[&str] = &["cloud:Make"];
const DELETE: &[&str] = &["cloud:Delete"];

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
fn a_call_without_an_answer_is_sent_again_otherwise() {
    const OTHERWISE: &[Rule] = &[Rule::new(
        Phase::Any,
        MAKE,
        Does::ResendChanged(|_, mut request| {
            *request.uri_mut() = http::Uri::from_static("http://cloud/Make/other");
            request
        }),
    )];
    let check = |unanswered: usize, expected: &[&str]| {
        let model = Model {
            unanswered: Mutex::new(unanswered),
            ..Model::default()
        };
        let wrong = WrongProvisioner::new("x", "", OTHERWISE);
        let seen = lifecycle(wrong, model, &["Make/1"], &[]);
        assert_eq!(seen.calls, expected, "{unanswered}");
    };
    check(0, &["/Make/1"]);
    check(1, &["/Make/1", "/Make/other"]);
    check(9, &["/Make/1", "/Make/other"]);
}

#[test]
fn an_answer_is_taken_for_another_one_unless_it_is_a_refusal() {
    const OTHER: &[Rule] = &[Rule::new(
        Phase::Provision,
        MAKE,
        Does::TakeFor(|run, answer| answer.map(|body| [run.id.as_bytes(), &body].concat().into())),
    )];
    let calls = &["Make/1", "Make/big", "List"];
    let sent = ["/Make/1", "/Make/big", "/List"];
    check(OTHER, calls, &["r1{}", "no-room", ONE], &sent);
}

#[test]
fn a_teardown_does_nothing_or_goes_on_wrongly_and_claims_are_added() {
    const ANOTHER: &[Rule] = &[Rule::new(
        Phase::SecondTeardown,
        DELETE,
        Does::Change(|_, mut request| {
            *request.uri_mut() = http::Uri::from_static("http://cloud/Delete/other");
            request
        }),
    )];
    let check = |teardown: WrongTeardown, calls: &[&str], succeeds: bool| {
        let wrong = WrongProvisioner {
            teardown,
            claims: &[("b", "2")],
            ..WrongProvisioner::new("x", "", ANOTHER)
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
