//! A trial that met a bug of ours: it proves nothing, and takes nothing from the others.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does something. If it panics, it is dropped where it is, with its programs, and `instead` is told why.
pub fn guarded<T>(work: impl FnOnce() -> T, instead: impl FnOnce(&str) -> T) -> T {
    // What it shares with other trials is behind locks, and never left half changed.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(panic) => {
            let what = words(panic.as_ref());
            instead(&format!(
                "this is a bug of kubeproof, so nothing is known of the trial: {what}"
            ))
        }
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
