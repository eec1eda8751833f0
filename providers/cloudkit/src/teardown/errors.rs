//! The errors of a teardown: collected, because no failed step stops the others.

use std::future::Future;

use futures::future::join_all;
use kubeproof_contract::provisioner::ProvisionerError;

use crate::error::CallError;

/// The errors of steps that all ended.
#[derive(Debug, Default)]
pub struct CallErrors(Vec<CallError>);

impl CallErrors {
    /// Keeps the error of a result, if it is one.
    pub fn keep<T>(&mut self, result: Result<T, CallError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Keeps the errors of other steps.
    #[must_use]
    pub fn join(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        self.0.extend(others.into_iter().flat_map(|other| other.0));
        self
    }

    /// Does this to all of them together, and keeps every error.
    pub async fn for_each<T, F>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        each: impl FnMut(T) -> F,
    ) where
        F: Future<Output = Result<(), CallError>>,
    {
        for result in join_all(items.into_iter().map(each)).await {
            self.keep(result);
        }
    }

    /// Whether every step has succeeded so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first one out.
    pub(super) fn first(&mut self) -> Option<CallError> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// The error of a teardown that ends with them. `left` is what still exists; none when a list could not be read.
    pub(super) fn failure(&self, left: Option<Vec<String>>) -> ProvisionerError {
        let mut why: Vec<String> = self.0.iter().map(CallError::to_string).collect();
        why.dedup();
        let why = why.join("; ");
        match left {
            Some(left) => {
                let all = left.join(", ");
                let message = format!("teardown left {all} behind: {why}; run the teardown again");
                ProvisionerError::left(message, left)
            }
            None => ProvisionerError::left_unknown(format!(
                "teardown could not find out what is left: {why}; run the teardown again"
            )),
        }
    }
}

impl From<Result<(), CallError>> for CallErrors {
    fn from(result: Result<(), CallError>) -> Self {
        Self(result.err().into_iter().collect())
    }
}
