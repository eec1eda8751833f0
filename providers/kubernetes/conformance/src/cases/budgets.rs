//! Disruption budgets and evictions.
//!
//! Source: the Kubernetes documentation "Disruptions" and "API-initiated Eviction".

use serde_json::{Value, json};

use crate::finding::{Outcome, same};
use crate::test_namespace::{TestNamespace, items, names};

fn policy(ns: &TestNamespace<'_>, rest: &str) -> String {
    format!("/apis/policy/v1/namespaces/{}/{rest}", ns.namespace)
}

/// Two pods of a deployment, and a budget of them.
async fn with_budget(ns: &TestNamespace<'_>, least: Value, allowed: u32) -> Outcome<Vec<String>> {
    let deployment = json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    });
    ns.make_at(&ns.apps("deployments"), &deployment).await?;
    let ready = |found: &Value| found["status"]["availableReplicas"] == 2;
    ns.wait("the pods", &ns.apps("deployments/d"), ready)
        .await?;
    let budget = json!({
        "metadata": {"name": "b"},
        "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": "d"}}},
    });
    ns.make_at(&policy(ns, "poddisruptionbudgets"), &budget)
        .await?;
    let counted = move |found: &Value| {
        found["status"]["currentHealthy"] == 2 && found["status"]["disruptionsAllowed"] == allowed
    };
    ns.wait("its status", &policy(ns, "poddisruptionbudgets/b"), counted)
        .await?;
    Ok(names(
        &ns.get(&ns.core("pods?labelSelector=app%3Dd"))
            .await?
            .expect(200)?,
    ))
}

fn eviction(pod: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}})
}

pub(super) async fn an_eviction_that_the_budget_allows_deletes_the_pod(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let pods = with_budget(ns, json!(1), 1).await?;
    let path = ns.core(&format!("pods/{}/eviction", pods[0]));
    let answer = ns.post(&path, &eviction(&pods[0])).await?.expect(201)?;
    same("the answer", &answer["status"], "Success")?;
    ns.wait_gone(&ns.core(&format!("pods/{}", pods[0]))).await?;
    let again = |list: &Value| items(list).len() == 2;
    ns.wait("a new pod", &ns.core("pods?labelSelector=app%3Dd"), again)
        .await?;
    Ok(())
}

pub(super) async fn an_eviction_that_violates_the_budget_is_refused(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let pods = with_budget(ns, json!("100%"), 0).await?;
    let path = ns.core(&format!("pods/{}/eviction", pods[0]));
    let status = ns
        .post(&path, &eviction(&pods[0]))
        .await?
        .refused(429, "TooManyRequests")?;
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    same("the message", &status["message"], message)?;
    let cause = &status["details"]["causes"][0];
    same(
        "the reason of the cause",
        &cause["reason"],
        "DisruptionBudget",
    )?;
    let why = "The disruption budget b needs 2 healthy pods and has 2 currently";
    same("the message of the cause", &cause["message"], why)?;
    ns.get(&ns.core(&format!("pods/{}", pods[0])))
        .await?
        .expect(200)?;
    Ok(())
}

pub(super) async fn a_budget_has_one_kind_of_number(ns: &TestNamespace<'_>) -> Outcome {
    let budget = json!({
        "metadata": {"name": "b"},
        "spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {}},
    });
    ns.post(&policy(ns, "poddisruptionbudgets"), &budget)
        .await?
        .refused(422, "Invalid")?;
    Ok(())
}
