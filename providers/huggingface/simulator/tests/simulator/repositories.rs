//! Repositories and Spaces: how they come and go, what a Space does with its machine, and what that costs.
//!
//! Expected values: reference/api/huggingface.md, section 4, and docs/hub/spaces-gpus.

use bytes::Bytes;
use http::Request;
use kubeproof_huggingface_simulator::setup::{TOKEN, USER};
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, Seen, start, uri};

const NO: Value = Value::Null;

fn space(path: &str) -> String {
    format!("hub /spaces/{USER}/sp{path}")
}

fn create(bench: &mut Bench, flavor: &str) {
    let new = json!({
        "name": "sp", "organization": USER, "visibility": "private", "type": "space", "sdk": "docker",
        "hardware": flavor, "secrets": [{"key": "TOKEN", "value": "open-sesame"}],
    });
    let made = bench.ok("POST hub /repos/create", &new);
    assert_eq!(
        made["url"],
        format!("https://huggingface.co/spaces/{USER}/sp")
    );
}

/// Commits a file, as lines of documents.
fn commit(bench: &mut Bench, path: &str) -> Seen {
    let header = json!({"key": "header", "value": {"summary": "s"}});
    let file = json!({"key": "file", "value": {"path": path, "content": "", "encoding": "base64"}});
    let request = Request::post(uri("hub", &format!("/spaces/{USER}/sp/commit/main")))
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Bytes::from(format!("{header}\n{file}\n")));
    bench.send(request.unwrap())
}

#[track_caller]
fn stage(bench: &mut Bench) -> String {
    let shown = bench.get(&space("/runtime"));
    shown["stage"].as_str().unwrap().to_owned()
}

#[test]
fn a_space_is_built_starts_runs_and_is_billed_only_then() {
    let mut bench = Bench::new();
    create(&mut bench, "t4-small");
    assert_eq!(stage(&mut bench), "NO_APP_FILE");
    assert_eq!(commit(&mut bench, "README.md").status, 200);
    assert_eq!(stage(&mut bench), "NO_APP_FILE");
    assert_eq!(commit(&mut bench, "Dockerfile").status, 200);
    assert_eq!(stage(&mut bench), "BUILDING");
    bench.wait(120);
    assert_eq!(stage(&mut bench), "APP_STARTING");
    bench.wait(30);
    let runtime = bench.get(&space("/runtime"));
    assert_eq!(
        (&runtime["stage"], &runtime["hardware"]["current"]),
        (&json!("RUNNING"), &json!("t4-small"))
    );
    bench.wait(3600);
    bench.ok(&format!("POST {}", space("/pause")), &NO);
    bench.wait(48 * 3600);
    assert_eq!(stage(&mut bench), "PAUSED");
    let charges = bench.cloud.charges(start());
    // An hour at $0.40.
    let usd: Vec<String> = charges
        .iter()
        .map(|one| one.usd.normalize().to_string())
        .collect();
    assert_eq!(
        (usd, charges[0].line.as_str()),
        (vec!["0.4".to_owned()], "space")
    );
}

#[test]
fn a_free_space_sleeps_after_48_hours_and_a_paid_one_when_it_is_told_to() {
    let mut bench = Bench::new();
    create(&mut bench, "cpu-basic");
    commit(&mut bench, "Dockerfile");
    bench.wait(150 + 48 * 3600 - 1);
    assert_eq!(stage(&mut bench), "RUNNING");
    bench.wait(1);
    assert_eq!(stage(&mut bench), "SLEEPING");
    assert!(bench.cloud.charges(start()).is_empty());
    let paid = json!({"flavor": "a10g-small", "sleepTimeSeconds": 300});
    let runtime = bench.ok(&format!("POST {}", space("/hardware")), &paid);
    assert_eq!(runtime["hardware"]["requested"], "a10g-small");
    bench.wait(30 + 299);
    assert_eq!(stage(&mut bench), "RUNNING");
    bench.wait(1);
    assert_eq!(stage(&mut bench), "SLEEPING");
    // 300 s at $1.00 an hour: 5/60.
    let usd = bench.cloud.charges(start())[0].usd;
    assert_eq!(usd.round_dp(6).to_string(), "0.083333");
    bench.ok(&format!("POST {}", space("/restart")), &NO);
    bench.ok(
        &format!("POST {}", space("/sleeptime")),
        &json!({"seconds": -1}),
    );
    bench.wait(30 * 24 * 3600);
    assert_eq!(stage(&mut bench), "RUNNING");
}

#[test]
fn a_time_to_sleep_that_is_changed_while_a_space_runs_replaces_the_one_before() {
    let mut bench = Bench::new();
    create(&mut bench, "a10g-small");
    commit(&mut bench, "Dockerfile");
    bench.wait(150);
    assert_eq!(stage(&mut bench), "RUNNING");
    let set = |bench: &mut Bench, seconds: i64| {
        let body = json!({"seconds": seconds});
        bench.ok(&format!("POST {}", space("/sleeptime")), &body);
    };
    set(&mut bench, 300);
    bench.wait(200);
    set(&mut bench, 1000);
    bench.wait(999);
    assert_eq!(
        stage(&mut bench),
        "RUNNING",
        "the first time no longer holds"
    );
    bench.wait(1);
    assert_eq!(stage(&mut bench), "SLEEPING");
    bench.ok(&format!("POST {}", space("/restart")), &NO);
    bench.wait(30);
    assert_eq!(stage(&mut bench), "RUNNING");
    set(&mut bench, -1);
    bench.wait(5000);
    assert_eq!(
        stage(&mut bench),
        "RUNNING",
        "nor one that never is to come"
    );
}

#[test]
fn secrets_of_a_space_are_written_listed_by_name_and_deleted() {
    let mut bench = Bench::new();
    create(&mut bench, "cpu-basic");
    let add = format!("POST {}", space("/secrets"));
    bench.ok(&add, &json!({"key": "OTHER", "value": "open-sesame"}));
    let shown = bench.get(&space("/secrets"));
    assert_eq!(
        shown.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["OTHER", "TOKEN"]
    );
    assert!(!shown.to_string().contains("open-sesame"));
    let all = bench.cloud.inventory();
    let found = all
        .iter()
        .find(|one| one.resource_type == "space" && one.id == "sp")
        .unwrap();
    assert_eq!(found.properties["secrets"], "OTHER,TOKEN");
    bench.ok(
        &format!("DELETE {}", space("/secrets")),
        &json!({"key": "TOKEN"}),
    );
    let variables = format!("POST {}", space("/variables"));
    let shown = bench.ok(&variables, &json!({"key": "A", "value": "b"}));
    assert_eq!(shown["A"]["value"], "b");
    bench.refused(&add, &json!({"key": "a b", "value": "c"}), 400, "a key has");
}

#[test]
fn repositories_come_and_go_and_are_listed_by_author() {
    let mut bench = Bench::new();
    let new = json!({"name": "m", "organization": null, "type": "model"});
    bench.ok("POST hub /repos/create", &new);
    bench.refused("POST hub /repos/create", &new, 409, "already created");
    bench.ok(
        "POST hub /repos/create",
        &json!({"name": "m", "type": "dataset"}),
    );
    assert_eq!(bench.made("model_repository"), ["m"]);
    assert_eq!(bench.made("dataset_repository"), ["m"]);
    let names = |shown: &Value| -> Vec<String> {
        let all = shown.as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let listed = bench.get(&format!("hub /models?author={USER}"));
    assert_eq!(
        names(&listed),
        [format!("{USER}/kp-legacy-model"), format!("{USER}/m")]
    );
    bench.refused("GET hub /models", &NO, 501, "without an author");
    // It can be deployed.
    let document =
        crate::bench::endpoint_with("e", &[("/model/repository", json!(format!("{USER}/m")))]);
    bench.ok("POST endpoint", &document);
    let delete = json!({"name": "m", "organization": USER, "type": "model"});
    bench.ok("DELETE hub /repos/delete", &delete);
    let seen = bench.send(crate::bench::request("DELETE hub /repos/delete", &delete));
    assert_eq!(
        (seen.status, &seen.headers["x-error-code"]),
        (404, &"RepoNotFound".parse().unwrap())
    );
    bench.refused(
        "POST hub /repos/create",
        &json!({"name": "a b"}),
        400,
        "Invalid repo name",
    );
    let theirs = json!({"name": "a", "organization": "somebody"});
    bench.refused("POST hub /repos/create", &theirs, 403, "not made for it");
}

#[test]
fn public_models_are_known_with_their_gates_and_revisions() {
    let mut bench = Bench::new();
    let gpt2 = bench.get("hub /models/openai-community/gpt2");
    assert_eq!(
        (&gpt2["pipeline_tag"], &gpt2["gated"]),
        (&json!("text-generation"), &json!(false))
    );
    let llama = bench.get("hub /models/meta-llama/Llama-3.1-8B-Instruct");
    assert_eq!(llama["gated"], "manual");
    assert_eq!(bench.get("hub /models/gpt2")["id"], "gpt2");
    let v2 = bench.get("hub /models/openai-community/gpt2/revision/v2");
    assert_ne!(v2["sha"], gpt2["sha"]);
    let mut code = |path: &str| {
        let seen = bench.send(crate::bench::request(&format!("GET hub {path}"), &NO));
        (
            seen.status,
            seen.headers["x-error-code"].to_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        code("/models/someone/nothing"),
        (404, "RepoNotFound".to_owned())
    );
    let unknown = code("/models/openai-community/gpt2/revision/nope");
    assert_eq!(unknown, (404, "RevisionNotFound".to_owned()));
}

#[test]
fn an_injected_fault_lets_a_build_fail() {
    let mut bench = Bench::new();
    create(&mut bench, "cpu-basic");
    commit(&mut bench, "Dockerfile");
    bench.wait(200);
    let restart = format!("POST {}", space("/restart?factory=true"));
    bench.faulty("async-fail", &restart, &NO);
    bench.wait(200);
    assert_eq!(stage(&mut bench), "BUILD_ERROR");
}

#[test]
fn a_machine_that_no_one_pays_for_is_refused() {
    let mut bench = Bench::with(|setup| setup.can_pay = false);
    let new = json!({"name": "sp", "type": "space", "sdk": "docker", "hardware": "t4-small"});
    bench.refused("POST hub /repos/create", &new, 402, "Payment required");
    let wrong = json!({"name": "sp", "type": "space", "sdk": "cobol"});
    bench.refused("POST hub /repos/create", &wrong, 400, "sdk must be");
}
