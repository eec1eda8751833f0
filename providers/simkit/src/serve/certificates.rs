//! Certificates: an authority created at start, and one certificate of it for all ports.
//!
//! The keys never leave the process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use kubeproof_contract::serve::ServeError;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// The certificate authority of one server, and a TLS acceptor with a certificate of it.
#[derive(Clone)]
pub struct Certificates {
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// Accepts TLS connections.
    pub acceptor: TlsAcceptor,
}

impl Certificates {
    /// Creates an authority, and a certificate for this machine's loopback names and `address`.
    ///
    /// # Errors
    /// When a key or certificate cannot be created.
    pub fn make(address: IpAddr) -> Result<Self, ServeError> {
        let failed = |error: rcgen::Error| ServeError::Certificates(error.to_string());
        let (issuer, authority_pem) = authority().map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let leaf = leaf(address).map_err(failed)?;
        let leaf = leaf.signed_by(&key, &issuer).map_err(failed)?;
        let acceptor = acceptor(leaf.der().clone(), &key)
            .map_err(|error| ServeError::Certificates(error.to_string()))?;
        Ok(Self {
            authority_pem,
            acceptor,
        })
    }
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "kubeproof simulator");
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn leaf(address: IpAddr) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if !address.is_unspecified() && !addresses.contains(&address) {
        addresses.push(address);
    }
    let names = addresses.into_iter().map(SanType::IpAddress);
    params.subject_alt_names.extend(names);
    params
        .distinguished_name
        .push(DnType::CommonName, "kubeproof simulator server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients (Python 3.13 and later) require it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn acceptor(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
) -> Result<TlsAcceptor, rustls::Error> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
