//! Jobs: how they succeed, fail and are removed.
//!
//! Source: the documentation of Jobs (conditions, back-off, deadline, time to live).

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, condition, is_true, items};

/// Creates a job of this spec, whose pods run a script.
async fn job(
    ns: &TestNamespace<'_>,
    mut spec: Value,
    restart: &str,
    script: &str,
) -> Outcome<String> {
    spec["template"] = json!({"spec": ns.shell(restart, script)});
    let job = json!({"metadata": {"name": "j"}, "spec": spec});
    ns.make_at(&ns.batch("jobs"), &job).await?;
    Ok(ns.batch("jobs/j"))
}

fn over(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

async fn pods(ns: &TestNamespace<'_>) -> Outcome<Value> {
    let path = ns.core("pods?labelSelector=batch.kubernetes.io%2Fjob-name%3Dj");
    ns.get(&path).await?.expect(200)
}

fn failed_because(job: &Value, reason: &str) -> Outcome {
    for kind in ["FailureTarget", "Failed"] {
        let found = condition(job, kind).map(|condition| condition["reason"].clone());
        same(&format!("the reason of {kind}"), found, Some(json!(reason)))?;
    }
    hold(condition(job, "Complete").is_none(), || {
        format!("a failed job is complete: {job}")
    })
}

pub(super) async fn a_job_that_succeeds_is_complete(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({}), "Never", "echo done").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    for kind in ["SuccessCriteriaMet", "Complete"] {
        let found = condition(&job, kind).map(|condition| condition["reason"].clone());
        same(
            &format!("the reason of {kind}"),
            found,
            Some(json!("CompletionsReached")),
        )?;
    }
    let status = &job["status"];
    same("the successes", &status["succeeded"], 1)?;
    same("the failures", status["failed"].as_i64().unwrap_or(0), 0)?;
    same("the active pods", status["active"].as_i64().unwrap_or(0), 0)?;
    for time in ["startTime", "completionTime"] {
        hold(status[time].is_string(), || {
            format!("there is no {time}: {status}")
        })?;
    }
    let pods = pods(ns).await?;
    same("the number of pods", items(&pods).len(), 1)?;
    let pod = &items(&pods)[0];
    same("the phase of the pod", &pod["status"]["phase"], "Succeeded")?;
    hold(pod["metadata"].get("finalizers").is_none(), || {
        format!("the counted pod is still tracked: {}", pod["metadata"])
    })
}

pub(super) async fn a_job_fails_after_its_back_off_limit(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({"backoffLimit": 1}), "Never", "exit 3").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    failed_because(&job, "BackoffLimitExceeded")?;
    same("the failures", &job["status"]["failed"], 2)?;
    hold(job["status"].get("completionTime").is_none(), || {
        format!("a failed job has a completion time: {}", job["status"])
    })?;
    let pods = pods(ns).await?;
    same("the number of pods", items(&pods).len(), 2)?;
    for pod in items(&pods) {
        same("the phase of a pod", &pod["status"]["phase"], "Failed")?;
        let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
        same("the exit code", &ended["exitCode"], 3)?;
        same("the reason of the end", &ended["reason"], "Error")?;
    }
    Ok(())
}

pub(super) async fn a_job_past_its_deadline_fails_for_that_reason(
    ns: &TestNamespace<'_>,
) -> Outcome {
    // The stopped pod fails too, past the back-off limit: the first reason stays.
    let spec = json!({"activeDeadlineSeconds": 4, "backoffLimit": 0});
    let path = job(ns, spec, "Never", "sleep 1000").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    failed_because(&job, "DeadlineExceeded")?;
    same("the failures", &job["status"]["failed"], 1)?;
    same(
        "the active pods",
        job["status"]["active"].as_i64().unwrap_or(0),
        0,
    )?;
    let gone = |list: &Value| items(list).is_empty();
    let path = ns.core("pods?labelSelector=job-name%3Dj");
    ns.wait("the end of the pods", &path, gone).await?;
    Ok(())
}

pub(super) async fn a_job_counts_restarts_when_its_pods_restart(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({"backoffLimit": 1}), "OnFailure", "exit 3").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    failed_because(&job, "BackoffLimitExceeded")
}

pub(super) async fn a_job_has_as_many_completions_as_asked_for(ns: &TestNamespace<'_>) -> Outcome {
    let spec = json!({"completions": 3, "parallelism": 2});
    let path = job(ns, spec, "Never", "echo done").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    hold(is_true(&job, "Complete"), || {
        format!("the job is not complete: {job}")
    })?;
    same("the successes", &job["status"]["succeeded"], 3)?;
    let pods = pods(ns).await?;
    same("the number of pods", items(&pods).len(), 3)
}

pub(super) async fn a_finished_job_goes_after_its_time_to_live(ns: &TestNamespace<'_>) -> Outcome {
    let spec = json!({"ttlSecondsAfterFinished": 3});
    let path = job(ns, spec, "Never", "echo done").await?;
    ns.wait("the end of the job", &path, over).await?;
    ns.wait_gone(&path).await?;
    let gone = |list: &Value| items(list).is_empty();
    let path = ns.core("pods?labelSelector=job-name%3Dj");
    ns.wait("the end of the pods", &path, gone).await?;
    Ok(())
}

pub(super) async fn a_suspended_job_makes_no_pod_until_it_is_resumed(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let path = job(ns, json!({"suspend": true}), "Never", "echo done").await?;
    let suspended = |job: &Value| is_true(job, "Suspended");
    let job = ns.wait("the suspension", &path, suspended).await?;
    let reason = condition(&job, "Suspended").map(|condition| condition["reason"].clone());
    same(
        "the reason of the suspension",
        reason,
        Some(json!("JobSuspended")),
    )?;
    hold(job["status"].get("startTime").is_none(), || {
        format!("a suspended job has started: {}", job["status"])
    })?;
    same("the number of pods", items(&pods(ns).await?).len(), 0)?;
    let resume = json!({"spec": {"suspend": false}});
    ns.merge(&path, &resume).await?.expect(200)?;
    let job = ns.wait("the end of the job", &path, over).await?;
    hold(is_true(&job, "Complete"), || {
        format!("the job is not complete: {job}")
    })?;
    let suspended = condition(&job, "Suspended");
    let is_false = suspended.is_some_and(|condition| condition["status"] == "False");
    hold(is_false, || {
        format!("a resumed job is still suspended: {job}")
    })
}

pub(super) async fn a_job_owns_and_labels_its_pods(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({}), "Never", "echo done").await?;
    let job = ns.wait("the end of the job", &path, over).await?;
    let uid = &job["metadata"]["uid"];
    let selector = &job["spec"]["selector"]["matchLabels"];
    same(
        "the selector",
        selector,
        &json!({"batch.kubernetes.io/controller-uid": uid}),
    )?;
    let pods = pods(ns).await?;
    let pod = &items(&pods)[0];
    let labels = &pod["metadata"]["labels"];
    for (label, expected) in [
        ("batch.kubernetes.io/controller-uid", uid),
        ("controller-uid", uid),
        ("batch.kubernetes.io/job-name", &json!("j")),
        ("job-name", &json!("j")),
    ] {
        same(
            &format!("the label {label} of the pod"),
            &labels[label],
            expected,
        )?;
        let own = &job["metadata"]["labels"][label];
        same(&format!("the label {label} of the job"), own, expected)?;
    }
    let owner = json!([{
        "apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    }]);
    same(
        "the owner of the pod",
        &pod["metadata"]["ownerReferences"],
        &owner,
    )?;
    same(
        "the beginning of its name",
        &pod["metadata"]["generateName"],
        "j-",
    )
}

pub(super) async fn a_job_has_defaults(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({"suspend": true}), "Never", "echo done").await?;
    let job = ns.get(&path).await?.expect(200)?;
    for (field, expected) in [
        ("backoffLimit", json!(6)),
        ("completions", json!(1)),
        ("parallelism", json!(1)),
        ("completionMode", json!("NonIndexed")),
        ("manualSelector", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
    ] {
        same(
            &format!("the default of {field}"),
            &job["spec"][field],
            &expected,
        )?;
    }
    same("the generation", &job["metadata"]["generation"], 1)
}

pub(super) async fn a_job_must_say_how_its_pods_restart(ns: &TestNamespace<'_>) -> Outcome {
    for restart in ["", "Always"] {
        let mut spec = ns.shell(restart, "true");
        if restart.is_empty() {
            spec["restartPolicy"] = Value::Null;
        }
        let job = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}});
        let status = ns
            .post(&ns.batch("jobs"), &job)
            .await?
            .refused(422, "Invalid")?;
        let expected = json!({
            "name": "j", "group": "batch", "kind": "Job",
            "causes": [{
                "reason": "FieldValueRequired", "field": "spec.template.spec.restartPolicy",
                "message": "Required value: valid values: \"OnFailure\", \"Never\"",
            }],
        });
        same("the details of the refusal", &status["details"], &expected)?;
    }
    Ok(())
}

pub(super) async fn the_template_of_a_job_cannot_change(ns: &TestNamespace<'_>) -> Outcome {
    let path = job(ns, json!({"suspend": true}), "Never", "true").await?;
    let change = json!({"spec": {"completions": 4}});
    let status = ns.merge(&path, &change).await?.refused(422, "Invalid")?;
    let expected = json!([{
        "reason": "FieldValueInvalid", "field": "spec.completions",
        "message": "Invalid value: 4: field is immutable",
    }]);
    same("the causes", &status["details"]["causes"], &expected)
}
