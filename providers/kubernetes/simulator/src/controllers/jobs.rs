//! The job controller: pods of jobs, and the status of jobs.
//!
//! Source: the Kubernetes documentation of Jobs (back-off, deadlines, conditions, pod tracking).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::delete::{Propagation, remove};
use crate::cluster::{Cluster, Due};
use crate::controllers::workload::{make_pod, owned};
use crate::json::{
    condition_is_true, has_text, items, number, remove_text, set, set_condition, text,
};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;

/// The finalizer that keeps a pod until its job has counted it.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const JOBS: &str = "jobs.batch";
const CONTROLLER: &str = "job-controller";

/// Counts ended pods, ends jobs, creates missing pods.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(JOBS) {
        let Some(job) = cluster.store.get(&key).cloned() else {
            continue;
        };
        count(cluster, &key, &job);
        if job.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        if is_over(&job) {
            expire(cluster, &key, &job);
        } else {
            work(cluster, &key);
        }
    }
    release_orphans(cluster);
}

fn is_over(job: &Value) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

fn pods(cluster: &Cluster, key: &Key, job: &Value) -> Vec<(Key, Value)> {
    owned(cluster, "pods", &key.namespace, text(job, "/metadata/uid"))
        .map(|(pod, value)| (pod.clone(), value.clone()))
        .collect()
}

/// Counts each ended pod once, and removes its finalizer.
fn count(cluster: &mut Cluster, key: &Key, job: &Value) {
    let ended = |pod: &Value| {
        finished(pod) || number(pod, "/metadata/deletionGracePeriodSeconds") == Some(0)
    };
    for (pod, value) in pods(cluster, key, job) {
        if !ended(&value) || !has_text(&value, "/metadata/finalizers", TRACKING) {
            continue;
        }
        let good = text(&value, "/status/phase") == "Succeeded";
        let counter = if good {
            "/status/succeeded"
        } else {
            "/status/failed"
        };
        cluster.modify(key, |job| {
            let before = number(job, counter).unwrap_or(0);
            set(job, counter, before + 1);
        });
        cluster.modify(&pod, |pod| {
            remove_text(pod, "/metadata/finalizers", TRACKING);
        });
    }
}

/// Releases pods whose job is gone.
fn release_orphans(cluster: &mut Cluster) {
    let orphans: Vec<Key> = cluster
        .store
        .of_type("pods", None)
        .filter(|(_, pod)| has_text(pod, "/metadata/finalizers", TRACKING))
        .filter(|(_, pod)| {
            !items(pod, "/metadata/ownerReferences")
                .iter()
                .any(|owner| cluster.store.has_uid(text(owner, "/uid")))
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in orphans {
        cluster.modify(&key, |pod| {
            remove_text(pod, "/metadata/finalizers", TRACKING);
        });
    }
}

fn work(cluster: &mut Cluster, key: &Key) {
    let now = cluster.stamp();
    cluster.modify(key, |job| tell_suspension(job, &now));
    let Some(job) = cluster.store.get(key).cloned() else {
        return;
    };
    let all = pods(cluster, key, &job);
    let active: Vec<_> = all
        .iter()
        .filter(|(_, pod)| !finished(pod) && !deleted(pod))
        .collect();
    let succeeded = number(&job, "/status/succeeded").unwrap_or(0);
    let failed = number(&job, "/status/failed").unwrap_or(0);
    let parallelism = number(&job, "/spec/parallelism").unwrap_or(1);
    let wanted = number(&job, "/spec/completions");
    let limit = number(&job, "/spec/backoffLimit").unwrap_or(6);
    let done = match wanted {
        Some(wanted) => succeeded >= wanted,
        None => succeeded > 0 && active.is_empty(),
    };
    if done {
        return complete(cluster, key);
    }
    // The reason of failure is decided once: the last pods may still end otherwise.
    if let Some((reason, message)) = failure_target(&job) {
        return fail(cluster, key, &all, (&reason, &message));
    }
    if failed > limit || restarted_too_often(&job, &active, limit) {
        let message = "Job has reached the specified backoff limit";
        return fail(cluster, key, &all, ("BackoffLimitExceeded", message));
    }
    if past_deadline(cluster, &job) {
        let message = "Job was active longer than specified deadline";
        return fail(cluster, key, &all, ("DeadlineExceeded", message));
    }
    let ready = active
        .iter()
        .filter(|(_, pod)| condition_is_true(pod, "Ready"))
        .count();
    let terminating = all
        .iter()
        .filter(|(_, pod)| !finished(pod) && deleted(pod))
        .count();
    let missing = match wanted {
        Some(wanted) => parallelism.min(wanted - succeeded),
        None if succeeded > 0 => 0,
        None => parallelism,
    } - i64::try_from(active.len()).unwrap_or(i64::MAX);
    let mut count = active.len();
    if missing > 0 && !suspended(&job) && !backing_off(cluster, key, failed, &all) {
        for _ in 0..missing {
            make_pod(cluster, CONTROLLER, key, &[TRACKING]);
            count += 1;
        }
    }
    cluster.modify(key, |job| {
        counts(job, count, ready, terminating);
    });
}

fn failure_target(job: &Value) -> Option<(String, String)> {
    let target = items(job, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == "FailureTarget")?;
    let of = |pointer: &str| text(target, pointer).to_owned();
    Some((of("/reason"), of("/message")))
}

/// With the policy `OnFailure`, the restarts in living pods count as failures.
fn restarted_too_often(job: &Value, active: &[&(Key, Value)], limit: i64) -> bool {
    let restarts: i64 = active
        .iter()
        .filter_map(|(_, pod)| number(pod, "/status/containerStatuses/0/restartCount"))
        .sum();
    text(job, "/spec/template/spec/restartPolicy") == "OnFailure"
        && restarts > 0
        && restarts >= limit
}

/// Starts a job that is not suspended, and sets the condition Suspended.
fn tell_suspension(job: &mut Value, now: &str) {
    let was = condition_is_true(job, "Suspended");
    if suspended(job) {
        crate::json::remove(job, "/status/startTime");
        let new = condition("Suspended", "JobSuspended", "Job suspended", now);
        if !was {
            set_condition(job, "/status/conditions", new, now);
        }
        return;
    }
    if was {
        let mut new = condition("Suspended", "JobResumed", "Job resumed", now);
        set(&mut new, "/status", "False");
        set_condition(job, "/status/conditions", new, now);
    }
    if text(job, "/status/startTime").is_empty() {
        set(job, "/status/startTime", now);
    }
}

fn suspended(job: &Value) -> bool {
    job.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

/// Whether the deadline has passed; if not, the controllers run again at that time.
fn past_deadline(cluster: &mut Cluster, job: &Value) -> bool {
    let Some(limit) = number(job, "/spec/activeDeadlineSeconds") else {
        return false;
    };
    let Ok(start) = text(job, "/status/startTime").parse::<Timestamp>() else {
        return false;
    };
    let age = cluster.now.as_second() - start.as_second();
    if age >= limit {
        return true;
    }
    if cluster
        .served
        .insert(format!("{}/deadline", text(job, "/metadata/uid")))
    {
        let left = u64::try_from(limit - age).unwrap_or(0);
        cluster.after(Duration::from_secs(left.saturating_add(1)), Due::Wake);
    }
    false
}

/// After each failure the next pod waits twice as long: 10 s, 20 s, at most six minutes.
fn backing_off(cluster: &mut Cluster, key: &Key, failed: i64, all: &[(Key, Value)]) -> bool {
    if failed == 0 {
        return false;
    }
    let delay = 360.min(10_i64 << (failed - 1).clamp(0, 6));
    let last = all
        .iter()
        .filter_map(|(_, pod)| {
            let state = "/status/containerStatuses/0/state/terminated/finishedAt";
            text(pod, state).parse::<Timestamp>().ok()
        })
        .max();
    let Some(last) = last else { return false };
    let left = last.as_second() + delay - cluster.now.as_second();
    if left <= 0 {
        return false;
    }
    if cluster
        .served
        .insert(format!("{}/{}/back-off {failed}", key.namespace, key.name))
    {
        cluster.after(
            Duration::from_secs(u64::try_from(left).unwrap_or(0)),
            Due::Wake,
        );
    }
    true
}

fn condition(kind: &str, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": kind, "status": "True", "reason": reason, "message": message, "lastProbeTime": now,
    })
}

fn counts(job: &mut Value, active: usize, ready: usize, terminating: usize) {
    match active {
        0 => crate::json::remove(job, "/status/active"),
        some => set(job, "/status/active", some),
    }
    set(job, "/status/ready", ready);
    set(job, "/status/terminating", terminating);
    set(job, "/status/uncountedTerminatedPods", json!({}));
}

fn complete(cluster: &mut Cluster, key: &Key) {
    let now = cluster.stamp();
    let message = "Reached expected number of succeeded pods";
    cluster.modify(key, |job| {
        for kind in ["SuccessCriteriaMet", "Complete"] {
            let new = condition(kind, "CompletionsReached", message, &now);
            set_condition(job, "/status/conditions", new, &now);
        }
        set(job, "/status/completionTime", now.clone());
        counts(job, 0, 0, 0);
    });
    cluster.event(CONTROLLER, key, false, "Completed", "Job completed");
}

fn fail(cluster: &mut Cluster, key: &Key, all: &[(Key, Value)], (reason, message): (&str, &str)) {
    let now = cluster.stamp();
    for (pod, value) in all {
        if !finished(value) && !deleted(value) {
            remove(cluster, pod, Propagation::Background, None);
            let message = format!("Deleted pod: {}", pod.name);
            cluster.event(CONTROLLER, key, false, "SuccessfulDelete", &message);
        }
    }
    let known = cluster
        .store
        .get(key)
        .is_some_and(|job| condition_is_true(job, "FailureTarget"));
    cluster.modify(key, |job| {
        let new = condition("FailureTarget", reason, message, &now);
        set_condition(job, "/status/conditions", new, &now);
        // The job has failed only once none of its pods runs any more.
        if all.iter().all(|(_, pod)| finished(pod)) {
            let new = condition("Failed", reason, message, &now);
            set_condition(job, "/status/conditions", new, &now);
            counts(job, 0, 0, 0);
        }
    });
    if !known {
        cluster.event(CONTROLLER, key, true, reason, message);
    }
}

/// Removes a finished job after its time to live.
fn expire(cluster: &mut Cluster, key: &Key, job: &Value) {
    let Some(limit) = number(job, "/spec/ttlSecondsAfterFinished") else {
        return;
    };
    let ended = items(job, "/status/conditions")
        .iter()
        .filter(|item| ["Complete", "Failed"].contains(&text(item, "/type")))
        .find_map(|item| text(item, "/lastTransitionTime").parse::<Timestamp>().ok());
    let Some(ended) = ended else { return };
    let left = ended
        .as_second()
        .saturating_add(limit)
        .saturating_sub(cluster.now.as_second());
    if left <= 0 {
        remove(cluster, key, Propagation::Foreground, None);
    } else if cluster
        .served
        .insert(format!("{}/expiry", text(job, "/metadata/uid")))
    {
        let left = u64::try_from(left).unwrap_or(0);
        cluster.after(Duration::from_secs(left.saturating_add(1)), Due::Wake);
    }
}
