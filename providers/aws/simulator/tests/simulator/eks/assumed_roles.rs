//! Temporary credentials: who may assume a role, by which token of a pod, and what the session may do.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::bench::{Answer, Bench};
use super::kubernetes::ask;

const CALLER: &str = "arn:aws:iam::123456789012:user/kubeproof";
const TOKENS: &str = "/api/v1/namespaces/default/serviceaccounts/default/token";

/// A role that trusts a principal of a kind, with an inline policy.
fn role(bench: &mut Bench, name: &str, statement: &Value, allows: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let named = ("RoleName", name);
    let made = bench.iam("CreateRole", &[named, ("AssumeRolePolicyDocument", &trust)]);
    let arn = made.ok().text("Arn");
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": allows, "Resource": "*" },
    ]});
    let policy = policy.to_string();
    let inline = [
        named,
        ("PolicyName", "p"),
        ("PolicyDocument", policy.as_str()),
    ];
    bench.iam("PutRolePolicy", &inline).ok();
    bench.wait(bench.durations.iam_propagation);
    arn
}

fn by_caller() -> Value {
    json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": CALLER } })
}

fn assume(bench: &mut Bench, arn: &str) -> Answer {
    let asked = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", arn),
        ("RoleSessionName", "it"),
        ("DurationSeconds", "900"),
    ];
    bench.query("sts", &asked)
}

/// A call of EC2 or STS with a session's credentials.
fn as_session(
    bench: &mut Bench,
    session: &Answer,
    token: &str,
    service: &str,
    form: &str,
) -> Answer {
    let key = session.text("AccessKeyId");
    let scope = format!("{key}/20261123/us-east-1/{service}/aws4_request");
    let request = Request::post(format!("https://{service}.us-east-1.amazonaws.com/"))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .header("x-amz-security-token", token)
        .body(Bytes::from(form.to_owned()));
    bench.send(request.expect("a request"))
}

const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";
const MAKE: &str = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.7.0.0%2F16";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[test]
fn a_session_is_the_role_and_may_do_what_the_role_may_until_it_expires() {
    let mut bench = Bench::new();
    let arn = role(&mut bench, "reader", &by_caller(), "ec2:Describe*");
    let session = assume(&mut bench, &arn).ok();
    let token = session.text("SessionToken");
    let who = as_session(&mut bench, &session, &token, "sts", WHO).ok();
    assert_eq!(
        who.text("Arn"),
        "arn:aws:sts::123456789012:assumed-role/reader/it"
    );
    as_session(&mut bench, &session, &token, "ec2", VPCS).ok();
    let refused = as_session(&mut bench, &session, &token, "ec2", MAKE);
    refused.refused(403, "UnauthorizedOperation", "assumed-role/reader/it");
    let stolen = as_session(&mut bench, &session, "another", "ec2", VPCS);
    assert_eq!(stolen.status, 401, "{}", stolen.body);
    bench.wait(Duration::from_mins(15));
    let late = as_session(&mut bench, &session, &token, "ec2", VPCS);
    late.refused(400, "RequestExpired", "expired");
}

#[test]
fn what_depends_on_a_policy_of_aws_with_an_unknown_document_is_not_decided() {
    let mut bench = Bench::new();
    let arn = role(&mut bench, "partly", &by_caller(), "ec2:Describe*");
    let attach = |policy: &'static str| [("RoleName", "partly"), ("PolicyArn", policy)];
    bench
        .iam(
            "AttachRolePolicy",
            &attach("arn:aws:iam::aws:policy/ReadOnlyAccess"),
        )
        .ok();
    let session = assume(&mut bench, &arn).ok();
    let token = session.text("SessionToken");
    as_session(&mut bench, &session, &token, "ec2", VPCS).ok();
    let undecided = as_session(&mut bench, &session, &token, "ec2", MAKE);
    undecided.refused(501, "NotImplemented", "ReadOnlyAccess");
    bench
        .iam(
            "AttachRolePolicy",
            &attach("arn:aws:iam::aws:policy/AdministratorAccess"),
        )
        .ok();
    as_session(&mut bench, &session, &token, "ec2", MAKE).ok();
}

#[test]
fn a_role_that_does_not_trust_the_caller_or_is_too_new_is_refused() {
    let mut bench = Bench::new();
    let service = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } });
    let other = role(&mut bench, "other", &service, "*");
    assume(&mut bench, &other).refused(403, "AccessDenied", "sts:AssumeRole on resource");
    let trust = json!({ "Version": "2012-10-17", "Statement": [by_caller()] }).to_string();
    let made = bench.iam(
        "CreateRole",
        &[("RoleName", "new"), ("AssumeRolePolicyDocument", &trust)],
    );
    let new = made.ok().text("Arn");
    assume(&mut bench, &new).refused(403, "AccessDenied", "role/new");
    bench.wait(bench.durations.iam_propagation);
    assume(&mut bench, &new).ok();
}

/// `AssumeRoleWithWebIdentity`, which is not signed.
fn with_token(bench: &mut Bench, arn: &str, token: &str) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", arn)
        .append_pair("RoleSessionName", "pod")
        .append_pair("WebIdentityToken", token)
        .finish();
    let request = Request::post("https://sts.us-east-1.amazonaws.com/").body(Bytes::from(form));
    bench.send(request.expect("a request"))
}

fn token(bench: &mut Bench, audience: &str) -> String {
    let asked = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": { "audiences": [audience], "expirationSeconds": 600 },
    });
    let answer = ask(bench, "POST", TOKENS, &asked);
    let status = answer.json()["status"]["token"].clone();
    status
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.body))
        .to_owned()
}

#[test]
fn a_pod_gets_the_role_that_trusts_its_service_account_and_no_other_does() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    let issuer =
        bench.get("/clusters/c1").ok().json()["cluster"]["identity"]["oidc"]["issuer"].clone();
    let issuer = issuer.as_str().expect("an issuer").to_owned();
    let host = issuer.trim_start_matches("https://").to_owned();
    let trusting = |account: &str| {
        json!({
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": { "Federated": format!("arn:aws:iam::123456789012:oidc-provider/{host}") },
            "Condition": { "StringEquals": {
                format!("{host}:sub"): format!("system:serviceaccount:default:{account}"),
                format!("{host}:aud"): "sts.amazonaws.com",
            }},
        })
    };
    let ours = role(&mut bench, "ours", &trusting("default"), "ec2:Describe*");
    let theirs = role(&mut bench, "theirs", &trusting("other"), "ec2:Describe*");
    let good = token(&mut bench, "sts.amazonaws.com");
    with_token(&mut bench, &ours, &good).refused(
        400,
        "InvalidIdentityToken",
        "No OpenIDConnect provider",
    );
    let provider = [
        ("Url", issuer.as_str()),
        ("ClientIDList.member.1", "sts.amazonaws.com"),
    ];
    bench.iam("CreateOpenIDConnectProvider", &provider).ok();
    let session = with_token(&mut bench, &ours, &good).ok();
    assert_eq!(
        session.text("SubjectFromWebIdentityToken"),
        "system:serviceaccount:default:default"
    );
    let secret = session.text("SessionToken");
    as_session(&mut bench, &session, &secret, "ec2", VPCS).ok();
    with_token(&mut bench, &theirs, &good).refused(
        403,
        "AccessDenied",
        "AssumeRoleWithWebIdentity",
    );
    let elsewhere = token(&mut bench, "vault");
    with_token(&mut bench, &ours, &elsewhere).refused(400, "InvalidIdentityToken", "audience");
    with_token(&mut bench, &ours, "made.up.token").refused(
        400,
        "InvalidIdentityToken",
        "not a valid JWT",
    );
    bench.wait(Duration::from_mins(10));
    with_token(&mut bench, &ours, &good).refused(400, "InvalidIdentityToken", "expired");
}
