//! Validation of stateful sets, daemon sets, cron jobs and disruption budgets.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::api::validate::{FieldError, add_error, check_pod, check_replicated, not_negative};
use crate::controllers::cron_schedule;
use crate::json::{items, text};

/// The longest name of a cron job: its jobs add eleven characters.
const CRON_JOB_NAME_MAX: usize = 52;
/// The fields of a stateful set that can change.
const MUTABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// One of a few values, or the error of a field that has another.
fn one_of(object: &Value, pointer: &str, known: &[&str], errors: &mut Vec<FieldError>) {
    let value = text(object, pointer);
    if !known.contains(&value) {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let known: Vec<String> = known.iter().map(|one| format!("\"{one}\"")).collect();
        let known = known.join(", ");
        add_error(
            errors,
            &field,
            &format!("Unsupported value: \"{value}\": supported values: {known}"),
        );
    }
}

pub(crate) fn stateful_set(object: &Value, errors: &mut Vec<FieldError>) {
    check_replicated(object, errors);
    let policies = ["OrderedReady", "Parallel"];
    one_of(object, "/spec/podManagementPolicy", &policies, errors);
    one_of(
        object,
        "/spec/updateStrategy/type",
        &["RollingUpdate", "OnDelete"],
        errors,
    );
    for (index, template) in items(object, "/spec/volumeClaimTemplates")
        .iter()
        .enumerate()
    {
        if text(template, "/spec/resources/requests/storage").is_empty() {
            let field = format!("spec.volumeClaimTemplates[{index}].spec.resources[storage]");
            add_error(errors, &field, "Required value");
        }
    }
}

pub(crate) fn daemon_set(object: &Value, errors: &mut Vec<FieldError>) {
    check_replicated(object, errors);
    one_of(
        object,
        "/spec/updateStrategy/type",
        &["RollingUpdate", "OnDelete"],
        errors,
    );
}

pub(crate) fn cron_job(object: &Value, errors: &mut Vec<FieldError>) {
    let name = text(object, "/metadata/name");
    if name.len() > CRON_JOB_NAME_MAX {
        let what = format!("Invalid value: \"{name}\": must be no more than 52 characters");
        add_error(errors, "metadata.name", &what);
    }
    match text(object, "/spec/schedule") {
        "" => add_error(errors, "spec.schedule", "Required value"),
        schedule => {
            if let Err(why) = cron_schedule::read(schedule) {
                add_error(
                    errors,
                    "spec.schedule",
                    &format!("Invalid value: \"{schedule}\": {why}"),
                );
            }
        }
    }
    let zone = text(object, "/spec/timeZone");
    if !zone.is_empty() && TimeZone::get(zone).is_err() {
        let what = format!("Invalid value: \"{zone}\": unknown time zone {zone}");
        add_error(errors, "spec.timeZone", &what);
    }
    one_of(
        object,
        "/spec/concurrencyPolicy",
        &["Allow", "Forbid", "Replace"],
        errors,
    );
    not_negative(object, "/spec/startingDeadlineSeconds", errors);
    not_negative(object, "/spec/successfulJobsHistoryLimit", errors);
    not_negative(object, "/spec/failedJobsHistoryLimit", errors);
    let template = "/spec/jobTemplate/spec/template";
    let field = "spec.jobTemplate.spec.template.spec";
    check_pod(object, template, field, errors);
    let policy = text(object, &format!("{template}/spec/restartPolicy"));
    if !["Never", "OnFailure"].contains(&policy) {
        let what = "Required value: valid values: \"OnFailure\", \"Never\"";
        add_error(errors, &format!("{field}.restartPolicy"), what);
    }
}

pub(crate) fn budget(object: &Value, errors: &mut Vec<FieldError>) {
    let given = |name: &str| object.pointer(&format!("/spec/{name}"));
    if given("minAvailable").is_some() && given("maxUnavailable").is_some() {
        let what = format!(
            "Invalid value: {}: minAvailable and maxUnavailable cannot be both set",
            object["spec"]
        );
        add_error(errors, "spec", &what);
    }
    for name in ["minAvailable", "maxUnavailable"] {
        let field = format!("spec.{name}");
        match given(name) {
            Some(Value::Number(_)) => not_negative(object, &format!("/spec/{name}"), errors),
            Some(Value::String(part)) => {
                let percent = part
                    .strip_suffix('%')
                    .and_then(|part| part.parse::<u32>().ok());
                let what = match percent {
                    None => "must be a valid percent string (e.g., '5' or '93%')",
                    Some(101..) => "must not be greater than 100%",
                    Some(_) => continue,
                };
                add_error(
                    errors,
                    &field,
                    &format!("Invalid value: \"{part}\": {what}"),
                );
            }
            _ => {}
        }
    }
}

/// What a stateful set can never change.
pub(crate) fn frozen_stateful_set(before: &Value, after: &Value) -> Option<FieldError> {
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        for field in MUTABLE {
            crate::json::remove(&mut spec, &format!("/{field}"));
        }
        spec
    };
    (fixed(before) != fixed(after)).then(|| {
        let what = "Forbidden: updates to statefulset spec for fields other than 'replicas', \
                    'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
                    'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        ("spec".to_owned(), what.to_owned())
    })
}
