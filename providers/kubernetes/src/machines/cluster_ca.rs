//! The certificate authorities and join token of the run's cluster, made before anything is launched.
//!
//! A cloud that only launches machines gives no kubeconfig, and anyone who logs in to a fresh machine trusts it
//! blindly. So the authorities are made here and put on the server by its cloud-init document (k3s signs with
//! them). The keys are also kept in the run's directory, mode 0600, until teardown.

use std::io::Write as _;
use std::path::PathBuf;

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

use super::API_PORT;
use super::keys::{Source, hex};

/// The file in the run's directory.
const FILE: &str = "cluster-ca.json";
/// How long certificates are valid: far longer than a run.
const DAYS: i64 = 14;

/// Why the authorities of a run cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClusterCaError {
    /// The file was cut or changed. The parser's own message would quote a key.
    #[error("{} is damaged: tear the run down, then start anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be used.
    #[error("{} cannot be {done}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it: `read`, `written`, `removed`.
        done: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The system gives no secrets.
    #[error("the system gives no random numbers")]
    NoRandomNumbers,
    /// A key or certificate cannot be made.
    #[error("no certificate for {who}: {source}")]
    Certificate {
        /// Whose.
        who: String,
        /// Why not.
        source: rcgen::Error,
    },
}

impl ClusterCaError {
    /// The error of a certificate that cannot be made.
    pub(super) fn of(who: &str) -> impl Fn(rcgen::Error) -> Self {
        move |source| Self::Certificate {
            who: who.to_owned(),
            source,
        }
    }
}

/// An authority: certificate and key, PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Its certificate.
    pub certificate_pem: String,
    /// Its key.
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
    /// The public half of the SSH key that a launch may require. The other half is not kept.
    pub ssh_public_key: String,
    /// When it was created.
    pub made_at: Timestamp,
}

impl std::fmt::Debug for ClusterCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterCa(redacted)")
    }
}

fn path(connection: &Connection) -> PathBuf {
    connection.directory.join(FILE)
}

/// The error of the file of a connection's run.
fn of_file(
    connection: &Connection,
    done: &'static str,
) -> impl Fn(std::io::Error) -> ClusterCaError {
    let path = path(connection);
    move |source| ClusterCaError::File {
        path: path.clone(),
        done,
        source,
    }
}

/// The run's authorities, and whether they were created just now.
///
/// # Errors
/// When they can be neither read nor created and stored.
pub fn ensure(connection: &Connection) -> Result<(ClusterCa, bool), ClusterCaError> {
    if let Some(found) = load(connection)? {
        return Ok((found, false));
    }
    let made = make_for(connection)?;
    keep(connection, &made)?;
    Ok((made, true))
}

/// The run's authorities, if they exist. Those of a rehearsal always do.
///
/// # Errors
/// When they exist and cannot be read.
pub fn load(connection: &Connection) -> Result<Option<ClusterCa>, ClusterCaError> {
    if connection.credentials == Credentials::Rehearsal {
        return make_for(connection).map(Some);
    }
    let path = path(connection);
    match std::fs::read_to_string(&path) {
        Ok(text) => match serde_json::from_str(&text) {
            Ok(found) => Ok(Some(found)),
            Err(_) => Err(ClusterCaError::Damaged { path }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(of_file(connection, "read")(error)),
    }
}

fn keep(connection: &Connection, cluster_ca: &ClusterCa) -> Result<(), ClusterCaError> {
    let write = || {
        let text = serde_json::to_string(cluster_ca)?;
        private::folder(&connection.directory)?;
        let mut file = private::create(&path(connection))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(of_file(connection, "written"))
}

/// Removes the file, if it exists.
///
/// # Errors
/// When it cannot be removed.
pub fn forget(connection: &Connection) -> Result<(), ClusterCaError> {
    if connection.credentials == Credentials::Rehearsal {
        return Ok(());
    }
    match std::fs::remove_file(path(connection)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(of_file(connection, "removed")(error))
        }
        _ => Ok(()),
    }
}

fn make_for(connection: &Connection) -> Result<ClusterCa, ClusterCaError> {
    let run = &connection.run;
    make(&Source::of(connection), &run.id, run.started_at)
}

fn make(source: &Source, run: &str, at: Timestamp) -> Result<ClusterCa, ClusterCaError> {
    let authority = |what: &str| -> Result<Authority, ClusterCaError> {
        let key = source.key(what)?;
        let certificate = authority_params(run, what, at).self_signed(&key);
        Ok(Authority {
            certificate_pem: certificate.map_err(ClusterCaError::of(what))?.pem(),
            key_pem: key.serialize_pem(),
        })
    };
    Ok(ClusterCa {
        server: authority("server-ca")?,
        client: authority("client-ca")?,
        token: hex(&source.secret("token")?),
        ssh_public_key: source.ssh_public_key()?,
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

impl ClusterCa {
    /// Access for a client of this name, with its own certificate, to the server at this address.
    ///
    /// # Errors
    /// When the certificate cannot be signed.
    pub fn access(
        &self,
        connection: &Connection,
        ip: &str,
        who: &str,
    ) -> Result<KubernetesAccess, ClusterCaError> {
        let own = Source::of(connection).key(who)?;
        let authority = KeyPair::from_pem(&self.client.key_pem).map_err(ClusterCaError::of(who))?;
        let params = authority_params(&connection.run.id, "client-ca", self.made_at);
        let issuer = Issuer::from_params(&params, authority);
        let mut caller = valid_from(self.made_at);
        caller.distinguished_name = names(who, Some("system:masters"));
        caller.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = caller.signed_by(&own, &issuer);
        Ok(KubernetesAccess {
            server: format!("https://{ip}:{API_PORT}"),
            certificate_authority_pem: Some(self.server.certificate_pem.clone()),
            credential: Credential::ClientCertificate {
                certificate_pem: certificate.map_err(ClusterCaError::of(who))?.pem(),
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
