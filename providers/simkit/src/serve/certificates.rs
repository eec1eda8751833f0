//! Certificates: an authority created at start, one certificate of it for all ports, and one for each name that a
//! client asks for at the door.
//!
//! The keys never leave the process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use kubeproof_contract::serve::{AuthorityPem, Place, ServeError};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// The certificate authority of one server, and a TLS acceptor with a certificate of it.
pub struct Certificates {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// Accepts TLS connections.
    pub acceptor: TlsAcceptor,
}

impl Certificates {
    /// The authority of this place, or a new one, and a certificate for this machine's loopback names and `address`.
    ///
    /// # Errors
    /// When a key or certificate cannot be created.
    pub fn make(address: IpAddr, place: &Place) -> Result<Self, ServeError> {
        let made = match place.authority() {
            Some(kept) => kept_authority(kept),
            None => authority(place),
        };
        let (issuer, authority_pem) = made.map_err(|error| failed(&error))?;
        let leaf = leaf_of_this_machine(address).map_err(|error| failed(&error))?;
        let acceptor = accept_as(leaf, &issuer)?;
        Ok(Self {
            issuer,
            authority_pem,
            acceptor,
        })
    }

    /// Accepts TLS connections under the name of another host.
    ///
    /// # Errors
    /// When a key or certificate cannot be created.
    pub fn acceptor_of(&self, host: &str) -> Result<TlsAcceptor, ServeError> {
        let leaf = leaf(host).map_err(|error| failed(&error))?;
        accept_as(leaf, &self.issuer)
    }
}

fn failed(error: &dyn std::error::Error) -> ServeError {
    ServeError::Certificates(error.to_string())
}

/// Signs a certificate for a new key, and accepts connections with it.
fn accept_as(
    leaf: CertificateParams,
    issuer: &Issuer<'static, KeyPair>,
) -> Result<TlsAcceptor, ServeError> {
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let signed = leaf.signed_by(&key, issuer);
    let signed = signed.map_err(|error| failed(&error))?;
    acceptor(signed.der().clone(), &key).map_err(|error| failed(&error))
}

fn authority(place: &Place) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let params = authority_params();
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    place.keep_authority(AuthorityPem {
        certificate: certificate.clone(),
        key: key.serialize_pem(),
    });
    Ok((Issuer::new(params, key), certificate))
}

fn kept_authority(kept: AuthorityPem) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let key = KeyPair::from_pem(&kept.key)?;
    Ok((Issuer::new(authority_params(), key), kept.certificate))
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "kubeproof simulator");
    params
}

fn leaf_of_this_machine(address: IpAddr) -> Result<CertificateParams, rcgen::Error> {
    let mut params = leaf("localhost")?;
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if !address.is_unspecified() && !addresses.contains(&address) {
        addresses.push(address);
    }
    let names = addresses.into_iter().map(SanType::IpAddress);
    params.subject_alt_names.extend(names);
    Ok(params)
}

fn leaf(host: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
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
