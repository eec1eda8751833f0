//! Rollouts of deployments: another pod template, and back.
//!
//! Source: the documentation of Deployments (updating, rolling back, pausing).

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, condition, items, names};

fn deployment(ns: &TestNamespace<'_>, strategy: &Value) -> Value {
    json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "d"}}, "strategy": strategy,
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    })
}

fn through(replicas: u32) -> impl Fn(&Value) -> bool {
    move |found: &Value| {
        let status = &found["status"];
        status["observedGeneration"] == found["metadata"]["generation"]
            && status["updatedReplicas"] == replicas
            && status["availableReplicas"] == replicas
            && status["replicas"] == replicas
    }
}

async fn running(ns: &TestNamespace<'_>, strategy: &Value) -> Outcome {
    ns.make_at(&ns.apps("deployments"), &deployment(ns, strategy))
        .await?;
    ns.wait("the pods", &ns.apps("deployments/d"), through(3))
        .await?;
    Ok(())
}

/// Another template, as `kubectl rollout restart` makes one.
async fn restart(ns: &TestNamespace<'_>, when: &str) -> Outcome {
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": when});
    let change = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
    ns.merge(&ns.apps("deployments/d"), &change)
        .await?
        .expect(200)?;
    Ok(())
}

async fn pods(ns: &TestNamespace<'_>) -> Outcome<Vec<String>> {
    Ok(names(
        &ns.get(&ns.core("pods?labelSelector=app%3Dd"))
            .await?
            .expect(200)?,
    ))
}

async fn sets(ns: &TestNamespace<'_>) -> Outcome<Vec<Value>> {
    let list = ns
        .get(&ns.apps("replicasets?labelSelector=app%3Dd"))
        .await?
        .expect(200)?;
    Ok(items(&list).to_vec())
}

pub(super) async fn a_changed_template_replaces_all_pods_by_another_replica_set(
    ns: &TestNamespace<'_>,
) -> Outcome {
    running(ns, &Value::Null).await?;
    let before = pods(ns).await?;
    restart(ns, "2026-03-01T10:00:00Z").await?;
    let done = ns
        .wait("the rollout", &ns.apps("deployments/d"), through(3))
        .await?;
    let revision = &done["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
    same("the revision", revision, "2")?;
    let progress = condition(&done, "Progressing").cloned().unwrap_or_default();
    same("the reason", &progress["reason"], "NewReplicaSetAvailable")?;
    let gone = |list: &Value| items(list).len() == 3;
    let path = ns.core("pods?labelSelector=app%3Dd");
    ns.wait("the end of the old pods", &path, gone).await?;
    let after = pods(ns).await?;
    hold(after.iter().all(|name| !before.contains(name)), || {
        format!("an old pod is left: {before:?}, {after:?}")
    })?;
    let sets = sets(ns).await?;
    same("the number of replica sets", sets.len(), 2)?;
    let sizes: Vec<i64> = sets
        .iter()
        .map(|set| set["spec"]["replicas"].as_i64().unwrap_or(-1))
        .collect();
    hold(sizes.contains(&0) && sizes.contains(&3), || {
        format!("their sizes: {sizes:?}")
    })
}

pub(super) async fn an_earlier_template_is_the_newest_again(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, &Value::Null).await?;
    let first = sets(ns).await?;
    restart(ns, "2026-03-01T10:00:00Z").await?;
    ns.wait("the rollout", &ns.apps("deployments/d"), through(3))
        .await?;
    let back = json!({"spec": {"template": {"metadata": {"annotations": null}}}});
    ns.merge(&ns.apps("deployments/d"), &back)
        .await?
        .expect(200)?;
    let third = |found: &Value| {
        let revision = &found["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        revision == "3" && through(3)(found)
    };
    ns.wait("the way back", &ns.apps("deployments/d"), third)
        .await?;
    let sets = sets(ns).await?;
    same("the number of replica sets", sets.len(), 2)?;
    let name = &first[0]["metadata"]["name"];
    let again = sets.iter().find(|set| set["metadata"]["name"] == *name);
    same(
        "the size of the first",
        again.map(|set| set["spec"]["replicas"].clone()),
        Some(json!(3)),
    )
}

pub(super) async fn a_recreated_deployment_ends_its_pods_first(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, &json!({"type": "Recreate"})).await?;
    restart(ns, "2026-03-01T10:00:00Z").await?;
    let none = |found: &Value| found["status"].get("availableReplicas").is_none();
    ns.wait("a moment without pods", &ns.apps("deployments/d"), none)
        .await?;
    ns.wait("the new pods", &ns.apps("deployments/d"), through(3))
        .await?;
    Ok(())
}

pub(super) async fn a_paused_deployment_waits_with_its_rollout(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, &Value::Null).await?;
    let path = ns.apps("deployments/d");
    ns.merge(&path, &json!({"spec": {"paused": true}}))
        .await?
        .expect(200)?;
    restart(ns, "2026-03-01T10:00:00Z").await?;
    ns.merge(&path, &json!({"spec": {"replicas": 2}}))
        .await?
        .expect(200)?;
    let smaller = |found: &Value| found["status"]["replicas"] == 2;
    ns.wait("fewer pods", &path, smaller).await?;
    same("the number of replica sets", sets(ns).await?.len(), 1)?;
    ns.merge(&path, &json!({"spec": {"paused": false}}))
        .await?
        .expect(200)?;
    ns.wait("the rollout", &path, through(2)).await?;
    same("the number of replica sets", sets(ns).await?.len(), 2)
}

pub(super) async fn a_rollout_that_cannot_go_on_keeps_enough_pods(
    ns: &TestNamespace<'_>,
) -> Outcome {
    running(ns, &Value::Null).await?;
    let mut spec = ns.shell("Always", "sleep 1000");
    spec["containers"][0]["image"] = "localhost/kubeproof/no-such-image:1".into();
    let change = json!({"spec": {"template": {"spec": spec}}});
    ns.merge(&ns.apps("deployments/d"), &change)
        .await?
        .expect(200)?;
    let stuck = |found: &Value| {
        found["status"]["updatedReplicas"] == 1 && found["status"]["unavailableReplicas"] == 1
    };
    let found = ns
        .wait("a pod that cannot start", &ns.apps("deployments/d"), stuck)
        .await?;
    same(
        "the available pods",
        &found["status"]["availableReplicas"],
        3,
    )
}
