//! Campaigns, wrong provisioners, and rules about the code and its documents.
//!
//! One target, so that it is linked once.

mod campaigns;
mod catalogue;
mod determinism;
mod faults;
mod layers;
mod leaks;
mod permissions;
mod provisioners;
mod readme;
#[path = "../support/tables.rs"]
mod tables;
mod tidy;
mod unobserved;
mod words;
mod wrong_meters;
