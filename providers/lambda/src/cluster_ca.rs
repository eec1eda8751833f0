//! The certificate authorities and join token of the run's cluster, made before anything is launched.
//!
//! Lambda Cloud gives no kubeconfig, and anyone who logs in to a fresh machine trusts it blindly. So the
//! authorities are made here and put on the server by its cloud-init document (k3s signs with them).
//! The keys are also kept in the run's directory, mode 0600, until teardown.

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::private;
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file in the run's directory.
const FILE: &str = "lambda-trust.json";
/// How long certificates are valid: far longer than a run.
const DAYS: i64 = 14;
/// The head of an Ed25519 private key in PKCS #8 (RFC 8410): the seed follows.
const ED25519_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// An authority: certificate and key, PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// The authorities, token and SSH key of a run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterCa {
    /// Signs the API server's certificate.
    pub server: Authority,
    /// Signs the clients' certificates.
    pub client: Authority,
    /// The secret by which nodes join.
    pub token: String,
    /// The public half of the SSH key that a launch requires. The other half is not kept.
    pub ssh_public_key: String,
    /// When it was created.
    pub made_at: Timestamp,
}

impl std::fmt::Debug for ClusterCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterCa(redacted)")
    }
}

/// The source of the secrets.
enum Source {
    /// Derived from the seed: a rehearsal is the same each time, and protects nothing.
    Seed(String),
    /// The system's random numbers.
    System,
}

fn path(connection: &Connection) -> PathBuf {
    connection.directory.join(FILE)
}

fn seed(connection: &Connection) -> String {
    format!("{}|{}", connection.seed, connection.run.id)
}

/// The run's authorities, and whether they were created just now.
///
/// # Errors
/// When they can be neither read nor created and stored.
pub fn ensure(connection: &Connection) -> Result<(ClusterCa, bool), String> {
    if connection.credentials == Credentials::Rehearsal {
        let at = connection.run.started_at;
        return Ok((
            make(&Source::Seed(seed(connection)), &connection.run.id, at)?,
            false,
        ));
    }
    if let Some(cluster_ca) = load(connection)? {
        return Ok((cluster_ca, false));
    }
    let cluster_ca = make(
        &Source::System,
        &connection.run.id,
        connection.run.started_at,
    )?;
    keep(connection, &cluster_ca)?;
    Ok((cluster_ca, true))
}

/// The run's authorities, if they exist.
///
/// # Errors
/// When they exist and cannot be read.
pub fn load(connection: &Connection) -> Result<Option<ClusterCa>, String> {
    if connection.credentials == Credentials::Rehearsal {
        return ensure(connection).map(|(cluster_ca, _)| Some(cluster_ca));
    }
    let path = path(connection);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| {
            format!(
                "{} is damaged: tear the run down, then start anew",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn keep(connection: &Connection, cluster_ca: &ClusterCa) -> Result<(), String> {
    let path = path(connection);
    let wrong = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let text = serde_json::to_string(cluster_ca).map_err(|error| error.to_string())?;
    private::folder(&connection.directory).map_err(wrong)?;
    let mut file = private::create(&path).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)
}

/// Removes the file, if it exists.
///
/// # Errors
/// When it cannot be removed.
pub fn forget(connection: &Connection) -> Result<(), String> {
    if connection.credentials == Credentials::Rehearsal {
        return Ok(());
    }
    let path = path(connection);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

fn make(source: &Source, run: &str, at: Timestamp) -> Result<ClusterCa, String> {
    let authority = |what: &str| -> Result<Authority, String> {
        let key = key(source, what)?;
        let certificate = authority_params(run, what, at)
            .self_signed(&key)
            .map_err(|error| error.to_string())?;
        Ok(Authority {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    };
    let ssh = ed25519(&secret(source, "ssh")?)?;
    Ok(ClusterCa {
        server: authority("server-ca")?,
        client: authority("client-ca")?,
        token: hex(&secret(source, "token")?),
        ssh_public_key: open_ssh(ssh.public_key_raw()),
        made_at: at,
    })
}

fn authority_params(run: &str, what: &str, at: Timestamp) -> CertificateParams {
    let mut params = valid_from(at);
    params.distinguished_name = names(&format!("kubeproof-{what}-{run}"), None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::CrlSign,
    ];
    params
}

fn valid_from(at: Timestamp) -> CertificateParams {
    let day = |at: Timestamp| {
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    let mut params = CertificateParams::default();
    params.not_before = day(at - SignedDuration::from_hours(24));
    params.not_after = day(at + SignedDuration::from_hours(24 * DAYS));
    params
}

fn names(common: &str, organisation: Option<&str>) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    if let Some(organisation) = organisation {
        names.push(DnType::OrganizationName, organisation);
    }
    names.push(DnType::CommonName, common);
    names
}

fn secret(source: &Source, what: &str) -> Result<[u8; 32], String> {
    match source {
        Source::Seed(seed) => Ok(Sha256::digest(format!("{seed}|{what}")).into()),
        Source::System => {
            let mut bytes = [0; 32];
            rustls::crypto::ring::default_provider()
                .secure_random
                .fill(&mut bytes)
                .map_err(|_| "the system gives no random numbers".to_owned())?;
            Ok(bytes)
        }
    }
}

fn key(source: &Source, what: &str) -> Result<KeyPair, String> {
    match source {
        Source::Seed(_) => ed25519(&secret(source, what)?),
        // P-256, as k3s's own tool makes for custom authorities.
        Source::System => KeyPair::generate().map_err(|error| error.to_string()),
    }
}

fn ed25519(seed: &[u8; 32]) -> Result<KeyPair, String> {
    let der = [&ED25519_HEAD[..], seed].concat();
    KeyPair::try_from(der).map_err(|error| error.to_string())
}

fn open_ssh(public: &[u8]) -> String {
    let mut blob = Vec::new();
    for part in [b"ssh-ed25519", public] {
        blob.extend_from_slice(&u32::try_from(part.len()).unwrap_or(0).to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!("ssh-ed25519 {} kubeproof", STANDARD.encode(blob))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ClusterCa {
    /// Access for a client of this name, with its own certificate.
    ///
    /// # Errors
    /// When the certificate cannot be signed.
    pub fn access(
        &self,
        connection: &Connection,
        ip: &str,
        who: &str,
    ) -> Result<KubernetesAccess, String> {
        let wrong = |error: rcgen::Error| format!("no certificate for {who}: {error}");
        let source = match connection.credentials {
            Credentials::Rehearsal => Source::Seed(seed(connection)),
            Credentials::Documented { .. } | Credentials::Given(_) => Source::System,
        };
        let own = key(&source, who)?;
        let authority = KeyPair::from_pem(&self.client.key_pem).map_err(wrong)?;
        let params = authority_params(&connection.run.id, "client-ca", self.made_at);
        let issuer = Issuer::from_params(&params, authority);
        let mut caller = valid_from(self.made_at);
        caller.distinguished_name = names(who, Some("system:masters"));
        caller.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = caller.signed_by(&own, &issuer).map_err(wrong)?;
        Ok(KubernetesAccess {
            server: format!("https://{ip}:6443"),
            certificate_authority_pem: Some(self.server.certificate_pem.clone()),
            credential: Credential::ClientCertificate {
                certificate_pem: certificate.pem(),
                key_pem: own.serialize_pem(),
            },
            expires_at: None,
        })
    }

    /// The token of a joining node, which names the authority that the node must find.
    pub fn join_token(&self) -> String {
        let digest = hex(&Sha256::digest(self.server.certificate_pem.as_bytes()));
        format!("K10{digest}::server:{}", self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_trust_and_the_system_another_each_time() {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000);
        let of_seed = || make(&Source::Seed("1".to_owned()), "r", at).unwrap();
        assert!(of_seed() == of_seed());
        let of_system = || make(&Source::System, "r", at).unwrap();
        assert!(of_system() != of_system());
        assert_eq!(format!("{:?}", of_seed()), "ClusterCa(redacted)");
        assert!(
            of_seed()
                .ssh_public_key
                .starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI")
        );
    }
}
