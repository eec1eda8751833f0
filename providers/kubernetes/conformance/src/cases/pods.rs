//! Pods: their phases, why they wait, and how they are removed.
//!
//! Source: the documentation of the pod lifecycle.

use serde_json::{Value, json};

use crate::answer::Ask;
use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, condition, is_true};

fn container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].as_str().unwrap_or_default()
}

pub(super) async fn a_pod_ends_as_its_container_ends(ns: &TestNamespace<'_>) -> Outcome {
    for (name, script, expected, code, reason) in [
        ("good", "exit 0", "Succeeded", 0, "Completed"),
        ("bad", "exit 3", "Failed", 3, "Error"),
    ] {
        let path = ns.pod(name, "Never", script).await?;
        let over = |pod: &Value| ["Succeeded", "Failed"].contains(&phase(pod));
        let pod = ns.wait("the end of the pod", &path, over).await?;
        same("the phase", phase(&pod), expected)?;
        let ended = &container(&pod)["state"]["terminated"];
        same("the exit code", &ended["exitCode"], code)?;
        same("the reason", &ended["reason"], reason)?;
        for time in ["startedAt", "finishedAt"] {
            hold(ended[time].is_string(), || {
                format!("there is no {time}: {ended}")
            })?;
        }
        same("the restarts", &container(&pod)["restartCount"], 0)?;
        same("the readiness", &container(&pod)["ready"], false)?;
        hold(!is_true(&pod, "Ready"), || {
            format!("an ended pod is ready: {pod}")
        })?;
        hold(is_true(&pod, "PodScheduled"), || {
            format!("it was never scheduled: {pod}")
        })?;
        let why = condition(&pod, "Ready").map(|condition| condition["reason"].clone());
        let expected = if code == 0 {
            "PodCompleted"
        } else {
            "PodFailed"
        };
        same("why it is not ready", why, Some(json!(expected)))?;
        let cleared = |pod: &Value| {
            condition(pod, "PodReadyToStartContainers")
                .is_some_and(|condition| condition["status"] == "False")
        };
        ns.wait("the end of its sandbox", &path, cleared).await?;
    }
    Ok(())
}

pub(super) async fn a_running_pod_is_ready(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    let pod = ns.wait("the readiness of the pod", &path, ready).await?;
    same("the phase", phase(&pod), "Running")?;
    for kind in [
        "PodScheduled",
        "Initialized",
        "ContainersReady",
        "PodReadyToStartContainers",
    ] {
        hold(is_true(&pod, kind), || {
            format!("{kind} is not true: {}", pod["status"])
        })?;
    }
    same("the readiness", &container(&pod)["ready"], true)?;
    same("whether it has started", &container(&pod)["started"], true)?;
    hold(
        container(&pod)["state"]["running"]["startedAt"].is_string(),
        || format!("it does not say since when it runs: {}", container(&pod)),
    )?;
    for field in ["podIP", "hostIP", "startTime"] {
        let told = pod["status"][field]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        hold(told, || format!("there is no {field}: {}", pod["status"]))?;
    }
    let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
    ns.get(&format!("/api/v1/nodes/{node}"))
        .await?
        .expect(200)?;
    Ok(())
}

pub(super) async fn an_image_that_does_not_exist_keeps_a_pod_waiting(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    let image = "localhost/kubeproof/no-such-image:1";
    spec["containers"][0]["image"] = image.into();
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let backing_off =
        |pod: &Value| container(pod)["state"]["waiting"]["reason"] == "ImagePullBackOff";
    let path = ns.core("pods/p");
    let pod = ns
        .wait("the back-off of the pull", &path, backing_off)
        .await?;
    same("the phase", phase(&pod), "Pending")?;
    let message = &container(&pod)["state"]["waiting"]["message"];
    let begins = format!("Back-off pulling image \"{image}\"");
    hold(
        message
            .as_str()
            .is_some_and(|text| text.starts_with(&begins)),
        || format!("the message is {message}"),
    )
}

pub(super) async fn a_missing_secret_keeps_a_pod_waiting(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    let reference = json!({"secretKeyRef": {"name": "absent", "key": "k"}});
    spec["containers"][0]["env"] = json!([{"name": "A", "valueFrom": reference}]);
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let waits =
        |pod: &Value| container(pod)["state"]["waiting"]["reason"] == "CreateContainerConfigError";
    let path = ns.core("pods/p");
    let pod = ns
        .wait("the refusal of the container", &path, waits)
        .await?;
    let message = &container(&pod)["state"]["waiting"]["message"];
    same("the message", message, "secret \"absent\" not found")
}

pub(super) async fn a_variable_comes_from_a_secret(ns: &TestNamespace<'_>) -> Outcome {
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"k": "from the secret"}});
    ns.make_at(&ns.core("secrets"), &secret).await?;
    let mut spec = ns.shell("Never", "echo \"$PLAIN\" \"$SECRET\"");
    let reference = json!({"secretKeyRef": {"name": "s", "key": "k"}});
    spec["containers"][0]["env"] = json!([
        {"name": "PLAIN", "value": "as it is,"}, {"name": "SECRET", "valueFrom": reference},
    ]);
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let path = ns.core("pods/p");
    let over = |pod: &Value| phase(pod) == "Succeeded";
    ns.wait("the end of the pod", &path, over).await?;
    let log = ns.get(&format!("{path}/log")).await?;
    same(
        "the log",
        log.text().as_str(),
        "as it is, from the secret\n",
    )
}

pub(super) async fn a_pod_that_fits_nowhere_is_unschedulable(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["containers"][0]["resources"] = json!({"requests": {"cpu": "4000"}});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let told = |pod: &Value| condition(pod, "PodScheduled").is_some();
    let path = ns.core("pods/p");
    let pod = ns.wait("the scheduler's word", &path, told).await?;
    same("the phase", phase(&pod), "Pending")?;
    let scheduled = condition(&pod, "PodScheduled").cloned().unwrap_or_default();
    same("the status of PodScheduled", &scheduled["status"], "False")?;
    same("its reason", &scheduled["reason"], "Unschedulable")?;
    let message = scheduled["message"].as_str().unwrap_or_default();
    hold(
        message.contains("nodes are available") && message.contains("Insufficient cpu"),
        || format!("the message is {message}"),
    )
}

pub(super) async fn a_container_that_crashes_is_restarted_and_backs_off(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let path = ns.pod("p", "Always", "exit 5").await?;
    let backs_off = |pod: &Value| {
        let restarted = container(pod)["restartCount"].as_i64() >= Some(1);
        restarted && container(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    };
    let pod = ns.wait("the back-off", &path, backs_off).await?;
    same("the phase", phase(&pod), "Running")?;
    let last = &container(&pod)["lastState"]["terminated"];
    same("the last exit code", &last["exitCode"], 5)?;
    let message = container(&pod)["state"]["waiting"]["message"]
        .as_str()
        .unwrap_or_default();
    hold(message.starts_with("back-off "), || {
        format!("the message is {message}")
    })
}

pub(super) async fn a_deleted_pod_gets_its_grace_period(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    ns.wait("the readiness of the pod", &path, ready).await?;
    let options = json!({"gracePeriodSeconds": 3});
    let answer = ns.delete(&path, &options).await?.expect(200)?;
    same("the kind of the answer", &answer["kind"], "Pod")?;
    let metadata = &answer["metadata"];
    same(
        "the grace period",
        &metadata["deletionGracePeriodSeconds"],
        3,
    )?;
    hold(metadata["deletionTimestamp"].is_string(), || {
        format!("it is not marked: {metadata}")
    })?;
    // The shell ignores SIGTERM: the pod runs until its grace period ends.
    let going = ns.get(&path).await?.expect(200)?;
    same("the phase meanwhile", phase(&going), "Running")?;
    same("the generation", &going["metadata"]["generation"], 2)?;
    let start = tokio::time::Instant::now();
    ns.wait_gone(&path).await?;
    hold(start.elapsed().as_secs() >= 1, || {
        format!("it was gone after {:?}", start.elapsed())
    })
}

pub(super) async fn a_pod_without_grace_is_gone_at_once(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    ns.wait("the readiness of the pod", &path, ready).await?;
    let path_now = format!("{path}?gracePeriodSeconds=0");
    ns.delete(&path_now, &Value::Null).await?.expect(200)?;
    ns.get(&path).await?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn the_spec_of_a_pod_can_hardly_change(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.pod("p", "Always", "sleep 1000").await?;
    let change = json!({"spec": {"terminationGracePeriodSeconds": 5}});
    let status = ns.merge(&path, &change).await?.refused(422, "Invalid")?;
    let cause = &status["details"]["causes"][0];
    same(
        "the reason of the cause",
        &cause["reason"],
        "FieldValueForbidden",
    )?;
    same("its field", &cause["field"], "spec")?;
    let label = json!({"metadata": {"labels": {"new": "label"}}});
    let pod = ns.merge(&path, &label).await?.expect(200)?;
    same("the label", &pod["metadata"]["labels"]["new"], "label")
}

pub(super) async fn a_pod_has_defaults(ns: &TestNamespace<'_>) -> Outcome {
    let container = json!({
        "name": "c", "image": ns.target.image, "command": ["sleep", "1000"],
        "ports": [{"containerPort": 80}],
    });
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [container]}});
    let pod = ns.make_at(&ns.core("pods"), &pod).await?;
    let spec = &pod["spec"];
    for (field, expected) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("serviceAccountName", json!("default")),
        ("serviceAccount", json!("default")),
        ("securityContext", json!({})),
        ("enableServiceLinks", json!(true)),
        ("priority", json!(0)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        same(&format!("the default of {field}"), &spec[field], &expected)?;
    }
    let container = &spec["containers"][0];
    same(
        "the pull policy",
        &container["imagePullPolicy"],
        "IfNotPresent",
    )?;
    same(
        "the message path",
        &container["terminationMessagePath"],
        "/dev/termination-log",
    )?;
    same(
        "the message policy",
        &container["terminationMessagePolicy"],
        "File",
    )?;
    same("the resources", &container["resources"], &json!({}))?;
    same("the protocol", &container["ports"][0]["protocol"], "TCP")?;
    let tolerates = |key: &str| {
        json!({
            "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
        })
    };
    let expected = json!([
        tolerates("node.kubernetes.io/not-ready"),
        tolerates("node.kubernetes.io/unreachable"),
    ]);
    same("the tolerations", &spec["tolerations"], &expected)?;
    same("the phase", phase(&pod), "Pending")?;
    same(
        "the quality of service",
        &pod["status"]["qosClass"],
        "BestEffort",
    )
}

pub(super) async fn a_pod_needs_a_service_account_that_exists(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["serviceAccountName"] = "nobody".into();
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    let answer = ns.post(&ns.core("pods"), &pod).await?;
    let status = answer.refused(403, "Forbidden")?;
    let namespace = &ns.namespace;
    let expected = format!(
        "pods \"p\" is forbidden: error looking up service account {namespace}/nobody: \
         serviceaccount \"nobody\" not found"
    );
    same("the message", &status["message"], expected.as_str())
}

pub(super) async fn a_status_is_written_separately(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["nodeSelector"] = json!({"no": "where"});
    let pod = json!({
        "metadata": {"name": "p"}, "spec": spec, "status": {"phase": "Failed", "message": "made"},
    });
    let pod = ns.make_at(&ns.core("pods"), &pod).await?;
    same("the phase of a new pod", phase(&pod), "Pending")?;
    let path = ns.core("pods/p");
    let both = json!({"status": {"message": "told"}, "metadata": {"labels": {"l": "1"}}});
    let pod = ns.merge(&path, &both).await?.expect(200)?;
    hold(pod["status"].get("message").is_none(), || {
        format!("the status was written with the object: {}", pod["status"])
    })?;
    same("the label", &pod["metadata"]["labels"]["l"], "1")?;
    let ask = Ask::new("PATCH", format!("{path}/status"), both.to_string());
    let ask = ask.media("application/merge-patch+json");
    let pod = ns.ask(ask).await?.expect(200)?;
    same("the message", &pod["status"]["message"], "told")
}
