//! What is different for a request over a socket: its signature is checked, its client uses the real clock,
//! and clusters have the addresses at which they are served. Requests are signed by AWS's own signer.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Setup};
use kubeproof_simkit::cloud::{Cloud, ReceivedAt, Reply};

/// A year after the account's own date: the clocks are independent.
const RECEIVED: &str = "2027-11-02T10:00:00Z";

fn received() -> Timestamp {
    RECEIVED.parse().expect("a date")
}

fn account() -> AwsCloud {
    let start = "2026-11-02T10:00:00Z".parse().expect("a date");
    AwsCloud::new(Setup::new(1, "us-east-1", start))
}

/// A request, signed as an SDK does.
struct SignedRequest {
    service: &'static str,
    method: &'static str,
    uri: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    key: &'static str,
    secret: &'static str,
    signed_at: Timestamp,
}

impl SignedRequest {
    fn query(service: &'static str, body: &'static str) -> Self {
        Self {
            service,
            method: "POST",
            uri: "http://127.0.0.1:4566/",
            headers: vec![
                ("host", "127.0.0.1:4566"),
                (
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                ),
            ],
            body,
            key: ACCESS_KEY_ID,
            secret: SECRET_ACCESS_KEY,
            signed_at: received(),
        }
    }

    fn rest(method: &'static str, uri: &'static str) -> Self {
        Self {
            method,
            uri,
            headers: vec![("host", "127.0.0.1:4566")],
            ..Self::query("eks", "")
        }
    }

    fn request(&self) -> Request<Bytes> {
        let identity = Credentials::new(self.key, self.secret, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(self.service)
            .time(SystemTime::from(self.signed_at))
            .settings(SigningSettings::default())
            .build()
            .expect("parameters")
            .into();
        let body = SignableBody::Bytes(self.body.as_bytes());
        let headers = self.headers.iter().copied();
        let signable =
            SignableRequest::new(self.method, self.uri, headers, body).expect("signable");
        let signed = sign(signable, &parameters).expect("a signature");
        let mut request = Request::builder().method(self.method).uri(self.uri);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let body = Bytes::from_static(self.body.as_bytes());
        let mut request = request.body(body).expect("a request");
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        request
            .extensions_mut()
            .insert(ReceivedAt { at: received() });
        request
    }
}

/// Status and text of the answer.
fn answer(request: &Request<Bytes>) -> (u16, String) {
    match account().answer(request) {
        Reply::Now(response) => (
            response.status().as_u16(),
            String::from_utf8_lossy(response.body()).into_owned()
                + response
                    .headers()
                    .get("x-amzn-errortype")
                    .map_or("", |value| value.to_str().expect("text")),
        ),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(given: &SignedRequest, status: u16, words: &str) {
    let (seen, text) = answer(&given.request());
    assert_eq!(seen, status, "{text}");
    assert!(text.contains(words), "expected `{words}` in: {text}");
}

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";

#[test]
fn what_an_sdk_signs_is_accepted_in_every_protocol() {
    check(&SignedRequest::query("sts", WHO), 200, "123456789012");
    check(&SignedRequest::query("ec2", VPCS), 200, "<vpcSet>");
    let list = "http://127.0.0.1:4566/clusters?maxResults=10&nextToken=";
    check(&SignedRequest::rest("GET", list), 200, "clusters");
    let mut json = SignedRequest::query("logs", "{}");
    json.headers = vec![
        ("host", "127.0.0.1:4566"),
        ("x-amz-target", "Logs_20140328.DescribeLogGroups"),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    check(&json, 200, "logGroups");
}

#[test]
fn a_path_that_is_encoded_is_signed_encoded_once_more() {
    let uri = "http://127.0.0.1:4566/clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx";
    check(
        &SignedRequest::rest("GET", uri),
        404,
        "ResourceNotFoundException",
    );
}

#[test]
fn a_wrong_secret_is_refused_with_the_error_of_each_protocol() {
    let wrong = |mut given: SignedRequest| {
        given.secret = "wrong";
        given
    };
    check(
        &wrong(SignedRequest::query("sts", WHO)),
        403,
        "SignatureDoesNotMatch",
    );
    check(
        &wrong(SignedRequest::query("ec2", VPCS)),
        401,
        "AuthFailure",
    );
    let list = SignedRequest::rest("GET", "http://127.0.0.1:4566/clusters");
    check(&wrong(list), 403, "InvalidSignatureException");
}

#[test]
fn an_unknown_key_is_refused_with_the_error_of_each_protocol() {
    let unknown = |mut given: SignedRequest| {
        given.key = "AKIAUNKNOWN";
        given
    };
    check(
        &unknown(SignedRequest::query("sts", WHO)),
        403,
        "InvalidClientTokenId",
    );
    check(
        &unknown(SignedRequest::query("ec2", VPCS)),
        401,
        "AuthFailure",
    );
    let list = SignedRequest::rest("GET", "http://127.0.0.1:4566/clusters");
    check(&unknown(list), 403, "UnrecognizedClientException");
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    let given = SignedRequest::query("sts", WHO);
    let mut request = given.request();
    *request.body_mut() = Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15&More=1");
    assert_eq!(answer(&request).0, 403);
    let mut request = given.request();
    let host = http::HeaderValue::from_static("elsewhere.example");
    request.headers_mut().insert("host", host);
    assert_eq!(answer(&request).0, 403);
}

#[test]
fn a_signature_is_good_for_fifteen_minutes_of_the_real_clock() {
    let signed = |minutes: i64| {
        let mut given = SignedRequest::query("sts", WHO);
        given.signed_at = received() - SignedDuration::from_mins(minutes);
        given
    };
    check(&signed(14), 200, "123456789012");
    check(&signed(-14), 200, "123456789012");
    check(&signed(16), 403, "Signature expired");
    check(&signed(-16), 403, "Signature expired");
}

#[test]
fn a_request_that_is_not_signed_at_all_is_refused() {
    let request = Request::post("http://127.0.0.1:4566/").body(Bytes::from_static(b"Action=x"));
    let mut request = request.expect("a request");
    request
        .extensions_mut()
        .insert(ReceivedAt { at: received() });
    let (status, text) = answer(&request);
    assert_eq!(status, 403);
    assert!(text.contains("MissingAuthenticationToken"), "{text}");
}
