//! The contract between the harness and a provider: traits, plain types and the transport seam.
//!
//! It knows no cloud. Everything that talks to an API goes through [`transport::Transport`], so journal
//! and fault injection work the same for an in-memory simulator and for a real cloud over HTTPS.

#![warn(missing_docs)]

pub mod authorities;
pub mod bounded;
pub mod call;
pub mod call_key;
pub mod check;
pub mod checked;
pub mod clock;
pub mod cost;
pub mod deleter;
pub mod disk;
pub mod documented_effects;
pub mod effect;
pub mod fault;
pub mod fault_layer;
pub mod ground_truth;
pub mod https;
pub mod journal;
pub mod key_values;
pub mod lock;
pub mod marks;
pub mod mutex;
pub mod observer;
pub mod permissions;
pub mod placeholder;
pub mod plan;
pub mod prelude;
pub mod private;
pub mod process;
pub mod provider;
pub mod provider_errors;
pub mod provisioner;
pub mod resource;
pub mod route;
pub mod run;
pub mod scenario;
pub mod scope;
pub mod serve;
pub mod terraform;
pub mod transport;
pub mod workload;

/// Exact decimal money and quantities: never a float.
pub use rust_decimal::Decimal;
