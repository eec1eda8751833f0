//! Logs of containers: before, while and after they run.

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

fn ended(pod: &Value) -> bool {
    ["Succeeded", "Failed"].contains(&pod["status"]["phase"].as_str().unwrap_or_default())
}

fn waiting(pod: &Value) -> &str {
    let state = &pod["status"]["containerStatuses"][0]["state"];
    state["waiting"]["reason"].as_str().unwrap_or_default()
}

pub(super) async fn the_log_of_a_finished_pod_is_what_it_printed(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let pod = ns.pod("p", "Never", "echo one; echo two; exit 4").await?;
    ns.wait("the end of the pod", &pod, ended).await?;
    for query in ["", "?container=c", "?follow=true"] {
        let answer = ns.get(&format!("{pod}/log{query}")).await?;
        same("the code", answer.code, 200)?;
        same("the media type", answer.media().as_str(), "text/plain")?;
        same("the log", answer.text().as_str(), "one\ntwo\n")?;
    }
    Ok(())
}

pub(super) async fn the_last_lines_of_a_log_can_be_had(ns: &TestNamespace<'_>) -> Outcome {
    let pod = ns
        .pod("p", "Never", "echo one; echo two; echo three")
        .await?;
    ns.wait("the end of the pod", &pod, ended).await?;
    for (lines, expected) in [(0, ""), (2, "two\nthree\n"), (9, "one\ntwo\nthree\n")] {
        let answer = ns.get(&format!("{pod}/log?tailLines={lines}")).await?;
        same("the code", answer.code, 200)?;
        same(
            &format!("the last {lines} lines"),
            answer.text().as_str(),
            expected,
        )?;
    }
    Ok(())
}

pub(super) async fn a_followed_log_ends_with_its_container(ns: &TestNamespace<'_>) -> Outcome {
    let pod = ns.pod("p", "Never", "echo one; sleep 4; echo two").await?;
    let running = |pod: &Value| pod["status"]["phase"] == "Running";
    ns.wait("the start of the pod", &pod, running).await?;
    let so_far = ns.get(&format!("{pod}/log")).await?;
    same("the log while it runs", so_far.text().as_str(), "one\n")?;
    let followed = ns.get(&format!("{pod}/log?follow=true")).await?;
    same("the followed log", followed.text().as_str(), "one\ntwo\n")
}

pub(super) async fn a_log_before_the_start_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["containers"][0]["image"] = "localhost/kubeproof/no-such-image:1".into();
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let path = ns.core("pods/p");
    let in_vain = |pod: &Value| ["ErrImagePull", "ImagePullBackOff"].contains(&waiting(pod));
    ns.wait("the failed pull", &path, in_vain).await?;
    let answer = ns.get(&format!("{path}/log")).await?;
    let status = answer.refused(400, "BadRequest")?;
    let message = status["message"].as_str().unwrap_or_default();
    let begins = "container \"c\" in pod \"p\" is waiting to start: ";
    hold(message.starts_with(begins), || {
        format!("the message is {message}")
    })
}

pub(super) async fn a_pod_on_no_node_has_no_log(ns: &TestNamespace<'_>) -> Outcome {
    let mut spec = ns.shell("Never", "true");
    spec["nodeSelector"] = json!({"no": "where"});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    let answer = ns.get(&ns.core("pods/p/log")).await?;
    same("the code", answer.code, 204)?;
    same("the log", answer.text().as_str(), "")
}

pub(super) async fn a_container_that_does_not_exist_has_no_log(ns: &TestNamespace<'_>) -> Outcome {
    let answer = ns.get(&ns.core("pods/p/log")).await?;
    answer.refused(404, "NotFound")?;
    let pod = ns.pod("p", "Never", "true").await?;
    ns.wait("the end of the pod", &pod, ended).await?;
    let answer = ns.get(&format!("{pod}/log?container=other")).await?;
    let status = answer.refused(400, "BadRequest")?;
    same(
        "the message",
        &status["message"],
        "container other is not valid for pod p",
    )
}

pub(super) async fn an_invalid_number_of_lines_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let pod = ns.pod("p", "Never", "true").await?;
    ns.wait("the end of the pod", &pod, ended).await?;
    let answer = ns.get(&format!("{pod}/log?tailLines=x")).await?;
    answer.refused(400, "BadRequest")?;
    let answer = ns.get(&format!("{pod}/log?tailLines=-1")).await?;
    answer.refused(422, "Invalid")?;
    Ok(())
}
