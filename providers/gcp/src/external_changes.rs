//! Real changes that somebody else makes in the project while a trial runs: a member is added to the policy, a name that
//! became free is taken, an API is disabled.
//!
//! A fault names them: `cloudresourcemanager:projects.getIamPolicy#1=foreign-change(adds-member)`.

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::api::Api;
use crate::api::types::EnabledApi;
use crate::spec::GkeSpec;

/// The changes, with what each does.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "adds-member",
        "somebody gives a person a role in the project, by the policy's current etag",
    ),
    (
        "takes-name",
        "somebody makes a service account under the name of the nodes' one, once that one is deleted",
    ),
    (
        "disables-api",
        "somebody disables the API of Kubernetes Engine, whose clusters stay and cannot be seen",
    ),
];

/// Who gets a role, and which.
const MEMBER: &str = "user:bob@example.com";
const ROLE: &str = "roles/browser";

/// The API that is disabled, and for how long its operation lasts at most.
const API: &str = "container.googleapis.com";
const DISABLED_WITHIN: Duration = Duration::from_mins(2);

/// Makes the changes of one trial.
#[derive(Debug)]
pub struct GkeChanges {
    spec: GkeSpec,
    api: Api,
}

impl GkeChanges {
    /// With a connection of its own, because these calls are not the provisioner's.
    pub fn new(spec: GkeSpec, connection: &Connection) -> Self {
        let api = Api::new(connection);
        Self { spec, api }
    }

    async fn adds_member(&self) -> Result<(), CallError> {
        let project = [self.spec.project.0.as_str()];
        let body = json!({"options": {"requestedPolicyVersion": 3}});
        let call = RestCall::new("projects.getIamPolicy", &project).with_body(&body);
        let mut policy: Value = self.api.projects.call(RetryPolicy::ONCE, call).await?;
        policy["version"] = json!(3);
        if let Some(bindings) = policy["bindings"].as_array_mut() {
            bindings.push(json!({"role": ROLE, "members": [MEMBER]}));
        }
        let body = json!({ "policy": policy });
        let call = RestCall::new("projects.setIamPolicy", &project).with_body(&body);
        let written = self.api.projects.call(RetryPolicy::ONCE, call).await;
        written.map(|_: IgnoredAny| ())
    }

    async fn takes_name(&self) -> Result<(), CallError> {
        let project = [self.spec.project.0.as_str()];
        let body = json!({
            "accountId": self.api.session().run().name("nodes"),
            "serviceAccount": {"displayName": "their own", "description": "made by another team"},
        });
        let call = RestCall::new("projects.serviceAccounts.create", &project).with_body(&body);
        let made = self.api.iam.call(RetryPolicy::ONCE, call).await;
        made.map(|_: IgnoredAny| ())
    }

    /// With force, as gcloud calls it: an API that was used is refused otherwise.
    async fn disables_api(&self) -> Result<(), CallError> {
        let parameters = [self.spec.project.0.as_str(), API];
        let body = json!({"checkIfServiceHasUsage": "SKIP"});
        let call = RestCall::new("services.disable", &parameters).with_body(&body);
        let _: IgnoredAny = self.api.services.call(RetryPolicy::ONCE, call).await?;
        let check = || async {
            let call = RestCall::new("services.get", &parameters);
            let seen: EnabledApi = self.api.services.call(RetryPolicy::ONCE, call).await?;
            Ok(match seen.state.as_str() {
                "DISABLED" => Poll::Ready(()),
                state => Poll::Pending(state.to_owned()),
            })
        };
        let schedule = PollSchedule::every(2);
        let what = "wait for the disabled API";
        let session = self.api.session();
        poll_until(session, schedule, DISABLED_WITHIN, what, check).await
    }
}

#[async_trait]
impl ForeignChanges for GkeChanges {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        let made = match name {
            "adds-member" => self.adds_member().await,
            "takes-name" => self.takes_name().await,
            "disables-api" => self.disables_api().await,
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::from)
    }
}
