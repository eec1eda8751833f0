//! Events that the cluster records about a pod.

use serde_json::{Value, json};

use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::{TestNamespace, items};

fn about(ns: &TestNamespace<'_>, name: &str) -> String {
    ns.core(&format!(
        "events?fieldSelector=involvedObject.name%3D{name}"
    ))
}

fn told<'a>(list: &'a Value, reason: &str) -> Option<&'a Value> {
    items(list).iter().find(|event| event["reason"] == reason)
}

pub(super) async fn events_record_the_lifecycle_of_a_pod(ns: &TestNamespace<'_>) -> Outcome {
    ns.pod("p", "Never", "echo done").await?;
    let pod = ns.get(&ns.core("pods/p")).await?.expect(200)?;
    let started = |list: &Value| told(list, "Started").is_some();
    let list = ns
        .wait("the event of the start", &about(ns, "p"), started)
        .await?;
    for (reason, component, begins) in [
        ("Scheduled", "default-scheduler", "Successfully assigned "),
        ("Pulled", "kubelet", ""),
        ("Created", "kubelet", "Created container: c"),
        ("Started", "kubelet", "Started container c"),
    ] {
        let event = told(&list, reason)
            .ok_or_else(|| Finding::new(format!("there is no event {reason}: {list}")))?;
        same(&format!("the type of {reason}"), &event["type"], "Normal")?;
        told_by(event, component)?;
        let message = event["message"].as_str().unwrap_or_default();
        hold(message.starts_with(begins), || {
            format!("{reason} says {message}")
        })?;
        let involved = &event["involvedObject"];
        same(&format!("the kind of {reason}"), &involved["kind"], "Pod")?;
        same(
            &format!("the uid of {reason}"),
            &involved["uid"],
            &pod["metadata"]["uid"],
        )?;
        if component == "kubelet" {
            same(
                &format!("the part of {reason}"),
                &involved["fieldPath"],
                "spec.containers{c}",
            )?;
            let host = event["source"]["host"].as_str().unwrap_or_default();
            hold(!host.is_empty(), || {
                format!("{reason} names no node: {event}")
            })?;
        }
    }
    Ok(())
}

/// Who records an event. The kubelet writes `source` and `count`. The scheduler writes by `events.k8s.io`, which
/// fills in neither, if the API server answered it at its start, and as the kubelet does otherwise
/// (client-go, `NewEventBroadcasterAdapter`): it depends on which of them was up first.
fn told_by(event: &Value, component: &str) -> Outcome {
    let reason = event["reason"].as_str().unwrap_or_default();
    let reporter = &event["reportingComponent"];
    same(&format!("the reporter of {reason}"), reporter, component)?;
    let source = &event["source"]["component"];
    if component == "default-scheduler" && source.is_null() {
        return Ok(());
    }
    same(&format!("the source of {reason}"), source, component)?;
    same(&format!("the count of {reason}"), &event["count"], 1)
}

pub(super) async fn an_event_reports_a_pod_that_fits_nowhere(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["nodeSelector"] = json!({"no": "where"});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let failed = |list: &Value| told(list, "FailedScheduling").is_some();
    let list = ns.wait("the event", &about(ns, "p"), failed).await?;
    let event = told(&list, "FailedScheduling").cloned().unwrap_or_default();
    same("the type", &event["type"], "Warning")?;
    told_by(&event, "default-scheduler")?;
    let message = event["message"].as_str().unwrap_or_default();
    hold(
        message.contains("node(s) didn't match Pod's node affinity/selector"),
        || format!("the message is {message}"),
    )
}

pub(super) async fn a_client_can_create_events(ns: &TestNamespace<'_>) -> Outcome {
    let namespace = &ns.namespace;
    let event = json!({
        "metadata": {"name": "e"}, "reason": "Seen", "message": "seen by a client",
        "type": "Normal",
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "made-up"},
    });
    ns.make_at(&ns.core("events"), &event).await?;
    let list = ns.get(&about(ns, "made-up")).await?.expect(200)?;
    same("the number of events", items(&list).len(), 1)?;
    same(
        "the message",
        &items(&list)[0]["message"],
        "seen by a client",
    )
}
