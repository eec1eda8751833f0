//! What proves that an endpoint or a job runs what it is given: there is no cluster to run a Job on.
//!
//! An endpoint proves it by the answer of its model, which contains what it was asked: the scenario's text and a nonce
//! that only this run knows. On the hardware of jobs, a job of the harness prints both.

mod job;
mod scaling;

use async_trait::async_trait;
use kubeproof_contract::run::Run;
use kubeproof_contract::workload::{
    JobOrder, JobProof, Scaling, Workload, WorkloadError, WorkloadPlace,
};

use super::endpoint;
use crate::api::{Api, inference};
use crate::spec::{EndpointSpec, HuggingFaceSpec};
use job::JobWorkload;

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
    let (spec, run) = (spec.clone(), run.clone());
    let Some(asked) = spec.endpoint.clone() else {
        return Ok(Box::new(JobWorkload { api, spec, run }));
    };
    if !asked.generates_text() {
        let message = format!(
            "a model for {} does not return what it is asked, so its answer proves no execution: use one for \
             text-generation",
            asked.task.0
        );
        return Err(WorkloadError::Unsupported(message));
    }
    Ok(Box::new(EndpointWorkload {
        api,
        spec,
        asked,
        run,
    }))
}

/// Refuses what neither a model nor a job can be given.
fn check(order: &JobOrder) -> Result<(), WorkloadError> {
    if order.gpus.is_some() {
        let message = "no GPUs can be requested of Hugging Face: leave out job.gpus";
        return Err(WorkloadError::Unsupported(message.to_owned()));
    }
    Ok(())
}

/// What was said, without the nonce, if it contains all that was asked for.
fn shown(order: &JobOrder, said: &str) -> Result<String, WorkloadError> {
    let shown = said.replace(&order.nonce, NONCE_SHOWN);
    for (thing, text) in [("text", &order.print), ("nonce", &order.nonce)] {
        if !said.contains(text.as_str()) {
            let message = format!("the {thing} is not in what came back, which is {shown:?}");
            return Err(WorkloadError::Failed(message));
        }
    }
    Ok(shown)
}

fn no_place() -> WorkloadError {
    WorkloadError::Unsupported(NO_PLACE.to_owned())
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
        check(order)?;
        let began = self.api.session().elapsed();
        let found = endpoint(&self.api, &self.spec, &self.run).await;
        let found = found.map_err(WorkloadError::failed)?;
        let question = format!("{}\n{}", order.print, order.nonce);
        let said =
            inference::answered(&self.api, &self.asked, &found, &question, order.timeout).await;
        let output = shown(order, &said.map_err(WorkloadError::failed)?)?;
        let spent = self.api.session().elapsed().saturating_sub(began);
        Ok(JobProof {
            output,
            exit_code: None,
            runner: format!("endpoint {}", found.name),
            node: None,
            seconds: spent.as_secs(),
        })
    }

    async fn place(&self, _: usize) -> Result<WorkloadPlace, WorkloadError> {
        Err(no_place())
    }

    async fn uid(&self) -> Result<String, WorkloadError> {
        Err(no_place())
    }

    fn scaling(&self) -> Option<&dyn Scaling> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_contains_the_text_and_the_nonce_is_a_proof_and_the_nonce_is_not_shown() {
        let order = JobOrder {
            name: "proof".to_owned(),
            namespace: "kp-r1-job-1".to_owned(),
            image: None,
            print: "hello".to_owned(),
            nonce: "n-1".to_owned(),
            gpus: None,
            timeout: Duration::from_secs(1),
            labels: BTreeMap::new(),
        };
        let seen = |said: &str| shown(&order, said).map_err(|error| error.to_string());
        assert_eq!(
            seen("gpt2: hello n-1"),
            Ok("gpt2: hello (nonce)".to_owned())
        );
        let missing = seen("hello").expect_err("no proof");
        assert!(missing.contains("the nonce is not in"), "{missing}");
        let missing = seen("n-1").expect_err("no proof");
        assert!(
            missing.contains("the text is not in") && !missing.contains("n-1"),
            "{missing}"
        );
        let gpus = JobOrder {
            gpus: Some(1),
            ..order.clone()
        };
        assert!(check(&gpus).is_err() && check(&order).is_ok());
    }
}
