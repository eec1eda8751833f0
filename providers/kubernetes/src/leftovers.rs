//! Leftovers: cloud resources that a workload creates without the provisioner's knowledge.
//!
//! A cluster that is removed with a `LoadBalancer` service or a volume in it leaves a balancer or a disk without an
//! owner. This module lists them, creates them on purpose, and drains them.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::error::{Cause, KubernetesError};
use crate::{namespace, probe};

/// How long the creation of balancer and disk may take.
const MADE_LIMIT: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_secs(5);
/// The annotation of the class that claims get which name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// Name of everything that [`create`] creates.
const NAME: &str = "kubeproof-leftover";

/// The type of a leftover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftoverType {
    /// A service of type `LoadBalancer`: a balancer in the cloud.
    LoadBalancerService,
    /// A volume claim: a disk in the cloud once it is bound.
    VolumeClaim,
    /// A persistent volume that deletes its disk when it is released.
    PersistentVolume,
}

/// An object in a cluster that has a counterpart in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leftover {
    pub leftover_type: LeftoverType,
    /// Empty for persistent volumes.
    pub namespace: String,
    pub name: String,
    /// Its counterpart in the cloud: the balancer's host name, the volume's name or the disk's id; empty if it
    /// has none yet.
    pub counterpart: String,
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.leftover_type {
            LeftoverType::LoadBalancerService => "service",
            LeftoverType::VolumeClaim => "volume claim",
            LeftoverType::PersistentVolume => "persistent volume",
        };
        let place = if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        };
        let behind = if self.counterpart.is_empty() {
            "nothing yet"
        } else {
            &self.counterpart
        };
        write!(f, "{what} {place} ({behind})")
    }
}

/// Lists everything that has, or will have, a counterpart in the cloud. Read-only.
///
/// # Errors
/// If any of it cannot be listed to its last page.
pub async fn list(client: &kube::Client) -> Result<Vec<Leftover>, KubernetesError> {
    let all = ListParams::default();
    let mut found = Vec::new();
    let services: Api<Service> = Api::all(client.clone());
    for service in list_all("list services", &services, &all).await? {
        if service.spec.and_then(|spec| spec.type_).as_deref() != Some("LoadBalancer") {
            continue;
        }
        let ingress = service
            .status
            .and_then(|status| status.load_balancer)
            .and_then(|balancer| balancer.ingress)
            .and_then(|ingress| ingress.into_iter().next());
        found.push(Leftover {
            leftover_type: LeftoverType::LoadBalancerService,
            namespace: service.metadata.namespace.unwrap_or_default(),
            name: service.metadata.name.unwrap_or_default(),
            counterpart: ingress
                .and_then(|point| point.hostname.or(point.ip))
                .unwrap_or_default(),
        });
    }
    let claims: Api<PersistentVolumeClaim> = Api::all(client.clone());
    for claim in list_all("list volume claims", &claims, &all).await? {
        found.push(Leftover {
            leftover_type: LeftoverType::VolumeClaim,
            namespace: claim.metadata.namespace.unwrap_or_default(),
            name: claim.metadata.name.unwrap_or_default(),
            counterpart: claim
                .spec
                .and_then(|spec| spec.volume_name)
                .unwrap_or_default(),
        });
    }
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    for volume in list_all("list persistent volumes", &volumes, &all).await? {
        let spec = volume.spec.unwrap_or_default();
        if spec.persistent_volume_reclaim_policy.as_deref() != Some("Delete") {
            continue;
        }
        found.push(Leftover {
            leftover_type: LeftoverType::PersistentVolume,
            namespace: String::new(),
            name: volume.metadata.name.unwrap_or_default(),
            counterpart: spec.csi.map(|csi| csi.volume_handle).unwrap_or_default(),
        });
    }
    Ok(found)
}

/// Creates one `LoadBalancer` service and one 4 GiB volume claim with a pod that uses it, as a workload
/// would, and waits until both have their counterparts in the cloud. Safe to repeat.
///
/// # Errors
/// If they cannot be created, or have no counterpart in time.
pub async fn create(
    client: &kube::Client,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    namespace::ensure(client, namespace, labels).await?;
    let metadata = json!({"name": NAME, "labels": labels});
    let service = json!({
        "metadata": metadata,
        "spec": {"type": "LoadBalancer", "selector": {"app": NAME}, "ports": [{"port": 80}]},
    });
    make::<Service>(client, namespace, service).await?;
    let mut claim = json!({
        "metadata": metadata,
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "4Gi"}},
        },
    });
    if let Some(class) = class_to_name(client).await? {
        claim["spec"]["storageClassName"] = class.into();
    }
    make::<PersistentVolumeClaim>(client, namespace, claim).await?;
    let mut container = probe::container(None, "leftovers", None, None);
    container["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    let pod = json!({
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never", "containers": [container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": NAME}}],
        },
    });
    make::<Pod>(client, namespace, pod).await?;
    wait_made(client, namespace).await
}

/// The storage class that a claim must name because none is the default (EKS from 1.30 on): the first of all.
async fn class_to_name(client: &kube::Client) -> Result<Option<String>, KubernetesError> {
    let classes: Api<StorageClass> = Api::all(client.clone());
    let all = list_all("list storage classes", &classes, &ListParams::default()).await?;
    let is_default = |class: &StorageClass| {
        let annotations = class.metadata.annotations.as_ref();
        let mark = annotations.and_then(|all| all.get(DEFAULT_CLASS));
        mark.is_some_and(|mark| mark == "true")
    };
    if all.iter().any(is_default) {
        return Ok(None);
    }
    Ok(all.into_iter().find_map(|class| class.metadata.name))
}

async fn make<K>(
    client: &kube::Client,
    namespace: &str,
    object: Value,
) -> Result<(), KubernetesError>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + std::fmt::Debug,
{
    let what = format!("create {} {namespace}/{NAME}", K::kind(&()).to_lowercase());
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let object: K = serde_json::from_value(object).map_err(|error| {
        KubernetesError::new(
            &what,
            Cause::Usage,
            error.to_string(),
            "report this as a bug",
        )
    })?;
    let params = PostParams::default();
    match attempt(&what, || api.create(&params, &object)).await {
        // The namespace is ours, so an object of this name in it is ours too.
        Err(error) if error.cause != Cause::Status(409) => Err(error),
        _ => Ok(()),
    }
}

async fn wait_made(client: &kube::Client, namespace: &str) -> Result<(), KubernetesError> {
    let start = Instant::now();
    loop {
        let ours: Vec<Leftover> = list(client)
            .await?
            .into_iter()
            .filter(|leftover| leftover.namespace == namespace)
            .collect();
        let missing: Vec<String> = ours
            .iter()
            .filter(|leftover| leftover.counterpart.is_empty())
            .map(ToString::to_string)
            .collect();
        if missing.is_empty() && ours.len() >= 2 {
            return Ok(());
        }
        if start.elapsed() >= MADE_LIMIT {
            let what = format!("make a balancer and a disk from namespace {namespace}");
            let message = format!("after {} s: {}", MADE_LIMIT.as_secs(), missing.join(", "));
            let next = "check the events of service and claim, and the cloud's quotas";
            return Err(KubernetesError::new(&what, Cause::Timeout, message, next));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes all `LoadBalancer` services, all pods that use volume claims, and all claims, and waits
/// until they and the volumes are gone, for at most `limit`. Returns what remains. Pods that a
/// controller recreates keep their claims: remove the controller first.
///
/// # Errors
/// If something cannot be listed or deleted.
pub async fn drain(
    client: &kube::Client,
    limit: Duration,
) -> Result<Vec<Leftover>, KubernetesError> {
    let start = Instant::now();
    loop {
        let remaining = list(client).await?;
        if remaining.is_empty() || start.elapsed() >= limit {
            return Ok(remaining);
        }
        delete_all(client, &remaining).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn delete_all(client: &kube::Client, found: &[Leftover]) -> Result<(), KubernetesError> {
    for leftover in found {
        let (space, name) = (leftover.namespace.as_str(), leftover.name.as_str());
        match leftover.leftover_type {
            LeftoverType::LoadBalancerService => {
                delete(
                    &Api::<Service>::namespaced(client.clone(), space),
                    "service",
                    name,
                )
                .await?;
            }
            LeftoverType::VolumeClaim => {
                let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), space);
                delete(&claims, "volume claim", name).await?;
            }
            // A volume is removed with its claim: deleting it directly might leave its disk behind.
            LeftoverType::PersistentVolume => {}
        }
    }
    let pods: Api<Pod> = Api::all(client.clone());
    for pod in list_all("list pods", &pods, &ListParams::default()).await? {
        let spaces = pod.metadata.namespace.clone().unwrap_or_default();
        let name = pod.metadata.name.clone().unwrap_or_default();
        let volumes = pod.spec.and_then(|spec| spec.volumes).unwrap_or_default();
        if volumes
            .iter()
            .any(|volume| volume.persistent_volume_claim.is_some())
        {
            let api: Api<Pod> = Api::namespaced(client.clone(), &spaces);
            delete(&api, "pod", &name).await?;
        }
    }
    Ok(())
}

async fn delete<K>(api: &Api<K>, thing: &str, name: &str) -> Result<(), KubernetesError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let params = DeleteParams::background();
    match attempt(&format!("delete {thing} {name}"), || {
        api.delete(name, &params)
    })
    .await
    {
        Err(error) if error.cause != Cause::Status(404) => Err(error),
        _ => Ok(()),
    }
}
