//! Deletes what a sweep has decided to, each type by its own call.
//!
//! Names of endpoints and repositories are used again: before a call, the deleter makes sure that the resource of this
//! name is still the one that was decided on. Another one of the same name stays.

use async_trait::async_trait;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;
use kubeproof_kubernetes::consumer;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::Api;
use crate::api::types::{Endpoint, Job, Repository};
use crate::cluster;
use crate::observer::inventory::{
    DATASET, ENDPOINT, JOB, MODEL, SCHEDULED_JOB, SPACE, WEBHOOK, namespace_of,
};
use crate::spec::HuggingFaceSpec;

/// How often and how long a deletion is tried.
const POLICY: RetryPolicy = RetryPolicy::while_in_use(IN_USE_LIMIT);

/// The deleter of an account.
#[derive(Debug)]
pub struct HuggingFaceDeleter {
    api: Api,
    spec: HuggingFaceSpec,
}

impl HuggingFaceDeleter {
    /// The deleter of a connection's account.
    pub fn new(spec: HuggingFaceSpec, connection: &Connection) -> Self {
        let api = Api::new(connection);
        Self { api, spec }
    }

    /// Deletes an object in the cluster of the scenario.
    async fn in_cluster(&self, kind: &str, resource: &Resource) -> Result<(), CallError> {
        let Some(kubernetes) = &self.spec.kubernetes else {
            let message = "the scenario names no cluster";
            return Err(CallError::state(format!("delete {kind}"), message));
        };
        let (client, _) = cluster::client(kubernetes, self.api.connection())?;
        let uid = resource.incarnation.as_deref();
        let deleted = consumer::delete(&client, (kind, &resource.id), uid).await;
        deleted.map_err(|error| cluster::failed(&error))
    }
}

#[async_trait]
impl Deleter for HuggingFaceDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let mut types = cluster::TYPES.into_iter();
        if let Some((_, kind)) = types.find(|(name, _)| *name == resource.resource_type) {
            return Ok(self.in_cluster(kind, resource).await?);
        }
        let api = self.api.renewed();
        let deleted = match resource.resource_type.as_str() {
            ENDPOINT => endpoint(&api, resource).await,
            SCHEDULED_JOB => {
                let parameters = [namespace_of(&resource.scope), &resource.id];
                let call = RestCall::new("DeleteScheduledJob", &parameters);
                api.hub.end(POLICY, call).await
            }
            JOB => job(&api, resource).await,
            SPACE => repository(&api, resource, ("GetSpace", "space")).await,
            MODEL => repository(&api, resource, ("GetModel", "model")).await,
            DATASET => repository(&api, resource, ("GetDataset", "dataset")).await,
            WEBHOOK => api.hub.delete(POLICY, "DeleteWebhook", &resource.id).await,
            other => {
                let message = format!("unknown resource type `{other}`");
                Err(CallError::state("delete", message))
            }
        };
        Ok(deleted?)
    }
}

/// Whether what bears the name now is what was decided on.
fn is_it(resource: &Resource, created_at: &str) -> bool {
    resource
        .incarnation
        .as_deref()
        .is_none_or(|of| of == created_at)
}

async fn endpoint(api: &Api, resource: &Resource) -> Result<(), CallError> {
    let parameters = [namespace_of(&resource.scope), resource.id.as_str()];
    let now: Endpoint = match api.endpoints.get("GetEndpoint", &parameters).await {
        Err(error) if error.is_not_found() => return Ok(()),
        read => read?,
    };
    if !is_it(resource, &now.status.created_at) {
        return Ok(());
    }
    let call = RestCall::new("DeleteEndpoint", &parameters);
    api.endpoints.end(POLICY, call).await
}

/// Cancels a job. One that has ended meanwhile refuses that.
async fn job(api: &Api, resource: &Resource) -> Result<(), CallError> {
    let parameters = [namespace_of(&resource.scope), resource.id.as_str()];
    let call = RestCall::new("CancelJob", &parameters);
    let Err(refused) = ignore_not_found(api.hub.call::<IgnoredAny>(POLICY, call).await) else {
        return Ok(());
    };
    let now: Job = api.hub.get("GetJob", &parameters).await?;
    if now.is_alive() { Err(refused) } else { Ok(()) }
}

async fn repository(
    api: &Api,
    resource: &Resource,
    (get, kind): (&'static str, &str),
) -> Result<(), CallError> {
    let namespace = namespace_of(&resource.scope);
    let now: Repository = match api.hub.get(get, &[namespace, &resource.id]).await {
        Err(error) if error.is_not_found() => return Ok(()),
        read => read?,
    };
    if !is_it(resource, &now.created_at) {
        return Ok(());
    }
    let body = json!({"name": resource.id, "organization": namespace, "type": kind});
    let call = RestCall::new("DeleteRepository", &[]).with_body(&body);
    api.hub.end(POLICY, call).await
}
