//! The reference provisioner: an inference endpoint that answers, also a pod of the scenario's cluster, or a job that runs.
//!
//! Everything is found by name and mark alone, so a new process can take over or tear down without any state from the
//! one before. Only when something was asked for last is written down: what a process that died has asked for may be made
//! after its successor has looked. It spawns no tasks: dropping its future equals the death of its process.

mod endpoint;
mod jobs;
mod kubernetes;
mod requests;
mod teardown;
mod update;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::asked::AskedFile;
use kubeproof_cloudkit::{CallError, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{
    ClaimedRate, NoAccess, Provisioned, Provisioner, ProvisionerError,
};
use kubeproof_contract::run::Run;

use crate::api::Api;
use crate::api::types::Caller;
use crate::cost;
use crate::spec::HuggingFaceSpec;

/// Why no access to a cluster is handed over.
pub const NO_CLUSTER: &str = "Hugging Face gives no Kubernetes API: the endpoint or job is used by its own API (job.execution)";

/// A request without an answer may be carried out so much later. A guess: no source names a limit.
const SHOWS_WITHIN: Duration = Duration::from_mins(1);
/// When the run last asked for an endpoint, a job or a namespace of a cluster. An answer is waited for a minute.
const ASKED: AskedFile = AskedFile {
    name: "huggingface-asked.json",
    carried_out_within: Duration::from_mins(1).saturating_add(SHOWS_WITHIN),
};

/// One piece of work: clients of its own, and what is asked for.
#[derive(Debug)]
struct Work {
    api: Api,
    spec: HuggingFaceSpec,
    /// Whether what was there before could not be changed and is as it was: it stays when the work fails.
    is_restored: AtomicBool,
}

impl Work {
    fn session(&self) -> &Session {
        self.api.session()
    }

    fn run(&self) -> &Run {
        self.session().run()
    }

    fn namespace(&self) -> &str {
        &self.spec.namespace.0
    }

    /// The name of the run's endpoint.
    fn name(&self) -> String {
        self.run().name("")
    }

    /// Notes that something is asked for now.
    async fn note_asked(&self) -> Result<(), CallError> {
        ASKED.note(self.api.connection()).await
    }

    /// How long something that an earlier process asked for may still be made.
    async fn until_all_made(&self) -> Duration {
        ASKED.rest(self.api.connection()).await
    }

    /// Notes a request without an answer, which may be carried out later.
    fn note_late<T>(&self, answer: &Result<T, CallError>) {
        if answer.as_ref().is_err_and(CallError::may_be_applied) {
            self.session().note_unanswered(SHOWS_WITHIN);
        }
    }

    fn report(&self, text: &str) {
        self.api.connection().progress.report(text);
    }
}

/// The reference provisioner. One value stands for one process, without memory of earlier ones.
#[derive(Debug)]
pub struct HuggingFaceProvisioner {
    api: Api,
    spec: HuggingFaceSpec,
}

impl HuggingFaceProvisioner {
    /// A provisioner of what the scenario asks for.
    pub fn new(spec: HuggingFaceSpec, connection: &Connection) -> Self {
        let api = Api::new(connection);
        Self { api, spec }
    }

    fn work(&self) -> Work {
        Work {
            api: self.api.renewed(),
            spec: self.spec.clone(),
            is_restored: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Provisioner for HuggingFaceProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        cost::claim(&self.spec)
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let work = self.work();
        match provision(&work).await {
            Ok(provisioned) => Ok(provisioned),
            // Who asks for a change of what serves does not ask for its end.
            Err(error) if work.is_restored.load(Ordering::Relaxed) => {
                Err(teardown::TEARDOWN.after_failure(&work, &error).await)
            }
            Err(error) => {
                // What was asked for without an answer may be carried out yet.
                tokio::time::sleep(work.session().until_all_shows()).await;
                Err(ProvisionerError::unwound(error, self.teardown().await))
            }
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        teardown::everything(&self.work()).await
    }
}

async fn provision(work: &Work) -> Result<Provisioned, CallError> {
    in_scope(work).await?;
    if let Some(spec) = &work.spec.endpoint {
        let endpoint = endpoint::ensure(work, spec).await?;
        if let Some(kubernetes) = &work.spec.kubernetes {
            kubernetes::ensure(work, kubernetes, &endpoint).await?;
        }
    }
    if let Some(spec) = &work.spec.job {
        jobs::ensure(work, spec).await?;
    }
    Ok(Provisioned {
        access: Err(NoAccess::NotGiven(NO_CLUSTER)),
        made: work.session().made(),
    })
}

/// Refuses a namespace that the token does not reach, before anything is made in it.
async fn in_scope(work: &Work) -> Result<(), CallError> {
    let caller: Caller = work.api.hub.get("WhoAmI", &[]).await?;
    let namespaces = caller.reached();
    if namespaces.contains(&work.namespace()) {
        return Ok(());
    }
    let message = format!(
        "the token does not reach the namespace `{}` (it reaches {})",
        work.namespace(),
        namespaces.join(", ")
    );
    Err(CallError::state("hub:WhoAmI", message))
}
