//! Namespaces: what a new one has, and how one is removed.
//!
//! Source: the documentation of namespaces and of the service account admission controller.

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::{TestNamespace, condition, is_true};

pub(super) async fn a_new_namespace_has_an_account_and_a_certificate_authority(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let name = format!("{}-new", ns.namespace);
    let made = ns.make_namespace(&name).await?;
    same("the phase", &made["status"]["phase"], "Active")?;
    same(
        "its finalizers",
        &made["spec"]["finalizers"],
        &json!(["kubernetes"]),
    )?;
    let label = &made["metadata"]["labels"]["kubernetes.io/metadata.name"];
    same("its name as a label", label, name.as_str())?;
    hold(made["metadata"].get("generation").is_none(), || {
        format!("it has generations: {}", made["metadata"])
    })?;
    let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
    ns.wait("the default service account", &account, |_| true)
        .await?;
    let root = format!("/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt");
    let root = ns
        .wait("the certificate authority", &root, |_| true)
        .await?;
    let told = root["data"]["ca.crt"]
        .as_str()
        .is_some_and(|text| !text.is_empty());
    hold(told, || format!("it is empty: {}", root["data"]))
}

pub(super) async fn nothing_can_be_created_in_a_terminating_namespace(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let name = format!("{}-going", ns.namespace);
    ns.make_namespace(&name).await?;
    let path = format!("/api/v1/namespaces/{name}");
    let marked = ns.delete(&path, &Value::Null).await?.expect(200)?;
    same("the phase", &marked["status"]["phase"], "Terminating")?;
    hold(marked["metadata"]["deletionTimestamp"].is_string(), || {
        format!("it is not marked: {}", marked["metadata"])
    })?;
    let map = json!({"metadata": {"name": "late"}});
    for query in ["", "?dryRun=All"] {
        let answer = ns.post(&format!("{path}/configmaps{query}"), &map).await?;
        let status = answer.refused(403, "Forbidden")?;
        let expected = format!(
            "configmaps \"late\" is forbidden: unable to create new content in namespace {name} \
             because it is being terminated"
        );
        same("the message", &status["message"], expected.as_str())?;
        let cause = json!([{
            "reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": format!("namespace {name} is being terminated"),
        }]);
        same("the causes", &status["details"]["causes"], &cause)?;
    }
    let again = json!({"metadata": {"name": name}});
    let status = ns
        .post("/api/v1/namespaces", &again)
        .await?
        .refused(409, "AlreadyExists")?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(message.starts_with("object is being deleted: "), || {
        format!("the message is {message}")
    })?;
    ns.wait_gone(&path).await
}

pub(super) async fn a_terminating_namespace_reports_what_holds_it(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let name = format!("{}-held", ns.namespace);
    ns.make_namespace(&name).await?;
    let path = format!("/api/v1/namespaces/{name}");
    let map = json!({"metadata": {"name": "held", "finalizers": ["kubeproof.dev/hold"]}});
    ns.make_at(&format!("{path}/configmaps"), &map).await?;
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    let told = |space: &Value| is_true(space, "NamespaceFinalizersRemaining");
    let space = ns.wait("what holds it", &path, told).await?;
    let message = |kind: &str| {
        let found = condition(&space, kind).cloned().unwrap_or_default();
        found["message"].as_str().unwrap_or_default().to_owned()
    };
    for (kind, part) in [
        (
            "NamespaceFinalizersRemaining",
            "kubeproof.dev/hold in 1 resource instances",
        ),
        ("NamespaceContentRemaining", "configmaps"),
    ] {
        hold(message(kind).contains(part), || {
            format!("{kind} says {}", message(kind))
        })?;
    }
    let free = json!({"metadata": {"finalizers": null}});
    let held = format!("{path}/configmaps/held");
    ns.merge(&held, &free).await?.expect(200)?;
    ns.wait_gone(&path).await
}

pub(super) async fn a_deleted_namespace_takes_everything_along(ns: &TestNamespace<'_>) -> Outcome {
    let name = format!("{}-whole", ns.namespace);
    ns.make_namespace(&name).await?;
    let path = format!("/api/v1/namespaces/{name}");
    let account = format!("{path}/serviceaccounts/default");
    ns.wait("the default service account", &account, |_| true)
        .await?;
    let pod = json!({"metadata": {"name": "p"}, "spec": ns.shell("Always", "sleep 1000")});
    ns.make_at(&format!("{path}/pods"), &pod).await?;
    let map = json!({"metadata": {"name": "m"}});
    ns.make_at(&format!("{path}/configmaps"), &map).await?;
    let running = |pod: &Value| pod["status"]["phase"] == "Running";
    ns.wait("the pod", &format!("{path}/pods/p"), running)
        .await?;
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    ns.wait_gone(&path).await?;
    ns.get(&format!("{path}/pods/p"))
        .await?
        .refused(404, "NotFound")?;
    // A new namespace of the same name starts empty.
    ns.make_namespace(&name).await?;
    ns.get(&format!("{path}/configmaps/m"))
        .await?
        .refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn the_default_namespace_stays(ns: &TestNamespace<'_>) -> Outcome {
    let path = "/api/v1/namespaces/default";
    let status = ns
        .delete(path, &Value::Null)
        .await?
        .refused(403, "Forbidden")?;
    let expected = "namespaces \"default\" is forbidden: this namespace may not be deleted";
    same("the message", &status["message"], expected)
}
