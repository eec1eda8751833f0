//! The audit: is the account back at its baseline? Read-only.
//!
//! A cell is a resource type in a scope. One listing answers one or more cells. `inventory` makes 16 at a time, each to
//! its last page; a cell that was not read makes the audit unknown. A trial covers the scenario's scopes; `kubeproof
//! audit` and `sweep` cover all scopes enabled for the account (or `--region`). `coverage.not_covered` names the types and
//! scopes outside. Two further cells in each region catch resources of other types: those with a run's tag (`tagged_other`), and those that the run's
//! identity created, according to the cloud's event log (`made_other`).
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
