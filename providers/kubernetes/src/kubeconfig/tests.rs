//! Which kubeconfigs are accepted, and which are rejected.

use super::*;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";

fn text(cluster: &str, user: &str) -> String {
    let authority = STANDARD.encode(CERTIFICATE);
    format!(
        "apiVersion: v1
kind: Config
preferences: {{}}
clusters:
- name: other
  cluster: {{server: https://other.test}}
- name: kind-a
  cluster:
    server: https://127.0.0.1:44021
    certificate-authority-data: {authority}
    {cluster}
contexts:
- name: kind-a
  context: {{cluster: kind-a, user: admin, namespace: default}}
current-context: kind-a
users:
- name: admin
  user:
    {user}
"
    )
}

fn certificate_and_key() -> String {
    let data = STANDARD.encode(CERTIFICATE);
    format!("{{client-certificate-data: {data}, client-key-data: {data}}}")
}

fn refused(text: &str, expected: &str) {
    let error = access(text).unwrap_err();
    assert_eq!(error.cause, Cause::Usage);
    let words = error.to_string();
    assert!(words.contains(expected), "`{expected}` is not in: {words}");
    assert!(!words.contains("s3cret"), "a secret shows: {words}");
}

#[test]
fn the_current_context_gives_server_authority_and_client_certificate() {
    let expected = KubernetesAccess {
        server: "https://127.0.0.1:44021".to_owned(),
        certificate_authority_pem: Some(CERTIFICATE.to_owned()),
        credential: Credential::ClientCertificate {
            certificate_pem: CERTIFICATE.to_owned(),
            key_pem: CERTIFICATE.to_owned(),
        },
        expires_at: None,
    };
    assert_eq!(access(&text("", &certificate_and_key())).unwrap(), expected);
}

#[test]
fn a_token_is_read_too() {
    let seen = access(&text("", "token: abc")).unwrap();
    assert_eq!(seen.credential, Credential::Token("abc".to_owned()));
}

#[test]
fn a_helper_program_is_named_and_its_answer_gives_the_credential() {
    let exec = "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, \
                args: [eks, get-token, --cluster-name, a], env: [{name: AWS_PROFILE, value: p}]}}";
    let text = text("", exec);
    let found = helper(&text).unwrap().expect("a helper");
    assert_eq!(found.command, "aws");
    assert_eq!(found.arguments, ["eks", "get-token", "--cluster-name", "a"]);
    assert_eq!(
        found.variables[0],
        ("AWS_PROFILE".to_owned(), "p".to_owned())
    );
    let (name, info) = &found.variables[1];
    assert_eq!(name, "KUBERNETES_EXEC_INFO");
    assert!(
        info.contains("client.authentication.k8s.io/v1beta1"),
        "{info}"
    );
    let answer = r#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {}, "status": {"expirationTimestamp": "2026-11-23T10:14:00Z", "token": "k8s-aws-v1.abc"}}"#;
    let access = access_by(&text, answer).unwrap();
    assert_eq!(
        access.credential,
        Credential::Token("k8s-aws-v1.abc".to_owned())
    );
    assert_eq!(access.server, "https://127.0.0.1:44021");
    assert_eq!(
        access.expires_at,
        Some("2026-11-23T10:14:00Z".parse().unwrap())
    );
    assert_eq!(helper(&self::text("", "token: abc")).unwrap(), None);
}

#[test]
fn an_answer_of_a_helper_that_gives_no_credential_is_refused_without_quoting_it() {
    let exec = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}";
    let text = text("", exec);
    let check = |answer: &str, expected: &str| {
        let words = access_by(&text, answer).unwrap_err().to_string();
        assert!(words.contains(expected), "`{expected}` is not in: {words}");
        assert!(!words.contains("s3cret"), "a secret shows: {words}");
    };
    check("s3cret", "is no ExecCredential");
    check(r#"{"kind": "s3cret"}"#, "is no ExecCredential");
    check(r#"{"kind": "ExecCredential"}"#, "has neither a token");
    let half = r#"{"kind": "ExecCredential", "status": {"clientKeyData": "s3cret"}}"#;
    check(half, "has neither a token");
    let other = r#"{"kind": "ExecCredential", "status": {"token": ""}}"#;
    check(other, "has neither a token");
}

#[test]
fn what_would_be_passed_over_is_refused_by_name() {
    let user = certificate_and_key();
    refused(
        &text("insecure-skip-tls-verify: true", &user),
        "`insecure-skip-tls-verify`",
    );
    refused(&text("proxy-url: http://p", &user), "`proxy-url`");
    refused(&text("", "exec: {command: aws}"), "`exec`");
    refused(&text("", "{username: a, password: s3cret}"), "`password`");
    refused(
        &text("", "client-certificate: a.pem"),
        "`client-certificate`",
    );
    refused(&text("", "{}"), "neither a token nor a client certificate");
    refused(&text("", "client-key-data: s3cret"), "without its key");
    let both = certificate_and_key().replace('{', "{token: s3cret, ");
    refused(&text("", &both), "a token and a client certificate");
    let bad = "{client-certificate-data: s3cret, client-key-data: s3cret}";
    refused(
        &text("", bad),
        "`client-certificate-data` is not PEM in base64",
    );
}

#[test]
fn a_context_that_leads_nowhere_is_an_error() {
    let fine = text("", "token: s3cret");
    refused(
        &fine.replace("current-context: kind-a", ""),
        "names no current context",
    );
    let elsewhere = fine.replace("current-context: kind-a", "current-context: b");
    refused(&elsewhere, "no context `b`");
    refused(
        &fine.replace("cluster: kind-a,", "cluster: b,"),
        "no cluster `b`",
    );
    refused(&fine.replace("user: admin,", "user: b,"), "no user `b`");
}

#[test]
fn what_is_no_kubeconfig_is_refused_without_quoting_it() {
    refused("s3cret", "it is not a kubeconfig");
    refused("users: s3cret", "it is not a kubeconfig at line 1");
    refused("users: [s3cret", "it is not a kubeconfig");
    refused("", "names no current context");
}
