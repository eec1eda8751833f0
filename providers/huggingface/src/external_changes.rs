//! Real changes that somebody else makes in the namespace while a trial runs.
//!
//! A fault names them: `endpoints:GetEndpoint#2=foreign-change(pauses)`.

use async_trait::async_trait;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::Api;
use crate::spec::HuggingFaceSpec;

/// The changes, with what each does.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "pauses",
        "somebody pauses the run's endpoint, to save money",
    ),
    (
        "untags",
        "somebody replaces the tags of the run's endpoint by their own",
    ),
];

/// Makes the changes of one trial.
#[derive(Debug)]
pub struct HuggingFaceChanges {
    spec: HuggingFaceSpec,
    api: Api,
}

impl HuggingFaceChanges {
    /// With a connection of its own, because these calls are not the provisioner's.
    pub fn new(spec: HuggingFaceSpec, connection: &Connection) -> Self {
        let api = Api::new(connection);
        Self { spec, api }
    }

    async fn pauses(&self) -> Result<(), CallError> {
        let name = self.api.session().run().name("");
        let parameters = [self.spec.namespace.0.as_str(), &name];
        let call = RestCall::new("PauseEndpoint", &parameters);
        let paused = self.api.endpoints.call(RetryPolicy::ONCE, call).await;
        paused.map(|_: IgnoredAny| ())
    }

    async fn untags(&self) -> Result<(), CallError> {
        let name = self.api.session().run().name("");
        let parameters = [self.spec.namespace.0.as_str(), &name];
        let body = json!({"tags": ["team=research"]});
        let call = RestCall::new("UpdateEndpoint", &parameters).with_body(&body);
        let changed = self.api.endpoints.call(RetryPolicy::ONCE, call).await;
        changed.map(|_: IgnoredAny| ())
    }
}

#[async_trait]
impl ForeignChanges for HuggingFaceChanges {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        let made = match name {
            "pauses" => self.pauses().await,
            "untags" => self.untags().await,
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::from)
    }
}
