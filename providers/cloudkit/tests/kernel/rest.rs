//! The REST client over a transport that answers from a list.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestCall, RestClient, RestError, retry_after};
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify, RetryPolicy};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use kubeproof_contract::transport::TransportError;
use kubeproof_simkit::answers::{Answers, answer};
use serde_json::{Value, json};

use crate::connection;

#[derive(Debug)]
pub(crate) struct Sky;

impl Classify for Sky {
    fn classify(&self, status: u16, code: &str, _: &str) -> (Cause, Applied) {
        match (status, code) {
            (429, _) => (Cause::Throttled, Applied::No),
            (404, _) => (Cause::NotFound, Applied::No),
            (409, _) => (Cause::AlreadyExists, Applied::No),
            (_, "quota") => (Cause::QuotaExceeded, Applied::No),
            _ => (Cause::Server, Applied::Unknown),
        }
    }
}

impl RestApi for Sky {
    const SERVICE: &'static str = "sky";
    const BASE: &'static str = "https://sky.example/v1";
    const ROUTES: &'static [Route] = &[
        Route::new("GET", "/stars/{id}", "GetStar"),
        Route::new("POST", "/stars", "CreateStar"),
        Route::new("GET", "/stars", "ListStars"),
        Route::new("POST", "/stars/{id}:name", "NameStar"),
        Route::new("DELETE", "/stars/{id}", "DeleteStar"),
        Route::new("POST", "/eclipse", "EclipseStars"),
    ];

    async fn authorization(&self, _: &Connection) -> Result<String, BoxError> {
        Ok("Bearer secret".to_owned())
    }

    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        RestError {
            code: text("code"),
            message: text("message"),
            suggestion: text("hint"),
            retry_after: retry_after(answer),
        }
    }
}

pub(crate) fn client(answers: Arc<Answers>) -> RestClient<Sky> {
    RestClient::new(Sky, &connection(answers), Duration::ZERO)
}

/// The error of one creation with this answer.
async fn error_of(answer: Result<Response<Bytes>, TransportError>) -> CallError {
    let answers = Answers::of([answer]);
    let body = json!({});
    let call = RestCall::new("CreateStar", &[]).with_body(&body);
    let made = client(answers).call::<Value>(RetryPolicy::ONCE, call).await;
    made.expect_err("no success")
}

#[tokio::test(start_paused = true)]
async fn a_request_has_method_path_query_body_and_a_key_that_is_never_shown() {
    let answers = Answers::of([answer(200, "{\"size\":3}"), answer(204, "")]);
    let client = client(Arc::clone(&answers));
    let call = RestCall::new("GetStar", &["a/b c"]).with_query(&[("page", "1&2"), ("all", "")]);
    let star: Value = client
        .call(RetryPolicy::IDEMPOTENT, call)
        .await
        .expect("a star");
    assert_eq!(star["size"], 3);
    let body = json!({"name": "x"});
    let call = RestCall::new("CreateStar", &[]).with_body(&body);
    let made: Option<Value> = client.call(RetryPolicy::ONCE, call).await.expect("made");
    assert_eq!(made, None);
    assert_eq!(
        answers.lines(),
        [
            "GET https://sky.example/v1/stars/a%2Fb%20c?page=1%262&all= ",
            "POST https://sky.example/v1/stars {\"name\":\"x\"}",
        ]
    );
    let requests = answers.requests();
    let key = requests[0].headers().get("authorization").expect("a key");
    assert_eq!(
        (key.as_bytes(), key.is_sensitive()),
        (&b"Bearer secret"[..], true)
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_carries_what_the_cloud_says_and_what_its_table_makes_of_it() {
    let body = r#"{"code":"quota","message":"Used up.","hint":"Ask."}"#;
    let error = error_of(answer(400, body)).await;
    assert_eq!(error.to_string(), "sky:CreateStar: Used up. (quota) Ask.");
    assert_eq!(
        (error.cause, error.applied, error.retry_after),
        (
            Cause::QuotaExceeded,
            Applied::No,
            Some(Duration::from_secs(7))
        )
    );
    let error = error_of(answer(502, "<html>")).await;
    assert_eq!(error.to_string(), "sky:CreateStar: status 502");
    assert_eq!(error.applied, Applied::Unknown);
}

#[tokio::test(start_paused = true)]
async fn without_a_usable_answer_it_is_unknown_whether_a_call_was_applied() {
    let check = |error: CallError, applied: Applied| {
        assert_eq!((error.cause, error.applied), (Cause::NoAnswer, applied));
    };
    check(error_of(answer(200, "{")).await, Applied::Unknown);
    let lost = TransportError::Lost("reset".to_owned());
    check(error_of(Err(lost)).await, Applied::Unknown);
    let answers = Answers::never();
    let call = RestCall::new("CreateStar", &[]);
    let silent = client(answers).call::<Value>(RetryPolicy::ONCE, call).await;
    check(silent.expect_err("silent"), Applied::MaybeLater);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_last_page_with_its_query_on_every_page() {
    let pages = [
        answer(200, r#"{"stars":["a","b"],"next":"1/2"}"#),
        answer(429, "{}"),
        answer(200, r#"{"stars":["c"]}"#),
    ];
    let answers = Answers::of(pages);
    let call = RestCall::new("ListStars", &[]).with_query(&[("size", "2")]);
    let take = |page: Value| {
        let stars = page["stars"].as_array().cloned().unwrap_or_default();
        Ok((stars, page["next"].as_str().map(str::to_owned)))
    };
    let client = client(Arc::clone(&answers));
    let all = client.all_pages(call, "from", take).await;
    assert_eq!(all, Ok(vec![json!("a"), json!("b"), json!("c")]));
    let requests = answers.requests();
    let queries: Vec<_> = requests.iter().map(|one| one.uri().query()).collect();
    let second = Some("size=2&from=1%2F2");
    assert_eq!(queries, [Some("size=2"), second, second]);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_may_be_followed_by_a_verb() {
    let answers = Answers::of([answer(200, "{}")]);
    let call = RestCall::new("NameStar", &["a:b"]);
    let client = client(Arc::clone(&answers));
    let named = client.call::<Value>(RetryPolicy::ONCE, call).await;
    assert_eq!(named, Ok(json!({})));
    let requests = answers.requests();
    assert_eq!(requests[0].uri().path(), "/v1/stars/a%3Ab:name");
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_a_route_is_an_error_and_sends_nothing() {
    let answers = Answers::of([]);
    let called = client(Arc::clone(&answers))
        .get::<Value>("EatStar", &[])
        .await;
    let error = called.expect_err("no route");
    assert_eq!(error.to_string(), "sky:EatStar: EatStar has no route");
    assert!(answers.requests().is_empty());
}
