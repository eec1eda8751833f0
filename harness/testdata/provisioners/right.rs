//! Right provisioners that are built differently from the reference one: they must raise nothing.
//!
//! Apart from the wrong ones: these guard against false alarms. The reference itself is the one that
//! makes all at once what does not depend on each other, adopts by name and tag whatever an earlier
//! process made, and keeps nothing on a disk; so these are the others: one call after the other, undone
//! after every failure, and a journal with the seed of its tokens on disk.

#[path = "right/journals.rs"]
pub mod journals;
#[path = "right/sequential.rs"]
pub mod sequential;
#[path = "right/unwinds.rs"]
pub mod unwinds;
