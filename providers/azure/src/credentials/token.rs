//! Access tokens: one for each audience, renewed before they expire.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::provider::Connection;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{TokenError, find, grant};

/// A token is renewed so long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// An access token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub(super) value: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl AccessToken {
    /// The token itself.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The object id, the client id and the name of whom it was given to, in lower case: a token of Resource Manager
    /// tells them in its claims.
    pub fn ids(&self) -> BTreeSet<String> {
        let claims = self.value.split('.').nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
        let claims = claims
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let claims: Value = claims.unwrap_or_default();
        let ids = ["oid", "appid", "azp", "upn", "unique_name"].map(|name| claims[name].as_str());
        let ids = ids.into_iter().flatten();
        ids.map(str::to_ascii_lowercase).collect()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now + MARGIN < self.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// Whom a token is for: a token of one is refused by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Resource Manager.
    Arm,
    /// Microsoft Graph: the directory.
    Graph,
}

/// The access tokens of one actor, renewed before they expire.
#[derive(Debug, Default)]
pub struct Tokens {
    arm: Mutex<Option<AccessToken>>,
    graph: Mutex<Option<AccessToken>>,
}

impl Tokens {
    /// A token that is valid for some minutes.
    ///
    /// # Errors
    /// Names the places that were searched, or says what the authority said.
    pub async fn current(
        &self,
        connection: &Connection,
        audience: Audience,
    ) -> Result<AccessToken, TokenError> {
        let known = match audience {
            Audience::Arm => &self.arm,
            Audience::Graph => &self.graph,
        };
        let mut known = known.lock().await;
        let now = connection.clock.now();
        if let Some(token) = known.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        let (source, place) = find(connection)?;
        let token = grant::token(connection, &source, audience).await;
        let token = token.map_err(|source| TokenError::Grant { place, source })?;
        *known = Some(token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_whose_it_is_and_another_text_does_not() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"oid": "O", "appid": "a"}"#);
        let ids = |value: &str| {
            let token = AccessToken {
                value: value.to_owned(),
                expires_at: Timestamp::UNIX_EPOCH,
            };
            token.ids()
        };
        let both = ["a".to_owned(), "o".to_owned()].into();
        assert_eq!(ids(&format!("head.{claims}.sign")), both);
        assert!(ids("no token").is_empty());
    }

    #[test]
    fn no_token_is_shown() {
        let token = AccessToken {
            value: "hush".to_owned(),
            expires_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
    }
}
