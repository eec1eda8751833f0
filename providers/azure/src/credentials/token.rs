//! Access tokens: one for each audience, renewed before they expire.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubeproof_cloudkit::grant::{AccessToken, NoToken, Renewed};
use kubeproof_contract::provider::Connection;
use serde_json::Value;

use super::{TokenError, find, grant};

/// The object id, the client id and the name of whom a token was given to, in lower case: one of Resource Manager tells
/// them in its claims.
pub fn ids(token: &AccessToken) -> BTreeSet<String> {
    let claims = token.value().split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
    let claims = claims
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let claims: Value = claims.unwrap_or_default();
    let ids = ["oid", "appid", "azp", "upn", "unique_name"].map(|name| claims[name].as_str());
    let ids = ids.into_iter().flatten();
    ids.map(str::to_ascii_lowercase).collect()
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
    arm: Renewed,
    graph: Renewed,
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
        let renew = async {
            let (source, place) = find(connection)?;
            let token = grant::token(connection, &source, audience).await;
            Ok(token.map_err(|source| NoToken { place, source })?)
        };
        known.current(connection.clock.now(), renew).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_whose_it_is_and_another_text_does_not() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"oid": "O", "appid": "a"}"#);
        let ids = |value: &str| ids(&AccessToken::new(value, None));
        let both = ["a".to_owned(), "o".to_owned()].into();
        assert_eq!(ids(&format!("head.{claims}.sign")), both);
        assert!(ids("no token").is_empty());
    }
}
