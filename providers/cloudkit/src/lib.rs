//! What the client side of every provider needs, written once: call errors, retry, polling, find-or-create,
//! teardown steps, check rows, price tables, rate limits, and layers that make a provisioner wrong.
//!
//! Mechanism only. What belongs to a run, and what a cloud's error code means, is decided in the provider's own
//! folder, so that a provisioner and an observer that share this crate share no decision.

#![warn(missing_docs)]

pub mod asked;
pub mod catalogue;
pub mod checks;
pub mod cluster;
pub mod create;
pub mod credentials;
pub mod defects;
pub mod dialect;
pub mod documented;
pub mod error;
pub mod external_changes;
pub mod grant;
pub mod jwt;
pub mod label_marks;
pub mod machines;
pub mod ownership;
pub mod permissions;
pub mod placeholder;
pub mod poll;
pub mod prices;
pub mod rate_limit;
pub mod resources;
pub mod rest;
pub mod retry;
pub mod session;
pub mod teardown;

pub use error::{Applied, CallError, Cause, Classify};
pub use rest::{RestApi, RestClient};
pub use retry::RetryPolicy;
pub use session::Session;
