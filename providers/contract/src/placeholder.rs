//! Placeholders: made-up credentials of one run, which a program gets in place of the real ones.
//!
//! The program's calls pass a proxy in this process. It checks that a call was made with the placeholders, and
//! authorizes it anew for the real cloud. The real credentials never leave this process.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::provider::CredentialVariables;

/// What the placeholders of one run are made of: as hard to guess as a key. `Debug` does not show it.
#[derive(Clone)]
pub struct PlaceholderSecret([u8; 32]);

impl PlaceholderSecret {
    /// From bytes that cannot be guessed.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A text of so many of these characters for one part of the placeholders. One part tells nothing of another.
    pub fn text(&self, part: &str, length: usize, alphabet: &[u8]) -> String {
        let mut text = String::with_capacity(length);
        for block in 0_u32.. {
            let digest = Sha256::new()
                .chain_update(self.0)
                .chain_update(block.to_be_bytes())
                .chain_update(part)
                .finalize();
            let picked = digest
                .iter()
                .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len().max(1)));
            text.extend(picked.map(|byte| char::from(*byte)));
            if text.len() >= length || alphabet.is_empty() {
                break;
            }
        }
        text.truncate(length);
        text
    }
}

impl fmt::Debug for PlaceholderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaceholderSecret(redacted)")
    }
}

/// A call that is not sent to the cloud, because it was not made with the run's placeholders or would hand out real
/// credentials.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct NotAuthorized {
    /// What is wrong with it, and what to do. Never a secret.
    pub why: String,
    /// The answer to the program, as the cloud would word it.
    pub answer: Response<Bytes>,
}

/// The placeholders of one run, and how calls made with them are authorized anew. Pure: it makes no call.
pub trait Placeholders: Send + Sync + fmt::Debug {
    /// Whether a host is one of the cloud's APIs. Connections to all others are handed on as they are.
    fn is_of_cloud(&self, host: &str) -> bool;

    /// The variables that give a program the placeholders, in place of those that would give it the real credentials.
    fn variables(&self) -> CredentialVariables;

    /// The variables in which the cloud's tools look for the authorities that they trust.
    fn authority_variables(&self) -> &'static [&'static str];

    /// The request as it is sent to the cloud: with the real credentials, at this date.
    ///
    /// # Errors
    /// When it must not be sent.
    fn authorize(
        &self,
        request: Request<Bytes>,
        real: &CredentialVariables,
        at: Timestamp,
    ) -> Result<Request<Bytes>, Box<NotAuthorized>>;

    /// A token for the cluster of this name that a program made with the placeholders, made anew. `None`: it is not made
    /// with them.
    fn cluster_token(
        &self,
        _token: &str,
        _cluster: &str,
        _real: &CredentialVariables,
        _at: Timestamp,
    ) -> Option<String> {
        None
    }
}

/// Placeholders that the layers of one proxy share.
pub type SharedPlaceholders = Arc<dyn Placeholders>;

/// Makes the placeholders of a run from its secret.
pub type MakePlaceholders = fn(&PlaceholderSecret) -> SharedPlaceholders;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_differ_as_secrets_do_and_debug_shows_none() {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let [one, other] = [[1; 32], [2; 32]].map(PlaceholderSecret::new);
        let text = one.text("key", 40, ALPHABET);
        assert_eq!(text.len(), 40);
        assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{text}");
        assert_eq!(text, one.clone().text("key", 40, ALPHABET));
        assert_ne!(text, one.text("secret", 40, ALPHABET));
        assert_ne!(text, other.text("key", 40, ALPHABET));
        assert_eq!(format!("{one:?}"), "PlaceholderSecret(redacted)");
    }
}
