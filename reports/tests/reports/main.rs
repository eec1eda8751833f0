//! Tests of the reports over hand-made records.
//!
//! One target, so that the records are written once and linked once.

mod common;
mod criteria;
mod escaping;
mod formats;
mod judging;
mod laws;
