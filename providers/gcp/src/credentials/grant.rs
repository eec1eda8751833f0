//! Getting an access token from a source, over the connection's own transport: journal and faults see these calls,
//! too.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::grant::{Grant, Refused};
use kubeproof_contract::provider::Connection;
use serde_json::{Value, json};

use super::file::{CredentialFile, CredentialSource, ExternalAccount, google};
use super::jwt::{self, NoRsaKey};
use super::{AccessToken, Source, UNSTATED};

/// How long one answer may take: an unreachable metadata address must not hold up a run.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The metadata server's token of the machine's own account.
const METADATA: &str =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";

/// Why a source gives no token. No secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error(transparent)]
    Key(#[from] NoRsaKey),
    #[error("only external accounts whose token is in a file are supported")]
    NoFile,
    #[error("{0}, where the external account's token should be, has none")]
    NoSubject(String),
    #[error("the server's address is no URL")]
    Address(#[source] http::Error),
    /// What the server, or the way to it, said.
    #[error("no token: {0}")]
    Refused(#[from] Refused),
    #[error("the answer has no access token")]
    NoToken,
}

/// A token of this source.
///
/// # Errors
/// With what is wrong with the source, or what the server said. No secret is shown.
pub async fn token(connection: &Connection, source: &Source) -> Result<AccessToken, GrantError> {
    let now = connection.clock.now();
    match source {
        Source::Token(token) => Ok(token.clone()),
        Source::Metadata => {
            let request = || {
                let get = Request::get(METADATA).header("metadata-flavor", "Google");
                get.body(Bytes::new())
            };
            read(&ask(connection, request).await?, now)
        }
        Source::File(file) => of_file(connection, file, now).await,
    }
}

async fn of_file(
    connection: &Connection,
    file: &CredentialFile,
    now: Timestamp,
) -> Result<AccessToken, GrantError> {
    match file {
        CredentialFile::ServiceAccount(key) => {
            let assertion = jwt::assertion(key, now)?;
            let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
            let fields = [("grant_type", grant), ("assertion", &assertion)];
            read(&post_form(connection, &key.token_uri, &fields).await?, now)
        }
        CredentialFile::AuthorizedUser(user) => {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", &user.client_id),
                ("client_secret", &user.client_secret),
                ("refresh_token", &user.refresh_token),
            ];
            read(&post_form(connection, &google(), &fields).await?, now)
        }
        CredentialFile::ExternalAccount(external) => exchange(connection, external, now).await,
    }
}

/// Exchanges another provider's token, then for that of a service account if the file says so.
async fn exchange(
    connection: &Connection,
    external: &ExternalAccount,
    now: Timestamp,
) -> Result<AccessToken, GrantError> {
    let subject = subject_token(&external.credential_source)?;
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("audience", &external.audience),
        ("scope", jwt::SCOPE),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token_type", &external.subject_token_type),
        ("subject_token", &subject),
    ];
    let exchanged = read(
        &post_form(connection, &external.token_url, &fields).await?,
        now,
    )?;
    let Some(url) = &external.service_account_impersonation_url else {
        return Ok(exchanged);
    };
    let request = || {
        Request::post(url)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", exchanged.value()),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(json!({"scope": [jwt::SCOPE]}).to_string()))
    };
    let answer = ask(connection, request).await?;
    let body = body(&answer);
    let value = body["accessToken"].as_str().unwrap_or_default();
    if value.is_empty() {
        return Err(GrantError::NoToken);
    }
    let expires = body["expireTime"].as_str().and_then(|at| at.parse().ok());
    let expires = expires.unwrap_or(now + unstated());
    Ok(AccessToken::new(value, Some(expires)))
}

/// The other provider's token: read anew each time, since it is renewed in its file.
fn subject_token(source: &CredentialSource) -> Result<String, GrantError> {
    let Some(path) = &source.file else {
        return Err(GrantError::NoFile);
    };
    let unreadable = || GrantError::NoSubject(path.clone());
    let text = std::fs::read_to_string(path).map_err(|_| unreadable())?;
    let token = if source.format.kind == "json" {
        let value: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
        let name = source.format.subject_token_field_name.as_deref();
        value[name.unwrap_or("access_token")]
            .as_str()
            .map(str::to_owned)
    } else {
        Some(text.trim().to_owned())
    };
    token
        .filter(|token| !token.is_empty())
        .ok_or_else(unreadable)
}

async fn post_form(
    connection: &Connection,
    url: &str,
    fields: &[(&str, &str)],
) -> Result<Response<Bytes>, GrantError> {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = || {
        Request::post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form.clone()))
    };
    ask(connection, request).await
}

async fn ask(
    connection: &Connection,
    request: impl Fn() -> http::Result<Request<Bytes>>,
) -> Result<Response<Bytes>, GrantError> {
    let grant = Grant {
        within: ANSWER_WITHIN,
        request: || request().map_err(GrantError::Address),
        read: |answer: &Response<Bytes>| Some(answer.clone()),
        refusal,
    };
    grant.ask(connection).await
}

fn body(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// What a refusal says, which is never a secret: `invalid_grant: Invalid JWT Signature.`
fn refusal(answer: &Response<Bytes>) -> String {
    let body = body(answer);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = text(&body["error"]).or_else(|| text(&body["error"]["status"]));
    let message = text(&body["error_description"]).or_else(|| text(&body["error"]["message"]));
    let said: Vec<String> = [code, message].into_iter().flatten().collect();
    if said.is_empty() {
        format!("status {}", answer.status().as_u16())
    } else {
        said.join(": ")
    }
}

fn read(answer: &Response<Bytes>, now: Timestamp) -> Result<AccessToken, GrantError> {
    let body = body(answer);
    let value = body["access_token"].as_str().unwrap_or_default();
    if value.is_empty() {
        return Err(GrantError::NoToken);
    }
    let seconds = body["expires_in"].as_i64();
    let valid = seconds.map_or(unstated(), SignedDuration::from_secs);
    Ok(AccessToken::new(value, Some(now + valid)))
}

fn unstated() -> SignedDuration {
    SignedDuration::try_from(UNSTATED).unwrap_or(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::answers::{Answers, answer};
    use kubeproof_simkit::bench::connection;

    use super::*;

    async fn ask_for(
        source: Source,
        answers: &[(u16, &str)],
    ) -> (Result<AccessToken, GrantError>, Vec<String>) {
        let server = Answers::of(answers.iter().map(|(status, body)| answer(*status, body)));
        let got = token(&connection(server.clone()), &source).await;
        (got, server.lines())
    }

    fn file(text: &str) -> Source {
        Source::File(Box::new(serde_json::from_str(text).unwrap()))
    }

    const GIVEN: (u16, &str) = (200, r#"{"access_token":"ya29.x","expires_in":3599}"#);

    #[tokio::test(start_paused = true)]
    async fn a_key_is_exchanged_for_a_token_that_expires() {
        let key = file(include_str!("../../testdata/service_account.json"));
        let (got, seen) = ask_for(key, &[GIVEN]).await;
        let got = got.unwrap();
        assert_eq!(got.value(), "ya29.x");
        let expires = Timestamp::from_second(1_795_000_000 + 3599).unwrap();
        assert_eq!(got.expires_at, Some(expires));
        let start = "POST https://oauth2.googleapis.com/token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
        assert!(seen.len() == 1 && seen[0].starts_with(start), "{seen:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_ends_it_and_anything_else_is_asked_again() {
        let user = r#"{"type":"authorized_user","client_id":"i","client_secret":"hush","refresh_token":"hush"}"#;
        let refused = r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#;
        let (got, seen) = ask_for(file(user), &[(400, refused), GIVEN]).await;
        assert_eq!(
            got.unwrap_err().to_string(),
            "no token: invalid_grant: Token has been revoked."
        );
        assert_eq!(seen.len(), 1);
        let (got, seen) = ask_for(file(user), &[(503, ""), GIVEN]).await;
        assert!(got.is_ok() && seen.len() == 2, "{got:?}");
        let (got, seen) = ask_for(Source::Metadata, &[]).await;
        let error = got.unwrap_err().to_string();
        assert!(
            error.contains("connection lost") && seen.len() == 4,
            "{error}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_external_token_is_exchanged_and_then_impersonates() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        std::fs::write(&path, r#"{"id":"theirs"}"#).unwrap();
        let external = json!({
            "type": "external_account", "audience": "a", "subject_token_type": "t",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:generateAccessToken",
            "credential_source": {"file": path, "format": {"type": "json", "subject_token_field_name": "id"}},
        });
        let last = (
            200,
            r#"{"accessToken":"ya29.y","expireTime":"2026-11-18T12:00:00Z"}"#,
        );
        let (got, seen) = ask_for(file(&external.to_string()), &[GIVEN, last]).await;
        assert_eq!(got.unwrap().value(), "ya29.y");
        assert!(seen[0].contains("subject_token=theirs"), "{seen:?}");
        assert!(seen[1].contains(":generateAccessToken"), "{seen:?}");
    }
}
