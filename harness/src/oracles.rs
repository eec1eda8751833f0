//! The oracles: what must hold after every trial, faulty or not. Pure functions over data.
//!
//! Apart from the phases, so that each is tested on data that it must refuse.

pub mod access;
pub mod calls;
pub mod end_state;
pub mod foreign;
pub mod needs;
pub mod orphans;
pub mod price;
pub mod truth;
pub mod twins;

/// One thing that an oracle found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The oracle.
    pub oracle: &'static str,
    /// What is wrong: which resource, what it costs, what was expected.
    pub message: String,
}

impl Wrong {
    /// A thing that is wrong.
    pub fn new(oracle: &'static str, message: impl Into<String>) -> Self {
        Self {
            oracle,
            message: message.into(),
        }
    }
}
