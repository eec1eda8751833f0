//! The `SigV4` signature of a presigned GET with the header `x-k8s-aws-id`.

use crate::sigv4::{canonical_query, hash, seal};

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SigningInput<'a> {
    /// The host, with its port if it has one.
    pub host: &'a str,
    pub path: &'a str,
    /// The decoded query, with or without the signature.
    pub pairs: &'a [(String, String)],
    /// The value of `x-k8s-aws-id`.
    pub cluster: &'a str,
}

impl SigningInput<'_> {
    fn get(&self, name: &str) -> &str {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    fn canonical(&self) -> Option<String> {
        let names = self.get("X-Amz-SignedHeaders");
        let mut headers = String::new();
        for name in names.split(';') {
            let value = match name {
                "host" => self.host,
                "x-k8s-aws-id" => self.cluster,
                // The cluster sends no other header to STS, so no other header can be signed.
                _ => return None,
            };
            headers.push_str(&format!("{name}:{value}\n"));
        }
        let (path, query, empty) = (self.path, canonical_query(self.pairs), hash(b""));
        Some(format!("GET\n{path}\n{query}\n{headers}\n{names}\n{empty}"))
    }
}

/// The signature made with the secret; `None` if an unknown header is signed.
pub fn of(signed: &SigningInput<'_>, secret: &str) -> Option<String> {
    let canonical = signed.canonical()?;
    let (_key, scope) = signed.get("X-Amz-Credential").split_once('/')?;
    let date = signed.get("X-Amz-Date");
    Some(seal(&canonical, date, scope, secret))
}
