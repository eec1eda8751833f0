//! AWS: the EKS provisioner, the independent observer of the account, and cost.
//!
//! Folders of providers look alike: `provisioner`, `account`, `cost`, and the simulator as a crate of
//! its own beside them.

pub mod account;
mod calls;
pub mod cost;
pub mod credentials;
pub mod defects;
pub mod dialect;
pub mod external;
pub mod faults;
pub mod kubeconfig;
mod limits;
pub mod prices;
pub mod provider;
pub mod provisioner;
pub mod redirect;
pub mod rehearsal;
pub mod sdk;
pub mod spec;
mod words;
