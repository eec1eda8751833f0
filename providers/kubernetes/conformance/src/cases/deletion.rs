//! Deletion: dependents, finalizers, preconditions and whole collections.
//!
//! Source: the documentation of garbage collection and of finalizers.

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, is_true, items, names};

/// Creates a job with a long-running pod, and waits until it runs.
async fn running_job(ns: &TestNamespace<'_>) -> Outcome<String> {
    let spec = json!({"template": {"spec": ns.shell("Never", "sleep 1000")}});
    let job = json!({"metadata": {"name": "j"}, "spec": spec});
    ns.make_at(&ns.batch("jobs"), &job).await?;
    let runs = |list: &Value| items(list).iter().any(|pod| is_true(pod, "Ready"));
    ns.wait("the pod of the job", &pods(ns), runs).await?;
    Ok(ns.batch("jobs/j"))
}

fn pods(ns: &TestNamespace<'_>) -> String {
    ns.core("pods?labelSelector=job-name%3Dj")
}

fn none(list: &Value) -> bool {
    items(list).is_empty()
}

pub(super) async fn a_deleted_object_is_gone_and_the_answer_names_it(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let map = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let answer = ns.delete(&path, &Value::Null).await?.expect(200)?;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "m", "kind": "configmaps", "uid": map["metadata"]["uid"]},
    });
    same("the answer", &answer, &expected)?;
    ns.get(&path).await?.refused(404, "NotFound")?;
    ns.delete(&path, &Value::Null)
        .await?
        .refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn a_foreground_deletion_waits_for_the_dependents(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let path = running_job(ns).await?;
    let options = json!({"propagationPolicy": "Foreground"});
    let marked = ns.delete(&path, &options).await?.expect(200)?;
    let metadata = &marked["metadata"];
    same(
        "the finalizers",
        &metadata["finalizers"],
        &json!(["foregroundDeletion"]),
    )?;
    hold(metadata["deletionTimestamp"].is_string(), || {
        format!("it is not marked: {metadata}")
    })?;
    // The pod has a second to stop: until then its owner is there.
    ns.get(&path).await?.expect(200)?;
    ns.wait_gone(&path).await?;
    let list = ns.get(&pods(ns)).await?.expect(200)?;
    same("the pods that are left", names(&list), Vec::<String>::new())
}

pub(super) async fn a_background_deletion_removes_the_dependents_later(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let path = running_job(ns).await?;
    let options = json!({"propagationPolicy": "Background"});
    let answer = ns.delete(&path, &options).await?;
    same("the warnings", answer.warnings(), Vec::<String>::new())?;
    let status = answer.expect(200)?;
    same("the kind of the answer", &status["kind"], "Status")?;
    same("its status", &status["status"], "Success")?;
    same("its group", &status["details"]["group"], "batch")?;
    ns.get(&path).await?.refused(404, "NotFound")?;
    ns.wait("the end of the pods", &pods(ns), none).await?;
    Ok(())
}

pub(super) async fn a_job_deleted_without_a_policy_leaves_its_pods_and_warns(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let path = running_job(ns).await?;
    let answer = ns.delete(&path, &Value::Null).await?;
    let expected = "child pods are preserved by default when jobs are deleted; set \
                    propagationPolicy=Background to remove them or set propagationPolicy=Orphan to \
                    suppress this warning";
    same("the warnings", answer.warnings(), vec![expected.to_owned()])?;
    answer.expect(200)?;
    ns.wait_gone(&path).await?;
    // Long enough for the garbage collector to remove it, if it would.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let list = ns.get(&pods(ns)).await?.expect(200)?;
    same("the number of pods", items(&list).len(), 1)?;
    let pod = &items(&list)[0];
    same("the phase of the pod", &pod["status"]["phase"], "Running")?;
    hold(pod["metadata"].get("ownerReferences").is_none(), || {
        format!("it still has an owner: {}", pod["metadata"])
    })
}

pub(super) async fn an_orphaned_pod_has_no_owner_any_more(ns: &TestNamespace<'_>) -> Outcome {
    let path = running_job(ns).await?;
    let options = json!({"propagationPolicy": "Orphan"});
    let answer = ns.delete(&path, &options).await?;
    same("the warnings", answer.warnings(), Vec::<String>::new())?;
    let marked = answer.expect(200)?;
    same(
        "the finalizers",
        &marked["metadata"]["finalizers"],
        &json!(["orphan"]),
    )?;
    ns.wait_gone(&path).await?;
    let list = ns.get(&pods(ns)).await?.expect(200)?;
    same("the number of pods", items(&list).len(), 1)?;
    let owners = &items(&list)[0]["metadata"]["ownerReferences"];
    same("its owners", owners, &Value::Null)
}

pub(super) async fn a_finalizer_keeps_an_object_until_it_is_taken_off(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let map = json!({"metadata": {"name": "held", "finalizers": ["kubeproof.dev/hold"]}});
    ns.make_at(&ns.core("configmaps"), &map).await?;
    let path = ns.core("configmaps/held");
    let marked = ns.delete(&path, &Value::Null).await?.expect(200)?;
    same("the kind of the answer", &marked["kind"], "ConfigMap")?;
    let held = ns.get(&path).await?.expect(200)?;
    hold(held["metadata"]["deletionTimestamp"].is_string(), || {
        format!("it is not marked: {held}")
    })?;
    same(
        "its grace",
        &held["metadata"]["deletionGracePeriodSeconds"],
        0,
    )?;
    let free = json!({"metadata": {"finalizers": null}});
    ns.merge(&path, &free).await?.expect(200)?;
    ns.get(&path).await?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn a_precondition_that_does_not_hold_keeps_the_object(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let map = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    for (field, word) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let options = json!({"preconditions": {field: "1"}});
        let status = ns.delete(&path, &options).await?.refused(409, "Conflict")?;
        let there = map["metadata"][field].as_str().unwrap_or_default();
        let expected = format!(
            "the {word} in the precondition (1) does not match the {word} in record ({there})"
        );
        let message = status["message"].as_str().unwrap_or_default();
        hold(message.contains(&expected), || {
            format!("the message is {message}")
        })?;
    }
    let fits = json!({"preconditions": {
        "uid": map["metadata"]["uid"], "resourceVersion": map["metadata"]["resourceVersion"],
    }});
    ns.delete(&path, &fits).await?.expect(200)?;
    Ok(())
}

pub(super) async fn a_policy_that_does_not_exist_is_invalid(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let options = json!({"propagationPolicy": "Sideways"});
    let status = ns.delete(&path, &options).await?.refused(422, "Invalid")?;
    let cause = &status["details"]["causes"][0];
    same(
        "the reason of the cause",
        &cause["reason"],
        "FieldValueNotSupported",
    )?;
    same("its field", &cause["field"], "propagationPolicy")
}

pub(super) async fn a_collection_is_deleted_by_a_selector(ns: &TestNamespace<'_>) -> Outcome {
    for (name, tier) in [("a", "front"), ("b", "back"), ("c", "front")] {
        let map = json!({"metadata": {"name": name, "labels": {"tier": tier}}});
        ns.make_at(&ns.core("configmaps"), &map).await?;
    }
    let path = ns.core("configmaps?labelSelector=tier%3Dfront");
    let answer = ns.delete(&path, &Value::Null).await?.expect(200)?;
    same("the kind of the answer", &answer["kind"], "ConfigMapList")?;
    let left = ns
        .get(&ns.core("configmaps?labelSelector=tier"))
        .await?
        .expect(200)?;
    same("what is left", names(&left), vec!["b".to_owned()])?;
    ns.delete("/api/v1/namespaces", &Value::Null)
        .await?
        .refused(405, "MethodNotAllowed")?;
    Ok(())
}
