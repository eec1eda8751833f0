//! Getting an access token from a source, over the connection's own transport: journal and faults see these calls, too.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::grant::{AccessToken, Grant, Refused};
use kubeproof_cloudkit::jwt::NoRsaKey;
use kubeproof_contract::provider::Connection;
use serde_json::Value;

use super::az_login::{AzLoginError, of_login};
use super::{Audience, ManagedIdentity, Principal, Proof, Source};
use crate::routes::{ARM_URL, AUTHORITY_HOST, GRAPH_URL};

/// How long one answer may take: an unreachable metadata address must not hold up a run.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Where the metadata of a machine give tokens of its managed identity (Azure Instance Metadata Service).
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// How another token or a signed statement is named that stands for a secret (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long a token that says nothing about it is taken to be valid, seconds.
const UNSTATED: i64 = 600;

/// Why a source gives no token. No secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error(transparent)]
    Key(#[from] NoRsaKey),
    #[error("{}, where the other provider's token should be, has none", .0.display())]
    NoSubject(PathBuf),
    #[error(transparent)]
    AzLogin(#[from] AzLoginError),
    #[error("`{0}` is no address that can be asked")]
    Address(String),
    /// What the authority, or the way to it, said.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What is asked.
type Asked = Request<Bytes>;

/// A token for this audience.
///
/// # Errors
/// With what is wrong with the source, or what the authority said. No secret is shown.
pub(super) async fn token(
    connection: &Connection,
    source: &Source,
    audience: Audience,
) -> Result<AccessToken, GrantError> {
    let resource = resource(audience);
    let now = || connection.clock.now();
    match source {
        Source::Principal(principal, proof) => {
            ask(connection, || {
                of_principal(principal, proof, resource, now())
            })
            .await
        }
        Source::ManagedIdentity(identity) => {
            ask(connection, || of_machine(identity, resource)).await
        }
        // az repeats itself what can be repeated.
        Source::AzLogin(login) => Ok(of_login(login, resource, now()).await?),
    }
}

async fn ask(
    connection: &Connection,
    request: impl Fn() -> Result<Asked, GrantError>,
) -> Result<AccessToken, GrantError> {
    let grant = Grant {
        within: ANSWER_WITHIN,
        request,
        read: |answer: &Response<Bytes>| read(answer, connection.clock.now()),
        refusal,
    };
    grant.ask(connection).await
}

fn resource(audience: Audience) -> &'static str {
    match audience {
        Audience::Arm => ARM_URL,
        Audience::Graph => GRAPH_URL,
    }
}

/// The flow of client credentials, with a secret or with what stands for one.
fn of_principal(
    principal: &Principal,
    proof: &Proof,
    resource: &str,
    now: Timestamp,
) -> Result<Asked, GrantError> {
    let tenant = &principal.tenant;
    let url = format!("https://{AUTHORITY_HOST}/{tenant}/oauth2/v2.0/token");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", &principal.client);
    form.append_pair("scope", &format!("{resource}/.default"));
    let assertion = match proof {
        Proof::Secret(secret) => {
            form.append_pair("client_secret", secret);
            None
        }
        Proof::Certificate(certificate) => Some(certificate.assertion(principal, &url, now)?),
        // Read anew each time, since it is renewed in its file.
        Proof::TokenFile(path) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let token = Some(text.trim().to_owned()).filter(|token| !token.is_empty());
            Some(token.ok_or_else(|| GrantError::NoSubject(path.clone()))?)
        }
    };
    if let Some(assertion) = assertion {
        form.append_pair("client_assertion_type", ASSERTION_TYPE);
        form.append_pair("client_assertion", &assertion);
    }
    Request::post(&url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .map_err(|_| GrantError::Address(url))
}

/// The token of a machine's identity: from the service that it runs in, or from the instance metadata. Neither has TLS, and
/// neither leaves the machine.
fn of_machine(identity: &ManagedIdentity, resource: &str) -> Result<Asked, GrantError> {
    let (address, version, header) = match &identity.endpoint {
        Some((address, secret)) => (
            address.as_str(),
            "2019-08-01",
            ("x-identity-header", secret.as_str()),
        ),
        None => (METADATA, "2018-02-01", ("metadata", "true")),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("api-version", version);
    query.append_pair("resource", resource);
    if let Some(client) = &identity.client {
        query.append_pair("client_id", client);
    }
    let url = format!("{address}?{}", query.finish());
    let get = Request::get(&url).header(header.0, header.1);
    get.body(Bytes::new())
        .map_err(|_| GrantError::Address(address.to_owned()))
}

fn body(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// What a refusal says, which is never a secret.
fn refusal(answer: &Response<Bytes>) -> String {
    let body = body(answer);
    let said = body["error_description"]
        .as_str()
        .or(body["error"].as_str());
    // The first line says it; what follows are numbers for Microsoft.
    let said = said.and_then(|said| said.lines().next());
    let said = said.unwrap_or("no reason given");
    format!(
        "authority:token answered {}: {said}",
        answer.status().as_u16()
    )
}

/// The token in an answer, if it can be read.
fn read(answer: &Response<Bytes>, now: Timestamp) -> Option<AccessToken> {
    let body = body(answer);
    let value = body["access_token"].as_str().unwrap_or_default();
    if value.is_empty() {
        return None;
    }
    // The metadata write numbers as texts; a service says only when it expires.
    let number = |member: &str| {
        let value = &body[member];
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let until = || Some(number("expires_on")?.saturating_sub(now.as_second()));
    let seconds = number("expires_in").or_else(until).unwrap_or(UNSTATED);
    let valid = SignedDuration::from_secs(seconds.clamp(0, 86_400));
    Some(AccessToken::new(value, Some(now + valid)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kubeproof_simkit::answers::{Answers, answer};
    use kubeproof_simkit::bench::connection;

    use super::super::Certificate;
    use super::*;

    /// A request as text, with the headers that the metadata want.
    fn line(request: &Asked) -> String {
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().unwrap();
            Some(format!(" {name}={value}"))
        };
        let headers = ["metadata", "x-identity-header"].into_iter();
        let headers: String = headers.filter_map(header).collect();
        let body = String::from_utf8_lossy(request.body());
        format!("{} {}{headers} {body}", request.method(), request.uri())
    }

    const GIVEN: (u16, &str) = (200, r#"{"access_token":"ey.x","expires_in":3599}"#);

    async fn ask_for(
        source: Source,
        audience: Audience,
        answers: &[(u16, &str)],
    ) -> (Result<AccessToken, GrantError>, Vec<String>) {
        let server = Answers::of(answers.iter().map(|(status, body)| answer(*status, body)));
        let got = token(&connection(server.clone()), &source, audience).await;
        (got, server.requests().iter().map(line).collect())
    }

    fn of(proof: Proof) -> Source {
        let principal = Principal {
            tenant: "t".to_owned(),
            client: "c".to_owned(),
        };
        Source::Principal(principal, proof)
    }

    const ASKED: &str = "POST https://login.microsoftonline.com/t/oauth2/v2.0/token grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&";

    #[tokio::test(start_paused = true)]
    async fn a_secret_is_exchanged_for_a_token_that_expires() {
        let secret = of(Proof::Secret("s".to_owned()));
        let (got, seen) = ask_for(secret, Audience::Arm, &[GIVEN]).await;
        let got = got.unwrap();
        assert_eq!(got.value(), "ey.x");
        let expires = Timestamp::from_second(1_795_000_000 + 3599).unwrap();
        assert_eq!(got.expires_at, Some(expires));
        assert_eq!(seen, [format!("{ASKED}client_secret=s")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signed_statement_or_another_providers_token_stands_for_a_secret() {
        let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/certificate.pem");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "ey.theirs\n").unwrap();
        let begin = format!(
            "{ASKED}client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=ey"
        );
        let certificate = Certificate::read(Path::new(pem)).unwrap();
        for (proof, end) in [
            (Proof::Certificate(certificate), ""),
            (Proof::TokenFile(file.path().to_owned()), ".theirs"),
        ] {
            let (got, seen) = ask_for(of(proof), Audience::Arm, &[GIVEN]).await;
            assert!(got.is_ok());
            assert!(
                seen[0].starts_with(&begin) && seen[0].ends_with(end),
                "{seen:?}"
            );
        }
        let gone = of(Proof::TokenFile("/no/such/token".into()));
        let (got, seen) = ask_for(gone, Audience::Arm, &[GIVEN]).await;
        let error = got.unwrap_err().to_string();
        assert!(
            error.contains("/no/such/token") && seen.is_empty(),
            "{error}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_machines_identity_is_asked_for_where_it_is() {
        let check = async |endpoint: Option<(&str, &str)>, answer: &'static str, expected: &str| {
            let endpoint = endpoint.map(|(url, secret)| (url.to_owned(), secret.to_owned()));
            let client = Some("c".to_owned()).filter(|_| endpoint.is_some());
            let source = Source::ManagedIdentity(ManagedIdentity { client, endpoint });
            let (got, seen) = ask_for(source, Audience::Graph, &[(200, answer)]).await;
            let expires = Timestamp::from_second(1_795_000_000 + 600).unwrap();
            assert_eq!(got.unwrap().expires_at, Some(expires));
            assert_eq!(seen, [expected]);
        };
        let asked = "resource=https%3A%2F%2Fgraph.microsoft.com";
        check(
            None,
            r#"{"access_token":"ey.x","expires_in":"600"}"#,
            &format!("GET {METADATA}?api-version=2018-02-01&{asked} metadata=true "),
        )
        .await;
        check(
            Some(("http://127.0.0.1:1/t", "hush")),
            r#"{"access_token":"ey.x","expires_on":"1795000600"}"#,
            &format!("GET http://127.0.0.1:1/t?api-version=2019-08-01&{asked}&client_id=c x-identity-header=hush "),
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_ends_it_and_anything_else_is_asked_again() {
        let secret = || of(Proof::Secret("hush".to_owned()));
        let refused = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"}"#;
        let (got, seen) = ask_for(secret(), Audience::Arm, &[(401, refused), GIVEN]).await;
        assert_eq!(
            got.unwrap_err().to_string(),
            "authority:token answered 401: AADSTS7000215: Invalid client secret provided."
        );
        assert_eq!(seen.len(), 1);
        let passing = [(503, ""), (429, ""), (200, "{"), GIVEN];
        let (got, seen) = ask_for(secret(), Audience::Arm, &passing).await;
        assert!(got.is_ok() && seen.len() == 4, "{got:?}");
        let (got, seen) = ask_for(secret(), Audience::Arm, &[]).await;
        let error = got.unwrap_err().to_string();
        assert!(
            error.contains("connection lost") && seen.len() == 4,
            "{error}"
        );
    }
}
