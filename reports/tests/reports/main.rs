//! Tests of the reports over hand-made records. One test target, so that it is linked only once.

mod common;
mod criteria;
mod escaping;
mod formats;
mod judging;
mod laws;
mod page;
mod sarif;
