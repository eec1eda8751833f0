//! Inspection: what is in the account, and whose it is, as an observer or the ground truth shows it.

pub mod attribution;
pub mod orphan_attribution;
pub mod run_listing;
pub mod sources;
