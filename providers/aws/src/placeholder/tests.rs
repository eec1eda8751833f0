//! Tests of signing anew, with a request that AWS's own guide signs.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::header::AUTHORIZATION;

use super::*;

/// IAM user guide, "Create a signed AWS API request": the example's keys, date and signature.
const REAL_ID: &str = "AKIDEXAMPLE";
const REAL_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REAL_DATE: &str = "2015-08-30T12:36:00Z";
const REAL_AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
     SignedHeaders=content-type;host;x-amz-date, \
     Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
/// When the program signs.
const LATER: &str = "2026-12-01T00:00:00Z";

fn key() -> PlaceholderKey {
    PlaceholderKey::new(&PlaceholderSecret::new([7; 32]))
}

fn real(token: Option<&str>) -> CredentialVariables {
    let mut all = BTreeMap::from([
        ("AWS_ACCESS_KEY_ID".to_owned(), REAL_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), REAL_SECRET.to_owned()),
    ]);
    all.extend(token.map(|token| ("AWS_SESSION_TOKEN".to_owned(), token.to_owned())));
    CredentialVariables(all)
}

fn date(text: &str) -> Timestamp {
    text.parse().expect("a date")
}

fn list_users() -> Request<Bytes> {
    Request::get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
        .header("host", "iam.amazonaws.com")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body(Bytes::new())
        .expect("a request")
}

fn post(host: &str, path: &str, body: &'static str) -> Request<Bytes> {
    Request::post(format!("https://{host}{path}"))
        .header("host", host)
        .header("user-agent", "a client")
        .body(Bytes::from_static(body.as_bytes()))
        .expect("a request")
}

/// Signs as the SDKs do.
fn signed(
    mut request: Request<Bytes>,
    keys: &Credentials,
    service: &str,
    (settings, body): (SigningSettings, Option<SignableBody<'_>>),
) -> Request<Bytes> {
    let identity = keys.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::from(date(LATER)))
        .settings(settings)
        .build()
        .expect("complete")
        .into();
    let text = request.uri().to_string();
    let own = request.body().clone();
    let names = request.headers().clone();
    let headers = names
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let body = body.unwrap_or(SignableBody::Bytes(&own));
    let signable = SignableRequest::new(request.method().as_str(), text, headers, body);
    let signable = signable.expect("signable");
    let (instructions, _) = sign(signable, &params).expect("signed").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn usual() -> (SigningSettings, Option<SignableBody<'static>>) {
    (SigningSettings::default(), None)
}

fn of_s3() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

fn presigned() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(std::time::Duration::from_mins(1));
    settings
}

/// Signed anew, it is what a client with the real keys would have sent at that date.
#[track_caller]
fn check_anew(
    request: Request<Bytes>,
    service: &str,
    settings: impl Fn() -> (SigningSettings, Option<SignableBody<'static>>),
    token: Option<&str>,
) {
    let by_program = signed(request.clone(), &key().0, service, settings());
    let anew = key().authorize(by_program, &real(token), date(LATER));
    let anew = anew.expect("authorized");
    let keys = given::keys(&real(token)).expect("keys");
    let expected = signed(request, &keys, service, settings());
    assert_eq!(anew.uri(), expected.uri());
    assert_eq!(anew.headers(), expected.headers());
    assert_eq!(anew.body(), expected.body());
    assert!(!format!("{anew:?}").contains(key().0.access_key_id()));
}

#[track_caller]
fn check_refused(request: Request<Bytes>, words: &str) {
    let refused = key().authorize(request, &real(None), date(LATER));
    let refused = refused.expect_err("refused");
    assert!(refused.why.contains(words), "{}", refused.why);
    assert_eq!(refused.answer.status(), 403);
    let answer = String::from_utf8_lossy(refused.answer.body()).into_owned();
    assert!(answer.contains(words), "{answer}");
    for secret in [REAL_SECRET, key().0.secret_access_key(), REAL_ID] {
        assert!(!answer.contains(secret) && !format!("{refused:?}").contains(secret));
    }
}

#[test]
fn a_request_of_awss_own_guide_gets_the_signature_that_the_guide_gives() {
    let by_program = signed(list_users(), &key().0, "iam", usual());
    let anew = key().authorize(by_program, &real(None), date(REAL_DATE));
    let anew = anew.expect("authorized");
    assert_eq!(anew.headers()["x-amz-date"], "20150830T123600Z");
    let authorization = anew.headers()[AUTHORIZATION].to_str().expect("text");
    assert_eq!(authorization, REAL_AUTHORIZATION);
}

#[test]
fn signed_anew_a_request_is_what_a_client_with_the_real_keys_would_send() {
    let form = || {
        post(
            "ec2.us-east-1.amazonaws.com",
            "/",
            "Action=CreateVpc&CidrBlock=10.0.0.0%2F16",
        )
    };
    check_anew(form(), "ec2", usual, None);
    check_anew(form(), "ec2", usual, Some("a-session-token"));
    check_anew(list_users(), "iam", usual, Some("t/+="));
    // Paths are encoded twice, but not those of S3; queries in any order.
    let path = "/clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx?b=2&a=%20x&a=1";
    check_anew(
        post("eks.us-east-1.amazonaws.com", path, "{}"),
        "eks",
        usual,
        None,
    );
    let bucket = || {
        post(
            "b.s3.us-east-1.amazonaws.com",
            "/a//b/../%C3%BC?list-type=2&x",
            "data",
        )
    };
    check_anew(bucket(), "s3", || (of_s3(), None), None);
    let unsigned = || (of_s3(), Some(SignableBody::UnsignedPayload));
    check_anew(bucket(), "s3", unsigned, Some("token"));
    let trailer = || (of_s3(), Some(SignableBody::StreamingUnsignedPayloadTrailer));
    check_anew(bucket(), "s3", trailer, None);
}

#[test]
fn a_presigned_request_is_presigned_anew() {
    let get = || {
        let mut request = list_users();
        request.headers_mut().remove("content-type");
        request
    };
    let settings = || (presigned(), None);
    check_anew(get(), "iam", settings, None);
    check_anew(get(), "iam", settings, Some("a/session+token="));
}

#[test]
fn headers_are_covered_with_all_their_values_and_without_blanks_around_them() {
    let mut request = post("ec2.us-east-1.amazonaws.com", "/", "Action=DescribeVpcs");
    let headers = request.headers_mut();
    headers.append("x-amz-meta", HeaderValue::from_static("  two   words "));
    headers.append("x-amz-meta", HeaderValue::from_static("more"));
    check_anew(request, "ec2", usual, None);
}

#[test]
fn a_header_that_the_program_did_not_sign_stays_unsigned() {
    let mut by_program = signed(list_users(), &key().0, "iam", usual());
    let headers = by_program.headers_mut();
    headers.insert("accept-encoding", HeaderValue::from_static("identity"));
    let anew = key().authorize(by_program, &real(None), date(REAL_DATE));
    let anew = anew.expect("authorized");
    assert_eq!(anew.headers()[AUTHORIZATION], REAL_AUTHORIZATION);
    assert_eq!(anew.headers()["accept-encoding"], "identity");
}

#[test]
fn a_request_that_is_signed_with_another_key_is_refused() {
    let other = Credentials::new("AKIAOTHER", REAL_SECRET, None, None, "test");
    let request = signed(list_users(), &other, "iam", usual());
    check_refused(
        request,
        "iam:ListUsers is signed with another key than the run's placeholder",
    );
    // The right id does not help without the secret.
    let guessed = Credentials::new(key().0.access_key_id(), "guessed", None, None, "test");
    let request = signed(list_users(), &guessed, "iam", usual());
    check_refused(request, "does not fit the request");
    let mut bearer = list_users();
    let value = HeaderValue::from_static("Bearer abc");
    bearer.headers_mut().insert(AUTHORIZATION, value);
    check_refused(bearer, "authorized otherwise");
}

#[test]
fn a_request_that_was_changed_after_it_was_signed_is_refused() {
    let form = || {
        post(
            "ec2.us-east-1.amazonaws.com",
            "/",
            "Action=DeleteVpc&VpcId=vpc-1",
        )
    };
    let signed_form = || signed(form(), &key().0, "ec2", usual());
    let mut body = signed_form();
    *body.body_mut() = Bytes::from_static(b"Action=DeleteVpc&VpcId=vpc-2");
    check_refused(body, "does not fit");
    let mut host = signed_form();
    let other = HeaderValue::from_static("ec2.us-west-2.amazonaws.com");
    host.headers_mut().insert("host", other);
    check_refused(host, "does not fit");
    let mut s3 = signed(form(), &key().0, "s3", (of_s3(), None));
    *s3.body_mut() = Bytes::from_static(b"another");
    check_refused(s3, "its body is not the one that was signed");
    let mut chunks = signed(form(), &key().0, "s3", (of_s3(), None));
    let words = HeaderValue::from_static("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    chunks.headers_mut().insert("x-amz-content-sha256", words);
    check_refused(chunks, "signed chunk by chunk");
}

#[test]
fn a_call_whose_answer_holds_real_keys_is_refused() {
    let role = "Action=AssumeRole&RoleArn=arn";
    let assume = signed(
        post("sts.amazonaws.com", "/", role),
        &key().0,
        "sts",
        usual(),
    );
    check_refused(assume, "the answer to sts:AssumeRole holds real keys");
    let web = "Action=AssumeRoleWithWebIdentity&RoleArn=arn";
    check_refused(post("sts.amazonaws.com", "/", web), "holds real keys");
    let user = "Action=CreateAccessKey&UserName=u";
    let user = post("iam.amazonaws.com", "/", user);
    check_refused(signed(user, &key().0, "iam", usual()), "holds real keys");
}

#[test]
fn an_unsigned_request_goes_on_as_it_is() {
    let request = || {
        Request::get("https://b.s3.amazonaws.com/public.json")
            .body(Bytes::new())
            .expect("a request")
    };
    let sent = key().authorize(request(), &real(None), date(LATER));
    let sent = sent.expect("sent on");
    assert_eq!(sent.uri(), request().uri());
    assert!(sent.headers().is_empty());
}

#[test]
fn hosts_of_apis_are_awss_and_those_of_clusters_and_registries_are_not() {
    let check =
        |host: &str, expected: bool| assert_eq!(key().is_of_cloud(host), expected, "{host}");
    for host in [
        "sts.amazonaws.com",
        "eks.us-east-1.amazonaws.com",
        "api.ecr.us-east-1.amazonaws.com",
        "b.s3.eu-west-1.amazonaws.com",
        "ec2.us-east-1.api.aws",
        "sts.cn-north-1.amazonaws.com.cn",
    ] {
        check(host, true);
    }
    for host in [
        "0123ABCD.gr7.us-east-1.eks.amazonaws.com",
        "0123ABCD.eks-cluster.us-east-1.api.aws",
        "1.dkr.ecr.us-east-1.amazonaws.com",
        "registry.terraform.io",
        "amazonaws.com.example.org",
        "notamazonaws.com",
    ] {
        check(host, false);
    }
}

#[test]
fn a_token_of_a_cluster_is_made_anew_for_the_cluster_it_names() {
    let token = |keys: &Credentials| {
        let request = Request::get(
            "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        );
        let request = request.header("x-k8s-aws-id", "c").body(Bytes::new());
        let url = signed(
            request.expect("a request"),
            keys,
            "sts",
            (presigned(), None),
        );
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url.uri().to_string()))
    };
    let anew = |token: &str, cluster: &str| {
        key().cluster_token(token, cluster, &real(Some("t")), date(LATER))
    };
    let expected = token(&given::keys(&real(Some("t"))).expect("keys"));
    let own = token(&key().0);
    assert_eq!(anew(&own, "c"), Some(expected.clone()));
    assert_eq!(anew(&own, "another"), None);
    assert_eq!(anew(&expected, "c"), None);
    assert_eq!(anew("abc", "c"), None);
}

#[test]
fn placeholders_look_like_keys_and_their_debug_shows_no_secret() {
    let all = key().variables().0;
    assert_eq!(all["AWS_ACCESS_KEY_ID"].len(), 20);
    assert_eq!(all["AWS_SECRET_ACCESS_KEY"].len(), 40);
    assert!(!format!("{:?}", key()).contains(&all["AWS_SECRET_ACCESS_KEY"]));
}
