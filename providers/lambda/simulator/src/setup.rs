//! How a simulated account begins: its key, its seed, its limits.
//!
//! Apart from the state because tests and servers choose it.

use jiff::Timestamp;

/// The API key that the simulated account knows. Made up, and of no use anywhere else.
pub const API_KEY: &str = "secret_kubeproof-rehearsal_00000000000000000000000000000000";

/// How an account begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of ids.
    pub seed: u64,
    /// The time at the beginning.
    pub now: Timestamp,
    /// The API key that is known.
    pub api_key: String,
    /// Most instances at once, the neighbours' included.
    pub instances_max: usize,
    /// Whether neighbours' and shared resources are there.
    pub decoys: bool,
}

impl Setup {
    /// An account with decoys.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            seed,
            now,
            api_key: API_KEY.to_owned(),
            instances_max: 12,
            decoys: true,
        }
    }
}
