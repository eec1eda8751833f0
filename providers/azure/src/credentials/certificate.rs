//! A certificate of an application with its private key, and the statement that is signed by it. `Debug` shows nothing of
//! the key.
//!
//! Source: Microsoft identity platform, "Certificate credentials": PS256, and the certificate's SHA-256 thumbprint.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kubeproof_cloudkit::jwt::{self, Algorithm, NoRsaKey, PrivateKey};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Principal;

/// How long a statement is valid: the page advises minutes.
const SECONDS: i64 = 600;

/// Why a certificate cannot be used. Nothing of the file is shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The file cannot be read.
    #[error("{} cannot be read: {}", path.display(), source.kind())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("{} holds no certificate in PEM (files of PKCS#12, .pfx, are not supported)", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in it that can sign.
    #[error("{}: {source}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: NoRsaKey,
    },
}

/// A certificate with its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The file that it is in.
    pub path: PathBuf,
    key: PrivateKey,
    thumbprint: String,
}

impl Certificate {
    /// Reads a file of PEM, and makes sure that its key can sign.
    ///
    /// # Errors
    /// When it has no certificate, or no RSA key without a password.
    pub fn read(path: &Path) -> Result<Self, CertificateError> {
        let read = std::fs::read(path);
        let bytes = read.map_err(|source| CertificateError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let none = || CertificateError::NoCertificate(path.to_owned());
        let text = String::from_utf8(bytes).map_err(|_| none())?;
        let thumbprint = jwt::thumbprint(&text).ok_or_else(none)?;
        let key = PrivateKey::in_pem(text);
        if let Err(source) = jwt::sign(Algorithm::Ps256, &key, b"kubeproof") {
            let path = path.to_owned();
            return Err(CertificateError::NoKey { path, source });
        }
        Ok(Self {
            path: path.to_owned(),
            key,
            thumbprint,
        })
    }

    /// The statement by which a principal asks at this address for a token.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn assertion(
        &self,
        principal: &Principal,
        address: &str,
        now: Timestamp,
    ) -> Result<String, NoRsaKey> {
        let issued = now.as_second();
        // Each statement counts once, so each has a name of its own.
        let name = format!("{} {} {now}", principal.tenant, principal.client);
        let name = Sha256::digest(name.as_bytes());
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let claims = json!({
            "aud": address, "iss": principal.client, "sub": principal.client, "jti": name,
            "iat": issued, "nbf": issued, "exp": issued + SECONDS,
        });
        let header = [("x5t#S256", self.thumbprint.as_str())];
        jwt::signed(Algorithm::Ps256, &header, &claims, &self.key)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use rustls::SignatureScheme;
    use rustls::crypto::ring::default_provider;
    use serde_json::Value;

    use super::*;

    const PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/certificate.pem");

    /// Whether the key that openssl says belongs to the certificate has signed this.
    fn is_signed(statement: &str) -> bool {
        let (message, signature) = statement.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        // openssl rsa -in certificate.pem -RSAPublicKey_out -outform DER | base64
        let key = include_str!("../../testdata/public_key.txt").trim();
        let key = STANDARD.decode(key).unwrap();
        let known = default_provider().signature_verification_algorithms;
        let mut known = known.mapping.iter();
        let (_, algorithms) = known
            .find(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256)
            .unwrap();
        let mut algorithms = algorithms.iter();
        algorithms.any(|one| {
            one.verify_signature(&key, message.as_bytes(), &signature)
                .is_ok()
        })
    }

    #[test]
    fn the_statement_says_who_asks_where_and_is_signed_by_the_certificates_key() {
        let principal = Principal {
            tenant: "t".to_owned(),
            client: "c".to_owned(),
        };
        let certificate = Certificate::read(Path::new(PEM)).unwrap();
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let statement = certificate.assertion(&principal, "https://a", now).unwrap();
        let read = |index: usize| -> Value {
            let part = statement.split('.').nth(index).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        // openssl x509 -in certificate.pem -outform DER | openssl dgst -sha256 -binary, as base64 for URLs.
        let thumbprint = include_str!("../../testdata/thumbprint.txt").trim();
        assert_eq!(
            read(0),
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint})
        );
        let claims = read(1);
        for (member, expected) in [("aud", "https://a"), ("iss", "c"), ("sub", "c")] {
            assert_eq!(claims[member], expected);
        }
        assert_eq!(claims["nbf"], 1_795_000_000);
        assert_eq!(claims["exp"], 1_795_000_600);
        assert!(is_signed(&statement));
        let other = statement.replacen("eyJ", "eyK", 1);
        assert!(!is_signed(&other));
        let later = now + jiff::SignedDuration::from_secs(1);
        let again = certificate
            .assertion(&principal, "https://a", later)
            .unwrap();
        assert_ne!(again.split('.').nth(1), statement.split('.').nth(1));
    }

    #[test]
    fn a_file_that_cannot_sign_is_an_error_that_shows_nothing_of_it() {
        let text = std::fs::read_to_string(PEM).unwrap();
        let (key, certificate) = text.split_at(text.find("-----BEGIN CERT").unwrap());
        let check = |content: &[u8], expected: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let error = Certificate::read(file.path()).unwrap_err().to_string();
            assert!(
                error.contains(expected) && !error.contains("hush"),
                "{error}"
            );
        };
        check(b"hush", "holds no certificate in PEM");
        check(&[0x30, 0x82, 0xff], "holds no certificate in PEM");
        check(key.as_bytes(), "holds no certificate in PEM");
        check(
            certificate.as_bytes(),
            "no RSA key in PEM without a password",
        );
    }
}
