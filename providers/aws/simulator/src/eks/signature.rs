//! The SigV4 signature of a presigned GET with the header `x-k8s-aws-id`.
//!
//! Apart from the token because it is arithmetic: HMAC-SHA256 over a canonical text.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// HMAC-SHA256's block size, bytes.
const BLOCK: usize = 64;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The host, with its port if it has one.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// The decoded query, signature included or not.
    pub pairs: &'a [(String, String)],
    /// The value of `x-k8s-aws-id`.
    pub cluster: &'a str,
}

impl Signed<'_> {
    fn get(&self, name: &str) -> &str {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    fn canonical(&self) -> Option<String> {
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let mut query: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(key, _)| key != "X-Amz-Signature")
            .map(|(key, value)| (encode(key), encode(value)))
            .collect();
        query.sort();
        let query: Vec<String> = query
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let names = self.get("X-Amz-SignedHeaders");
        let mut headers = String::new();
        for name in names.split(';') {
            let value = match name {
                "host" => self.host,
                "x-k8s-aws-id" => self.cluster,
                // The cluster sends no other header to STS, so no other can be part of it.
                _ => return None,
            };
            headers.push_str(&format!("{name}:{value}\n"));
        }
        let empty = hex(&Sha256::digest(b""));
        let path = self.path;
        Some(format!(
            "GET\n{path}\n{}\n{headers}\n{names}\n{empty}",
            query.join("&")
        ))
    }
}

/// The signature that the secret gives; `None` when a header is signed that cannot be known.
pub fn of(signed: &Signed<'_>, secret: &str) -> Option<String> {
    let canonical = signed.canonical()?;
    let (_key, scope) = signed.get("X-Amz-Credential").split_once('/')?;
    let date = signed.get("X-Amz-Date");
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    Some(hex(&hmac(&key, text.as_bytes())))
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
