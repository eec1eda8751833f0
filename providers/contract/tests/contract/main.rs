//! Faults, HTTPS and processes.
//!
//! One target, so that it is linked once.

mod effects;
mod faults;
mod https;
mod keyed_faults;
mod process;
#[cfg(target_os = "linux")]
mod work;
