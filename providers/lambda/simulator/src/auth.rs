//! Who may call: the account's key, as a bearer token or as the user of HTTP Basic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};

use crate::wire::ApiError;

/// Accepts the key and nothing else.
pub(crate) fn admit(request: &Request<Bytes>, key: &str) -> Result<(), ApiError> {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let basic = || {
        let encoded = given.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        Some(text == format!("{key}:"))
    };
    if given.strip_prefix("Bearer ") == Some(key) || basic() == Some(true) {
        return Ok(());
    }
    let message = "API key was invalid, expired, or deleted.";
    Err(ApiError::new(401, "global/invalid-api-key", message)
        .suggest("Check your API key or create a new one, then try again."))
}
