//! Right provisioners that are built differently from the reference one: they must raise nothing.
//!
//! Apart from the wrong ones: these guard against false alarms.

#[path = "right/journals.rs"]
pub mod journals;
#[path = "right/sequential.rs"]
pub mod sequential;
#[path = "right/unwinds.rs"]
pub mod unwinds;
