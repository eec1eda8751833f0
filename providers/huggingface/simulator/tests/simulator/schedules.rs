//! Scheduled jobs and webhooks: what goes on without its run.

use kubeproof_huggingface_simulator::setup::USER;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, start};
use crate::jobs::job;

const NO: Value = Value::Null;

fn scheduled(path: &str) -> String {
    format!("hub /scheduled-jobs/{USER}{path}")
}

fn new(schedule: &str) -> Value {
    json!({"jobSpec": job(&["echo", "hi"]), "schedule": schedule})
}

#[track_caller]
fn create(bench: &mut Bench, document: &Value) -> String {
    let shown = bench.ok(&format!("POST {}", scheduled("")), document);
    shown["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_forgotten_schedule_starts_new_cost_every_hour() {
    let mut bench = Bench::new();
    let id = create(&mut bench, &new("@hourly"));
    let shown = bench.get(&scheduled(&format!("/{id}")));
    // It began at 11:07.
    assert_eq!(shown["status"]["nextJobRunAt"], "2026-11-18T12:00:00.000Z");
    assert_eq!(shown["jobSpec"]["timeout"], 1800);
    bench.wait(24 * 3600);
    let charges = bench.cloud.metered("r1", start());
    assert_eq!(charges.len(), 24);
    let shown = bench.get(&scheduled(&format!("/{id}")));
    let last = shown["status"]["lastJob"]["id"].as_str().unwrap();
    let job = bench.get(&format!("hub /jobs/{USER}/{last}"));
    assert_eq!(job["initiator"]["type"], "scheduled-job");
    bench.ok(&format!("DELETE {}", scheduled(&format!("/{id}"))), &NO);
    bench.wait(24 * 3600);
    assert_eq!(bench.cloud.metered("r1", start()).len(), 24);
}

#[test]
fn a_suspended_schedule_starts_nothing_until_it_is_resumed() {
    let mut bench = Bench::new();
    let id = create(&mut bench, &new("@hourly"));
    let shown = bench.ok(
        &format!("POST {}", scheduled(&format!("/{id}/suspend"))),
        &NO,
    );
    assert_eq!(
        (&shown["suspend"], &shown["status"]["nextJobRunAt"]),
        (&json!(true), &NO)
    );
    bench.wait(5 * 3600);
    assert!(bench.cloud.metered("r1", start()).is_empty());
    bench.ok(
        &format!("POST {}", scheduled(&format!("/{id}/resume"))),
        &NO,
    );
    bench.wait(3600);
    assert_eq!(bench.cloud.metered("r1", start()).len(), 1);
}

#[test]
fn a_schedule_waits_for_its_last_job_unless_it_is_concurrent() {
    let mut bench = Bench::new();
    let mut document = new("* * * * *");
    document["jobSpec"]["command"] = json!(["sleep", "150"]);
    create(&mut bench, &document);
    bench.wait(600);
    let alone = bench.cloud.metered("r1", start()).len();
    // Each takes 160 s: they start at 60, 240, 420 and 600 s, and the last one does not run yet.
    assert_eq!(alone, 3);
    let mut bench = Bench::new();
    document["concurrency"] = json!(true);
    create(&mut bench, &document);
    bench.wait(600);
    // From 60 to 540 s.
    assert_eq!(bench.cloud.metered("r1", start()).len(), 9);
}

#[test]
fn a_schedule_is_run_changed_listed_and_refused() {
    let mut bench = Bench::new();
    let id = create(&mut bench, &new("@yearly"));
    let run = format!("POST {}", scheduled(&format!("/{id}/run")));
    assert_eq!(bench.ok(&run, &NO)["status"]["stage"], "SCHEDULING");
    bench.refused(&run, &NO, 409, "still runs");
    let change = format!("POST {}", scheduled(&format!("/{id}/schedule")));
    let shown = bench.ok(&change, &json!({"schedule": "0 12 * * *"}));
    assert_eq!(shown["status"]["nextJobRunAt"], "2026-11-18T12:00:00.000Z");
    bench.refused(&change, &json!({"schedule": "soon"}), 400, "no schedule");
    let labels = format!("PUT {}", scheduled(&format!("/{id}/labels")));
    bench.ok(&labels, &json!({"labels": {"a": "b"}}));
    let listed = bench.get(&scheduled("?label=a%3Db"));
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        bench.get(&scheduled("")).as_array().unwrap().len(),
        2,
        "with the bystander's"
    );
    bench.refused(
        &format!("POST {}", scheduled("")),
        &new("never"),
        400,
        "no schedule",
    );
    assert_eq!(bench.made("scheduled_job"), [id]);
}

#[test]
fn webhooks_are_made_disabled_listed_and_deleted() {
    let mut bench = Bench::new();
    let new = json!({"watched": [{"type": "user", "name": "a"}], "domains": ["repo"], "url": "https://x"});
    let made = bench.ok("POST hub /settings/webhooks", &new)["webhook"].clone();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.made("webhook"), std::slice::from_ref(&id));
    let disabled = bench.ok(&format!("POST hub /settings/webhooks/{id}/disable"), &NO);
    assert_eq!(disabled["webhook"]["disabled"], true);
    assert_eq!(
        bench
            .get("hub /settings/webhooks")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bench.ok(&format!("DELETE hub /settings/webhooks/{id}"), &NO);
    bench.refused(
        &format!("GET hub /settings/webhooks/{id}"),
        &NO,
        404,
        "not found",
    );
}
