//! Reads a kubeconfig: the access to a cluster that its current context gives.
//!
//! kube-rs's own reader is not used because it brings its own network access. Unsupported settings (files, proxies)
//! are rejected by name. A helper program is only named; the caller runs it and passes its answer to [`access_by`].
//! No error quotes a value of the file.

mod exec;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::exec::Exec;
pub use self::exec::Helper;
use crate::error::{Cause, KubernetesError};

/// What is being done, for errors.
const WHAT: &str = "read the kubeconfig";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority_data: Option<String>,
    #[serde(flatten)]
    other: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    exec: Option<Exec>,
    #[serde(flatten)]
    other: BTreeMap<String, IgnoredAny>,
}

/// The access that the current context of a kubeconfig gives. The expiry of the credential is not known.
///
/// # Errors
/// If the text is not a kubeconfig, its current context is missing, or it needs something unsupported, such as a
/// helper program.
pub fn access(text: &str) -> Result<KubernetesAccess, KubernetesError> {
    let (cluster, name, user) = current(text)?;
    if user.exec.is_some() {
        return Err(refuse(format!(
            "user `{name}` has `exec`, which is not read here"
        )));
    }
    let credential = credential(&name, &user)?;
    with(cluster, credential)
}

/// The helper program that the current user of a kubeconfig names, if it names one.
///
/// # Errors
/// As [`access`] does.
pub fn helper(text: &str) -> Result<Option<Helper>, KubernetesError> {
    let (cluster, name, user) = current(text)?;
    let Some(exec) = &user.exec else {
        return Ok(None);
    };
    let own = [
        &user.token,
        &user.client_certificate_data,
        &user.client_key_data,
    ];
    if own.iter().any(|given| given.is_some()) {
        return Err(refuse(format!(
            "user `{name}` has `exec` and a credential of its own: one of them must go"
        )));
    }
    exec.helper(&name, &cluster).map(Some)
}

/// The access that the current context of a kubeconfig gives, with this answer of its helper program.
///
/// # Errors
/// As [`access`] does, and when the answer holds no credential.
pub fn access_by(text: &str, answer: &str) -> Result<KubernetesAccess, KubernetesError> {
    let (cluster, _, _) = current(text)?;
    let (credential, expires_at) = exec::credential(answer)?;
    let access = with(cluster, credential)?;
    Ok(KubernetesAccess {
        expires_at,
        ..access
    })
}

fn with(cluster: Cluster, credential: Credential) -> Result<KubernetesAccess, KubernetesError> {
    let authority = cluster.certificate_authority_data.as_deref();
    Ok(KubernetesAccess {
        certificate_authority_pem: authority
            .map(|data| decoded("certificate-authority-data", data))
            .transpose()?,
        server: cluster.server,
        credential,
        expires_at: None,
    })
}

/// Cluster, name of the user, and user of the current context.
fn current(text: &str) -> Result<(Cluster, String, User), KubernetesError> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| {
        // The parser's message may quote the file, which holds secrets.
        let place = error.location().map_or(String::new(), |place| {
            format!(" at line {}, column {}", place.line(), place.column())
        });
        refuse(format!("it is not a kubeconfig{place}"))
    })?;
    let context = named(
        "context",
        &file.current_context,
        file.contexts
            .into_iter()
            .map(|entry| (entry.name, entry.context)),
    )?;
    let cluster = named(
        "cluster",
        &context.cluster,
        file.clusters
            .into_iter()
            .map(|entry| (entry.name, entry.cluster)),
    )?;
    let user = named(
        "user",
        &context.user,
        file.users.into_iter().map(|entry| (entry.name, entry.user)),
    )?;
    let unread = [
        "certificate-authority",
        "insecure-skip-tls-verify",
        "proxy-url",
        "tls-server-name",
    ];
    only_known("cluster", &context.cluster, &cluster.other, &unread)?;
    let unread = [
        "as",
        "as-groups",
        "as-uid",
        "auth-provider",
        "client-certificate",
        "client-key",
        "password",
        "tokenFile",
        "username",
    ];
    only_known("user", &context.user, &user.other, &unread)?;
    Ok((cluster, context.user, user))
}

fn credential(name: &str, user: &User) -> Result<Credential, KubernetesError> {
    let certificate = (&user.client_certificate_data, &user.client_key_data);
    match (&user.token, certificate) {
        (None, (Some(certificate), Some(key))) => Ok(Credential::ClientCertificate {
            certificate_pem: decoded("client-certificate-data", certificate)?,
            key_pem: decoded("client-key-data", key)?,
        }),
        (Some(token), (None, None)) => Ok(Credential::Token(token.clone())),
        (Some(_), _) => Err(refuse(format!(
            "user `{name}` has a token and a client certificate: one of them must go"
        ))),
        (None, (None, None)) => Err(refuse(format!(
            "user `{name}` has neither a token nor a client certificate"
        ))),
        (None, _) => Err(refuse(format!(
            "user `{name}` has a client certificate without its key, or a key alone"
        ))),
    }
}

fn named<T>(
    what: &str,
    wanted: &str,
    mut entries: impl Iterator<Item = (String, T)>,
) -> Result<T, KubernetesError> {
    if wanted.is_empty() {
        return Err(refuse(format!("it names no current {what}")));
    }
    entries
        .find(|(name, _)| name == wanted)
        .map(|(_, entry)| entry)
        .ok_or_else(|| refuse(format!("it has no {what} `{wanted}`")))
}

/// Rejects unsupported settings that must not be ignored.
fn only_known(
    what: &str,
    name: &str,
    other: &BTreeMap<String, IgnoredAny>,
    unread: &[&str],
) -> Result<(), KubernetesError> {
    match unread.iter().find(|field| other.contains_key(**field)) {
        Some(field) => Err(refuse(format!(
            "{what} `{name}` has `{field}`, which is not read here"
        ))),
        None => Ok(()),
    }
}

fn decoded(field: &str, data: &str) -> Result<String, KubernetesError> {
    let text: String = data.split_whitespace().collect();
    STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|pem| pem.contains("-----BEGIN "))
        .ok_or_else(|| refuse(format!("`{field}` is not PEM in base64")))
}

fn refuse(message: String) -> KubernetesError {
    let next = "use the kubeconfig that the cluster's tool wrote, with its data inside";
    KubernetesError::new(WHAT, Cause::Usage, message, next)
}

#[cfg(test)]
mod tests;
