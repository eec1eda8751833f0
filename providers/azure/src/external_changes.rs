//! Real changes that somebody else makes in the subscription while a trial runs: a lock is put on the run's group and
//! taken away again, an address is made in that group, a name that became free is taken.
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
        "adds-address",
        "somebody makes a public address in the run's resource group, for a service of the cluster",
    ),
    ("removes-address", "somebody deletes that address again"),
    (
        "takes-name",
        "somebody makes a resource group under the name of the run's one, once that one is deleted",
    ),
];

/// The names of the lock and of the address.
const LOCK: &str = "keep";
const ADDRESS: &str = "kubernetes-service";

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

    /// As AKS documents it for services with a static address, which their annotation finds in any group.
    async fn adds_address(&self) -> Result<(), CallError> {
        let group = self.group();
        let parameters = [self.spec.subscription.0.as_str(), &group, ADDRESS];
        let body = json!({
            "location": self.spec.location.0, "tags": {"team": "another"}, "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        });
        let operation = "publicIPAddresses.createOrUpdate";
        let made = self
            .api
            .call(RetryPolicy::ONCE, operation, &parameters, Some(&body));
        made.await.map(|_: IgnoredAny| ())
    }

    async fn removes_address(&self) -> Result<(), CallError> {
        let group = self.group();
        let parameters = [self.spec.subscription.0.as_str(), &group, ADDRESS];
        let operation = "publicIPAddresses.delete";
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
            "adds-address" => self.adds_address().await,
            "removes-address" => self.removes_address().await,
            "takes-name" => self.takes_name().await,
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::from)
    }
}
