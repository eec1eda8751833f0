//! What a program leaves on an engine under other names than the run's: a finding, unless it is shown to be
//! somebody else's.
//!
//! Against a small engine, so that this runs everywhere; `tests/kind/` does the same on a real one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

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

/// What a program made, which then failed and removed nothing of it.
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
    }
}

/// Without them nobody could tell later whose what is, and where.
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
    program(folder.path(), "kind", "#!/bin/sh\necho kind v0.30.0\n");
    program(folder.path(), "docker", "#!/bin/sh\n");
    known_run(folder.path(), "r2");
    let made = folder.path().join("made");
    let scenario = format!(
        "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {{}}\nprovisioner:\n  command:\n    \
         provision: [sh, -c, \"touch '{}'; exit 1\"]\n    teardown: [sh, -c, \"true\"]\n",
        made.display()
    );
    std::fs::write(folder.path().join("s.yaml"), scenario).expect("written");
    let arguments = [
        "verify", "s.yaml", "--tier", "kind", "--format", "json", "-q",
    ];
    let mut command = engine.before(command(folder.path(), &arguments), folder.path());
    let path = format!("{}:/usr/bin:/bin", folder.path().join("bin").display());
    let output = command
        .env("PATH", path)
        .env_remove("KUBEPROOF_KIND")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
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
    // Said although the command was to be quiet.
    let said =
        format!("may have left something; clean up with: kubeproof sweep --run {run} --delete");
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
}
