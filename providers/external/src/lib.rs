//! Provisioners that are programs: terraform, and any command.
//!
//! Apart from the clouds, which it does not know: a program is told where its cloud is by its environment,
//! and what it made is found by the cloud's own observer.

pub mod access;
pub mod environment;
pub mod foreign;
pub mod ground;
pub mod handed;
pub mod output;
pub mod program;
pub mod provisioner;
pub mod readiness;
pub mod redact;
