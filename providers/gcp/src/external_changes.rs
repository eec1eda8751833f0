//! Real changes that somebody else makes in the project while a trial runs: a member is added to the policy, a name that
//! became free is taken.
//!
//! A fault names them: `cloudresourcemanager:projects.getIamPolicy#1=foreign-change(adds-member)`.

use async_trait::async_trait;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::api::Api;
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
];

/// Who gets a role, and which.
const MEMBER: &str = "user:bob@example.com";
const ROLE: &str = "roles/browser";

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
}

#[async_trait]
impl ForeignChanges for GkeChanges {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        let made = match name {
            "adds-member" => self.adds_member().await,
            "takes-name" => self.takes_name().await,
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::from)
    }
}
