//! Getting an access token from the authority, over the connection's own transport: journal and faults see these
//! calls, too.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::SignedDuration;
use kubeproof_contract::provider::Connection;
use serde_json::Value;

use super::{AccessToken, Audience, ServicePrincipal};
use crate::routes::{ARM_URL, AUTHORITY_HOST, GRAPH_URL};

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How often a token is asked for, with a longer wait before each time.
const ATTEMPTS: u32 = 4;

/// A token for this audience.
///
/// # Errors
/// With what the authority said. No secret is shown.
pub(super) async fn token(
    connection: &Connection,
    principal: &ServicePrincipal,
    audience: Audience,
) -> Result<AccessToken, String> {
    let mut last = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
        }
        let sent = connection.transport.send(request(principal, audience)?);
        let answer = match tokio::time::timeout(ANSWER_WITHIN, sent).await {
            Err(_) => {
                last = format!("no answer within {} s", ANSWER_WITHIN.as_secs());
                continue;
            }
            Ok(Err(error)) => {
                last = error.to_string();
                continue;
            }
            Ok(Ok(answer)) => answer,
        };
        match read(connection, &answer) {
            Ok(token) => return Ok(token),
            // What the authority refuses, it refuses again.
            Err(refusal) if answer.status().is_client_error() && answer.status() != 429 => {
                return Err(refusal);
            }
            Err(other) => last = other,
        }
    }
    Err(last)
}

fn request(principal: &ServicePrincipal, audience: Audience) -> Result<Request<Bytes>, String> {
    let of = match audience {
        Audience::Arm => ARM_URL,
        Audience::Graph => GRAPH_URL,
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", &principal.client);
    form.append_pair("client_secret", &principal.secret);
    form.append_pair("scope", &format!("{of}/.default"));
    let url = format!(
        "https://{AUTHORITY_HOST}/{}/oauth2/v2.0/token",
        principal.tenant
    );
    Request::post(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .map_err(|_| format!("`{}` is no tenant", principal.tenant))
}

fn read(connection: &Connection, answer: &Response<Bytes>) -> Result<AccessToken, String> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    if !answer.status().is_success() {
        let said = body["error_description"]
            .as_str()
            .or(body["error"].as_str());
        // The first line says it; what follows are numbers for Microsoft.
        let said = said
            .and_then(|said| said.lines().next())
            .unwrap_or("no reason given");
        return Err(format!(
            "the authority answered {}: {said}",
            answer.status().as_u16()
        ));
    }
    let value = body["access_token"]
        .as_str()
        .filter(|value| !value.is_empty());
    let value = value.ok_or("the authority's answer has no access token")?;
    let seconds = body["expires_in"].as_i64().unwrap_or(600);
    Ok(AccessToken {
        value: value.to_owned(),
        expires_at: connection.clock.now() + SignedDuration::from_secs(seconds.clamp(0, 86_400)),
    })
}
