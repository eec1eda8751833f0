//! The simulated API server through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod fuzz;
#[path = "../../../../simkit/tests/support/fuzz.rs"]
mod fuzz_support;
mod in_parts;
mod machines;
