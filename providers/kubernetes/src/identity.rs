//! The identity of a cluster: the uid of a namespace that every cluster has.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;

use crate::attempt::attempt;
use crate::error::{Cause, KubernetesError};

/// The namespace whose uid stands for the cluster: it cannot be deleted.
const NAMESPACE: &str = "kube-system";

/// The uid of the cluster behind a client. Two clusters never have the same one, whatever they are called.
///
/// # Errors
/// If the server does not answer or denies access.
pub async fn uid(client: &kube::Client) -> Result<String, KubernetesError> {
    let what = "read the cluster's uid";
    let api: Api<Namespace> = Api::all(client.clone());
    let namespace = attempt(what, || api.get(NAMESPACE)).await?;
    namespace.metadata.uid.ok_or_else(|| {
        let message = format!("the namespace {NAMESPACE} has no uid");
        let next = "check what answers at the server's address";
        KubernetesError::new(what, Cause::Refuted, message, next)
    })
}
