//! Deletes what a sweep has decided to.

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::RetryPolicy;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::{self, Api};
use crate::observer::inventory::unknown;

/// How long a resource may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Deletes resources of one account.
#[derive(Debug)]
pub struct LambdaDeleter(Api);

impl LambdaDeleter {
    /// The deleter of a connection's account.
    pub fn new(connection: &Connection) -> Self {
        Self(api::client(connection))
    }
}

#[async_trait]
impl Deleter for LambdaDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let id = [resource.id.as_str()];
        let body = json!({ "instance_ids": id });
        let call = match resource.resource_type.as_str() {
            "instance" => RestCall::new("TerminateInstances", &[]).with_body(&body),
            "filesystem" => RestCall::new("DeleteFileSystem", &id),
            "firewall_ruleset" => RestCall::new("DeleteFirewallRuleset", &id),
            "ssh_key" => RestCall::new("DeleteSshKey", &id),
            other => return Err(unknown("delete", other).into()),
        };
        let api = self.0.renewed();
        let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
        Ok(ignore_not_found(
            api.call::<IgnoredAny>(policy, call).await,
        )?)
    }
}
