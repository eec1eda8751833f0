//! The row on the use of the endpoint in the scenario's cluster, by reading alone: the Secret, the Service, and what the
//! job has printed.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_kubernetes::consumer;

use super::{KUBERNETES, ROWS};
use crate::api::Api;
use crate::api::types::Endpoint;
use crate::cluster;
use crate::spec::{EndpointSpec, HuggingFaceSpec, KubernetesSpec};

/// Why there is nothing to see.
pub(super) const NO_INTEGRATION: &str = "the scenario uses its endpoint in no Kubernetes cluster";

/// The row.
pub(super) async fn row(api: &Api, spec: &HuggingFaceSpec, endpoint: &Endpoint) -> Check {
    let Some(kubernetes) = &spec.kubernetes else {
        return ROWS.skipped(KUBERNETES, NO_INTEGRATION);
    };
    match seen(api, (spec, kubernetes), endpoint).await {
        Ok(check) => check,
        // Without access, or an address, nothing is known.
        Err(error) => ROWS.unknown(KUBERNETES, error),
    }
}

async fn seen(
    api: &Api,
    (spec, kubernetes): (&HuggingFaceSpec, &KubernetesSpec),
    endpoint: &Endpoint,
) -> Result<Check, CallError> {
    let (client, access) = cluster::client(kubernetes, api.connection())?;
    let order = cluster::order(api, (spec, kubernetes), endpoint, &client).await?;
    let proof = match consumer::observe(&client, &order).await {
        Ok(proof) => proof,
        Err(error) => return Ok(ROWS.of_failure(KUBERNETES, &error)),
    };
    let asked = cluster::question(&api.connection().run);
    let generates = spec
        .endpoint
        .as_ref()
        .is_some_and(EndpointSpec::generates_text);
    let printed = proof.output.trim();
    if printed.is_empty() || (generates && !printed.contains(&asked)) {
        let message = format!("the job has printed {printed:?}, which is no answer to {asked:?}");
        return Ok(ROWS.failed(KUBERNETES, message));
    }
    let mut text = format!(
        "{}: pod {} on {} asked {} by service {} ({}) and printed {printed}",
        access.server,
        proof.pod,
        proof.node,
        order.host,
        consumer::NAME,
        proof.leads_to
    );
    if order.gateway.is_some() {
        text += "; the cluster is real, the endpoint is simulated by kubeproof and was called over plain HTTP";
    }
    Ok(ROWS.check(KUBERNETES, Verdict::Pass, text))
}
