//! The proof that a workload scales: a Deployment that grows, is counted pod by pod, and shrinks to
//! nothing.
//!
//! It proves that controllers, scheduler and nodes can run many pods at once. The pods are counted from their own
//! listing; the Deployment's status is not enough.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kubeproof_contract::workload::{ScaleOrder, ScaleProof};
use serde_json::json;
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::diagnosis::{self, StartupDeadline};
use crate::error::{Cause, KubernetesError};
use crate::{namespace, probe};

/// The label of the pods, and by which a retry knows what an earlier attempt made.
pub const SCALE_LABEL: &str = "kubeproof.dev/scale";
/// Pause between two checks.
const PAUSE: Duration = Duration::from_secs(2);

/// Proves that a workload scales, in its own namespace, which is removed again. Safe to repeat.
///
/// # Errors
/// If a step does not finish in time or pods cannot start, with their state and the last events; if something
/// cannot be removed.
pub async fn prove(
    client: &kube::Client,
    order: &ScaleOrder,
) -> Result<ScaleProof, KubernetesError> {
    if order.from == 0 || order.to == 0 || order.from == order.to {
        let what = format!("scale deployment {}/{}", order.namespace, order.name);
        let message = format!("scaling from {} to {} shows nothing", order.from, order.to);
        let next = "order two different numbers of pods, each at least one";
        return Err(KubernetesError::new(&what, Cause::Usage, message, next));
    }
    let mut labels = order.labels.clone();
    labels.insert(SCALE_LABEL.to_owned(), order.name.clone());
    let work = steps(client, order, &labels);
    namespace::within(client, &order.namespace, &labels, work).await
}

async fn steps(
    client: &kube::Client,
    order: &ScaleOrder,
    labels: &BTreeMap<String, String>,
) -> Result<ScaleProof, KubernetesError> {
    make(client, order, labels).await?;
    let (before, start_seconds) = wait_for(client, order, order.from).await?;
    scale(client, order, order.to).await?;
    let (after, scale_seconds) = wait_for(client, order, order.to).await?;
    scale(client, order, 0).await?;
    let (last, end_seconds) = wait_for(client, order, 0).await?;
    Ok(ScaleProof {
        unit: "pod",
        before,
        after,
        last: last.len(),
        start_seconds,
        scale_seconds,
        end_seconds,
    })
}

async fn make(
    client: &kube::Client,
    order: &ScaleOrder,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let what = format!("create deployment {}/{}", order.namespace, order.name);
    let api: Api<Deployment> = Api::namespaced(client.clone(), &order.namespace);
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": order.name, "labels": labels},
        "spec": {
            "replicas": order.from,
            "selector": {"matchLabels": {SCALE_LABEL: order.name}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": false,
                    // Nothing in the pods needs time to stop, and a shell as first process ignores
                    // SIGTERM.
                    "terminationGracePeriodSeconds": 1,
                    "containers": [probe::lasting(order.image.as_deref())],
                },
            },
        },
    });
    let deployment: Deployment = serde_json::from_value(deployment).map_err(|error| {
        let next = "report this as a bug";
        KubernetesError::new(&what, Cause::Usage, error.to_string(), next)
    })?;
    let params = PostParams::default();
    match attempt(&what, || api.create(&params, &deployment)).await {
        Ok(_) => Ok(()),
        Err(error) if error.cause == Cause::Status(409) => {
            let there = attempt(&what, || api.get(&order.name)).await?;
            namespace::adopt(&what, &there.metadata, labels)?;
            // A Deployment of an earlier attempt may be at any step.
            scale(client, order, order.from).await
        }
        Err(error) => Err(error),
    }
}

async fn scale(
    client: &kube::Client,
    order: &ScaleOrder,
    replicas: u32,
) -> Result<(), KubernetesError> {
    let (space, name) = (&order.namespace, &order.name);
    let what = format!("scale deployment {space}/{name} to {replicas}");
    let api: Api<Deployment> = Api::namespaced(client.clone(), space);
    let (params, wanted) = (PatchParams::default(), i64::from(replicas));
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    let answer = attempt(&what, || api.patch_scale(name, &params, &patch)).await?;
    let set = answer.spec.and_then(|spec| spec.replicas).unwrap_or(0);
    if i64::from(set) == wanted {
        return Ok(());
    }
    let message = format!("the server answered that {set} are wanted now");
    let next = "see who else scales it";
    Err(KubernetesError::new(&what, Cause::Refuted, message, next))
}

/// Waits until the Deployment reports this many available pods, and their own listing agrees.
async fn wait_for(
    client: &kube::Client,
    order: &ScaleOrder,
    wanted: u32,
) -> Result<(BTreeMap<String, String>, u64), KubernetesError> {
    let (space, name) = (&order.namespace, &order.name);
    let what = format!("wait for {wanted} pods of deployment {space}/{name}");
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), space);
    let pods: Api<Pod> = Api::namespaced(client.clone(), space);
    let ours = ListParams::default().labels(&format!("{SCALE_LABEL}={name}"));
    let start = Instant::now();
    let mut startup_deadline = StartupDeadline::default();
    loop {
        let deployment = attempt(&what, || deployments.get(name)).await?;
        let all = list_all(&what, &pods, &ours).await?;
        let ready: BTreeMap<String, String> = all.iter().filter_map(ready_on).collect();
        let said = settled_at(&deployment);
        let whole = all.len() == ready.len() && ready.len() as u64 == u64::from(wanted);
        if said == Some(wanted) && whole {
            return Ok((ready, start.elapsed().as_secs()));
        }
        let (cause, why, next) = if start.elapsed() >= order.timeout {
            let seconds = start.elapsed().as_secs();
            let says = said.map_or("nothing final".to_owned(), |said| said.to_string());
            let (count, there) = (ready.len(), all.len());
            let why = format!(
                "after {seconds} s {count} of {there} pods are ready, and the deployment says {says}"
            );
            (Cause::Timeout, why, "check what the pods wait for")
        } else if let Some((why, next)) = startup_deadline.given_up(&all) {
            (Cause::Refuted, why, next)
        } else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let seen = diagnosis::describe(client, space, &all).await;
        let message = format!("{why}: {seen}");
        return Err(KubernetesError::new(&what, cause, message, next));
    }
}

/// How many pods the Deployment has, if all of them are new and available and it has observed its latest
/// generation.
fn settled_at(deployment: &Deployment) -> Option<u32> {
    let status = deployment.status.clone().unwrap_or_default();
    if status.observed_generation < deployment.metadata.generation {
        return None;
    }
    let count = status.replicas.unwrap_or(0);
    let of = |part: Option<i32>| part.unwrap_or(0) == count;
    let whole = of(status.available_replicas) && of(status.updated_replicas);
    whole.then(|| u32::try_from(count).ok()).flatten()
}

/// A pod that is ready and not being deleted, with its node.
fn ready_on(pod: &Pod) -> Option<(String, String)> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    let ready = conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let node = pod.spec.as_ref()?.node_name.clone()?;
    let stays = ready && pod.metadata.deletion_timestamp.is_none();
    stays.then(|| (pod.metadata.name.clone().unwrap_or_default(), node))
}
