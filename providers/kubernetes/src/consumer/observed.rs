//! A consumer as an observer sees it, by reading alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, LogParams};
use serde::de::DeserializeOwned;

use super::{ConsumerOrder, NAME, TOKEN_KEY};
use crate::attempt::{attempt, list_all};
use crate::diagnosis;
use crate::error::{Cause, KubernetesError};
use crate::job::has_condition;

/// What a consumer has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerProof {
    /// What the job has printed: the answer of the service.
    pub output: String,
    /// The pod that it ran in.
    pub pod: String,
    /// The node that it ran on.
    pub node: String,
    /// What the Service leads to.
    pub leads_to: String,
}

/// An object in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterObject {
    /// `namespace`, `secret`, `service` or `job`.
    pub kind: &'static str,
    /// `namespace/name`, or the name of a namespace.
    pub id: String,
    /// What tells it from an earlier one of the same name.
    pub uid: String,
    pub labels: BTreeMap<String, String>,
    pub created_at: Option<Timestamp>,
    /// Whether it is being deleted.
    pub is_ending: bool,
}

/// What a job asks, by the variables of its container.
pub(super) fn asks(job: &Job) -> Option<Vec<(String, Option<String>)>> {
    let pod = job.spec.as_ref()?.template.spec.as_ref()?;
    let env = pod.containers.first()?.env.clone()?;
    let pairs = env.into_iter().map(|one| (one.name, one.value));
    Some(pairs.collect())
}

/// Checks that the consumer is as ordered: its Secret holds the token, its Service leads to the service, and its job has
/// the answer in its log. Read-only.
///
/// # Errors
/// When something of it is missing or different, or cannot be read.
pub async fn observe(
    client: &kube::Client,
    order: &ConsumerOrder,
) -> Result<ConsumerProof, KubernetesError> {
    let space = &order.namespace;
    let secret: Secret = get(client, space, "secret").await?;
    let held = secret.data.unwrap_or_default();
    if held.get(TOKEN_KEY).map(|bytes| bytes.0.as_slice()) != Some(order.token.as_bytes()) {
        return refuted(
            &format!("read secret {space}/{NAME}"),
            "it does not hold the token",
        );
    }
    let leads_to = leads_to(client, order).await?;
    let job: Job = get(client, space, "job").await?;
    let what = format!("read job {space}/{NAME}");
    if !has_condition(&job, "Complete") {
        return refuted(&what, "it has not completed");
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), space);
    let ours = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={NAME}"));
    let all = list_all(&what, &pods, &ours).await?;
    let Some(pod) = all.iter().find(|pod| diagnosis::exit_code(pod) == Some(0)) else {
        return refuted(
            &what,
            "it is complete, yet none of its pods ended with exit code 0",
        );
    };
    let name = pod.name_any();
    let params = LogParams::default();
    let what = format!("read the log of pod {space}/{name}");
    let output = attempt(&what, || pods.logs(&name, &params)).await?;
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    Ok(ConsumerProof {
        output: output.replace(&order.token, "(token)"),
        pod: name,
        node: node.unwrap_or_default(),
        leads_to,
    })
}

async fn leads_to(client: &kube::Client, order: &ConsumerOrder) -> Result<String, KubernetesError> {
    let space = &order.namespace;
    let service: Service = get(client, space, "service").await?;
    let named = service.spec.and_then(|spec| spec.external_name);
    let what = format!("read service {space}/{NAME}");
    match (order.gateway, named) {
        (None, Some(host)) if host == order.host => Ok(host),
        (None, other) => refuted(
            &what,
            &format!(
                "it leads to {}, and not to {}",
                other.as_deref().unwrap_or("no host"),
                order.host
            ),
        ),
        (Some(gateway), _) => Ok(gateway.to_string()),
    }
}

fn refuted<T>(what: &str, message: &str) -> Result<T, KubernetesError> {
    let next = "check what the provisioner has made in the cluster";
    Err(KubernetesError::new(what, Cause::Refuted, message, next))
}

async fn get<K>(client: &kube::Client, space: &str, thing: &str) -> Result<K, KubernetesError>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let what = format!("read {thing} {space}/{NAME}");
    let api: Api<K> = Api::namespaced(client.clone(), space);
    attempt(&what, || api.get(NAME)).await
}

/// All namespaces, Secrets, Services and Jobs of a cluster.
///
/// # Errors
/// When any of them cannot be listed to the last page.
pub async fn inventory(
    client: &kube::Client,
    kind: &'static str,
) -> Result<Vec<ClusterObject>, KubernetesError> {
    match kind {
        "namespace" => all::<Namespace>(client, kind).await,
        "secret" => all::<Secret>(client, kind).await,
        "service" => all::<Service>(client, kind).await,
        "job" => all::<Job>(client, kind).await,
        _ => refuted(&format!("list {kind}s"), "this is not listed"),
    }
}

async fn all<K>(
    client: &kube::Client,
    kind: &'static str,
) -> Result<Vec<ClusterObject>, KubernetesError>
where
    K: kube::Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let api: Api<K> = Api::all(client.clone());
    let all = list_all(&format!("list {kind}s"), &api, &ListParams::default()).await?;
    let objects = all.iter().map(|one| object(kind, one.meta()));
    Ok(objects.collect())
}

fn object(kind: &'static str, meta: &ObjectMeta) -> ClusterObject {
    let name = meta.name.clone().unwrap_or_default();
    ClusterObject {
        kind,
        id: match &meta.namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        },
        uid: meta.uid.clone().unwrap_or_default(),
        labels: meta.labels.clone().unwrap_or_default(),
        created_at: meta.creation_timestamp.as_ref().map(|time| time.0),
        is_ending: meta.deletion_timestamp.is_some(),
    }
}
