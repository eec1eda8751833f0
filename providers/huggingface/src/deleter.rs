//! Deletes what a sweep has decided to.
//!
//! Names of endpoints are used again: before a call, the deleter makes sure that the endpoint of this name is still the one
//! that was decided on. Another one of the same name stays.

use async_trait::async_trait;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;
use serde::de::IgnoredAny;

use crate::api::Api;
use crate::api::types::Endpoint;
use crate::observer::inventory::{ENDPOINT, namespace_of};

/// The deleter of an account.
#[derive(Debug)]
pub struct HuggingFaceDeleter(Api);

impl HuggingFaceDeleter {
    /// The deleter of a connection's account.
    pub fn new(connection: &Connection) -> Self {
        Self(Api::new(connection))
    }
}

#[async_trait]
impl Deleter for HuggingFaceDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let api = self.0.renewed();
        Ok(match resource.resource_type.as_str() {
            ENDPOINT => endpoint(&api, resource).await?,
            other => {
                let message = format!("unknown resource type `{other}`");
                return Err(ObserverError::new("delete", message));
            }
        })
    }
}

async fn endpoint(api: &Api, resource: &Resource) -> Result<(), CallError> {
    let parameters = [namespace_of(&resource.scope), resource.id.as_str()];
    let now: Endpoint = match api.endpoints.get("GetEndpoint", &parameters).await {
        Err(error) if error.is_not_found() => return Ok(()),
        read => read?,
    };
    if resource
        .incarnation
        .as_ref()
        .is_some_and(|of| *of != now.status.created_at)
    {
        return Ok(());
    }
    let call = RestCall::new("DeleteEndpoint", &parameters);
    let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
    ignore_not_found(api.endpoints.call::<IgnoredAny>(policy, call).await)
}
