//! The wire: reading requests and writing responses in AWS's protocols.
//!
//! No module in here knows a resource type.

pub mod call;
pub mod error;
pub mod page;
pub mod params;
pub mod response;
pub mod table;
pub mod xml;
