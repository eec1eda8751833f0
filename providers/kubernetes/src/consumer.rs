//! A consumer: what in a cluster uses a service outside it. A namespace with a Secret (its token), a Service (its name in
//! the cluster) and a Job that calls it once and prints the answer.
//!
//! Everything is found by namespace and labels alone. The token never shows in an error or a proof.

mod gateway;
mod manifests;
mod observed;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kubeproof_contract::workload::JobOrder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::error::{Cause, KubernetesError};
use crate::{job, namespace};

pub use gateway::gateway_address;
pub use observed::{ClusterObject, ConsumerProof, inventory, observe};

/// The name of the Secret, the Service and the Job in their namespace.
pub const NAME: &str = "model";
/// The key of the token in the Secret.
pub const TOKEN_KEY: &str = "token";
/// The field manager of what is applied.
const MANAGER: &str = "kubeproof";
/// How long the removal of a job of an earlier attempt may take.
const GONE_LIMIT: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_secs(2);

/// The consumer to make.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumerOrder {
    /// Its own namespace.
    pub namespace: String,
    /// Labels of everything in it.
    pub labels: BTreeMap<String, String>,
    /// The token that the service wants.
    pub token: String,
    /// The host of the service.
    pub host: String,
    /// Where pods reach the service over plain HTTP; `None` is the host itself, over TLS.
    pub gateway: Option<SocketAddr>,
    /// What the service is asked: the body of the request.
    pub question: String,
    /// The image of the job; `None` is that of curl, or of the probe where there is a gateway.
    pub image: Option<String>,
    /// How long the job may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for ConsumerOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsumerOrder")
            .field("namespace", &self.namespace)
            .field("host", &self.host)
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

impl ConsumerOrder {
    /// The job, as far as waiting for it needs it.
    fn job(&self) -> JobOrder {
        JobOrder {
            name: NAME.to_owned(),
            namespace: self.namespace.clone(),
            image: self.image.clone(),
            print: String::new(),
            // What is removed from messages.
            nonce: self.token.clone(),
            gpus: None,
            timeout: self.timeout,
            labels: self.labels.clone(),
        }
    }
}

/// Makes the consumer, or adapts one that carries the labels, and waits until its job has an answer. Safe to repeat.
///
/// # Errors
/// When something of it cannot be made, or the job fails or does not end in time.
pub async fn ensure(client: &kube::Client, order: &ConsumerOrder) -> Result<(), KubernetesError> {
    namespace::ensure(client, &order.namespace, &order.labels).await?;
    apply::<Secret>(client, order, "secret", manifests::secret(order)).await?;
    apply::<Service>(client, order, "service", manifests::service(order)).await?;
    if let Some(slice) = manifests::endpoint_slice(order) {
        apply::<EndpointSlice>(client, order, "endpoint slice", slice).await?;
    }
    let start = Instant::now();
    ensure_job(client, order).await?;
    job::wait_end(client, &order.job(), start).await?;
    Ok(())
}

/// Creates an object, or changes it to what it must be: the namespace is ours, and so is everything in it.
async fn apply<K>(
    client: &kube::Client,
    order: &ConsumerOrder,
    thing: &str,
    object: serde_json::Value,
) -> Result<(), KubernetesError>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + std::fmt::Debug,
{
    let what = format!("apply {thing} {}/{NAME}", order.namespace);
    let api: Api<K> = Api::namespaced(client.clone(), &order.namespace);
    let params = PatchParams::apply(MANAGER).force();
    let patch = Patch::Apply(object);
    attempt(&what, || api.patch(NAME, &params, &patch)).await?;
    Ok(())
}

/// Creates the job. One that has failed, or asks another host, makes way: a job cannot be changed.
async fn ensure_job(client: &kube::Client, order: &ConsumerOrder) -> Result<(), KubernetesError> {
    let what = format!("create job {}/{NAME}", order.namespace);
    let api: Api<Job> = Api::namespaced(client.clone(), &order.namespace);
    let wanted: Job = serde_json::from_value(manifests::job(order)).map_err(|error| {
        let next = "report this as a bug";
        KubernetesError::new(&what, Cause::Usage, error.to_string(), next)
    })?;
    let params = PostParams::default();
    for _ in 0..2 {
        match attempt(&what, || api.create(&params, &wanted)).await {
            Ok(_) => return Ok(()),
            Err(error) if error.cause == Cause::Status(409) => {}
            Err(error) => return Err(error),
        }
        let Some(there) = attempt(&what, || api.get_opt(NAME)).await? else {
            continue;
        };
        let is_usable = observed::asks(&there) == observed::asks(&wanted)
            && !job::has_condition(&there, "Failed")
            && there.metadata.deletion_timestamp.is_none();
        if is_usable {
            return Ok(());
        }
        remove_job(&api, order).await?;
    }
    let message = "it reappeared while it was being replaced";
    let next = "check who else makes jobs in this namespace";
    Err(KubernetesError::new(&what, Cause::Refuted, message, next))
}

async fn remove_job(api: &Api<Job>, order: &ConsumerOrder) -> Result<(), KubernetesError> {
    let what = format!("delete job {}/{NAME}", order.namespace);
    let params = DeleteParams::background();
    match attempt(&what, || api.delete(NAME, &params)).await {
        Err(error) if error.cause != Cause::Status(404) => return Err(error),
        _ => {}
    }
    let start = Instant::now();
    while attempt(&what, || api.get_opt(NAME)).await?.is_some() {
        if start.elapsed() >= GONE_LIMIT {
            let message = format!("still there after {} s", GONE_LIMIT.as_secs());
            let next = "look for a finalizer that holds it";
            return Err(KubernetesError::new(&what, Cause::Timeout, message, next));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The names of the namespaces that carry this label.
///
/// # Errors
/// When they cannot be listed to the last page.
pub async fn namespaces(
    client: &kube::Client,
    (key, value): (&str, &str),
) -> Result<Vec<String>, KubernetesError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let selection = ListParams::default().labels(&format!("{key}={value}"));
    let all = list_all("list namespaces", &api, &selection).await?;
    let names = all.into_iter().filter_map(|one| one.metadata.name);
    Ok(names.collect())
}

/// Removes a namespace with everything in it, and waits until it is gone. A missing one counts as gone.
///
/// # Errors
/// When it cannot be removed in time.
pub async fn remove(client: &kube::Client, name: &str) -> Result<(), KubernetesError> {
    namespace::delete(client, name).await
}

/// Deletes one object of the inventory, if it is still the one with this uid.
///
/// # Errors
/// When it cannot be deleted, or is of no type of the inventory.
pub async fn delete(
    client: &kube::Client,
    (kind, id): (&str, &str),
    uid: Option<&str>,
) -> Result<(), KubernetesError> {
    let (space, name) = id.split_once('/').unwrap_or(("", id));
    match kind {
        "namespace" => {
            one(
                &Api::<Namespace>::all(client.clone()),
                (kind, id, name),
                uid,
            )
            .await
        }
        "secret" => {
            one(
                &Api::<Secret>::namespaced(client.clone(), space),
                (kind, id, name),
                uid,
            )
            .await
        }
        "service" => {
            one(
                &Api::<Service>::namespaced(client.clone(), space),
                (kind, id, name),
                uid,
            )
            .await
        }
        "job" => {
            one(
                &Api::<Job>::namespaced(client.clone(), space),
                (kind, id, name),
                uid,
            )
            .await
        }
        _ => {
            let what = format!("delete {kind} {id}");
            let message = "nothing of this type is deleted here";
            Err(KubernetesError::new(
                &what,
                Cause::Usage,
                message,
                "delete it by hand",
            ))
        }
    }
}

/// Deletes an object under the condition that it has this uid. One that is gone, or another one of its name, is no error.
async fn one<K>(
    api: &Api<K>,
    (kind, id, name): (&str, &str, &str),
    uid: Option<&str>,
) -> Result<(), KubernetesError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = DeleteParams::background();
    params.preconditions = uid.map(|uid| Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    });
    match attempt(&format!("delete {kind} {id}"), || api.delete(name, &params)).await {
        Err(error) if !matches!(error.cause, Cause::Status(404 | 409)) => Err(error),
        _ => Ok(()),
    }
}
