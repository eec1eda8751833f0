//! A job as answers show it (reference/api/huggingface.md, section 3; `JobInfo` of `huggingface_hub` 2.4.0).

use serde_json::{Map, Value, json};

use super::Job;
use super::spec::Spec;
use crate::setup::USER;
use crate::state::State;
use crate::time::shown as time;
use crate::whoami;

/// The owner of what is in a namespace.
pub(super) fn owner(namespace: &str) -> Value {
    let kind = if namespace == USER { "user" } else { "org" };
    json!({"id": whoami::id_of(namespace), "name": namespace, "type": kind})
}

/// What a spec says of a job, without the values of its secrets.
pub(super) fn spec(spec: &Spec) -> Map<String, Value> {
    let secrets: Map<String, Value> = spec
        .secrets
        .keys()
        .map(|name| (name.clone(), json!("")))
        .collect();
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    match (&spec.docker_image, &spec.space_id) {
        (Some(image), _) => put("dockerImage", json!(image)),
        (None, space) => put("spaceId", json!(space)),
    };
    put("command", json!(spec.command));
    put("arguments", json!(spec.arguments));
    put("environment", json!(spec.environment));
    put("secrets", Value::Object(secrets));
    put("flavor", json!(spec.flavor));
    put("labels", json!(spec.labels));
    if let Some(ports) = &spec.expose {
        put("expose", json!(ports));
    }
    if let Some(attempts) = spec.attempts {
        put("retry", json!(attempts.saturating_sub(1)));
    }
    shown
}

/// The job.
pub(super) fn job(state: &State, job: &Job) -> Value {
    let now = state.now;
    let end = job.finished.unwrap_or(now);
    let seconds = |from: jiff::Timestamp, to: jiff::Timestamp| to.duration_since(from).as_secs();
    let mut status = json!({"stage": job.stage.word(), "message": job.message});
    if let Some(ports) = &job.spec.expose {
        let urls = ports.ports.iter();
        let urls: Vec<String> = urls
            .map(|port| format!("https://{}--{port}.hf.jobs", job.id))
            .collect();
        status["exposeUrls"] = json!(urls);
    }
    let mut shown = spec(&job.spec);
    let more = [
        ("id", json!(job.id)),
        ("createdAt", json!(time(job.created))),
        ("startedAt", json!(job.started.map(time))),
        ("finishedAt", json!(job.finished.map(time))),
        ("status", status),
        (
            "durations",
            json!({
                "schedulingSecs": job.started.map(|at| seconds(job.created, at)),
                "runningSecs": job.started.map(|at| seconds(at, end)),
                "totalSecs": seconds(job.created, end),
            }),
        ),
        ("owner", owner(&job.namespace)),
        (
            "initiator",
            json!({"type": job.initiator.kind, "id": job.initiator.id, "name": job.initiator.name}),
        ),
    ];
    shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(shown)
}
