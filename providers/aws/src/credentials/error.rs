//! Why no credentials were found. No text shows a value.

use aws_credential_types::provider::error::CredentialsError;

use super::REHEARSAL;
use crate::error::sources;

/// Why no credentials were found.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsSearchError {
    /// No place has any.
    #[error("no AWS credentials: looked in {0}")]
    NotFound(String),
    /// The `.env` file is not one.
    #[error(transparent)]
    EnvFile(#[from] kubeproof_cloudkit::credentials::CredentialsError),
    /// One half of a pair of keys.
    #[error("{place} has {has}, not {lacks}")]
    Half {
        /// Where.
        place: String,
        /// The variable that it has.
        has: &'static str,
        /// The variable that it lacks.
        lacks: &'static str,
    },
    /// A place of the SDK's own that is there and gives none.
    #[error("{place}: {}", sources(.error))]
    Broken {
        /// Where.
        place: String,
        /// Why.
        #[source]
        error: CredentialsError,
    },
    /// The made-up keys of a rehearsal.
    #[error("{REHEARSAL} belong to no real account")]
    Rehearsal,
}

impl CredentialsSearchError {
    pub(super) fn half(place: &str, has: &'static str, lacks: &'static str) -> Self {
        Self::Half {
            place: place.to_owned(),
            has,
            lacks,
        }
    }
}
