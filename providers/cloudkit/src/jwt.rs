//! Signed statements (JWT, RFC 7519) by which a caller asks for an access token, made in process with an RSA key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How a statement is signed (RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5: the same key and words give the same signature.
    Rs256,
    /// RSASSA-PSS: a salt makes each signature another.
    Ps256,
}

impl Algorithm {
    fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    fn scheme(self) -> SignatureScheme {
        match self {
            Self::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
            Self::Ps256 => SignatureScheme::RSA_PSS_SHA256,
        }
    }
}

/// A private key in PEM. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(String);

impl PrivateKey {
    /// The key in this text, which may hold certificates besides.
    pub fn in_pem(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

/// A private key that cannot sign. Nothing of it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key is no RSA key in PEM without a password")]
pub struct NoRsaKey;

/// A statement with these claims. `header` says which key it is, in the members that the server knows.
///
/// # Errors
/// When the key is no RSA key.
pub fn signed(
    algorithm: Algorithm,
    header: &[(&str, &str)],
    claims: &Value,
    key: &PrivateKey,
) -> Result<String, NoRsaKey> {
    let mut head = json!({"alg": algorithm.word(), "typ": "JWT"});
    for (member, value) in header {
        head[*member] = json!(value);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(claims));
    let signature = sign(algorithm, key, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The signature of a message.
///
/// # Errors
/// When the key is no RSA key.
pub fn sign(algorithm: Algorithm, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, NoRsaKey> {
    let key = PrivateKeyDer::from_pem_slice(key.0.as_bytes()).map_err(|_| NoRsaKey)?;
    let key = any_supported_type(&key).map_err(|_| NoRsaKey)?;
    let signer = key.choose_scheme(&[algorithm.scheme()]).ok_or(NoRsaKey)?;
    signer.sign(message).map_err(|_| NoRsaKey)
}

/// The SHA-256 thumbprint of the first certificate in a text of PEM (RFC 7515, section 4.1.8); `None` if there is none.
pub fn thumbprint(pem: &str) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_none_is_an_error_that_does_not_show_it() {
        let key = PrivateKey::in_pem("hush");
        assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
            let error = signed(algorithm, &[], &json!({}), &key);
            assert_eq!(error, Err(NoRsaKey));
        }
        assert_eq!(thumbprint("hush"), None);
    }
}
