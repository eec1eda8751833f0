//! The placeholder token of a run, for clouds whose calls carry one token (`Authorization: Bearer`).
//!
//! What stands for the token in a call is exchanged for the real one; nothing else is changed. A call with another token
//! would bypass the run and is refused, and one without a token goes on as it is.

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use kubeproof_contract::placeholder::{NotAuthorized, PlaceholderSecret, Placeholders};
use kubeproof_contract::provider::CredentialVariables;
use serde_json::Value;

/// What tokens are made of.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// How a call carries its token.
const BEARER: &str = "Bearer ";

/// A cloud whose calls carry a token, and how its clients are given one.
#[derive(Debug)]
pub struct TokenCloud {
    /// The variables in which clients look for the token; the first has the real one.
    pub variables: &'static [&'static str],
    /// How its tokens begin.
    pub prefix: &'static str,
    /// The hosts of its APIs, and the ends of their names, which begin with a dot.
    pub hosts: &'static [&'static str],
    /// The variables in which clients look for the authorities that they trust.
    pub authorities: &'static [&'static str],
    /// Its error with this message.
    pub error: fn(&str) -> Value,
}

/// The placeholder token of a run.
pub struct PlaceholderToken {
    cloud: &'static TokenCloud,
    token: String,
}

impl fmt::Debug for PlaceholderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaceholderToken(redacted)")
    }
}

impl PlaceholderToken {
    /// The one that is made of this secret.
    pub fn new(cloud: &'static TokenCloud, secret: &PlaceholderSecret) -> Self {
        let text = secret.text("bearer token", 40, ALPHABET);
        let token = format!("{}{text}", cloud.prefix);
        Self { cloud, token }
    }

    fn real<'a>(&self, real: &'a CredentialVariables) -> Option<&'a String> {
        self.cloud
            .variables
            .iter()
            .find_map(|name| real.0.get(*name))
    }

    fn refused(&self, why: &str) -> Box<NotAuthorized> {
        let why = why.to_owned();
        let body = (self.cloud.error)(&format!("kubeproof: {why}")).to_string();
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() = StatusCode::FORBIDDEN;
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(CONTENT_TYPE, json);
        Box::new(NotAuthorized { why, answer })
    }
}

impl Placeholders for PlaceholderToken {
    fn is_of_cloud(&self, host: &str) -> bool {
        self.cloud
            .hosts
            .iter()
            .any(|known| *known == host || (known.starts_with('.') && host.ends_with(known)))
    }

    fn variables(&self) -> CredentialVariables {
        let names = self.cloud.variables.iter();
        let all = names.map(|name| ((*name).to_owned(), self.token.clone()));
        CredentialVariables(all.collect())
    }

    fn authority_variables(&self) -> &'static [&'static str] {
        self.cloud.authorities
    }

    fn authorize(
        &self,
        mut request: Request<Bytes>,
        real: &CredentialVariables,
        _at: Timestamp,
    ) -> Result<Request<Bytes>, Box<NotAuthorized>> {
        let Some(given) = request.headers().get(AUTHORIZATION) else {
            return Ok(request);
        };
        let own = format!("{BEARER}{}", self.token);
        if given.as_bytes() != own.as_bytes() {
            return Err(self.refused(
                "a call carries another token than the run's placeholder: it would bypass the run; use the \
                 credentials in the environment",
            ));
        }
        let value = self.real(real).map(|token| format!("{BEARER}{token}"));
        let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
        let Some(mut value) = value else {
            return Err(self.refused("there is no real token"));
        };
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(request)
    }

    fn cluster_token(
        &self,
        token: &str,
        _cluster: &str,
        real: &CredentialVariables,
        _at: Timestamp,
    ) -> Option<String> {
        (token == self.token).then(|| self.real(real).cloned())?
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    static SKY: TokenCloud = TokenCloud {
        variables: &["SKY_TOKEN", "OLD_SKY_TOKEN"],
        prefix: "sky_",
        hosts: &["sky.example", ".api.sky.example"],
        authorities: &["SSL_CERT_FILE"],
        error: |message| serde_json::json!({ "error": message }),
    };

    fn token() -> PlaceholderToken {
        PlaceholderToken::new(&SKY, &PlaceholderSecret::new([3; 32]))
    }

    fn real() -> CredentialVariables {
        let real = ("SKY_TOKEN".to_owned(), "sky_real".to_owned());
        CredentialVariables(BTreeMap::from([real]))
    }

    fn sent(authorization: Option<String>) -> Result<Request<Bytes>, Box<NotAuthorized>> {
        let mut request = Request::get("https://sky.example/a");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Bytes::new()).expect("a request");
        token().authorize(request, &real(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_placeholder_is_exchanged_and_another_token_is_refused() {
        let own = token().variables().0["OLD_SKY_TOKEN"].clone();
        assert!(own.starts_with("sky_") && own.len() == 44, "{own}");
        let exchanged = sent(Some(format!("Bearer {own}"))).expect("sent");
        assert_eq!(exchanged.headers()[AUTHORIZATION], "Bearer sky_real");
        assert!(!format!("{exchanged:?} {:?}", token()).contains("sky_"));
        let unsigned = sent(None).expect("sent");
        assert!(unsigned.headers().is_empty());
        for other in [
            format!("Bearer {own}x"),
            format!("Basic {own}"),
            "Bearer sky_real".to_owned(),
        ] {
            let refused = sent(Some(other)).expect_err("refused");
            assert_eq!(refused.answer.status(), 403);
            let text = String::from_utf8_lossy(refused.answer.body());
            assert!(
                text.contains("another token than the run's placeholder"),
                "{text}"
            );
            assert!(!text.contains("sky_"), "{text}");
        }
        assert_eq!(
            token().cluster_token(&own, "c", &real(), Timestamp::UNIX_EPOCH),
            Some("sky_real".to_owned())
        );
        assert_eq!(
            token().cluster_token("sky_real", "c", &real(), Timestamp::UNIX_EPOCH),
            None
        );
    }

    #[test]
    fn hosts_are_known_by_name_or_by_the_end_of_it() {
        let check = |host: &str, expected: bool| {
            assert_eq!(token().is_of_cloud(host), expected, "{host}");
        };
        check("sky.example", true);
        check("eu.api.sky.example", true);
        check("other.sky.example", false);
        check("notapi.sky.example", false);
        check("sky.example.org", false);
    }
}
