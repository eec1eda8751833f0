//! The certificate authorities that this machine trusts, as a file for clients that read one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters in a line of PEM (RFC 7468, section 2).
const LINE: usize = 64;

/// All of them that can be read, PEM. Empty when there are none.
pub fn of_this_machine() -> String {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().map(|der| pem(der)).collect()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines.push_str("-----END CERTIFICATE-----\n");
    lines
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for der in [vec![0x30; 200], vec![1; 48], vec![2; 1]] {
            let read = CertificateDer::from_pem_slice(pem(&der).as_bytes());
            assert_eq!(read.expect("PEM").as_ref(), der);
        }
    }
}
