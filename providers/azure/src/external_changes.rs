//! Real changes that somebody else makes in the subscription while a trial runs: a lock is put on the run's group and
//! taken away again, a name that became free is taken.
//!
//! A fault names them: `arm:managedClusters.delete#1=foreign-change(adds-lock)`.

use async_trait::async_trait;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::Api;
use crate::spec::AksSpec;

/// The changes, with what each does.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "adds-lock",
        "somebody locks the run's resource group against deletion (CanNotDelete)",
    ),
    ("removes-lock", "somebody takes that lock away again"),
    (
        "takes-name",
        "somebody makes a resource group under the name of the run's one, once that one is deleted",
    ),
];

/// The name of the lock.
const LOCK: &str = "keep";

/// Makes the changes of one trial.
#[derive(Debug)]
pub struct AksChanges {
    spec: AksSpec,
    api: Api,
}

impl AksChanges {
    /// With a connection of its own, because these calls are not the provisioner's.
    pub fn new(spec: AksSpec, connection: &Connection) -> Self {
        let api = Api::new(connection);
        Self { spec, api }
    }

    /// The name of the run's group.
    fn group(&self) -> String {
        self.api.session().run().name("")
    }

    async fn adds_lock(&self) -> Result<(), CallError> {
        let group = self.group();
        let parameters = [self.spec.subscription.0.as_str(), &group, LOCK];
        let body =
            json!({"properties": {"level": "CanNotDelete", "notes": "put here by another team"}});
        let operation = "managementLocks.createOrUpdateAtResourceGroupLevel";
        let made = self
            .api
            .call(RetryPolicy::ONCE, operation, &parameters, Some(&body));
        made.await.map(|_: IgnoredAny| ())
    }

    async fn removes_lock(&self) -> Result<(), CallError> {
        let group = self.group();
        let parameters = [self.spec.subscription.0.as_str(), &group, LOCK];
        let operation = "managementLocks.deleteAtResourceGroupLevel";
        let removed = self
            .api
            .call::<IgnoredAny>(RetryPolicy::ONCE, operation, &parameters, None);
        ignore_not_found(removed.await)
    }

    async fn takes_name(&self) -> Result<(), CallError> {
        let group = self.group();
        let parameters = [self.spec.subscription.0.as_str(), &group];
        let body = json!({"location": self.spec.location.0, "tags": {"team": "another"}});
        let operation = "resourceGroups.createOrUpdate";
        let made = self
            .api
            .call(RetryPolicy::ONCE, operation, &parameters, Some(&body));
        made.await.map(|_: IgnoredAny| ())
    }
}

#[async_trait]
impl ForeignChanges for AksChanges {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        let made = match name {
            "adds-lock" => self.adds_lock().await,
            "removes-lock" => self.removes_lock().await,
            "takes-name" => self.takes_name().await,
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::from)
    }
}
