//! `kubeproof sweep`: what it deletes, what it keeps though it carries the run's tag, and what it refuses.
//!
//! Against a small engine, so that deletions are real requests.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::engine::{Engine, Later, container, node};
use crate::judge::Judge;
use crate::outputs::code_of;
use crate::program::{code, command, json as parsed, stderr, stdout};

/// 2026-11-23T10:00:00Z, when the run began.
const BEGAN: i64 = 1_795_428_000;
const SCENARIO: &str = "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {}\n";

/// The intent of the run r1; `more` has the fields that older versions did not write.
fn write_intent(folder: &Path, run: &str, tier: &str, more: &Value) {
    let mut intent = json!({
        "id": "r1", "owner": "me", "started_at": "2026-11-23T10:00:00Z",
        "expires_at": "2026-11-23T16:00:00Z", "scenario": "s", "file": "s.yaml",
        "provider": "kind", "tier": tier, "seed": 1, "text": SCENARIO,
    });
    if let (Some(intent), Some(more)) = (intent.as_object_mut(), more.as_object()) {
        intent.extend(more.clone());
    }
    let folder = folder.join("kubeproof-runs").join(run);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("intent.json"), intent.to_string()).expect("written");
}

/// An engine with this id and a baseline with this node in it.
fn known(account: &str, there: &[&str]) -> Value {
    let identity = |id: &&str| json!({"region": "local", "resource_type": "kind_node", "id": id});
    let resources: Vec<Value> = there.iter().map(identity).collect();
    let types = [
        "kind_node",
        "port_binding",
        "docker_volume",
        "docker_network",
    ];
    json!({
        "account": account,
        "before": {"regions": ["local"], "types": types, "resources": resources},
    })
}

fn sweep(folder: &Path, engine: &Engine, more: &[&str]) -> Output {
    let arguments = [&["sweep", "--run", "r1"], more].concat();
    let command = engine.before(command(folder, &arguments), folder);
    let mut command = command;
    command
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the program starts")
}

/// Three nodes: one from before the run that has the run's label, one that the run left, and a bystander's.
fn engine(folder: &Path) -> Engine {
    let nodes = vec![
        node("adopted", "kp-r1", BEGAN - 3600),
        node("left", "kp-r1", BEGAN + 60),
        node("theirs", "kp-r10", BEGAN + 60),
    ];
    write_intent(folder, "r10", "kind", &json!({"id": "r10"}));
    Engine::start(folder, nodes)
}

/// A folder with an engine and the intent of the run r1, with `more` fields.
fn with_engine(more: &Value) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path());
    write_intent(folder.path(), "r1", "kind", more);
    (folder, engine)
}

/// The sweep is refused as a usage error that contains `words`, and nothing is deleted.
#[track_caller]
fn is_refused(output: &Output, engine: &Engine, words: &str) {
    let said = stderr(output);
    assert_eq!(code(output), 2, "{said}");
    assert!(said.contains(words), "{said}");
    assert_eq!(engine.changes(), [] as [&str; 0]);
}

#[test]
fn a_confirmed_sweep_deletes_what_the_run_left_and_nothing_that_was_there_before() {
    let (folder, engine) = with_engine(&known("engine-1", &["adopted"]));
    let output = sweep(folder.path(), &engine, &["--delete", "--yes"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(engine.changes(), ["DELETE containers/left"]);
    let plan = stdout(&output);
    for line in ["delete    kind_node left", "kept      kind_node adopted"] {
        assert!(plan.contains(line), "{line}:\n{plan}");
    }
    assert!(plan.contains("but was there before the run"), "{plan}");
    assert!(!plan.contains("theirs"), "{plan}");
    let log = folder.path().join("kubeproof-runs/r1/sweep.jsonl");
    let log = std::fs::read_to_string(log).expect("a log");
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let events: Vec<_> = events.iter().map(|it| (&it["event"], &it["id"])).collect();
    assert_eq!(
        events,
        [
            (&json!("deleting"), &json!("left")),
            (&json!("deleted"), &json!("left"))
        ]
    );
}

#[test]
fn what_comes_after_the_confirmation_is_left_until_it_is_confirmed_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    // The log is created once the plan is confirmed.
    let later = Later {
        once: folder.path().join("kubeproof-runs/r1/sweep.jsonl"),
        containers: vec![node("late", "kp-r1", BEGAN + 120)],
        ..Later::default()
    };
    let there = vec![node("left", "kp-r1", BEGAN + 60)];
    let engine = Engine::start_with(folder.path(), there, later);
    write_intent(folder.path(), "r1", "kind", &known("engine-1", &[]));
    let output = sweep(folder.path(), &engine, &["--delete", "--yes"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(engine.changes(), ["DELETE containers/left"]);
    let plans = stdout(&output);
    assert!(plans.contains("kind_node late"), "{plans}");
}

#[test]
fn without_a_confirmation_the_plan_is_shown_and_nothing_is_deleted() {
    let (folder, engine) = with_engine(&known("engine-1", &["adopted"]));
    let output = sweep(folder.path(), &engine, &["--delete"]);
    is_refused(&output, &engine, "add --yes");
    assert!(
        stdout(&output).contains("kind_node left"),
        "{}",
        stdout(&output)
    );
    let output = sweep(folder.path(), &engine, &[]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing was deleted"));
    assert_eq!(engine.changes(), [] as [&str; 0]);
}

#[test]
fn what_appeared_during_the_run_is_listed_and_left_to_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = container("registry", "registry", &json!({}), BEGAN + 60);
    let earlier = container("db", "db", &json!({}), BEGAN - 60);
    let of_run = node("r2", "kp-r2", BEGAN + 60);
    let engine = Engine::start(folder.path(), vec![registry, earlier, of_run]);
    let known = known("engine-1", &[]);
    write_intent(folder.path(), "r1", "kind", &known);
    write_intent(folder.path(), "r2", "kind", &json!({"id": "r2"}));
    let output = sweep(folder.path(), &engine, &["--delete", "--yes"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let plan = stdout(&output);
    assert!(plan.contains("by hand   container registry"), "{plan}");
    assert!(!plan.contains(" db ") && !plan.contains("r2"), "{plan}");
    assert_eq!(engine.changes(), [] as [&str; 0]);
}

#[test]
fn a_machine_other_than_the_runs_is_not_swept() {
    let (folder, engine) = with_engine(&known("engine-2", &["adopted"]));
    for more in [&["--delete", "--yes"][..], &[]] {
        let output = sweep(folder.path(), &engine, more);
        let words = "the run r1 was in the account engine-2, and this is engine-1";
        is_refused(&output, &engine, words);
    }
}

#[test]
fn the_copy_of_a_runs_folder_is_not_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path());
    write_intent(folder.path(), "r2", "kind", &known("engine-1", &[]));
    let arguments = ["sweep", "--run", "r2", "--delete", "--yes"];
    let output = engine
        .before(command(folder.path(), &arguments), folder.path())
        .output()
        .expect("the program starts");
    is_refused(
        &output,
        &engine,
        "r2 is a copy: its intent is of the run r1",
    );
}

#[test]
fn an_older_versions_intent_deletes_only_what_is_newer_than_the_run() {
    let (folder, engine) = with_engine(&json!({}));
    let output = sweep(folder.path(), &engine, &["--delete", "--yes"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(engine.changes(), ["DELETE containers/left"]);
    assert!(stdout(&output).contains("before the run began"));
}

#[test]
fn a_live_run_without_a_recorded_account_is_not_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    write_intent(folder.path(), "r1", "live", &json!({}));
    let output = command(
        folder.path(),
        &["sweep", "--run", "r1", "--delete", "--yes"],
    )
    .output()
    .expect("the program starts");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("does not name its account"),
        "{}",
        stderr(&output)
    );
}

/// The document fits its schema, its verdict is the exit code, and nothing else is on standard output.
#[track_caller]
fn document(output: &Output, expected: &str) -> Value {
    assert_eq!(code(output), code_of(expected), "{}", stderr(output));
    let document = parsed(output);
    Judge::of_output("sweep").accepts(&document);
    assert_eq!(document["verdict"], expected);
    document
}

/// The ids in a list of resources, each with what is to be done with it.
fn actions(list: &Value) -> Vec<(&str, &str)> {
    let all = list.as_array().expect("a list").iter();
    all.map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default();
        (text("id"), text("action"))
    })
    .collect()
}

/// What `sweep --format json` prints: before anything is deleted, after it, and where the plan is not confirmed.
pub fn documents() {
    let (folder, engine) = with_engine(&known("engine-1", &["adopted"]));
    let json = ["--format", "json"];
    let shown = document(&sweep(folder.path(), &engine, &json), "fail");
    assert_eq!(shown["run_id"], "r1");
    assert_eq!(shown["delete"], false);
    let before = [("adopted", "not_the_runs"), ("left", "delete")];
    let mut found = actions(&shown["resources"]);
    found.sort_unstable();
    assert_eq!(found, before);
    assert_eq!(actions(&shown["deleted"]), []);
    let refused = sweep(folder.path(), &engine, &[&["--delete"], &json[..]].concat());
    is_refused(&refused, &engine, "add --yes");
    assert_eq!(stdout(&refused), "");
    let plan = "delete    kind_node left";
    assert!(stderr(&refused).contains(plan), "{}", stderr(&refused));
    let confirmed = [&["--delete", "--yes"], &json[..]].concat();
    let swept = sweep(folder.path(), &engine, &confirmed);
    assert!(stderr(&swept).contains(plan), "{}", stderr(&swept));
    let swept = document(&swept, "pass");
    assert_eq!(actions(&swept["resources"]), [("adopted", "not_the_runs")]);
    assert_eq!(actions(&swept["deleted"]), [("left", "delete")]);
    assert_eq!(engine.changes(), ["DELETE containers/left"]);
}
