//! A simulated Lambda Cloud account: instances, keys, filesystems, firewall rules, and k3s on instances.
//!
//! It speaks the public API's wire format and executes nothing: the cloud-init document of a launch is
//! read, and the known installation of k3s in it is played out; anything else is refused by name.

pub mod cloud;
pub mod setup;
pub mod state;

mod auth;
mod catalogue;
mod cloud_init;
mod decoys;
mod filesystems;
mod firewall;
mod instances;
mod inventory;
mod k3s;
mod keys;
mod launch;
mod life;
mod limits;
mod route;
mod trail;
mod wire;
mod young;
