//! Lambda Cloud: k3s on GPU instances. The provisioner, the independent observer, and cost.
//!
//! Folders of providers look alike: `provisioner`, `account`, `cost`, and the simulator as a crate of
//! its own beside them.

pub mod account;
pub mod api;
mod calls;
pub mod cloud_init;
pub mod cost;
pub mod credentials;
pub mod defects;
pub mod dialect;
mod faults;
pub mod pace;
pub mod prices;
pub mod provider;
pub mod provisioner;
pub mod redirect;
pub mod rehearsal;
pub mod spec;
pub mod trust;
