//! The bodies of requests, and whether what exists is what they ask for.

use kubeproof_contract::run::Run;
use serde_json::{Value, json};

use crate::api::types::Endpoint;
use crate::marks;
use crate::spec::{EndpointSpec, JobSpec, Place};

/// How long a job may take, seconds: a day. An orphan ends by itself then.
const JOB_LIMIT: u32 = 24 * 3600;

/// What makes an endpoint in a place.
pub(super) fn create(run: &Run, spec: &EndpointSpec, place: &Place) -> Value {
    let mut body = update(spec, place);
    body["name"] = json!(run.name(""));
    body["tags"] = json!(marks::tags(run));
    body["provider"] = json!({"vendor": place.vendor.as_str(), "region": place.region.0});
    body
}

/// What changes an endpoint to what is asked for.
pub(super) fn update(spec: &EndpointSpec, place: &Place) -> Value {
    let mut scaling = json!({"minReplica": spec.min(), "maxReplica": spec.max()});
    if let Some(minutes) = spec.minutes_to_zero() {
        scaling["scaleToZeroTimeout"] = json!(minutes);
    }
    if let Some(count) = spec.pending_requests() {
        scaling["measure"] = json!({"pendingRequests": count});
    }
    let revision = spec.revision.as_ref().map(|revision| &revision.0);
    json!({
        "type": spec.visibility.as_str(),
        "compute": {
            "accelerator": spec.accelerator.as_str(),
            "instanceType": place.instance_type.0,
            "instanceSize": place.instance_size.0,
            "scaling": scaling,
        },
        "model": {
            "repository": spec.model.0,
            "revision": revision,
            "task": spec.task.0,
            "framework": "pytorch",
            "image": {"huggingface": {}},
        },
    })
}

/// What changes an endpoint back to what it was.
pub(super) fn back(was: &Endpoint) -> Value {
    json!({"type": was.visibility, "compute": was.compute, "model": was.model})
}

/// What runs a job.
pub(super) fn job(run: &Run, spec: &JobSpec) -> Value {
    json!({
        "command": spec.command.0, "arguments": [], "environment": {}, "flavor": spec.flavor.0,
        "dockerImage": spec.image, "labels": marks::labels(run), "timeoutSeconds": JOB_LIMIT,
    })
}

/// Whether an endpoint is in this place.
pub(super) fn is_in(endpoint: &Endpoint, place: &Place) -> bool {
    let provider = (
        endpoint.provider.vendor.as_str(),
        endpoint.provider.region.as_str(),
    );
    provider == (place.vendor.as_str(), &place.region.0) && endpoint.hardware() == place.hardware()
}

/// How the scaling of an endpoint differs from what is asked for.
pub(super) fn scaling_differs(spec: &EndpointSpec, endpoint: &Endpoint) -> Vec<String> {
    let seen = &endpoint.compute.scaling;
    let mut wrong = Vec::new();
    let mut compare = |what: &str, seen: Option<u32>, asked: Option<u32>| {
        let text = |it: Option<u32>| it.map_or_else(|| "none".to_owned(), |it| it.to_string());
        if seen != asked {
            wrong.push(format!(
                "{what} is {}, asked for {}",
                text(seen),
                text(asked)
            ));
        }
    };
    compare("minReplica", Some(seen.min_replica), Some(spec.min()));
    compare("maxReplica", Some(seen.max_replica), Some(spec.max()));
    let timeout = seen.scale_to_zero_timeout.filter(|minutes| *minutes > 0);
    compare("scaleToZeroTimeout", timeout, spec.minutes_to_zero());
    let (pending, asked) = (seen.pending_requests(), spec.pending_requests());
    if pending != asked.map(f64::from) {
        let text = |it: Option<f64>| it.map_or_else(|| "none".to_owned(), |it| it.to_string());
        wrong.push(format!(
            "measure.pendingRequests is {}, asked for {}",
            text(pending),
            text(asked.map(f64::from))
        ));
    }
    wrong
}

/// How an endpoint differs from what is asked for, its place aside. A revision that was not asked for is any.
pub(super) fn differs(spec: &EndpointSpec, endpoint: &Endpoint) -> Vec<String> {
    let mut wrong = scaling_differs(spec, endpoint);
    let mut compare = |what: &str, seen: &str, asked: &str| {
        if seen != asked {
            wrong.push(format!("{what} is {seen}, asked for {asked}"));
        }
    };
    compare("type", &endpoint.visibility, spec.visibility.as_str());
    compare("model", &endpoint.model.repository, &spec.model.0);
    let task = endpoint.model.task.as_deref().unwrap_or_default();
    compare("task", task, &spec.task.0);
    if let Some(revision) = &spec.revision {
        let seen = endpoint.model.revision.as_deref().unwrap_or_default();
        compare("revision", seen, &revision.0);
    }
    wrong
}
