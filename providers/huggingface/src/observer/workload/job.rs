//! The harness's own job on the hardware of the scenario's: it prints the text and the nonce, and ends.

use async_trait::async_trait;
use kubeproof_cloudkit::create::{LookupWindows, find_or_create};
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::run::Run;
use kubeproof_contract::workload::{JobOrder, JobProof, Workload, WorkloadError, WorkloadPlace};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::super::jobs;
use super::{check, no_place, shown};
use crate::api::types::Job;
use crate::api::{Api, logs};
use crate::marks;
use crate::spec::{HuggingFaceSpec, JobSpec};

const EVERY: PollSchedule = PollSchedule::every(5);
/// What is run: the nonce is a secret, so that what the service shows of the job does not contain it.
const SCRIPT: &str = "echo \"$KUBEPROOF_TEXT\"; echo \"$KUBEPROOF_NONCE\"";

/// Jobs on the hardware of the scenario's.
pub(super) struct JobWorkload {
    pub(super) api: Api,
    pub(super) spec: HuggingFaceSpec,
    pub(super) run: Run,
}

impl JobWorkload {
    fn namespace(&self) -> &str {
        &self.spec.namespace.0
    }

    fn body(&self, asked: &JobSpec, order: &JobOrder) -> Value {
        let mut labels = marks::labels(&self.run);
        labels.insert(marks::PROOF.to_owned(), order.namespace.clone());
        json!({
            "command": ["/bin/sh", "-c", SCRIPT], "arguments": [], "flavor": asked.flavor.0,
            "dockerImage": order.image.as_ref().unwrap_or(&asked.image), "labels": labels,
            "environment": {"KUBEPROOF_TEXT": order.print},
            "secrets": {"KUBEPROOF_NONCE": order.nonce},
            "timeoutSeconds": order.timeout.as_secs().max(1),
        })
    }

    /// The job of this order, if an answer that was lost has made one.
    async fn find(&self, order: &JobOrder) -> Result<Option<Job>, CallError> {
        let all = jobs(&self.api, &self.spec, &self.run).await?;
        let is_it = |job: &Job| job.marks().get(marks::PROOF) == Some(&order.namespace);
        Ok(all.into_iter().find(is_it))
    }

    async fn completed(&self, id: &str, order: &JobOrder) -> Result<(), CallError> {
        let check = || async {
            let parameters = [self.namespace(), id];
            let now: Job = self.api.hub.get("GetJob", &parameters).await?;
            Ok(match now.status.stage.as_str() {
                "COMPLETED" => Poll::Ready(()),
                _ if now.is_alive() => Poll::Pending(now.stage()),
                _ => Poll::Failed(now.stage()),
            })
        };
        let what = format!("wait for job {id}");
        poll_until(self.api.session(), EVERY, order.timeout, &what, check).await
    }

    /// Cancels a job that is of no use any more, so that it costs nothing.
    async fn cancel(&self, id: &str) {
        let parameters = [self.namespace(), id];
        let call = RestCall::new("CancelJob", &parameters);
        let hub = &self.api.hub;
        // Its time limit ends it in any case.
        let _ = hub.call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call).await;
    }

    async fn proof(&self, asked: &JobSpec, order: &JobOrder) -> Result<(Job, String), CallError> {
        let body = self.body(asked, order);
        let (body, parameters) = (&body, [self.namespace()]);
        let parameters = &parameters;
        let run = || async move {
            let call = RestCall::new("RunJob", parameters).with_body(body);
            self.api.hub.call::<Job>(RetryPolicy::ONCE, call).await
        };
        let (session, windows) = (self.api.session(), LookupWindows::DEFAULT);
        let job = find_or_create(session, windows, || self.find(order), run).await?;
        if let Err(error) = self.completed(&job.id, order).await {
            self.cancel(&job.id).await;
            return Err(error);
        }
        let said = logs::of_job(&self.api, self.namespace(), &job.id).await?;
        Ok((job, said))
    }
}

#[async_trait]
impl Workload for JobWorkload {
    async fn run(&self, order: &JobOrder) -> Result<JobProof, WorkloadError> {
        check(order)?;
        let Some(asked) = &self.spec.job else {
            let message = "the scenario asks for neither an endpoint nor a job";
            return Err(WorkloadError::Unsupported(message.to_owned()));
        };
        let began = self.api.session().elapsed();
        let (job, said) = self
            .proof(asked, order)
            .await
            .map_err(WorkloadError::failed)?;
        let output = shown(order, &said)?;
        let spent = self.api.session().elapsed().saturating_sub(began);
        Ok(JobProof {
            output,
            // The service does not tell it: a job that has completed has ended without an error.
            exit_code: None,
            runner: format!("job {} on {}", job.id, job.flavor),
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
}
