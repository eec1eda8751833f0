//! The bearer token, made by AWS's own signer: which ones a cluster accepts.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kubeproof_aws_simulator::eks::token::principal;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

/// A token for a cluster, as `aws eks get-token` makes it.
pub struct TokenRequest {
    pub key: &'static str,
    pub secret: &'static str,
    pub cluster: &'static str,
    pub url: &'static str,
    pub expires_seconds: u64,
    pub at: Timestamp,
}

impl TokenRequest {
    pub fn good(at: Timestamp) -> Self {
        Self {
            key: ACCESS_KEY_ID,
            secret: SECRET_ACCESS_KEY,
            cluster: "c1",
            url: "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
            expires_seconds: 60,
            at,
        }
    }

    pub fn token(&self) -> String {
        let identity = Credentials::new(self.key, self.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(self.expires_seconds));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("sts")
            .time(SystemTime::from(self.at))
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let headers = [("x-k8s-aws-id", self.cluster)];
        let headers = headers.into_iter().filter(|(_, value)| !value.is_empty());
        let request = SignableRequest::new("GET", self.url, headers, SignableBody::Bytes(&[]));
        let signed = sign(request.expect("a request"), &parameters).expect("a signature");
        let mut request = http::Request::builder()
            .uri(self.url)
            .body(())
            .expect("a request");
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        format!(
            "k8s-aws-v1.{}",
            URL_SAFE_NO_PAD.encode(request.uri().to_string())
        )
    }
}

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("a date")
}

fn check(change: impl FnOnce(&mut TokenRequest), expected: Result<(), &str>) {
    let mut given = TokenRequest::good(now());
    change(&mut given);
    assert_eq!(principal(&given.token(), "c1", now()).map(|_| ()), expected);
}

#[test]
fn a_token_of_the_known_key_is_accepted_for_any_signed_host() {
    check(|_| {}, Ok(()));
    let local = "http://127.0.0.1:4566/?Action=GetCallerIdentity&Version=2011-06-15";
    check(|given| given.url = local, Ok(()));
}

#[test]
fn a_token_for_another_cluster_or_with_another_secret_does_not_match() {
    check(
        |given| given.cluster = "c2",
        Err("the signature does not match"),
    );
    check(
        |given| given.secret = "guessed",
        Err("the signature does not match"),
    );
}

#[test]
fn a_token_that_does_not_sign_the_cluster_or_asks_something_else_is_refused() {
    check(
        |given| given.cluster = "",
        Err("the cluster's name is not signed"),
    );
    let other = "https://sts.us-east-1.amazonaws.com/?Action=GetSessionToken&Version=2011-06-15";
    check(
        |given| given.url = other,
        Err("not a request for the caller's identity"),
    );
    check(|given| given.key = "AKIAUNKNOWN", Err("unknown access key"));
    check(
        |given| given.expires_seconds = 901,
        Err("expiry out of range"),
    );
}

#[test]
fn a_token_is_accepted_for_fifteen_minutes() {
    let ago = |seconds: i64| now() - jiff::SignedDuration::from_secs(seconds);
    check(|given| given.at = ago(900), Ok(()));
    check(
        |given| given.at = ago(901),
        Err("too old, or of the future"),
    );
}

#[test]
fn what_is_no_token_is_refused() {
    for (token, why) in [
        ("abc", "not a token of EKS"),
        ("k8s-aws-v1.!!", "not base64"),
        ("k8s-aws-v1.YWJj", "not a URL"),
    ] {
        assert_eq!(principal(token, "c1", now()), Err(why), "{token}");
    }
}
