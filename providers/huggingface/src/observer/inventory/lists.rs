//! The lists of each resource type in a namespace, to their last page, as an audit shows what is on them.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, Resource};

use super::{DATASET, ENDPOINT, JOB, MODEL, SCHEDULED_JOB, SPACE, WEBHOOK};
use crate::api::Api;
use crate::api::types::{Endpoint, EndpointPage, Job, Repository, ScheduledJob, Webhook, state};

/// The name of the page token in the Hub's links.
const CURSOR: &str = "cursor";

pub(super) async fn endpoints(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    let parameters = [namespace];
    let query = [("limit", "100")];
    let call = RestCall::new("ListEndpoints", &parameters).with_query(&query);
    let take = |page: EndpointPage| Ok((page.items, page.next_cursor));
    let all = api.endpoints.all_pages(call, "cursor", take).await?;
    Ok(all
        .into_iter()
        .map(|one| endpoint(one, namespace))
        .collect())
}

/// An endpoint, which lives in a region of its namespace. Its name is used again, so the time of its creation is part of
/// what it is. One that has failed does nothing, and still has to be deleted.
fn endpoint(one: Endpoint, namespace: &str) -> Resource {
    let marks = one.marks();
    let provider = &one.provider;
    let scope = format!("{namespace}/{}-{}", provider.vendor, provider.region);
    let hardware = format!(
        "{}-{}",
        one.compute.instance_type, one.compute.instance_size
    );
    let lifetime = Lifetime::of_state(&one.status.state, &[], &[state::FAILED]);
    let scaling = &one.compute.scaling;
    let resource = Resource::new(ENDPOINT, &one.name, scope)
        .named(one.name.clone())
        .tagged(marks)
        .in_state(one.status.state.clone(), lifetime)
        .with("hardware", hardware)
        .with("repository", &one.model.repository)
        .with("min_replica", scaling.min_replica)
        .with("max_replica", scaling.max_replica)
        .with("replicas", one.status.target_replica);
    made_at(resource, one.status.created_at)
}

/// A resource whose name is used again, made at this time.
fn made_at(resource: Resource, written: String) -> Resource {
    let resource = match written.parse() {
        Ok(at) => resource.created(at),
        Err(_) => resource,
    };
    Resource {
        incarnation: Some(written),
        ..resource
    }
}

/// Jobs that have not ended: what has ended is a record, and costs nothing.
pub(super) async fn jobs(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    let parameters = [namespace];
    let call = RestCall::new("ListJobs", &parameters);
    let mut all: Vec<Job> = api.hub.all_linked_pages(call, CURSOR).await?;
    all.retain(Job::is_alive);
    let job = |one: Job| {
        let marks = one.marks();
        Resource::new(JOB, one.id, namespace)
            .named(marks.get("name").cloned())
            .tagged(marks)
            .in_state(one.status.stage, Lifetime::Alive)
            .created(one.created_at)
            .with("flavor", one.flavor)
    };
    Ok(all.into_iter().map(job).collect())
}

/// Schedules start jobs, also when they are suspended at the moment: somebody may resume them.
pub(super) async fn scheduled_jobs(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    let parameters = [namespace];
    let call = RestCall::new("ListScheduledJobs", &parameters);
    let all: Vec<ScheduledJob> = api.hub.all_linked_pages(call, CURSOR).await?;
    let scheduled = |one: ScheduledJob| {
        let marks = one.job_spec.labels.unwrap_or_default();
        let is_suspended = one.suspend.unwrap_or_default();
        let word = if is_suspended { "suspended" } else { "active" };
        Resource::new(SCHEDULED_JOB, one.id, namespace)
            .named(marks.get("name").cloned())
            .tagged(marks)
            .in_state(word, Lifetime::Alive)
            .created(one.created_at)
            .with("flavor", one.job_spec.flavor)
            .with("schedule", one.schedule.unwrap_or_default())
    };
    Ok(all.into_iter().map(scheduled).collect())
}

async fn repositories(
    api: &Api,
    call: &'static str,
    resource_type: &str,
    namespace: &str,
) -> Result<Vec<Resource>, CallError> {
    let query = [
        ("author", namespace),
        ("expand", "createdAt"),
        ("expand", "runtime"),
    ];
    // Only Spaces run.
    let query = &query[..if resource_type == SPACE { 3 } else { 2 }];
    let call = RestCall::new(call, &[]).with_query(query);
    let all: Vec<Repository> = api.hub.all_linked_pages(call, CURSOR).await?;
    let repository = |one: Repository| {
        let name = one.id.rsplit('/').next().unwrap_or(&one.id).to_owned();
        let mut resource = Resource::new(resource_type, &name, namespace).named(name.clone());
        if let Some(runtime) = one.runtime {
            let hardware = runtime.hardware;
            let flavor = hardware.and_then(|it| it.current.or(it.requested));
            resource = resource.in_state(runtime.stage, Lifetime::Alive);
            resource = resource.with("flavor", flavor.unwrap_or_default());
        }
        made_at(resource, one.created_at)
    };
    Ok(all.into_iter().map(repository).collect())
}

pub(super) async fn spaces(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    repositories(api, "ListSpaces", SPACE, namespace).await
}

pub(super) async fn models(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    repositories(api, "ListModels", MODEL, namespace).await
}

pub(super) async fn datasets(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    repositories(api, "ListDatasets", DATASET, namespace).await
}

/// The caller's webhooks. Their secrets are shown by the service, and not kept here.
pub(super) async fn webhooks(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    let all: Vec<Webhook> = api.hub.get("ListWebhooks", &[]).await?;
    let webhook = |one: Webhook| {
        let word = if one.disabled { "disabled" } else { "enabled" };
        Resource::new(WEBHOOK, one.id, namespace)
            .in_state(word, Lifetime::Alive)
            .with("url", one.url.unwrap_or_default())
    };
    Ok(all.into_iter().map(webhook).collect())
}
