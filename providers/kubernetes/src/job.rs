//! The job that proves a cluster: it must be scheduled, read a Secret, print, end, and be readable.
//!
//! The nonce is what makes it a proof: it enters the cluster in a Secret and is only accepted when
//! it comes out again in the log. It never shows in an error; in the proof `(nonce)` stands for it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, ListParams, LogParams, ObjectMeta, PostParams};
use kubeproof_contract::workload::{JobOrder, JobProof};
use serde_json::json;
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::diagnosis::{self, StartupDeadline};
use crate::error::{Cause, KubernetesError};
use crate::{namespace, probe};

/// The label by which a retry knows what an earlier attempt made.
pub const JOB_LABEL: &str = "kubeproof.dev/job";
/// Pause between two checks of the job.
const PAUSE: Duration = Duration::from_secs(2);
/// Stands for the nonce in everything that people read.
const NONCE_SHOWN: &str = "(nonce)";

/// Runs a job in its own namespace, reads its log, and removes the namespace again. Safe to repeat: objects of an
/// earlier attempt that carry the labels are adopted.
///
/// # Errors
/// If the job cannot be created, does not end in time, fails, prints something else or cannot be
/// removed: with the state of its pods and the last events.
pub async fn run_job(client: &kube::Client, order: &JobOrder) -> Result<JobProof, KubernetesError> {
    let mut labels = order.labels.clone();
    labels.insert(JOB_LABEL.to_owned(), order.name.clone());
    let work = prove(client, order, &labels);
    namespace::within(client, &order.namespace, &labels, work).await
}

async fn prove(
    client: &kube::Client,
    order: &JobOrder,
    labels: &BTreeMap<String, String>,
) -> Result<JobProof, KubernetesError> {
    make_secret(client, order, labels).await?;
    let start = Instant::now();
    make_job(client, order, labels).await?;
    let pods = wait_end(client, order, start).await?;
    let seconds = start.elapsed().as_secs();
    read_proof(client, order, &pods, seconds).await
}

fn metadata(order: &JobOrder, labels: &BTreeMap<String, String>) -> ObjectMeta {
    ObjectMeta {
        name: Some(order.name.clone()),
        labels: Some(labels.clone()),
        ..ObjectMeta::default()
    }
}

async fn make_secret(
    client: &kube::Client,
    order: &JobOrder,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let what = format!("create secret {}/{}", order.namespace, order.name);
    let api: Api<Secret> = Api::namespaced(client.clone(), &order.namespace);
    let secret = Secret {
        metadata: metadata(order, labels),
        string_data: Some(BTreeMap::from([(
            probe::NONCE.to_owned(),
            order.nonce.clone(),
        )])),
        ..Secret::default()
    };
    let params = PostParams::default();
    match attempt(&what, || api.create(&params, &secret)).await {
        Ok(_) => return Ok(()),
        Err(error) if error.cause == Cause::Status(409) => {}
        Err(error) => return Err(error),
    }
    let there = attempt(&what, || api.get(&order.name)).await?;
    namespace::adopt(&what, &there.metadata, labels)?;
    let same = there
        .data
        .unwrap_or_default()
        .get(probe::NONCE)
        .map(|bytes| bytes.0.clone());
    if same.as_deref() == Some(order.nonce.as_bytes()) {
        return Ok(());
    }
    let message = "an earlier attempt left one with another nonce";
    let next = "repeat it: the namespace is removed now";
    Err(KubernetesError::new(&what, Cause::Refuted, message, next))
}

async fn make_job(
    client: &kube::Client,
    order: &JobOrder,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let what = format!("create job {}/{}", order.namespace, order.name);
    let image = order.image.as_deref();
    let api: Api<Job> = Api::namespaced(client.clone(), &order.namespace);
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": order.name, "labels": labels},
        "spec": {
            "backoffLimit": 1,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never", "automountServiceAccountToken": false,
                    "containers": [probe::container(image, &order.print, Some(&order.name), order.gpus)],
                },
            },
        },
    });
    let job: Job = serde_json::from_value(job).map_err(|error| {
        KubernetesError::new(
            &what,
            Cause::Usage,
            error.to_string(),
            "report this as a bug",
        )
    })?;
    let params = PostParams::default();
    match attempt(&what, || api.create(&params, &job)).await {
        Ok(_) => Ok(()),
        Err(error) if error.cause == Cause::Status(409) => {
            let there = attempt(&what, || api.get(&order.name)).await?;
            namespace::adopt(&what, &there.metadata, labels)
        }
        Err(error) => Err(error),
    }
}

/// A job that is neither complete nor failed is running, whatever its counters say.
pub(crate) fn has_condition(job: &Job, wanted: &str) -> bool {
    let conditions = job
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == wanted && condition.status == "True")
}

pub(crate) async fn wait_end(
    client: &kube::Client,
    order: &JobOrder,
    start: Instant,
) -> Result<Vec<Pod>, KubernetesError> {
    let what = format!("run job {}/{}", order.namespace, order.name);
    let jobs: Api<Job> = Api::namespaced(client.clone(), &order.namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), &order.namespace);
    let ours =
        ListParams::default().labels(&format!("batch.kubernetes.io/job-name={}", order.name));
    let mut startup_deadline = StartupDeadline::default();
    loop {
        let job = attempt(&what, || jobs.get(&order.name)).await?;
        let all = list_all(&what, &pods, &ours).await?;
        if has_condition(&job, "Complete") {
            return Ok(all);
        }
        let (cause, why, next) = if has_condition(&job, "Failed") {
            (
                Cause::Refuted,
                "the job failed".to_owned(),
                "check the pod's exit code and reason",
            )
        } else if start.elapsed() >= order.timeout {
            let why = format!("not complete after {} s", start.elapsed().as_secs());
            (Cause::Timeout, why, "check what the pod waits for")
        } else if let Some((why, next)) = startup_deadline.given_up(&all) {
            (Cause::Refuted, why, next)
        } else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let seen = diagnosis::describe(client, &order.namespace, &all).await;
        let message = redacted(order, &format!("{why}: {seen}"));
        return Err(KubernetesError::new(&what, cause, message, next));
    }
}

async fn read_proof(
    client: &kube::Client,
    order: &JobOrder,
    pods: &[Pod],
    seconds: u64,
) -> Result<JobProof, KubernetesError> {
    let what = format!("read the log of job {}/{}", order.namespace, order.name);
    let succeeded = pods.iter().find(|pod| {
        pod.status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            == Some("Succeeded")
    });
    let Some(pod) = succeeded else {
        let seen = diagnosis::describe(client, &order.namespace, pods).await;
        let message = redacted(
            order,
            &format!("the job is complete, yet no pod succeeded: {seen}"),
        );
        return Err(KubernetesError::new(
            &what,
            Cause::Refuted,
            message,
            "check the job's pods",
        ));
    };
    let name = pod.metadata.name.clone().unwrap_or_default();
    let api: Api<Pod> = Api::namespaced(client.clone(), &order.namespace);
    let params = LogParams::default();
    let output = attempt(&what, || api.logs(&name, &params)).await?;
    let shown = redacted(order, &output);
    let refuted = |problem: String| {
        Err(KubernetesError::new(
            &what,
            Cause::Refuted,
            problem,
            "check what the pod really ran",
        ))
    };
    let Some(exit_code) = diagnosis::exit_code(pod) else {
        return refuted(format!("pod {name} does not say its exit code"));
    };
    if exit_code != 0 {
        return refuted(format!("pod {name} ended with exit code {exit_code}"));
    }
    let counted = order.gpus.map(probe::gpu_line);
    let wanted = [("text", Some(&order.print)), ("nonce", Some(&order.nonce))];
    let wanted = wanted
        .into_iter()
        .chain([("count of GPUs", counted.as_ref())]);
    for (thing, lines) in wanted.filter_map(|(thing, lines)| Some((thing, lines?))) {
        if !has_lines(&output, lines) {
            return refuted(format!("the {thing} is not in the log, which is {shown:?}"));
        }
    }
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    Ok(JobProof {
        output: shown,
        exit_code: Some(exit_code),
        runner: format!("pod {name}"),
        node,
        seconds,
    })
}

fn redacted(order: &JobOrder, text: &str) -> String {
    if order.nonce.is_empty() {
        text.to_owned()
    } else {
        text.replace(&order.nonce, NONCE_SHOWN)
    }
}

/// Whether the lines are in the output as whole lines.
fn has_lines(output: &str, lines: &str) -> bool {
    let lines = lines.trim_end_matches('\n');
    !lines.is_empty() && format!("\n{output}\n").contains(&format!("\n{lines}\n"))
}

#[cfg(test)]
mod tests {
    use super::has_lines;

    fn check(output: &str, lines: &str, expected: bool) {
        assert_eq!(
            has_lines(output, lines),
            expected,
            "{lines:?} in {output:?}"
        );
    }

    #[test]
    fn a_text_must_be_there_as_whole_lines() {
        check("hello\nn-1\n", "hello", true);
        check("hello\nn-1", "n-1", true);
        check("hello there\n", "hello", false);
        check("a\nb\nc\n", "b\nc", true);
        check("hello\n", "", false);
    }
}
