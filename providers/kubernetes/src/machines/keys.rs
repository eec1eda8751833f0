//! Keys and secrets: from the seed in a rehearsal, from the system otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_contract::provider::{Connection, Credentials};
use rcgen::KeyPair;
use sha2::{Digest, Sha256};

use super::cluster_ca::ClusterCaError;

/// The head of an Ed25519 private key in PKCS #8 (RFC 8410): the seed follows.
const ED25519_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The source of the secrets.
pub(super) enum Source {
    /// Derived from the seed: a rehearsal is the same each time, and protects nothing.
    Seed(String),
    /// The system's random numbers.
    System,
}

impl Source {
    /// The source that a connection calls for.
    pub(super) fn of(connection: &Connection) -> Self {
        match connection.credentials {
            Credentials::Rehearsal => {
                Self::Seed(format!("{}|{}", connection.seed, connection.run.id))
            }
            Credentials::Documented { .. } | Credentials::Given(_) => Self::System,
        }
    }

    /// The secret for this purpose. A seed gives the same one each time.
    pub(super) fn secret(&self, what: &str) -> Result<[u8; 32], ClusterCaError> {
        match self {
            Self::Seed(seed) => Ok(Sha256::digest(format!("{seed}|{what}")).into()),
            Self::System => {
                let mut bytes = [0; 32];
                let random = rustls::crypto::ring::default_provider().secure_random;
                random
                    .fill(&mut bytes)
                    .map_err(|_| ClusterCaError::NoRandomNumbers)?;
                Ok(bytes)
            }
        }
    }

    /// The key of a certificate.
    pub(super) fn key(&self, what: &str) -> Result<KeyPair, ClusterCaError> {
        let made = match self {
            Self::Seed(_) => ed25519(&self.secret(what)?),
            // P-256, as k3s's own tool makes for custom authorities.
            Self::System => KeyPair::generate(),
        };
        made.map_err(ClusterCaError::of(what))
    }

    /// The public half of an SSH key, as OpenSSH writes it.
    pub(super) fn ssh_public_key(&self) -> Result<String, ClusterCaError> {
        let key = ed25519(&self.secret("ssh")?).map_err(ClusterCaError::of("ssh"))?;
        let mut blob = Vec::new();
        for part in [b"ssh-ed25519", key.public_key_raw()] {
            blob.extend_from_slice(&u32::try_from(part.len()).unwrap_or(0).to_be_bytes());
            blob.extend_from_slice(part);
        }
        Ok(format!("ssh-ed25519 {} kubeproof", STANDARD.encode(blob)))
    }
}

fn ed25519(seed: &[u8; 32]) -> Result<KeyPair, rcgen::Error> {
    KeyPair::try_from([&ED25519_HEAD[..], seed].concat())
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
