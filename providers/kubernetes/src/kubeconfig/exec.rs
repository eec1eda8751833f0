//! A user's helper program (`exec`): the command to run, and the credential in its answer (`ExecCredential`).
//!
//! The interface is that of client-go's credential plugins, `client.authentication.k8s.io` v1 and v1beta1.

use jiff::Timestamp;
use kubeproof_contract::provisioner::Credential;
use serde::Deserialize;

use super::{Cluster, refuse};
use crate::error::KubernetesError;

/// The supported versions of the interface.
const VERSIONS: &[&str] = &[
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];
/// The variable that tells a helper what is requested.
const INFO: &str = "KUBERNETES_EXEC_INFO";

/// The `exec` of a user, as written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exec {
    #[serde(default)]
    api_version: String,
    command: String,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<Variable>>,
    #[serde(default)]
    provide_cluster_info: bool,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

/// The command to run for a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Helper {
    /// The program: a path relative to the kubeconfig's folder, or a name on the search path.
    pub command: String,
    pub arguments: Vec<String>,
    /// Additional environment variables.
    pub variables: Vec<(String, String)>,
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither arguments nor variables: secrets may be among them.
        f.debug_struct("Helper")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl Exec {
    /// The command to run for the user of this name.
    pub(super) fn helper(&self, user: &str, cluster: &Cluster) -> Result<Helper, KubernetesError> {
        if !VERSIONS.contains(&self.api_version.as_str()) {
            let known = VERSIONS.join(", ");
            return Err(refuse(format!(
                "the `exec` of user `{user}` is of a version that is not spoken here; known: {known}"
            )));
        }
        let mut spec = serde_json::json!({"interactive": false});
        if self.provide_cluster_info {
            spec["cluster"] = serde_json::json!({
                "server": cluster.server,
                "certificate-authority-data": cluster.certificate_authority_data,
            });
        }
        let info = serde_json::json!({
            "apiVersion": self.api_version,
            "kind": "ExecCredential",
            "spec": spec,
        });
        let given = self.env.iter().flatten();
        let mut variables: Vec<(String, String)> = given
            .map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect();
        variables.push((INFO.to_owned(), info.to_string()));
        Ok(Helper {
            command: self.command.clone(),
            arguments: self.args.clone().unwrap_or_default(),
            variables,
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    kind: String,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// The credential in a helper's answer, and its expiry, if given.
pub(super) fn credential(answer: &str) -> Result<(Credential, Option<Timestamp>), KubernetesError> {
    let wrong = |what: &str| refuse(format!("the answer of its helper {what}"));
    // The parser's message may quote the answer.
    let answer: Answer =
        serde_json::from_str(answer).map_err(|_| wrong("is no ExecCredential in JSON"))?;
    if answer.kind != "ExecCredential" {
        return Err(wrong("is no ExecCredential in JSON"));
    }
    let status = answer.status;
    let token = status.token.filter(|token| !token.is_empty());
    let pair = status.client_certificate_data.zip(status.client_key_data);
    let credential = match (token, pair) {
        (Some(token), _) => Credential::Token(token),
        (None, Some((certificate_pem, key_pem))) => Credential::ClientCertificate {
            certificate_pem,
            key_pem,
        },
        (None, None) => {
            return Err(wrong(
                "has neither a token nor a client certificate with its key",
            ));
        }
    };
    Ok((credential, status.expiration_timestamp))
}
