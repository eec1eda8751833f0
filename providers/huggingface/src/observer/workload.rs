//! What proves that an endpoint or a job runs what it is given: there is no cluster to run a Job on.
//!
//! An endpoint proves it by the answer of its model, which contains what it was asked: the scenario's text and a nonce
//! that only this run knows. A job prints both.

use async_trait::async_trait;
use kubeproof_contract::run::Run;
use kubeproof_contract::workload::{JobOrder, JobProof, Workload, WorkloadError, WorkloadPlace};

use super::endpoint;
use crate::api::{Api, inference};
use crate::spec::{EndpointSpec, HuggingFaceSpec};

/// What stands in output for the nonce.
const NONCE_SHOWN: &str = "(nonce)";
/// Why there is no place to show.
const NO_PLACE: &str = "Hugging Face shows no cluster and no nodes";

/// Workloads in what was provisioned for a run.
pub(super) fn of(
    api: Api,
    spec: &HuggingFaceSpec,
    run: &Run,
) -> Result<Box<dyn Workload>, WorkloadError> {
    let Some(asked) = &spec.endpoint else {
        let message = "jobs are not run here yet";
        return Err(WorkloadError::Unsupported(message.to_owned()));
    };
    if !asked.generates_text() {
        let message = format!(
            "a model for {} does not return what it is asked, so its answer proves no execution: use one for text-generation",
            asked.task.0
        );
        return Err(WorkloadError::Unsupported(message));
    }
    Ok(Box::new(EndpointWorkload {
        api,
        asked: asked.clone(),
        spec: spec.clone(),
        run: run.clone(),
    }))
}

/// The model of an endpoint.
struct EndpointWorkload {
    api: Api,
    spec: HuggingFaceSpec,
    asked: EndpointSpec,
    run: Run,
}

#[async_trait]
impl Workload for EndpointWorkload {
    async fn run(&self, order: &JobOrder) -> Result<JobProof, WorkloadError> {
        if order.gpus.is_some() {
            let message = "a question to a model requests no GPUs: leave out job.gpus";
            return Err(WorkloadError::Unsupported(message.to_owned()));
        }
        let began = self.api.session().elapsed();
        let found = endpoint(&self.api, &self.spec, &self.run).await;
        let found = found.map_err(WorkloadError::failed)?;
        let question = format!("{}\n{}", order.print, order.nonce);
        let said = inference::answered(&self.api, &self.asked, &found, &question, order.timeout);
        let said = said.await.map_err(WorkloadError::failed)?;
        let shown = said.replace(&order.nonce, NONCE_SHOWN);
        for (thing, text) in [("text", &order.print), ("nonce", &order.nonce)] {
            if !said.contains(text.as_str()) {
                let message =
                    format!("the {thing} is not in the model's answer, which is {shown:?}");
                return Err(WorkloadError::Failed(message));
            }
        }
        let spent = self.api.session().elapsed().saturating_sub(began);
        Ok(JobProof {
            output: shown,
            exit_code: None,
            runner: format!("endpoint {}", found.name),
            node: None,
            seconds: spent.as_secs(),
        })
    }

    async fn place(&self, _: usize) -> Result<WorkloadPlace, WorkloadError> {
        Err(WorkloadError::Unsupported(NO_PLACE.to_owned()))
    }

    async fn uid(&self) -> Result<String, WorkloadError> {
        Err(WorkloadError::Unsupported(NO_PLACE.to_owned()))
    }
}
