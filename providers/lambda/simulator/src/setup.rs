//! How a simulated account begins: its key, its seed, its limits.

use jiff::Timestamp;

/// The API key that the simulated account accepts. Made up, and useless elsewhere.
pub const API_KEY: &str = "secret_kubeproof-rehearsal_00000000000000000000000000000000";

/// The initial settings of an account.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of ids.
    pub seed: u64,
    /// The time at the beginning.
    pub now: Timestamp,
    /// The API key that is known.
    pub api_key: String,
    /// Most simultaneous instances, including the bystanders'.
    pub instances_max: usize,
    /// Whether resources of other owners and shared ones exist from the start.
    pub bystanders: bool,
}

impl Setup {
    /// An account with bystanders.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            seed,
            now,
            api_key: API_KEY.to_owned(),
            instances_max: 12,
            bystanders: true,
        }
    }
}
