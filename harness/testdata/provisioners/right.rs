//! Correct provisioners that are built differently from the reference one. They guard against false alarms.
//!
//! The reference makes independent resources in parallel, adopts by name and tag what an earlier process made, and
//! keeps nothing on disk. These make one call after the other, undo everything after a failure, or keep a journal and
//! the seed of their tokens on disk.

#[path = "right/journals.rs"]
pub mod journals;
#[path = "right/sequential.rs"]
pub mod sequential;
#[path = "right/unwinds.rs"]
pub mod unwinds;
