//! Why a provider cannot do what it was asked for, with the error below where there is one.

use std::error::Error;
use std::fmt;

use crate::scenario::Tier;

/// An error of a provider's own.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a provider cannot run on this machine in a tier.
#[derive(Debug)]
pub enum NotReady {
    /// It never can.
    Tier(Tier),
    /// What is missing, each with what to do.
    Missing(Vec<BoxError>),
}

impl NotReady {
    /// One thing is missing.
    pub fn missing(error: impl Into<BoxError>) -> Self {
        Self::Missing(vec![error.into()])
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier(tier) => write!(f, "not supported in tier {tier}"),
            Self::Missing(errors) => {
                let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
                f.write_str(&all.join("; "))
            }
        }
    }
}

/// The first of what is missing is the source.
impl Error for NotReady {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Tier(_) => None,
            Self::Missing(errors) => errors.first().map(|error| &**error as &dyn Error),
        }
    }
}

/// Why a program cannot be given the credentials of a connection.
#[derive(Debug, thiserror::Error)]
pub enum NoCredentials {
    /// This provider runs no programs in a real account.
    #[error("programs cannot be run in a real account of this provider")]
    Unsupported,
    /// There are none, or none that can be handed on.
    #[error("{0}")]
    Failed(#[source] BoxError),
}

impl NoCredentials {
    /// There are none, because of this error.
    pub fn failed(error: impl Into<BoxError>) -> Self {
        Self::Failed(error.into())
    }
}

/// Why the change of another actor could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ForeignChangeError {
    /// The provider makes none.
    #[error("no foreign changes can be made here")]
    Unsupported,
    /// The provider has none of this name.
    #[error("unknown change `{name}` (expected one of {expected})")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        expected: String,
    },
    /// A step of it has failed.
    #[error("{0}")]
    Failed(#[source] BoxError),
}

impl ForeignChangeError {
    /// The error for a name that is not among these changes, each a name with what it does.
    pub fn unknown(name: &str, changes: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = changes.iter().map(|(name, _)| *name).collect();
        Self::Unknown {
            name: name.to_owned(),
            expected: names.join(", "),
        }
    }

    /// A step of it has failed with this error.
    pub fn failed(error: impl Into<BoxError>) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &dyn Error, message: &str, source: Option<&str>) {
        assert_eq!(error.to_string(), message);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), source);
    }

    #[test]
    fn an_error_says_all_that_is_wrong_and_has_the_one_below_as_its_source() {
        let both = NotReady::Missing(vec!["no kind".into(), "no engine".into()]);
        check(&both, "no kind; no engine", Some("no kind"));
        let tier = NotReady::Tier(Tier::Kind);
        check(&tier, "not supported in tier kind", None);
        let failed = NoCredentials::failed("no key");
        check(&failed, "no key", Some("no key"));
        let failed = ForeignChangeError::failed("409");
        check(&failed, "409", Some("409"));
    }

    #[test]
    fn an_unknown_change_names_those_that_there_are() {
        let unknown = ForeignChangeError::unknown("hails", &[("rains", ""), ("snows", "")]);
        let message = "unknown change `hails` (expected one of rains, snows)";
        check(&unknown, message, None);
    }
}
