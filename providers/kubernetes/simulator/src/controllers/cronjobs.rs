//! The cron job controller: a job at each minute of a schedule.
//!
//! Source: the Kubernetes documentation of `CronJobs` (concurrency policy, deadline, suspension, history).

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api::defaults;
use crate::api::delete::{Propagation, remove};
use crate::cluster::{Cluster, Due};
use crate::controllers::cron_schedule::{self, Schedule};
use crate::controllers::workload::{owned, reference};
use crate::json::{condition_is_true, number, set, text, time};
use crate::store::Key;
use crate::store::types::Type;

const CRON_JOBS: &str = "cronjobs.batch";
const JOBS: &str = "jobs.batch";
const CONTROLLER: &str = "cronjob-controller";
/// How far ahead the next minute of a schedule is looked for: February 29th comes every four years, as a rule.
const AHEAD_MINUTES: i64 = 60 * 24 * 366 * 4;
/// How far back a missed minute is looked for: a controller that was down starts the latest one only.
const BACK_MINUTES: i64 = 100;
const MINUTE: i64 = 60;

/// Starts jobs that are due, removes old ones, and sets a timer for the next.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(CRON_JOBS) {
        let Some(object) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if object.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let jobs: Vec<(Key, Value)> = owned(
            cluster,
            JOBS,
            &key.namespace,
            text(&object, "/metadata/uid"),
        )
        .map(|(job, value)| (job.clone(), value.clone()))
        .collect();
        clean(cluster, &key, &object, &jobs);
        let zone = text(&object, "/spec/timeZone");
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let schedule = cron_schedule::read(text(&object, "/spec/schedule"));
        let is_suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
        if let (Ok(schedule), false) = (schedule, is_suspended) {
            start(cluster, &key, &object, &jobs, &schedule, &zone);
            wake(cluster, &object, &schedule, &zone);
        }
        report(cluster, &key, &object);
    }
}

fn is_over(job: &Value) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

/// The latest minute of a schedule after the last one and not after now.
fn missed(
    cluster: &Cluster,
    object: &Value,
    schedule: &Schedule,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let last = match text(object, "/status/lastScheduleTime") {
        "" => text(object, "/metadata/creationTimestamp"),
        last => last,
    };
    let last = last.parse::<Timestamp>().ok()?.as_second();
    let now = cluster.now.as_second().div_euclid(MINUTE);
    (0..BACK_MINUTES)
        .map(|back| (now - back) * MINUTE)
        .take_while(|second| *second > last)
        .filter_map(|second| Timestamp::from_second(second).ok())
        .find(|at| schedule.allows(zone.to_datetime(*at)))
}

fn start(
    cluster: &mut Cluster,
    key: &Key,
    object: &Value,
    jobs: &[(Key, Value)],
    schedule: &Schedule,
    zone: &TimeZone,
) {
    let Some(at) = missed(cluster, object, schedule, zone) else {
        return;
    };
    let late = cluster.now.as_second() - at.as_second();
    if number(object, "/spec/startingDeadlineSeconds").is_some_and(|limit| late > limit) {
        return;
    }
    let running: Vec<&Key> = jobs
        .iter()
        .filter(|(_, job)| !is_over(job))
        .map(|(key, _)| key)
        .collect();
    match text(object, "/spec/concurrencyPolicy") {
        "Forbid" if !running.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency \
                           policy is Forbid";
            return cluster.event(CONTROLLER, key, false, "JobAlreadyActive", message);
        }
        "Replace" => {
            for job in running {
                remove(cluster, job, Propagation::Background, None);
                let message = format!("Deleted job {}", job.name);
                cluster.event(CONTROLLER, key, false, "SuccessfulDelete", &message);
            }
        }
        _ => {}
    }
    let template = &object["spec"]["jobTemplate"];
    let name = format!("{}-{}", key.name, at.as_second() / MINUTE);
    let mut job = json!({"metadata": template["metadata"], "spec": template["spec"]});
    set(&mut job, "/metadata/name", name);
    let scheduled = "/metadata/annotations/batch.kubernetes.io~1cronjob-scheduled-timestamp";
    set(&mut job, scheduled, time(at));
    set(
        &mut job,
        "/metadata/ownerReferences",
        json!([reference(object)]),
    );
    let of = Type::of(JOBS);
    defaults::fill(of, &mut job);
    defaults::begin(cluster, of, &mut job);
    let job = cluster.add(of, &key.namespace, job);
    let message = format!("Created job {}", job.name);
    cluster.event(CONTROLLER, key, false, "SuccessfulCreate", &message);
    cluster.modify(key, |object| {
        set(object, "/status/lastScheduleTime", time(at));
    });
}

/// Sets a timer for the next minute of the schedule.
fn wake(cluster: &mut Cluster, object: &Value, schedule: &Schedule, zone: &TimeZone) {
    let uid = text(object, "/metadata/uid");
    let next = cluster.now.as_second().div_euclid(MINUTE) + 1;
    let mark = format!("{uid}/{} from {next}", text(object, "/spec/schedule"));
    if !cluster.served.insert(mark) {
        return;
    }
    let found = (next..next + AHEAD_MINUTES)
        .filter_map(|minute| Timestamp::from_second(minute * MINUTE).ok())
        .find(|at| schedule.allows(zone.to_datetime(*at)));
    let Some(at) = found else { return };
    let left = at.duration_since(cluster.now).max(SignedDuration::ZERO);
    let mark = format!("{uid}/wakes {at}");
    if cluster.served.insert(mark) {
        cluster.after(Duration::try_from(left).unwrap_or_default(), Due::Wake);
    }
}

/// Removes the oldest jobs that ended, beyond those that are kept.
fn clean(cluster: &mut Cluster, key: &Key, object: &Value, jobs: &[(Key, Value)]) {
    for (condition, limit, usual) in [
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ] {
        let limit = number(object, &format!("/spec/{limit}")).unwrap_or(usual);
        let mut ended: Vec<(&str, &Key)> = jobs
            .iter()
            .filter(|(_, job)| condition_is_true(job, condition))
            .map(|(key, job)| (text(job, "/status/startTime"), key))
            .collect();
        ended.sort_unstable();
        let surplus = ended
            .len()
            .saturating_sub(usize::try_from(limit).unwrap_or(0));
        for (_, job) in ended.into_iter().take(surplus) {
            remove(cluster, job, Propagation::Background, None);
            let message = format!("Deleted job {}", job.name);
            cluster.event(CONTROLLER, key, false, "SuccessfulDelete", &message);
        }
    }
}

fn report(cluster: &mut Cluster, key: &Key, object: &Value) {
    let uid = text(object, "/metadata/uid");
    let (mut active, mut succeeded) = (Vec::new(), String::new());
    for (job, value) in owned(cluster, JOBS, &key.namespace, uid) {
        if !is_over(value) {
            active.push(json!({
                "kind": "Job", "apiVersion": "batch/v1", "namespace": job.namespace,
                "name": job.name, "uid": value["metadata"]["uid"],
                "resourceVersion": value["metadata"]["resourceVersion"],
            }));
        } else if condition_is_true(value, "Complete") {
            let ended = text(value, "/status/completionTime").to_owned();
            succeeded = succeeded.max(ended);
        }
    }
    cluster.modify(key, |object| {
        let names =
            |list: &[Value]| -> Vec<Value> { list.iter().map(|one| one["uid"].clone()).collect() };
        // A new version of an active job is no news.
        let there = crate::json::items(object, "/status/active").to_vec();
        if active.is_empty() {
            crate::json::remove(object, "/status/active");
        } else if names(&there) != names(&active) {
            set(object, "/status/active", active);
        }
        if !succeeded.is_empty() {
            set(object, "/status/lastSuccessfulTime", succeeded);
        }
    });
}
