//! What a program leaves on an engine under names other than the run's: a finding, unless it provably belongs to
//! another run.
//!
//! Against a small engine, so that this runs everywhere; `tests/kind/` does the same on a real one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::engine::{Engine, Later, container, node};
use crate::program::{code, command, json as document, stderr};

/// Long after the run began.
const LATER: i64 = 4_000_000_000;

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join("bin").join(name);
    std::fs::create_dir_all(folder.join("bin")).expect("a folder");
    std::fs::write(&path, text).expect("written");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, executable).expect("executable");
}

/// Another run of this machine, as its folder shows it.
fn known_run(folder: &Path, id: &str) {
    let intent = json!({
        "id": id, "owner": "me", "started_at": "2026-11-23T10:00:00Z",
        "expires_at": "2026-11-23T16:00:00Z", "scenario": "s", "file": "s.yaml",
        "provider": "kind", "tier": "kind", "seed": 1, "text": "",
    });
    let folder = folder.join("kubeproof-runs").join(id);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("intent.json"), intent.to_string()).expect("written");
}

/// What a program made before it failed without removing any of it.
fn left_by_a_program(folder: &Path) -> Later {
    let mut registry = container("c-registry", "registry", &json!({}), LATER);
    registry["Mounts"] = json!([{"Type": "volume", "Name": "reg"}]);
    let mut extra = node("n-extra", "extra", LATER);
    let anonymous = "0a".repeat(32);
    extra["Mounts"] = json!([{"Type": "volume", "Name": anonymous}]);
    extra["Ports"] =
        json!([{"IP": "127.0.0.1", "PrivatePort": 6443, "PublicPort": 40001, "Type": "tcp"}]);
    Later {
        once: folder.join("made"),
        containers: vec![
            registry,
            extra,
            node("n-r2", "kp-r2", LATER),
            node("n-r3", "kp-r3", LATER),
        ],
        volumes: vec!["reg".to_owned(), anonymous],
        ..Later::default()
    }
}

/// Runs a trial on this engine, with this `provisioner` block and this program as `kind`. It fails.
fn verified(folder: &Path, engine: &Engine, provisioner: &str, kind: &str) -> Output {
    program(folder, "kind", &format!("#!/bin/sh\n{kind}"));
    program(folder, "docker", "#!/bin/sh\n");
    let scenario = format!(
        "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {{}}\nprovisioner: {provisioner}\n"
    );
    std::fs::write(folder.join("s.yaml"), scenario).expect("written");
    let arguments = [
        "verify", "s.yaml", "--tier", "kind", "--format", "json", "-q",
    ];
    let path = format!("{}:/usr/bin:/bin", folder.join("bin").display());
    let output = engine
        .before(command(folder, &arguments), folder)
        .env("PATH", path)
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    output
}

/// The record of such a trial.
fn record(folder: &Path, engine: &Engine, provisioner: &str, kind: &str) -> Value {
    document(&verified(folder, engine, provisioner, kind))["records"][0].clone()
}

/// Without them, no one could tell later whose a resource is, and where.
#[track_caller]
fn its_intent_names_account_and_baseline(run: &Path) {
    let intent = std::fs::read_to_string(run.join("intent.json")).expect("an intent");
    let intent: Value = serde_json::from_str(&intent).expect("JSON");
    assert_eq!(intent["account"], "engine-1", "{intent:#}");
    let before = &intent["before"]["resources"];
    let before = before.as_array().expect("a baseline").iter();
    let before: Vec<&Value> = before.map(|one| &one["id"]).collect();
    assert!(before.contains(&&json!("c-db")), "{before:?}");
}

#[test]
fn what_a_program_leaves_under_any_name_is_a_finding_unless_a_run_of_this_machine_made_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = vec![container("c-db", "db", &json!({}), 1)];
    let engine = Engine::start_with(folder.path(), there, left_by_a_program(folder.path()));
    known_run(folder.path(), "r2");
    let made = folder.path().join("made");
    let provisioner = format!(
        "{{command: {{provision: [sh, -c, \"touch '{}'; exit 1\"], teardown: [sh, -c, \"true\"]}}}}",
        made.display()
    );
    let output = verified(folder.path(), &engine, &provisioner, "echo kind v0.30.0\n");
    let record = document(&output)["records"][0].clone();
    let audit = &record["audit"];
    assert_eq!(audit["verdict"], "fail", "{record:#}");
    let orphans = audit["orphans"].as_array().expect("orphans");
    let ids: Vec<&Value> = orphans.iter().map(|orphan| &orphan["id"]).collect();
    let anonymous = "0a".repeat(32);
    // A label names the run r3, of which nothing else is known here.
    let expected = [
        "n-extra",
        "n-r3",
        "c-registry",
        "127.0.0.1:40001",
        &anonymous,
        "reg",
    ];
    assert_eq!(ids, expected, "{audit:#}");
    let stays = audit["stays"].to_string();
    assert!(
        stays.contains("n-r2") && !stays.contains("n-extra"),
        "{stays}"
    );
    let found = record["findings"].to_string();
    assert!(found.contains("container c-registry"), "{found}");
    let run = record["run_id"].as_str().expect("an id");
    its_intent_names_account_and_baseline(&folder.path().join("kubeproof-runs").join(run));
    // Printed even with `--quiet`.
    let said = format!(
        "may have left resources behind; clean up with: kubeproof sweep --run {run} --delete"
    );
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
}

/// The phase that listed the engine after the failed attempt.
#[track_caller]
fn check_left(record: &Value, verdict: &str, words: &str) {
    let phases = record["phases"].as_array().expect("phases");
    let left = phases.iter().find(|phase| phase["name"] == "left");
    let left = left.unwrap_or_else(|| panic!("no look: {record:#}"));
    assert_eq!(left["verdict"], verdict, "{left:#}");
    let message = left["message"].as_str().expect("a message");
    assert!(message.contains(words), "{message}");
}

/// A node of the run's cluster, which appears once the file names it.
fn a_node(folder: &Path, stuck: bool) -> Later {
    Later {
        once: folder.join("made"),
        containers: vec![node("n-run", "RUN", LATER)],
        stuck,
        ..Later::default()
    }
}

#[test]
fn what_a_failing_program_says_it_left_is_compared_with_the_engine_before_its_teardown_hides_it() {
    let check = |ids: &str, verdict: &str, words: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::start_with(folder.path(), Vec::new(), a_node(folder.path(), false));
        let made = folder.path().join("made").display().to_string();
        let says = format!(
            "echo $KUBEPROOF_NAME > {made}; printf '{{\"left_behind\": {ids}}}' $KUBEPROOF_NAME > \
             $KUBEPROOF_OUTPUT; exit 1"
        );
        let (up, down) = (json!(["sh", "-c", says]), json!(["rm", "-f", made]));
        let provisioner = format!("{{command: {{provision: {up}, teardown: {down}}}}}");
        let record = record(folder.path(), &engine, &provisioner, "echo kind v0.30.0\n");
        check_left(&record, verdict, words);
        // The teardown has removed it: no later audit would find anything.
        assert_eq!(record["audit"]["orphans"], json!([]), "{record:#}");
    };
    check("[]", "fail", "the provisioner does not say so");
    check(
        r#"["%s-control-plane"]"#,
        "pass",
        "left 1 things, and names all of them",
    );
}

#[test]
fn our_own_provisioner_of_kind_names_the_nodes_that_it_could_not_remove() {
    let check = |stuck: bool, words: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::start_with(folder.path(), Vec::new(), a_node(folder.path(), stuck));
        // A creation that fails half-way, and a deletion that does nothing.
        let kind = format!(
            "case $1 in version) echo kind v0.30.0;; create) echo $4 > {}; exit 1;; esac\n",
            folder.path().join("made").display()
        );
        check_left(&record(folder.path(), &engine, "{}", &kind), "pass", words);
    };
    check(false, "left nothing, and says so");
    check(true, "left 1 things, and names all of them");
}
