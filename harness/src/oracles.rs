//! The oracles: what must hold after every trial, faulty or not. Pure functions over data.

pub mod access;
pub mod bystanders;
pub mod calls;
pub mod duplicates;
pub mod end_state;
pub mod ground_truth;
pub mod needs;
pub mod orphans;
pub mod price;

/// A violation that an oracle found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The oracle.
    pub oracle: &'static str,
    /// What is wrong: which resource, what it costs, what was expected.
    pub message: String,
}

impl Violation {
    /// Creates a violation.
    pub fn new(oracle: &'static str, message: impl Into<String>) -> Self {
        Self {
            oracle,
            message: message.into(),
        }
    }
}
