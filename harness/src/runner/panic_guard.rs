//! Catches panics: a trial that hits an internal error is unknown, and the others go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`. If it panics, its programs are dropped with it, and `instead` gets the reason.
pub fn catch_panic<T>(work: impl FnOnce() -> T, instead: impl FnOnce(&str) -> T) -> T {
    // State shared with other trials is behind locks and never left half changed.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(panic) => {
            let what = words(panic.as_ref());
            instead(&format!(
                "this is a bug of kubeproof, so nothing is known about the trial: {what}"
            ))
        }
    }
}

/// The message of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
