//! Google Kubernetes Engine: the provisioner, the independent observer, and cost.
//!
//! All provider folders have the same layout: `plan`, `provisioner`, `observer`, `deleter`, `cost`, and the
//! simulator in a crate of its own.

pub mod api;
pub mod calls;
pub mod client_environment;
pub mod cost;
pub mod credentials;
pub mod defects;
pub mod deleter;
pub mod dialect;
pub mod external_changes;
pub mod faults;
pub mod kubeconfig;
pub mod machine_names;
pub mod marks;
pub mod observer;
pub mod permissions;
pub mod plan;
pub mod prices;
pub mod provider;
pub mod provisioner;
pub mod rehearsal;
pub mod routes;
pub mod spec;
