//! Reports: record types as plain data, and pure functions from records to text.
//!
//! It knows no cloud and drives nothing: every format is a reader of the same records.

#![warn(missing_docs)]

pub mod bill;
pub mod calls;
pub mod campaign;
pub mod causes;
pub mod cells;
pub mod criteria;
pub mod finding_id;
pub mod format;
pub mod html;
pub mod json;
pub mod judge;
pub mod junit;
pub mod markdown;
pub mod matrix;
pub mod money;
pub mod output;
pub mod page;
pub mod record;
pub mod sarif;
pub mod stored;
pub mod table;
pub mod timeline;
pub mod unseen;
pub mod word;

/// The examples of the README are tested as those of the code are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
