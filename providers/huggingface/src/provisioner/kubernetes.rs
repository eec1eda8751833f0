//! The use of the endpoint in the scenario's cluster: a namespace of the run's own, found by its label.

use kubeproof_cloudkit::CallError;
use kubeproof_kubernetes::consumer;

use super::{SHOWS_WITHIN, Work};
use crate::api::types::Endpoint;
use crate::spec::KubernetesSpec;
use crate::{cluster, marks};

/// Makes the Secret, the Service and the Job, and waits until the job has an answer from the endpoint.
pub(super) async fn ensure(
    work: &Work,
    spec: &KubernetesSpec,
    endpoint: &Endpoint,
) -> Result<(), CallError> {
    let (client, _) = cluster::client(spec, work.api.connection())?;
    let order = cluster::order(&work.api, (&work.spec, spec), endpoint, &client).await?;
    work.report(&format!(
        "namespace {}: a job asks {}",
        order.namespace, order.host
    ));
    work.note_asked().await?;
    let made = consumer::ensure(&client, &order).await;
    made.map_err(|error| {
        let error = cluster::failed(&error);
        if error.cause == kubeproof_cloudkit::Cause::NoAnswer {
            work.session().note_unanswered(SHOWS_WITHIN);
        }
        error
    })?;
    work.session().record("namespace", &order.namespace);
    Ok(())
}

/// The namespaces of the run.
pub(super) async fn of_run(work: &Work) -> Result<Vec<String>, CallError> {
    let Some(spec) = &work.spec.kubernetes else {
        return Ok(Vec::new());
    };
    let (client, _) = cluster::client(spec, work.api.connection())?;
    let label = (marks::RUN, work.run().id.as_str());
    let found = consumer::namespaces(&client, label).await;
    found.map_err(|error| cluster::failed(&error))
}

/// Removes a namespace with everything in it.
pub(super) async fn delete(work: &Work, name: &str) -> Result<(), CallError> {
    let Some(spec) = &work.spec.kubernetes else {
        return Ok(());
    };
    let (client, _) = cluster::client(spec, work.api.connection())?;
    let removed = consumer::remove(&client, name).await;
    removed.map_err(|error| cluster::failed(&error))
}
