//! The proofs of the Kubernetes crate, as the harness uses them.

use std::collections::BTreeMap;

use kubeproof_contract::workload::{JobOrder, ScaleOrder};
use kubeproof_kubernetes::job::run_job;
use kubeproof_kubernetes::ready::ready;
use kubeproof_kubernetes::scale::prove;

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

pub(super) async fn the_nodes_are_ready(ns: &TestNamespace<'_>) -> Outcome {
    let seen = ready(&ns.target.client, 1).await?;
    hold(seen.is_ready(), || {
        format!("the cluster is not ready: {seen:?}")
    })?;
    hold(seen.version.starts_with("v1."), || {
        format!("the version is {}", seen.version)
    })
}

pub(super) async fn the_job_that_proves_a_cluster_runs(ns: &TestNamespace<'_>) -> Outcome {
    let order = JobOrder {
        gpus: None,
        name: "proof".to_owned(),
        namespace: format!("{}-job", ns.namespace),
        image: Some(ns.target.image.clone()),
        print: "hello from the proof".to_owned(),
        nonce: "n-4a1f6c".to_owned(),
        timeout: ns.target.limit,
        labels: BTreeMap::new(),
    };
    let proof = run_job(&ns.target.client, &order).await?;
    same(
        "the output",
        proof.output.as_str(),
        "hello from the proof\n(nonce)\n",
    )?;
    same("the exit code", proof.exit_code, Some(0))?;
    hold(proof.node.is_some(), || "the pod was on no node".to_owned())?;
    let space = format!("/api/v1/namespaces/{}", order.namespace);
    ns.get(&space).await?.refused(404, "NotFound").map(|_| ())
}

pub(super) async fn a_workload_scales_and_is_counted_pod_by_pod(ns: &TestNamespace<'_>) -> Outcome {
    let order = ScaleOrder {
        name: "scaled".to_owned(),
        namespace: format!("{}-scale", ns.namespace),
        image: Some(ns.target.image.clone()),
        from: 1,
        to: 4,
        timeout: ns.target.limit,
        labels: BTreeMap::new(),
    };
    let proof = prove(&ns.target.client, &order).await?;
    same("the pods before", proof.before.len(), 1)?;
    same("the pods after", proof.after.len(), 4)?;
    hold(
        proof.before.keys().all(|pod| proof.after.contains_key(pod)),
        || format!("growing replaced pods: {proof:?}"),
    )?;
    let space = format!("/api/v1/namespaces/{}", order.namespace);
    ns.get(&space).await?.refused(404, "NotFound").map(|_| ())
}
