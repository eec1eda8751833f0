//! The audit: is the account back at its baseline? Read-only.
//!
//! `inventory` makes the calls; `compare` and `bystanders`, which tells the run's resources from others, are pure.

pub mod bystanders;
pub mod calls;
pub mod claims;
pub mod compare;
pub mod inventory;
pub mod retained;
#[cfg(test)]
pub(crate) mod stub_plan;
