//! Who calls an API server: the name and group in a certificate that the cluster's client authority signed.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::transport::ClientIdentity;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;

use crate::server::Identity;

/// The last bytes of the attribute types 2.5.4.3 and 2.5.4.10 in a certificate.
const COMMON_NAME: u8 = 3;
const ORGANISATION: u8 = 10;

/// The caller, if this authority signed its certificate, it is valid at this second, and the caller has its key.
pub(super) fn verified(identity: &ClientIdentity, client_ca: &str, now: i64) -> Option<Identity> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(client_ca.as_bytes()).ok()?)
        .ok()?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .ok()?;
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).ok()?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).ok()?));
    verifier.verify_client_cert(&certificate, &[], at).ok()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).ok()?;
    let certified = CertifiedKey::from_der(vec![certificate.clone()], key, &provider).ok()?;
    certified.keys_match().ok()?;
    let name = subject(&certificate, COMMON_NAME)?;
    let group = subject(&certificate, ORGANISATION)?;
    Some(Identity::User {
        name,
        groups: vec![group, "system:authenticated".to_owned()],
    })
}

/// The last attribute 2.5.4.`number` in a verified certificate: the issuer comes before the subject.
fn subject(certificate: &CertificateDer<'_>, number: u8) -> Option<String> {
    let bytes: &[u8] = certificate;
    let oid = [0x06, 0x03, 0x55, 0x04, number];
    let at = bytes.windows(oid.len()).rposition(|window| window == oid)?;
    let rest = bytes.get(at + oid.len()..)?;
    let length = usize::from(*rest.get(1)?);
    String::from_utf8(rest.get(2..2 + length)?.to_vec()).ok()
}
