//! Bodies of requests and answers: decoding, discovery and `Status` errors.

pub(crate) mod body;
pub(crate) mod decode;
pub(crate) mod discovery;
pub(crate) mod status;
