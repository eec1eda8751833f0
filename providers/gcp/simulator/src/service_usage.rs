//! Service Usage, version 1: which services of the project are enabled.
//!
//! Enabling takes an operation of some seconds, and for up to a minute and a half after it the service itself answers
//! `SERVICE_DISABLED`, as Google documents ("wait a few minutes for the action to propagate").
//!
//! Disabling deletes nothing: resources stay and are metered on, and the service refuses to show them. What Google
//! documents of it is that a service with usage in the last 30 days is refused only where the caller asks for that check
//! (reference of `services.disable`; gcloud asks without `--force`). Compute Engine refuses inside the operation while it
//! has machines or disks (runatlantis/terraform-gce-atlantis issue 101). No source says that Kubernetes Engine does, so
//! a cluster can be hidden here: the worse of the two cases.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::operation::{Failure, NewOperation, Operation, Status};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::inventory;
use crate::links::DOMAIN;
use crate::resource_manager::policy;
use crate::route::{Call, Service, Table, table};
use crate::state::{self, State};
use crate::wire::{ApiError, ErrorShape, Outcome, body, listed};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "serviceusage",
    host: "serviceusage.googleapis.com",
    base: "/v1",
    // It is what enables the others.
    is_optional: false,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/services", "serviceusage.services.list", list),
    on("GET", "/projects/{project}/services:batchGet", "serviceusage.services.batchGet", batch_get),
    on("POST", "/projects/{project}/services:batchEnable", "serviceusage.services.batchEnable", batch_enable),
    on("GET", "/projects/{project}/services/{service}", "serviceusage.services.get", get),
    on("POST", "/projects/{project}/services/{service}:enable", "serviceusage.services.enable", enable),
    on("POST", "/projects/{project}/services/{service}:disable", "serviceusage.services.disable", disable),
    on("GET", "/operations/{operation}", "serviceusage.operations.get", operation),
]);

/// The services that can be enabled, without their domain, and the title of each.
const KNOWN: &[(&str, &str)] = &[
    ("artifactregistry", "Artifact Registry API"),
    ("bigquery", "BigQuery API"),
    ("cloudasset", "Cloud Asset API"),
    ("cloudbilling", "Cloud Billing API"),
    ("cloudkms", "Cloud Key Management Service (KMS) API"),
    ("cloudresourcemanager", "Cloud Resource Manager API"),
    ("compute", "Compute Engine API"),
    ("container", "Kubernetes Engine API"),
    ("dns", "Cloud DNS API"),
    ("file", "Cloud Filestore API"),
    ("gkehub", "GKE Hub API"),
    ("iam", "Identity and Access Management (IAM) API"),
    ("iamcredentials", "IAM Service Account Credentials API"),
    ("logging", "Cloud Logging API"),
    ("monitoring", "Cloud Monitoring API"),
    ("oslogin", "Cloud OS Login API"),
    ("serviceusage", "Service Usage API"),
    ("storage", "Cloud Storage API"),
];
/// A service, and one that it depends on.
const DEPENDS: &[(&str, &str)] = &[("container", "compute"), ("container", "iam")];
/// Most services of one batch.
const BATCH_MAX: usize = 20;
/// Most services of one page, and as many as one has when the caller does not say.
const PAGE: (usize, usize) = (200, 50);
/// The operation of a call that has nothing to do.
const NOTHING: &str = "noop.DONE_OPERATION";
/// Enabling takes 10 to 30 seconds, and spreads within 90.
const ENABLING: (u64, u64) = (10, 20);
const SPREADING: (u64, u64) = (5, 85);
const DISABLING: i64 = 8;

/// The services that are enabled, as resources: they are shared by all users of the project.
pub(crate) fn enabled(state: &State) -> Vec<Resource> {
    let names = state.project.services.keys();
    names
        .map(|name| Resource::new("api", name, "global"))
        .collect()
}

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An operation ends.
    Ended(String),
}

/// Lets an event happen.
pub(crate) fn happen(state: &mut State, event: &Event) {
    let Event::Ended(name) = event;
    let now = state.now;
    let Some(operation) = state.project.operations.end(name, now) else {
        return;
    };
    if operation.failure().is_some() {
        return;
    }
    let services: Vec<&str> = operation.target.split(',').collect();
    if operation.kind == "disable" {
        for service in services {
            state.project.services.remove(service);
        }
        return;
    }
    for service in services {
        let (least, more) = SPREADING;
        let spread = i64::try_from(least + state.ids.below(more)).unwrap_or_default();
        let answers = now.saturating_add(SignedDuration::from_secs(spread));
        let answers = answers.unwrap_or(now);
        state
            .project
            .services
            .entry(service.to_owned())
            .or_insert(answers);
        if service == host("container") {
            // It stays when the service is disabled.
            let agent = format!(
                "serviceAccount:service-{}@container-engine-robot.iam.gserviceaccount.com",
                state.setup.project_number
            );
            policy::add(state, "roles/container.serviceAgent", &agent);
        }
    }
}

fn host(name: &str) -> String {
    format!("{name}.{DOMAIN}")
}

fn is_enabled(state: &State, service: &str) -> bool {
    state.project.services.contains_key(service)
}

/// A service as the API shows it.
fn shown(state: &State, service: &str) -> Value {
    let number = state.setup.project_number;
    let parent = format!("projects/{number}");
    let bare = service.strip_suffix(DOMAIN).unwrap_or(service);
    let bare = bare.trim_end_matches('.');
    let title = KNOWN.iter().find(|(name, _)| *name == bare);
    let title = title.map_or("", |(_, title)| title);
    json!({
        "name": format!("{parent}/services/{service}"),
        "parent": parent,
        "config": {"name": service, "title": title},
        "state": if is_enabled(state, service) { "ENABLED" } else { "DISABLED" },
    })
}

/// Refuses services that do not exist.
fn check_known(services: &[String]) -> Result<(), ApiError> {
    let known = |service: &String| KNOWN.iter().any(|(name, _)| host(name) == **service);
    let unknown: Vec<&str> = services
        .iter()
        .filter(|service| !known(service))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown = unknown.join(", ");
    let message = format!("Not found or permission denied for service(s): {unknown}.");
    Err(ApiError::denied(message))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let service = call.parameter(1).to_owned();
    check_known(std::slice::from_ref(&service))?;
    Ok(shown(state, &service))
}

/// The last parts of the names that a query repeats.
fn batch_get(state: &mut State, call: &Call<'_>) -> Outcome {
    let query = call.request.uri().query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let names = pairs.filter(|(key, _)| key == "names");
    let services: Vec<String> = names
        .map(|(_, name)| name.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    if services.is_empty() {
        return Err(ApiError::required("names"));
    }
    check_known(&services)?;
    let shown: Vec<Value> = services.iter().map(|one| shown(state, one)).collect();
    Ok(json!({ "services": shown }))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let wanted = match call.query("filter") {
        None => None,
        Some("state:ENABLED") => Some(true),
        Some("state:DISABLED") => Some(false),
        Some(other) => return Err(ApiError::not_simulated(&format!("filter {other}"))),
    };
    let (most, usual) = PAGE;
    let size = match call.query("pageSize") {
        None => usual,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| {
                ApiError::invalid(format!("Page size {text} is not from 1 to {most}."))
            })?,
    };
    let all = KNOWN.iter().map(|(name, _)| host(name));
    let all = all.filter(|one| wanted.is_none_or(|wanted| wanted == is_enabled(state, one)));
    let shown = all.map(|one| shown(state, &one));
    listed("services", shown, call.query("pageToken"), size)
}

fn enable(state: &mut State, call: &Call<'_>) -> Outcome {
    change(state, call, "enable", vec![call.parameter(1).to_owned()])
}

fn batch_enable(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let ids = body.get("serviceIds").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| ApiError::required("serviceIds"))?;
    let services: Vec<String> = ids
        .iter()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    if services.len() > BATCH_MAX || services.len() != ids.len() || services.is_empty() {
        let message = format!("A batch has 1 to {BATCH_MAX} services.");
        return Err(ApiError::invalid(message));
    }
    change(state, call, "enable", services)
}

fn disable(state: &mut State, call: &Call<'_>) -> Outcome {
    let service = call.parameter(1).to_owned();
    let body = body(call.request)?;
    if body.get("disableDependentServices") == Some(&json!(true)) {
        return Err(ApiError::not_simulated("disableDependentServices"));
    }
    check_known(std::slice::from_ref(&service))?;
    if !is_enabled(state, &service) {
        let message = format!("The service {service} is not enabled and cannot be disabled.");
        return Err(failed_precondition(message));
    }
    check_unused(state, &service, body.get("checkIfServiceHasUsage"))?;
    let dependents = DEPENDS
        .iter()
        .filter(|(_, needed)| host(needed) == service)
        .map(|(name, _)| host(name))
        .filter(|name| is_enabled(state, name));
    let dependents: Vec<String> = dependents.collect();
    if !dependents.is_empty() {
        let message = format!(
            "The service {service} is depended on by the following active service(s): {}; Please specify \
             disable_dependent_services=true if you want to proceed with disabling all services.",
            dependents.join(",")
        );
        return Err(failed_precondition(message));
    }
    change(state, call, "disable", vec![service])
}

fn failed_precondition(message: String) -> ApiError {
    ApiError::new(400, "FAILED_PRECONDITION", "failedPrecondition", message)
}

/// Refuses a service that was used, if the caller asks for that: no one here waits for 30 days.
fn check_unused(state: &State, service: &str, asked: Option<&Value>) -> Result<(), ApiError> {
    match asked.and_then(Value::as_str) {
        None if asked.is_some() => Err(ApiError::invalid("checkIfServiceHasUsage is no word.")),
        None | Some("SKIP" | "CHECK_IF_SERVICE_HAS_USAGE_UNSPECIFIED") => Ok(()),
        Some("CHECK") if state.project.used.contains(service) => Err(failed_precondition(format!(
            "The service {service} has usage in the last 30 days. Please specify check_if_service_has_usage=SKIP if you \
             want to proceed with disabling the service."
        ))),
        Some("CHECK") => Ok(()),
        Some(other) => Err(ApiError::invalid(format!(
            "Invalid value at 'check_if_service_has_usage': \"{other}\"."
        ))),
    }
}

/// Why a service cannot be turned off although the call was accepted.
fn still_in_use(state: &State, kind: &str, services: &[String]) -> Option<Failure> {
    let compute = host("compute");
    let is_asked = kind == "disable" && services.contains(&compute);
    let uses = |one: &Resource| ["instance", "disk"].contains(&one.resource_type.as_str());
    (is_asked && inventory::all(state).iter().any(uses)).then(|| {
        let message = format!(
            "[Error in service '{compute}': Could not turn off service, as it still has resources in use.]"
        );
        Failure::new("9", message)
    })
}

/// Begins the change of those services that are not as asked, and returns the operation.
fn change(
    state: &mut State,
    call: &Call<'_>,
    kind: &'static str,
    services: Vec<String>,
) -> Outcome {
    check_known(&services)?;
    let wanted = kind == "enable";
    let changing: Vec<String> = services
        .iter()
        .filter(|one| is_enabled(state, one) != wanted)
        .cloned()
        .collect();
    if changing.is_empty() {
        return Ok(json!({
            "name": format!("operations/{NOTHING}"), "done": true,
            "response": response(state, kind, &services),
        }));
    }
    let (least, more) = ENABLING;
    let seconds = if wanted {
        i64::try_from(least + state.ids.below(more)).unwrap_or_default()
    } else {
        DISABLING
    };
    let name = format!("acf.p2-{}-{}", state.setup.project_number, state.ids.uuid());
    let new = NewOperation {
        id: name.clone(),
        kind: kind.to_owned(),
        scope: String::new(),
        target: changing.join(","),
        lasts: SignedDuration::from_secs(seconds),
        failure: still_in_use(state, kind, &changing),
    };
    let internal = |_: Option<&str>| Failure::new("13", "An internal exception occurred.");
    let now = state.now;
    let due = state
        .project
        .operations
        .begin(new, call.injected, internal, now);
    if let Some(due) = due {
        let event = state::Event::ServiceUsage(Event::Ended(name.clone()));
        state.timers.at(due, event);
    }
    let begun = state.project.operations.get(&name);
    Ok(begun.map_or(Value::Null, |begun| shown_operation(state, begun)))
}

fn response(state: &State, kind: &str, services: &[String]) -> Value {
    let shown: Vec<Value> = services.iter().map(|one| shown(state, one)).collect();
    let of = "type.googleapis.com/google.api.serviceusage.v1";
    match (kind, shown.as_slice()) {
        ("disable", _) => {
            json!({"@type": format!("{of}.DisableServiceResponse"), "service": shown.first()})
        }
        (_, [one]) => json!({"@type": format!("{of}.EnableServiceResponse"), "service": one}),
        _ => json!({"@type": format!("{of}.BatchEnableServicesResponse"), "services": shown}),
    }
}

fn shown_operation(state: &State, operation: &Operation) -> Value {
    let services: Vec<String> = operation.target.split(',').map(str::to_owned).collect();
    let names = services.iter().map(|one| {
        format!(
            "services/{one}/projectSettings/{}",
            state.setup.project_number
        )
    });
    let names: Vec<String> = names.collect();
    let mut shown = json!({
        "name": format!("operations/{}", operation.id),
        "metadata": {
            "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
            "resourceNames": names,
        },
    });
    if operation.status(state.now) == Status::Done {
        shown["done"] = json!(true);
        match operation.failure() {
            Some(failure) => {
                let code: i32 = failure.code.parse().unwrap_or(13);
                shown["error"] = json!({"code": code, "message": failure.message});
            }
            None => shown["response"] = response(state, &operation.kind, &services),
        }
    }
    shown
}

fn operation(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.parameter(0);
    if name == NOTHING {
        return Ok(json!({"name": format!("operations/{NOTHING}"), "done": true}));
    }
    let found = state.project.operations.get(name);
    let found = found.ok_or_else(|| ApiError::not_found(format!("Operation {name} not found.")))?;
    Ok(shown_operation(state, found))
}
