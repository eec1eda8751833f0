//! What a case found wrong, as a message.

use kubeproof_kubernetes::KubernetesError;

/// What a case found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Finding(String);

/// The result of a case or a part of it.
pub(crate) type Outcome<T = ()> = Result<T, Finding>;

impl Finding {
    /// Something is wrong.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl From<KubernetesError> for Finding {
    fn from(error: KubernetesError) -> Self {
        Self(error.to_string())
    }
}

impl From<kube::Error> for Finding {
    fn from(error: kube::Error) -> Self {
        Self(format!("a call through kube-rs failed: {error}"))
    }
}

/// A finding unless `right` holds.
pub(crate) fn hold(right: bool, what: impl FnOnce() -> String) -> Outcome {
    if right { Ok(()) } else { Err(Finding(what())) }
}

/// A finding unless two values are the same.
pub(crate) fn same<L, R>(what: &str, seen: L, expected: R) -> Outcome
where
    L: PartialEq<R> + std::fmt::Debug,
    R: std::fmt::Debug,
{
    if seen == expected {
        return Ok(());
    }
    let seen = format!("{seen:?}");
    let expected = format!("{expected:?}");
    Err(Finding(format!(
        "{what} is\n  {seen}\nand should be\n  {expected}"
    )))
}
