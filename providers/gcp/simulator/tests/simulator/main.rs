//! The simulator through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod bench;
mod iam;
mod networks;
mod project;
mod traces;
