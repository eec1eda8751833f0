//! The wire: reading requests and writing responses in AWS's protocols.
//!
//! Protocol apart from state: no module in here knows what a VPC is.

pub mod call;
pub mod error;
pub mod injected;
pub mod page;
pub mod params;
pub mod response;
pub mod xml;
