//! What tests of campaigns share: a scenario by its file, and nobody who watches.

use std::path::PathBuf;

use kubeproof::faults::campaign::Watcher;
use kubeproof::providers;
use kubeproof::scenario::{self, Scenario};

/// Watches nothing.
pub struct Nobody;

impl Watcher for Nobody {}

/// The scenario of a file, from the crate's folder on.
pub fn scenario_of(file: &str) -> Scenario {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let read = scenario::read::all(&[path], &providers::shared());
    read.expect("a scenario").remove(0)
}
