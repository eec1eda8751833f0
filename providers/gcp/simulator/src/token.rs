//! The token endpoint: keys of service accounts and refresh tokens become access tokens that expire.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::ReceivedAt;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::iam;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "oauth2",
    host: "oauth2.googleapis.com",
    base: "",
    is_optional: false,
    errors: ErrorShape::OAuth,
    tables: &[TABLE],
};

/// The path of the endpoint: who asks has no token yet.
pub(crate) const PATH: &str = "/token";

const TABLE: Table = table(&[on("POST", "/token", "oauth2.token", token)]);

/// How long a token is valid, seconds.
const VALID: i64 = 3599;

/// A token that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    caller: String,
    expires: Timestamp,
}

/// The tokens that were given out.
pub(crate) type Tokens = BTreeMap<String, Token>;

/// Who holds a token, if it is valid.
pub(crate) fn holder(state: &State, request: &Request<Bytes>, token: &str) -> Option<String> {
    let known = state.tokens.get(token)?;
    (known.expires > now(state, request)).then(|| known.caller.clone())
}

/// The time by the caller's clock: that of a client over a socket is the real one, whatever the project's clock shows.
/// It signs with it, and keeps a token for as long as it is told that it is valid.
fn now(state: &State, request: &Request<Bytes>) -> Timestamp {
    let received = request.extensions().get::<ReceivedAt>();
    received.map_or(state.now, |received| received.at)
}

fn token(state: &mut State, call: &Call<'_>) -> Outcome {
    let form = form_urlencoded::parse(call.request.body());
    let form: BTreeMap<String, String> = form.into_owned().collect();
    let now = now(state, call.request);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let caller = match field("grant_type") {
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            of_assertion(state, now, field("assertion"))?
        }
        "refresh_token" if field("refresh_token") == state.setup.access_token => {
            state.setup.caller.clone()
        }
        "refresh_token" => return Err(refused("Token has been expired or revoked.")),
        other => return Err(ApiError::not_simulated(&format!("grant_type {other}"))),
    };
    let value = format!("ya29.c.{}", state.ids.hex(40));
    let expires = now.saturating_add(SignedDuration::from_secs(VALID));
    let expires = expires.unwrap_or(now);
    state
        .tokens
        .insert(value.clone(), Token { caller, expires });
    Ok(json!({"access_token": value, "expires_in": VALID, "token_type": "Bearer"}))
}

/// Who signed a statement, if it is one of a known account and of this hour. Its signature is not checked: the keys
/// that are given out here cannot sign.
fn of_assertion(state: &State, now: Timestamp, assertion: &str) -> Result<String, ApiError> {
    let mut parts = assertion.split('.');
    let claims = parts
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = claims.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let claims = claims.ok_or_else(|| refused("Invalid JWT."))?;
    let issuer = claims["iss"].as_str().unwrap_or_default();
    let (from, to) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    let now = now.as_second();
    let fresh = from.zip(to).is_some_and(|(from, to)| {
        (from - 300..=to).contains(&now) && (0..=3600).contains(&(to - from))
    });
    if !fresh {
        let message = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.";
        return Err(refused(message));
    }
    if issuer == state.setup.caller || iam::is_live(state, issuer) {
        return Ok(issuer.to_owned());
    }
    Err(refused("Invalid grant: account not found"))
}

fn refused(message: &str) -> ApiError {
    ApiError::new(400, "INVALID_ARGUMENT", "invalid_grant", message)
}
