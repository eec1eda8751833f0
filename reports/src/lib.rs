//! Reports: record types as plain data, and pure functions from records to text.
//!
//! It knows no cloud and drives nothing: every format is a reader of the same records.

pub mod record;
