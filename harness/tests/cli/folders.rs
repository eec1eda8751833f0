//! Reports of folders: a run that was killed is unknown, whatever an earlier run left in its place.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{SCENARIO, code, json, kubeproof, stderr, stdout};

/// The only run directory below a folder.
fn run_directory(folder: &Path) -> PathBuf {
    let runs = std::fs::read_dir(folder.join("kubeproof-runs")).expect("runs");
    let mut all: Vec<PathBuf> = runs.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A folder in which one trial has passed.
fn passed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(code(&kubeproof(folder.path(), &["report"])), 0);
    folder
}

/// The report is unknown, and names the run and what to do; no format and no cell shows a pass.
#[track_caller]
fn is_unknown(folder: &Path) {
    let run = run_directory(folder);
    let id = run.file_name().unwrap_or_default().to_string_lossy();
    let output = kubeproof(folder, &["report"]);
    let said = stdout(&output);
    assert_eq!(code(&output), 3, "{said}");
    let advice = "run `kubeproof verify s.yaml --seed 1 --only s` again";
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in [
        &format!("the run {id} left no record"),
        advice,
        "s, cleanup unknown",
    ] {
        assert!(words.contains(word), "`{word}` is not in:\n{said}");
    }
    let document = json(&kubeproof(folder, &["report", "--format", "json"]));
    assert_eq!(document["verdict"], "unknown");
    assert_eq!(document["records"][0]["verdict"], "unknown");
    let row = &document["matrix"][0];
    for cell in ["provisioning", "cleanup", "cost"] {
        assert_eq!(row[cell]["verdict"], "unknown", "{row}");
    }
    let passes = |criterion: &Value| criterion["verdict"] == "pass";
    let criteria = document["criteria"].as_array().expect("criteria");
    assert!(!criteria.iter().any(passes), "{criteria:?}");
    let junit = stdout(&kubeproof(folder, &["report", "--format", "junit"]));
    assert!(junit.contains("<error "), "{junit}");
}

#[test]
#[cfg(unix)]
fn a_run_that_is_killed_does_not_show_the_record_of_an_earlier_one() {
    let folder = passed();
    // The same trial, so that it is the same run; its program kills the process that started it.
    let kills = "provisioner:\n  command:\n    provision: [sh, -c, 'kill -9 $PPID']\n    teardown: [sh, -c, 'true']\n";
    std::fs::write(folder.path().join("s.yaml"), format!("{SCENARIO}{kills}")).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "-q"]);
    assert_eq!(output.status.code(), None, "killed: {}", stderr(&output));
    let run = run_directory(folder.path());
    assert!(run.join("intent.json").exists() && !run.join("record.json").exists());
    is_unknown(folder.path());
    // Once it is run again to its end, the report is normal.
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    assert_eq!(
        code(&kubeproof(folder.path(), &["verify", "s.yaml", "-q"])),
        0
    );
    assert_eq!(code(&kubeproof(folder.path(), &["report"])), 0);
}

/// The scenario and the verdict of each record of an unknown report.
#[track_caller]
fn unknown_records(folder: &Path) -> Vec<(String, String)> {
    let report = kubeproof(folder, &["report", "--format", "json"]);
    assert_eq!(code(&report), 3, "{}", stderr(&report));
    let document = json(&report);
    let records = document["records"].as_array().expect("records");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut shown: Vec<_> = records
        .iter()
        .map(|record| (text(&record["scenario"]), text(&record["verdict"])))
        .collect();
    shown.sort();
    shown
}

#[test]
#[cfg(unix)]
fn trials_that_a_killed_run_had_planned_are_unknown_whether_they_were_ever_run_before_or_not() {
    let folder = passed();
    let write = |name: &str, more: &str| {
        let text = SCENARIO.replace("scenario: s\n", &format!("scenario: {name}\n"));
        let file = folder.path().join(format!("{name}.yaml"));
        std::fs::write(file, format!("{text}{more}")).expect("written");
    };
    write("t", "");
    let output = kubeproof(folder.path(), &["verify", "t.yaml", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let kills = "provisioner:\n  command:\n    provision: [sh, -c, 'kill -9 $PPID']\n    teardown: [sh, -c, 'true']\n";
    write("s", kills);
    write("u", "");
    let verify = ["verify", "s.yaml", "t.yaml", "u.yaml", "--jobs", "1", "-q"];
    let killed = kubeproof(folder.path(), &verify);
    assert_eq!(killed.status.code(), None, "{}", stderr(&killed));
    let unknown = ["s", "t", "u"].map(|name| (name.to_owned(), "unknown".to_owned()));
    assert_eq!(unknown_records(folder.path()), unknown);
}

#[test]
fn an_intent_without_a_record_is_unknown() {
    let folder = passed();
    let run = run_directory(folder.path());
    std::fs::remove_file(run.join("record.json")).expect("removed");
    is_unknown(folder.path());
}

#[test]
fn an_unfinished_run_is_unknown_beside_an_older_record() {
    let folder = passed();
    let run = run_directory(folder.path());
    let intent = std::fs::read_to_string(run.join("intent.json")).expect("an intent");
    let intent: Value = serde_json::from_str(&intent).expect("JSON");
    let begun = serde_json::json!({
        "run_id": intent["id"], "scenario": "s", "file": "s.yaml", "provider": "aws", "provider_title": "EKS",
        "provisioner": "built in", "tier": "rehearsal", "seed": 1, "started_at": intent["started_at"],
    });
    std::fs::write(run.join("begun.json"), begun.to_string()).expect("written");
    assert!(run.join("record.json").exists());
    is_unknown(folder.path());
}

#[test]
fn a_folder_that_is_not_a_run_is_ignored_and_a_file_that_is_not_a_record_is_refused() {
    let folder = passed();
    let runs = folder.path().join("kubeproof-runs");
    std::fs::create_dir(runs.join("notes")).expect("a folder");
    std::fs::write(runs.join("notes.txt"), "x").expect("written");
    assert_eq!(code(&kubeproof(folder.path(), &["report"])), 0);
    std::fs::write(runs.join("notes").join("record.json"), "{}").expect("written");
    let output = kubeproof(folder.path(), &["report"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("is not a record"),
        "{}",
        stderr(&output)
    );
}
