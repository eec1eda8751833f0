//! Stateful sets, daemon sets and cron jobs.
//!
//! Source: the Kubernetes documentation of each.

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, items, names};

fn stateful_set(ns: &TestNamespace<'_>, replicas: u32) -> Value {
    json!({
        "metadata": {"name": "s"},
        "spec": {
            "replicas": replicas, "serviceName": "s", "selector": {"matchLabels": {"app": "s"}},
            "template": {
                "metadata": {"labels": {"app": "s"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    })
}

async fn running(ns: &TestNamespace<'_>, replicas: u32) -> Outcome<Value> {
    ns.make_at(&ns.apps("statefulsets"), &stateful_set(ns, replicas))
        .await?;
    let ready = move |found: &Value| {
        found["status"]["readyReplicas"] == replicas
            && found["status"]["currentReplicas"] == replicas
    };
    ns.wait("the pods", &ns.apps("statefulsets/s"), ready).await
}

fn pods(ns: &TestNamespace<'_>, app: &str) -> String {
    ns.core(&format!("pods?labelSelector=app%3D{app}"))
}

pub(super) async fn the_pods_of_a_stateful_set_have_numbers(ns: &TestNamespace<'_>) -> Outcome {
    let set = running(ns, 2).await?;
    same(
        "the revisions",
        &set["status"]["currentRevision"],
        &set["status"]["updateRevision"],
    )?;
    let list = ns.get(&pods(ns, "s")).await?.expect(200)?;
    same(
        "their names",
        names(&list),
        vec!["s-0".to_owned(), "s-1".to_owned()],
    )?;
    let pod = &items(&list)[1];
    let labels = &pod["metadata"]["labels"];
    same(
        "the label with the name",
        &labels["statefulset.kubernetes.io/pod-name"],
        "s-1",
    )?;
    same(
        "the label with the number",
        &labels["apps.kubernetes.io/pod-index"],
        "1",
    )?;
    same(
        "the revision",
        &labels["controller-revision-hash"],
        &set["status"]["updateRevision"],
    )?;
    same("the host's name", &pod["spec"]["hostname"], "s-1")?;
    same("the subdomain", &pod["spec"]["subdomain"], "s")?;
    same(
        "the owner",
        &pod["metadata"]["ownerReferences"][0]["kind"],
        "StatefulSet",
    )?;
    let first = items(&list)[0]["status"]["startTime"]
        .as_str()
        .unwrap_or("a")
        .to_owned();
    let second = pod["status"]["startTime"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    hold(first < second, || {
        format!("the second started at {second}, the first at {first}")
    })
}

pub(super) async fn a_pod_of_a_stateful_set_comes_back_by_the_same_name(
    ns: &TestNamespace<'_>,
) -> Outcome {
    running(ns, 1).await?;
    let path = ns.core("pods/s-0");
    let before = ns.get(&path).await?.expect(200)?;
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    let other = |found: &Value| found["metadata"]["uid"] != before["metadata"]["uid"];
    ns.wait("the pod again", &path, other).await?;
    Ok(())
}

pub(super) async fn a_stateful_set_shrinks_from_its_end(ns: &TestNamespace<'_>) -> Outcome {
    running(ns, 3).await?;
    let path = ns.apps("statefulsets/s/scale");
    ns.merge(&path, &json!({"spec": {"replicas": 1}}))
        .await?
        .expect(200)?;
    let one = |list: &Value| names(list) == ["s-0"];
    ns.wait("one pod", &pods(ns, "s"), one).await?;
    Ok(())
}

pub(super) async fn a_changed_template_replaces_the_pods_from_the_end(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let before = running(ns, 2).await?;
    let change = json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}});
    ns.merge(&ns.apps("statefulsets/s"), &change)
        .await?
        .expect(200)?;
    let old = &before["status"]["currentRevision"];
    let done = |found: &Value| {
        let status = &found["status"];
        status["currentRevision"] != *old
            && status["currentRevision"] == status["updateRevision"]
            && status["readyReplicas"] == 2
    };
    ns.wait("the rollout", &ns.apps("statefulsets/s"), done)
        .await?;
    let revisions = ns.get(&ns.apps("controllerrevisions")).await?.expect(200)?;
    same("the number of revisions", items(&revisions).len(), 2)
}

pub(super) async fn a_claim_of_a_stateful_set_outlives_it(ns: &TestNamespace<'_>) -> Outcome {
    let mut set = stateful_set(ns, 1);
    // No such class: the claim stays pending, and so does the pod.
    set["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "no-such-class",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }]);
    ns.make_at(&ns.apps("statefulsets"), &set).await?;
    let claim = ns.core("persistentvolumeclaims/data-s-0");
    let found = ns.wait("the claim", &claim, |_| true).await?;
    same(
        "its labels",
        &found["metadata"]["labels"],
        &json!({"app": "s"}),
    )?;
    let pod = ns.wait("the pod", &ns.core("pods/s-0"), |_| true).await?;
    let volumes = pod["spec"]["volumes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mounted = volumes
        .iter()
        .any(|one| one["persistentVolumeClaim"]["claimName"] == "data-s-0");
    hold(mounted, || format!("the volumes of the pod: {volumes:?}"))?;
    ns.delete(&ns.apps("statefulsets/s"), &Value::Null)
        .await?
        .expect(200)?;
    ns.wait_gone(&ns.core("pods/s-0")).await?;
    let stays = ns.get(&claim).await?.expect(200)?;
    same(
        "whether it is being deleted",
        stays["metadata"].get("deletionTimestamp").is_some(),
        false,
    )
}

pub(super) async fn what_a_stateful_set_is_made_of_cannot_change(
    ns: &TestNamespace<'_>,
) -> Outcome {
    running(ns, 1).await?;
    let change = json!({"spec": {"serviceName": "other"}});
    let status = ns
        .merge(&ns.apps("statefulsets/s"), &change)
        .await?
        .refused(422, "Invalid")?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(
        message.contains("updates to statefulset spec for fields other than"),
        || message.to_owned(),
    )
}

pub(super) async fn a_daemon_set_has_a_pod_on_each_node(ns: &TestNamespace<'_>) -> Outcome {
    let set = json!({
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    });
    ns.make_at(&ns.apps("daemonsets"), &set).await?;
    let ready = |found: &Value| {
        let status = &found["status"];
        status["desiredNumberScheduled"].as_i64() > Some(0)
            && status["numberReady"] == status["desiredNumberScheduled"]
            && status["updatedNumberScheduled"] == status["desiredNumberScheduled"]
    };
    let set = ns.wait("the pods", &ns.apps("daemonsets/d"), ready).await?;
    let list = ns.get(&pods(ns, "d")).await?.expect(200)?;
    let mut nodes: Vec<&str> = items(&list)
        .iter()
        .filter_map(|pod| pod["spec"]["nodeName"].as_str())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    same(
        "the nodes",
        json!(nodes.len()),
        set["status"]["desiredNumberScheduled"].clone(),
    )?;
    same("the pods", items(&list).len(), nodes.len())
}

pub(super) async fn a_daemon_set_of_no_node_has_no_pod(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Always", "sleep 1000");
    spec["nodeSelector"] = json!({"kubeproof.dev/no-such-label": "a"});
    let set = json!({
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": spec},
        },
    });
    ns.make_at(&ns.apps("daemonsets"), &set).await?;
    let seen = |found: &Value| found["status"]["observedGeneration"] == 1;
    let set = ns
        .wait("its status", &ns.apps("daemonsets/d"), seen)
        .await?;
    same(
        "the wanted pods",
        &set["status"]["desiredNumberScheduled"],
        0,
    )
}

fn cron_job(ns: &TestNamespace<'_>, schedule: &str) -> Value {
    json!({
        "metadata": {"name": "c"},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {"spec": {"template": {"spec": ns.shell("Never", "echo hello")}}},
        },
    })
}

pub(super) async fn a_cron_job_starts_a_job_each_minute(ns: &TestNamespace<'_>) -> Outcome {
    ns.make_at(&ns.batch("cronjobs"), &cron_job(ns, "* * * * *"))
        .await?;
    let path = ns.batch("jobs");
    let one = |list: &Value| !items(list).is_empty();
    let list = ns.wait("a job", &path, one).await?;
    let job = &items(&list)[0];
    same(
        "the owner",
        &job["metadata"]["ownerReferences"][0]["kind"],
        "CronJob",
    )?;
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let number = name
        .strip_prefix("c-")
        .and_then(|number| number.parse::<u64>().ok());
    hold(number.is_some(), || format!("its name is {name}"))?;
    let scheduled = |found: &Value| found["status"]["lastScheduleTime"].is_string();
    ns.wait("the time", &ns.batch("cronjobs/c"), scheduled)
        .await?;
    Ok(())
}

pub(super) async fn a_cron_job_needs_a_schedule(ns: &TestNamespace<'_>) -> Outcome {
    for schedule in ["", "* * * *", "61 * * * *"] {
        let answer = ns
            .post(&ns.batch("cronjobs"), &cron_job(ns, schedule))
            .await?;
        answer.refused(422, "Invalid")?;
    }
    Ok(())
}
