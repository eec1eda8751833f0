//! The payload hash of a signed request: what a client said of its body.

use bytes::Bytes;
use http::Request;
use sha2::{Digest as _, Sha256};

/// The header in which a client says it.
const HEADER: &str = "x-amz-content-sha256";

/// How the body takes part in the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// By its hash.
    Whole,
    /// Not at all.
    Unsigned,
    /// Not at all, and its checksum follows in a trailer.
    UnsignedTrailer,
}

/// Why a request cannot be signed anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The body is another than the one that was signed.
    #[error("its body is not the one that was signed")]
    Changed,
    /// Each chunk has a signature of its own.
    #[error("its body is signed chunk by chunk, which cannot be signed anew here")]
    Chunks,
    /// An unknown word.
    #[error("its header {HEADER} is neither a hash nor a known word")]
    Unknown,
}

/// How the body of a request takes part in its signature.
///
/// # Errors
/// When the body is not what was signed, or cannot be signed anew.
pub fn of(request: &Request<Bytes>) -> Result<Payload, PayloadError> {
    let Some(value) = request.headers().get(HEADER) else {
        return Ok(Payload::Whole);
    };
    let said = value.to_str().map_err(|_| PayloadError::Unknown)?;
    match said {
        "UNSIGNED-PAYLOAD" => Ok(Payload::Unsigned),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Payload::UnsignedTrailer),
        said if said.starts_with("STREAMING-") => Err(PayloadError::Chunks),
        said if said.len() == 64 && said.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let bytes = Sha256::digest(request.body());
            let hash: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            if hash == said {
                Ok(Payload::Whole)
            } else {
                Err(PayloadError::Changed)
            }
        }
        _ => Err(PayloadError::Unknown),
    }
}
