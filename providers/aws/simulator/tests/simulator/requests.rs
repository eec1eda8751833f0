//! Requests to a simulated account as a client sends them, for tests of several services.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, Setup};
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_simkit::cloud::{Cloud, Reply};
use serde_json::Value;

/// The date at which accounts of tests begin.
pub const START: &str = "2026-11-02T10:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time stamp")
}

/// A setup without bystanders.
pub fn setup() -> Setup {
    let mut setup = Setup::new(1, "us-east-1", at(START));
    setup.bystanders = false;
    setup
}

pub fn account(setup: Setup) -> AwsCloud {
    AwsCloud::new(setup)
}

/// Advances the clock by minutes.
pub fn pass(cloud: &mut AwsCloud, minutes: i64) {
    let to = cloud.state().now + SignedDuration::from_mins(minutes);
    cloud.advance(to);
}

fn send(cloud: &mut AwsCloud, request: &Request<Bytes>) -> (u16, String) {
    match cloud.answer(request) {
        Reply::Now(response) => (
            response.status().as_u16(),
            String::from_utf8(response.body().to_vec()).expect("text"),
        ),
        Reply::AskAgain(_) | Reply::Part { .. } => panic!("asked to ask again"),
    }
}

fn signed(service: &str) -> http::request::Builder {
    let scope = format!("{ACCESS_KEY_ID}/20261102/us-east-1/{service}/aws4_request");
    Request::post(format!("https://{service}.us-east-1.amazonaws.com/")).header(
        "authorization",
        format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"),
    )
}

/// A JSON 1.1 call.
pub fn json(cloud: &mut AwsCloud, service: &str, action: &str, body: &Value) -> (u16, Value) {
    let request = signed(service)
        .header("x-amz-target", format!("Target.{action}"))
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    let (status, text) = send(cloud, &request);
    (status, serde_json::from_str(&text).expect("JSON"))
}

/// A JSON call with the headers of its answer.
pub fn json_answer(
    cloud: &mut AwsCloud,
    service: &str,
    action: &str,
    body: &Value,
) -> (u16, http::HeaderMap, Value) {
    let request = signed(service)
        .header("x-amz-target", format!("Target.{action}"))
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    let Reply::Now(response) = cloud.answer(&request) else {
        panic!("asked to ask again");
    };
    let answer = serde_json::from_slice(response.body()).expect("JSON");
    (
        response.status().as_u16(),
        response.headers().clone(),
        answer,
    )
}

/// A JSON 1.1 call that must succeed.
pub fn json_ok(cloud: &mut AwsCloud, service: &str, action: &str, body: &Value) -> Value {
    let (status, answer) = json(cloud, service, action, body);
    assert_eq!(status, 200, "{service}:{action} said {answer}");
    answer
}

/// The error code of a JSON 1.1 call that must fail.
pub fn json_error(cloud: &mut AwsCloud, service: &str, action: &str, body: &Value) -> String {
    let (status, answer) = json(cloud, service, action, body);
    assert_ne!(status, 200, "{service}:{action} said {answer}");
    answer["__type"].as_str().expect("a code").to_owned()
}

/// A query-protocol call.
pub fn query(
    cloud: &mut AwsCloud,
    service: &str,
    version: &str,
    action: &str,
    params: &[(&str, &str)],
) -> (u16, String) {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", version)
        .extend_pairs(params)
        .finish();
    let request = signed(service).body(Bytes::from(body)).expect("a request");
    send(cloud, &request)
}

/// A query-protocol call whose asynchronous part meets a fault, such as `async-fail`.
pub fn query_with_fault(
    cloud: &mut AwsCloud,
    (service, version, action): (&str, &str, &str),
    params: &[(&str, &str)],
    fault: &str,
) -> (u16, String) {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", version)
        .extend_pairs(params)
        .finish();
    let request = signed(service)
        .header(ASYNC_FAULT_HEADER, fault)
        .body(Bytes::from(body))
        .expect("a request");
    send(cloud, &request)
}

/// A query-protocol call that must succeed.
pub fn query_ok(
    cloud: &mut AwsCloud,
    service: &str,
    version: &str,
    action: &str,
    params: &[(&str, &str)],
) -> String {
    let (status, answer) = query(cloud, service, version, action, params);
    assert_eq!(status, 200, "{service}:{action} said {answer}");
    answer
}

/// An EC2 call that must succeed.
pub fn ec2(cloud: &mut AwsCloud, action: &str, params: &[(&str, &str)]) -> String {
    query_ok(cloud, "ec2", "2016-11-15", action, params)
}

/// The texts of all elements of this name.
pub fn texts(xml: &str, name: &str) -> Vec<String> {
    xml.split(&format!("<{name}>"))
        .skip(1)
        .filter_map(|rest| rest.split(&format!("</{name}>")).next())
        .map(str::to_owned)
        .collect()
}

/// The text of the first element of this name.
pub fn text(xml: &str, name: &str) -> String {
    texts(xml, name)
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no {name} in {xml}"))
}
