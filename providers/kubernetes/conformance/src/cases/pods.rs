//! Pods: their phases, what keeps them waiting, and how they go.
//!
//! Source: the documentation of the pod lifecycle.

use serde_json::{Value, json};

use crate::answer::Ask;
use crate::finding::{Outcome, hold, same};
use crate::place::{Place, condition, is_true};

fn container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].as_str().unwrap_or_default()
}

pub(super) async fn a_pod_ends_as_its_container_ends(place: &Place<'_>) -> Outcome {
    for (name, script, expected, code, reason) in [
        ("good", "exit 0", "Succeeded", 0, "Completed"),
        ("bad", "exit 3", "Failed", 3, "Error"),
    ] {
        let path = place.pod(name, "Never", script).await?;
        let over = |pod: &Value| ["Succeeded", "Failed"].contains(&phase(pod));
        let pod = place.wait("the end of the pod", &path, over).await?;
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
        place.wait("the end of its sandbox", &path, cleared).await?;
    }
    Ok(())
}

pub(super) async fn a_running_pod_is_ready(place: &Place<'_>) -> Outcome {
    let path = place.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    let pod = place.wait("the readiness of the pod", &path, ready).await?;
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
    place
        .get(&format!("/api/v1/nodes/{node}"))
        .await?
        .expect(200)?;
    Ok(())
}

pub(super) async fn an_image_that_does_not_exist_keeps_a_pod_waiting(place: &Place<'_>) -> Outcome {
    let mut spec = place.shell("Never", "true");
    let image = "localhost/kubeproof/no-such-image:1";
    spec["containers"][0]["image"] = image.into();
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    place.make_at(&place.core("pods"), &pod).await?;
    let backing_off =
        |pod: &Value| container(pod)["state"]["waiting"]["reason"] == "ImagePullBackOff";
    let path = place.core("pods/p");
    let pod = place
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

pub(super) async fn a_missing_secret_keeps_a_pod_waiting(place: &Place<'_>) -> Outcome {
    let mut spec = place.shell("Never", "true");
    let reference = json!({"secretKeyRef": {"name": "absent", "key": "k"}});
    spec["containers"][0]["env"] = json!([{"name": "A", "valueFrom": reference}]);
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    place.make_at(&place.core("pods"), &pod).await?;
    let waits =
        |pod: &Value| container(pod)["state"]["waiting"]["reason"] == "CreateContainerConfigError";
    let path = place.core("pods/p");
    let pod = place
        .wait("the refusal of the container", &path, waits)
        .await?;
    let message = &container(&pod)["state"]["waiting"]["message"];
    same("the message", message, "secret \"absent\" not found")
}

pub(super) async fn a_variable_comes_from_a_secret(place: &Place<'_>) -> Outcome {
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"k": "from the secret"}});
    place.make_at(&place.core("secrets"), &secret).await?;
    let mut spec = place.shell("Never", "echo \"$PLAIN\" \"$SECRET\"");
    let reference = json!({"secretKeyRef": {"name": "s", "key": "k"}});
    spec["containers"][0]["env"] = json!([
        {"name": "PLAIN", "value": "as it is,"}, {"name": "SECRET", "valueFrom": reference},
    ]);
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    place.make_at(&place.core("pods"), &pod).await?;
    let path = place.core("pods/p");
    let over = |pod: &Value| phase(pod) == "Succeeded";
    place.wait("the end of the pod", &path, over).await?;
    let log = place.get(&format!("{path}/log")).await?;
    same(
        "the log",
        log.text().as_str(),
        "as it is, from the secret\n",
    )
}

pub(super) async fn a_pod_that_fits_nowhere_is_unschedulable(place: &Place<'_>) -> Outcome {
    let mut spec = place.shell("Never", "true");
    spec["containers"][0]["resources"] = json!({"requests": {"cpu": "4000"}});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    place.make_at(&place.core("pods"), &pod).await?;
    let told = |pod: &Value| condition(pod, "PodScheduled").is_some();
    let path = place.core("pods/p");
    let pod = place.wait("the scheduler's word", &path, told).await?;
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
    place: &Place<'_>,
) -> Outcome {
    let path = place.pod("p", "Always", "exit 5").await?;
    let backs_off = |pod: &Value| {
        let restarted = container(pod)["restartCount"].as_i64() >= Some(1);
        restarted && container(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    };
    let pod = place.wait("the back-off", &path, backs_off).await?;
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

pub(super) async fn a_deleted_pod_gets_its_grace_period(place: &Place<'_>) -> Outcome {
    let path = place.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    place.wait("the readiness of the pod", &path, ready).await?;
    let options = json!({"gracePeriodSeconds": 3});
    let answer = place.delete(&path, &options).await?.expect(200)?;
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
    // The shell hears no signal: the pod runs until its time is up.
    let going = place.get(&path).await?.expect(200)?;
    same("the phase meanwhile", phase(&going), "Running")?;
    same("the generation", &going["metadata"]["generation"], 2)?;
    let start = tokio::time::Instant::now();
    place.wait_gone(&path).await?;
    hold(start.elapsed().as_secs() >= 1, || {
        format!("it was gone after {:?}", start.elapsed())
    })
}

pub(super) async fn a_pod_without_grace_is_gone_at_once(place: &Place<'_>) -> Outcome {
    let path = place.pod("p", "Always", "sleep 1000").await?;
    let ready = |pod: &Value| is_true(pod, "Ready");
    place.wait("the readiness of the pod", &path, ready).await?;
    let path_now = format!("{path}?gracePeriodSeconds=0");
    place.delete(&path_now, &Value::Null).await?.expect(200)?;
    place.get(&path).await?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn the_spec_of_a_pod_can_hardly_change(place: &Place<'_>) -> Outcome {
    let path = place.pod("p", "Always", "sleep 1000").await?;
    let change = json!({"spec": {"terminationGracePeriodSeconds": 5}});
    let status = place.merge(&path, &change).await?.refused(422, "Invalid")?;
    let cause = &status["details"]["causes"][0];
    same(
        "the reason of the cause",
        &cause["reason"],
        "FieldValueForbidden",
    )?;
    same("its field", &cause["field"], "spec")?;
    let label = json!({"metadata": {"labels": {"new": "label"}}});
    let pod = place.merge(&path, &label).await?.expect(200)?;
    same("the label", &pod["metadata"]["labels"]["new"], "label")
}

pub(super) async fn a_pod_has_defaults(place: &Place<'_>) -> Outcome {
    let container = json!({
        "name": "c", "image": place.arm.image, "command": ["sleep", "1000"],
        "ports": [{"containerPort": 80}],
    });
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [container]}});
    let pod = place.make_at(&place.core("pods"), &pod).await?;
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

pub(super) async fn a_pod_needs_a_service_account_that_exists(place: &Place<'_>) -> Outcome {
    let mut spec = place.shell("Never", "true");
    spec["serviceAccountName"] = "nobody".into();
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    let answer = place.post(&place.core("pods"), &pod).await?;
    let status = answer.refused(403, "Forbidden")?;
    let namespace = &place.namespace;
    let expected = format!(
        "pods \"p\" is forbidden: error looking up service account {namespace}/nobody: \
         serviceaccount \"nobody\" not found"
    );
    same("the message", &status["message"], expected.as_str())
}

pub(super) async fn a_status_is_written_apart(place: &Place<'_>) -> Outcome {
    let mut spec = place.shell("Never", "true");
    spec["nodeSelector"] = json!({"no": "where"});
    let pod = json!({
        "metadata": {"name": "p"}, "spec": spec, "status": {"phase": "Failed", "message": "made"},
    });
    let pod = place.make_at(&place.core("pods"), &pod).await?;
    same("the phase of a new pod", phase(&pod), "Pending")?;
    let path = place.core("pods/p");
    let both = json!({"status": {"message": "told"}, "metadata": {"labels": {"l": "1"}}});
    let pod = place.merge(&path, &both).await?.expect(200)?;
    hold(pod["status"].get("message").is_none(), || {
        format!("the status was written with the object: {}", pod["status"])
    })?;
    same("the label", &pod["metadata"]["labels"]["l"], "1")?;
    let ask = Ask::new("PATCH", format!("{path}/status"), both.to_string());
    let ask = ask.media("application/merge-patch+json");
    let pod = place.ask(ask).await?.expect(200)?;
    same("the message", &pod["status"]["message"], "told")
}
