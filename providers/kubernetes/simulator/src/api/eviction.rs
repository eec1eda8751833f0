//! Eviction: the deletion of a pod that its disruption budget allows. `kubectl drain` and cluster autoscalers use it.
//!
//! Source: the Kubernetes documentation "API-initiated Eviction".

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::api::create::{WriteResponse, after_change};
use crate::api::delete::{self, Options as DeleteOptions};
use crate::api::options::Options;
use crate::api::route::Target;
use crate::cluster::Cluster;
use crate::controllers::disruption;
use crate::json::{condition_is_true, number, set, set_condition, text};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;
use crate::wire::body;
use crate::wire::status::Failure;

const TWO_BUDGETS: &str = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not \
                           support.";

/// Evicts a pod.
pub(crate) fn evict(
    cluster: &mut Cluster,
    target: &Target,
    key: &Key,
    request: &Request<Bytes>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let (eviction, warnings) = body::object("Eviction", "policy/v1", request, options.validation)?;
    let found = cluster.store.get(key);
    let pod = found
        .ok_or_else(|| Failure::not_found(target.of, &key.name))?
        .clone();
    let given = eviction
        .get("deleteOptions")
        .cloned()
        .unwrap_or(Value::Null);
    let how = DeleteOptions::of_request(&given, &std::collections::BTreeMap::new())?;
    let budgets = disruption::of_pod(cluster, &key.namespace, &pod);
    // Nothing runs in such a pod yet or any more.
    let is_idle = finished(&pod) || deleted(&pod) || text(&pod, "/status/phase") == "Pending";
    if !is_idle {
        match budgets.as_slice() {
            [] => {}
            [budget] => check(cluster, budget, &pod)?,
            _ => return Err(Failure::internal(TWO_BUDGETS)),
        }
    }
    if !options.dry {
        let now = cluster.stamp();
        cluster.modify(key, |pod| {
            let condition = json!({
                "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
                "message": "Eviction API: evicting", "lastProbeTime": null,
            });
            set_condition(pod, "/status/conditions", condition, &now);
        });
        delete::delete(cluster, target.of, key, &how)?;
        // Until the controllers have counted again, the budget has one disruption less.
        for budget in budgets {
            cluster.modify(&budget, |budget| {
                let left = number(budget, "/status/disruptionsAllowed").unwrap_or(0) - 1;
                set(budget, "/status/disruptionsAllowed", left.max(0));
            });
        }
        after_change(cluster, target.of);
    }
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(WriteResponse {
        warnings,
        ..WriteResponse::new(201, status)
    })
}

/// Whether a budget allows the eviction of a pod.
fn check(cluster: &Cluster, key: &Key, pod: &Value) -> Result<(), Failure> {
    let Some(budget) = cluster.store.get(key) else {
        return Ok(());
    };
    let of = |name: &str| number(budget, &format!("/status/{name}")).unwrap_or(0);
    let (healthy, desired) = (of("currentHealthy"), of("desiredHealthy"));
    if !condition_is_true(pod, "Ready") {
        let always = text(budget, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
        if always || (healthy >= desired && desired > 0) {
            return Ok(());
        }
    }
    if of("disruptionsAllowed") > 0 {
        return Ok(());
    }
    let name = &key.name;
    let plural = if desired == 1 { "" } else { "s" };
    Err(Failure::disrupts(&format!(
        "The disruption budget {name} needs {desired} healthy pod{plural} and has {healthy} currently"
    )))
}
