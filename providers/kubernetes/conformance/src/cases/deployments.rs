//! Deployments and replica sets: pods by number.
//!
//! Source: the documentation of Deployments, and of the scale subresource.

use serde_json::{Value, json};

use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::{TestNamespace, is_true, items, names};

fn deployment(ns: &TestNamespace<'_>, replicas: u32) -> Value {
    json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    })
}

/// Creates a deployment and waits for its pods.
async fn running(ns: &TestNamespace<'_>, replicas: u32) -> Outcome<Value> {
    let path = ns.apps("deployments");
    ns.make_at(&path, &deployment(ns, replicas)).await?;
    let there = move |found: &Value| found["status"]["availableReplicas"] == replicas;
    ns.wait("the pods", &ns.apps("deployments/d"), there).await
}

fn pods(ns: &TestNamespace<'_>) -> String {
    ns.core("pods?labelSelector=app%3Dd")
}

pub(super) async fn a_deployment_makes_a_replica_set_that_makes_pods(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let made = running(ns, 2).await?;
    let status = &made["status"];
    for field in [
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
    ] {
        same(&format!("{field} of the deployment"), &status[field], 2)?;
    }
    same(
        "the observed generation",
        &status["observedGeneration"],
        &made["metadata"]["generation"],
    )?;
    let through = |found: &Value| is_true(found, "Available") && is_true(found, "Progressing");
    ns.wait("its conditions", &ns.apps("deployments/d"), through)
        .await?;
    let sets = ns
        .get(&ns.apps("replicasets?labelSelector=app%3Dd"))
        .await?
        .expect(200)?;
    same("the number of replica sets", items(&sets).len(), 1)?;
    let set = &items(&sets)[0];
    let hash = set["metadata"]["labels"]["pod-template-hash"]
        .as_str()
        .unwrap_or_default();
    hold(!hash.is_empty(), || {
        format!("it has no hash: {}", set["metadata"])
    })?;
    same(
        "its name",
        &set["metadata"]["name"],
        format!("d-{hash}").as_str(),
    )?;
    let selector = json!({"app": "d", "pod-template-hash": hash});
    same(
        "its selector",
        &set["spec"]["selector"]["matchLabels"],
        &selector,
    )?;
    owned_by(set, "Deployment", &made)?;
    let pods = ns.get(&pods(ns)).await?.expect(200)?;
    same("the number of pods", items(&pods).len(), 2)?;
    for pod in items(&pods) {
        owned_by(pod, "ReplicaSet", set)?;
        same("the labels of a pod", &pod["metadata"]["labels"], &selector)?;
    }
    Ok(())
}

fn owned_by(object: &Value, kind: &str, owner: &Value) -> Outcome {
    let expected = json!([{
        "apiVersion": "apps/v1", "kind": kind, "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    }]);
    same(
        "the owner",
        &object["metadata"]["ownerReferences"],
        &expected,
    )
}

pub(super) async fn the_scale_subresource_reads_and_writes_the_number_of_pods(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let made = running(ns, 1).await?;
    let path = ns.apps("deployments/d/scale");
    let mut scale = ns.get(&path).await?.expect(200)?;
    same("the kind", &scale["kind"], "Scale")?;
    same("the API version", &scale["apiVersion"], "autoscaling/v1")?;
    same(
        "the uid",
        &scale["metadata"]["uid"],
        &made["metadata"]["uid"],
    )?;
    same("what is wanted", &scale["spec"]["replicas"], 1)?;
    let expected = json!({"replicas": 1, "selector": "app=d"});
    same("the status", &scale["status"], &expected)?;
    scale["spec"]["replicas"] = 3.into();
    let written = ns.put(&path, &scale).await?.expect(200)?;
    same("what is wanted now", &written["spec"]["replicas"], 3)?;
    let three = |found: &Value| found["status"]["readyReplicas"] == 3;
    ns.wait("three pods", &ns.apps("deployments/d"), three)
        .await?;
    // The version that was read is no longer the newest.
    scale["spec"]["replicas"] = 5.into();
    let status = ns.put(&path, &scale).await?.refused(409, "Conflict")?;
    same("what conflicts", &status["details"]["kind"], "deployments")?;
    let negative = json!({"spec": {"replicas": -1}});
    let status = ns.merge(&path, &negative).await?.refused(422, "Invalid")?;
    same("what is invalid", &status["details"]["kind"], "Scale")?;
    let none = json!({"spec": {"replicas": 0}});
    let answer = ns.merge(&path, &none).await?.expect(200)?;
    hold(
        answer["spec"]
            .get("replicas")
            .is_none_or(|number| number == 0),
        || format!("what is wanted at last: {}", answer["spec"]),
    )?;
    let gone = |list: &Value| items(list).is_empty();
    ns.wait("the end of the pods", &pods(ns), gone).await?;
    let settled = |found: &Value| {
        let generation = &found["metadata"]["generation"];
        found["status"].get("replicas").is_none()
            && found["status"]["observedGeneration"] == *generation
    };
    ns.wait(
        "a deployment of nothing",
        &ns.apps("deployments/d"),
        settled,
    )
    .await?;
    Ok(())
}

pub(super) async fn a_deleted_pod_is_replaced(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, 2).await?;
    let before = names(&ns.get(&pods(ns)).await?.expect(200)?);
    let victim = before
        .first()
        .ok_or_else(|| Finding::new("no pod exists"))?;
    let path = ns.core(&format!("pods/{victim}"));
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    ns.wait_gone(&path).await?;
    let whole = |list: &Value| {
        let ready = items(list).iter().filter(|pod| is_true(pod, "Ready"));
        ready.count() == 2 && items(list).len() == 2
    };
    let after = ns.wait("a new pod", &pods(ns), whole).await?;
    let survivor = before
        .last()
        .is_some_and(|name| names(&after).contains(name));
    hold(survivor, || {
        format!("the other pod went too: {before:?}, {:?}", names(&after))
    })
}

pub(super) async fn a_deleted_deployment_takes_everything_along(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, 2).await?;
    let path = ns.apps("deployments/d");
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    ns.wait_gone(&path).await?;
    let gone = |list: &Value| items(list).is_empty();
    let sets = ns.apps("replicasets?labelSelector=app%3Dd");
    ns.wait("the end of the replica set", &sets, gone).await?;
    ns.wait("the end of the pods", &pods(ns), gone).await?;
    Ok(())
}

pub(super) async fn a_selector_that_does_not_fit_the_template_is_invalid(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let mut wrong = deployment(ns, 1);
    wrong["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let path = ns.apps("deployments");
    let status = ns.post(&path, &wrong).await?.refused(422, "Invalid")?;
    let expected = json!({
        "name": "d", "group": "apps", "kind": "Deployment",
        "causes": [{
            "reason": "FieldValueInvalid", "field": "spec.template.metadata.labels",
            "message": "Invalid value: {\"app\":\"other\"}: `selector` does not match template \
                        `labels`",
        }],
    });
    same("the details", &status["details"], &expected)
}

pub(super) async fn a_selector_cannot_change(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.apps("deployments");
    ns.make_at(&path, &deployment(ns, 0)).await?;
    let change = json!({"spec": {
        "selector": {"matchLabels": {"more": "x"}},
        "template": {"metadata": {"labels": {"more": "x"}}},
    }});
    let path = ns.apps("deployments/d");
    let status = ns.merge(&path, &change).await?.refused(422, "Invalid")?;
    let causes = status["details"]["causes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let frozen = causes.iter().any(|cause| {
        let message = cause["message"].as_str().unwrap_or_default();
        cause["field"] == "spec.selector" && message.ends_with("field is immutable")
    });
    hold(frozen, || format!("the causes are {causes:?}"))
}
