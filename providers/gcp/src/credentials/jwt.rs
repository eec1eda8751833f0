//! The signed statement by which a service account asks for an access token (RFC 7523).

use jiff::Timestamp;
use kubeproof_cloudkit::jwt::{self, Algorithm, PrivateKey};
use serde_json::json;

use super::file::ServiceAccountKey;

/// What a token may do: everything that its account may.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long the statement is valid: the most that Google accepts.
const SECONDS: i64 = 3600;

/// The private key of this account cannot sign. Nothing of it is shown.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key of {0} is no RSA key in PEM")]
pub struct NoRsaKey(String);

/// The statement for this account at this time.
///
/// # Errors
/// When the key is no RSA key. Nothing of it is shown.
pub fn assertion(key: &ServiceAccountKey, now: Timestamp) -> Result<String, NoRsaKey> {
    let issued = now.as_second();
    let claims = json!({
        "iss": key.client_email, "scope": SCOPE, "aud": key.token_uri,
        "iat": issued, "exp": issued + SECONDS,
    });
    let private = PrivateKey::in_pem(key.private_key.as_str());
    let header = [("kid", key.private_key_id.as_str())];
    jwt::signed(Algorithm::Rs256, &header, &claims, &private)
        .map_err(|_| NoRsaKey(key.client_email.clone()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    use super::*;

    fn key(private_key: &str) -> ServiceAccountKey {
        let text = include_str!("../../testdata/service_account.json");
        let mut key: ServiceAccountKey = serde_json::from_str(text).unwrap();
        if !private_key.is_empty() {
            key.private_key = private_key.to_owned();
        }
        key
    }

    #[test]
    fn the_statement_says_who_asks_for_what_and_when() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let assertion = assertion(&key(""), now).unwrap();
        let parts: Vec<&str> = assertion.split('.').collect();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(
            read(parts[0]),
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
        );
        let claims = json!({
            "iss": "robot@p1.iam.gserviceaccount.com", "aud": "https://oauth2.googleapis.com/token",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "iat": 1_795_000_000, "exp": 1_795_003_600,
        });
        assert_eq!(read(parts[1]), claims);
    }

    #[test]
    fn the_signature_is_what_openssl_makes_of_the_same_message() {
        // openssl dgst -sha256 -sign key.pem, of the bytes `kubeproof`.
        let expected = include_str!("../../testdata/signature.txt").trim();
        let private = PrivateKey::in_pem(key("").private_key);
        let made = jwt::sign(Algorithm::Rs256, &private, b"kubeproof").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(made), expected);
    }

    #[test]
    fn a_key_that_is_none_is_an_error_that_does_not_show_it() {
        let error = assertion(&key("hush"), Timestamp::UNIX_EPOCH).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("no RSA key") && !error.contains("hush"),
            "{error}"
        );
    }
}
