//! Signature Version 4: whether a request over a socket is signed with the known secret.
//!
//! AWS checks the signature before it reads the operation. In memory only the key's id is checked: there the
//! signer is this program. Source: AWS's IAM user guide, "Create a signed AWS API request".

use bytes::Bytes;
use http::Request;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::sts::session::Session;
use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same in a path, which keeps its slashes.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
/// HMAC-SHA256's block size, bytes.
const BLOCK: usize = 64;
/// How far the client's clock may be off.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The payload hash of a body that is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The signature of a request, with its parameters.
struct RequestSignature {
    /// From the query, or from the header.
    presigned: bool,
    scope: String,
    names: String,
    signature: String,
    date: String,
    expires: Option<i64>,
}

/// Checks the signature of a request received at `at`.
///
/// # Errors
/// That of the call's service.
pub fn verify(
    call: &Call,
    request: &Request<Bytes>,
    at: Timestamp,
    secret: &str,
) -> Result<(), AwsError> {
    let given = RequestSignature::of(request).ok_or_else(|| incomplete(call))?;
    let signed = date(&given.date).ok_or_else(|| incomplete(call))?;
    let limit = given.expires.map_or(SKEW_MAX, SignedDuration::from_secs);
    let age = at.duration_since(signed);
    if age > limit || age < -SKEW_MAX {
        return Err(expired(call, &given.date, at));
    }
    let canonical = given.canonical(request);
    let expected = seal(&canonical, &given.date, &given.scope, secret);
    if expected == given.signature {
        Ok(())
    } else {
        Err(mismatch(call))
    }
}

/// Checks that temporary credentials come with their token, and have not expired on the account's clock.
///
/// # Errors
/// Those of the call's service.
pub fn check_session(
    call: &Call,
    request: &Request<Bytes>,
    session: &Session,
    now: Timestamp,
) -> Result<(), AwsError> {
    let pairs = pairs(request.uri().query().unwrap_or_default());
    let of_query = pairs.iter().find(|(key, _)| key == "X-Amz-Security-Token");
    let given = header(request, "x-amz-security-token");
    let given = given.or_else(|| of_query.map(|(_, value)| value.clone()));
    if given.as_deref() != Some(&session.token) {
        return Err(unknown_key(call));
    }
    if now >= session.expires_at {
        let message = "The security token included in the request is expired";
        let code = match call.protocol {
            Protocol::Ec2 => "RequestExpired",
            Protocol::Query(_) | Protocol::RestXml => "ExpiredToken",
            Protocol::Json | Protocol::Json10 | Protocol::Rest => "ExpiredTokenException",
        };
        return Err(AwsError::new(400, code, message));
    }
    Ok(())
}

impl RequestSignature {
    fn of(request: &Request<Bytes>) -> Option<Self> {
        let pairs = pairs(request.uri().query().unwrap_or_default());
        let query = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let scope = |credential: String| Some(credential.split_once('/')?.1.to_owned());
        if let Some(authorization) = header(request, "authorization") {
            let (algorithm, rest) = authorization.split_once(' ')?;
            if algorithm != "AWS4-HMAC-SHA256" {
                return None;
            }
            let part = |name: &str| {
                let mut parts = rest.split(',').map(str::trim);
                parts.find_map(|part| Some(part.strip_prefix(name)?.to_owned()))
            };
            return Some(Self {
                presigned: false,
                scope: scope(part("Credential=")?)?,
                names: part("SignedHeaders=")?,
                signature: part("Signature=")?,
                date: header(request, "x-amz-date")?,
                expires: None,
            });
        }
        Some(Self {
            presigned: true,
            scope: scope(query("X-Amz-Credential")?)?,
            names: query("X-Amz-SignedHeaders")?,
            signature: query("X-Amz-Signature")?,
            date: query("X-Amz-Date")?,
            expires: Some(query("X-Amz-Expires")?.parse().ok()?),
        })
    }

    fn canonical(&self, request: &Request<Bytes>) -> String {
        let path = match request.uri().path() {
            "" => "/".to_owned(),
            // Encoded once more than it is sent: only S3 differs.
            path => utf8_percent_encode(path, RESERVED_IN_PATH).to_string(),
        };
        let mut pairs = pairs(request.uri().query().unwrap_or_default());
        if self.presigned {
            pairs.retain(|(key, _)| key != "X-Amz-Signature");
        }
        let mut headers = String::new();
        for name in self.names.split(';') {
            let value = header(request, name).unwrap_or_default();
            headers.push_str(&format!("{name}:{value}\n"));
        }
        let payload = match header(request, "x-amz-content-sha256") {
            Some(said) if said == UNSIGNED => said,
            _ => hash(request.body()),
        };
        format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{payload}",
            request.method(),
            canonical_query(&pairs),
            self.names
        )
    }
}

/// All values of a header as they are signed: trimmed, blanks collapsed, joined by commas.
fn header(request: &Request<Bytes>, name: &str) -> Option<String> {
    let mut values = Vec::new();
    for value in request.headers().get_all(name) {
        let words: Vec<&str> = value.to_str().ok()?.split_whitespace().collect();
        values.push(words.join(" "));
    }
    (!values.is_empty()).then(|| values.join(","))
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

fn date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A decoded query in canonical form, without the signature itself.
pub fn canonical_query(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut query: Vec<(String, String)> = pairs
        .iter()
        .filter(|(key, _)| key != "X-Amz-Signature")
        .map(|(key, value)| (encode(key), encode(value)))
        .collect();
    query.sort();
    let query: Vec<String> = query
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    query.join("&")
}

/// The signature of a canonical request with the secret.
pub fn seal(canonical: &str, date: &str, scope: &str, secret: &str) -> String {
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    hex(&hmac(&key, text.as_bytes()))
}

/// SHA-256 in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The error for an unknown key, with each protocol's code.
pub fn unknown_key(call: &Call) -> AwsError {
    let message = "The security token included in the request is invalid.";
    match call.protocol {
        Protocol::Ec2 => not_validated(),
        Protocol::Query(_) | Protocol::RestXml => {
            AwsError::new(403, "InvalidClientTokenId", message)
        }
        Protocol::Rest => AwsError::new(403, "UnrecognizedClientException", message),
        Protocol::Json | Protocol::Json10 => {
            AwsError::new(400, "UnrecognizedClientException", message)
        }
    }
}

fn mismatch(call: &Call) -> AwsError {
    refusal(
        call,
        "The request signature we calculated does not match the signature you provided. Check your AWS \
         Secret Access Key and signing method. Consult the service documentation for details.",
    )
}

fn expired(call: &Call, date: &str, at: Timestamp) -> AwsError {
    if call.protocol == Protocol::Ec2 {
        return AwsError::new(400, "RequestExpired", "Request has expired.");
    }
    let now = at.strftime("%Y%m%dT%H%M%SZ");
    refusal(
        call,
        &format!("Signature expired: {date} is not within 15 minutes of {now}"),
    )
}

fn incomplete(call: &Call) -> AwsError {
    let status = if call.protocol == Protocol::Rest {
        403
    } else {
        400
    };
    AwsError::new(
        status,
        "IncompleteSignature",
        "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and a date.",
    )
}

fn refusal(call: &Call, message: &str) -> AwsError {
    match call.protocol {
        Protocol::Ec2 => not_validated(),
        Protocol::Query(_) | Protocol::RestXml => {
            AwsError::new(403, "SignatureDoesNotMatch", message)
        }
        Protocol::Rest => AwsError::new(403, "InvalidSignatureException", message),
        Protocol::Json | Protocol::Json10 => {
            AwsError::new(400, "InvalidSignatureException", message)
        }
    }
}

/// EC2 has the same error for an unknown key and a wrong signature.
fn not_validated() -> AwsError {
    AwsError::new(
        401,
        "AuthFailure",
        "AWS was not able to validate the provided access credentials",
    )
}

#[cfg(test)]
mod tests {
    use super::{hex, hmac};

    #[test]
    fn hmac_gives_the_value_of_rfc_4231_test_case_2() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            expected
        );
    }
}
