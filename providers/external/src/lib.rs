//! Provisioners that are programs: terraform, and any command.
//!
//! It knows no cloud: a program learns from its environment where its cloud is, and the cloud's own observer finds what
//! it made.

pub mod access;
pub mod environment;
pub mod foreign;
pub mod handed;
pub mod output;
pub mod program;
pub mod provisioner;
pub mod readiness;
pub mod redact;
pub mod sleeps;
pub mod terraform_files;
pub mod workspace;
