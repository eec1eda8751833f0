//! `record.json`: its schema, and what `report` does with records of older and of newer versions.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::judge::Judge;
use crate::program::{code, folder_with_scenario, kubeproof, stderr, stdout};

/// A folder in which one trial has passed, and the file of its record.
fn passed() -> (tempfile::TempDir, PathBuf) {
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut runs = std::fs::read_dir(folder.path().join("kubeproof-runs")).expect("runs");
    let run = runs.next().expect("a run").expect("an entry").path();
    (folder, run.join("record.json"))
}

fn read(file: &PathBuf) -> Value {
    let text = std::fs::read_to_string(file).expect("text");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_record_fits_its_published_schema_and_says_its_versions() {
    let (_folder, file) = passed();
    Judge::of_output("record").accepts(&read(&file));
}

#[test]
fn a_record_of_an_older_version_is_read() {
    let (folder, file) = passed();
    let mut record = read(&file);
    let keys = record.as_object_mut().expect("an object");
    for key in ["schema_version", "tool_version"] {
        assert!(keys.remove(key).is_some(), "{key}");
    }
    std::fs::write(&file, record.to_string()).expect("written");
    let output = kubeproof(folder.path(), &["report", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(shown["records"][0]["schema_version"], 1);
    assert_eq!(shown["records"][0]["tool_version"], Value::Null);
    assert_eq!(Judge::of_output("report").problem(&shown), None);
}

/// A record or campaign in a format that this version does not know is refused, whether its file or its folder is
/// named.
#[track_caller]
fn is_refused(folder: &std::path::Path, path: &str) {
    let output = kubeproof(folder, &["report", path]);
    assert_eq!(code(&output), 2, "{path}: {}", stderr(&output));
    assert_eq!(stdout(&output), "", "{path}");
    let said = stderr(&output);
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in [
        "schema_version 2, written by kubeproof 9.1.0, is not known",
        "use the version that wrote it",
    ] {
        assert!(words.contains(word), "{path}: {said}");
    }
}

#[test]
fn what_a_newer_version_wrote_is_refused_and_never_passes() {
    let (folder, file) = passed();
    let newer = json!({"schema_version": 2, "tool_version": "9.1.0"});
    let mut record = read(&file);
    let keys = record.as_object_mut().expect("an object");
    keys.extend(newer.as_object().expect("an object").clone());
    std::fs::write(&file, record.to_string()).expect("written");
    let path = file.display().to_string();
    for path in [
        "kubeproof-runs",
        path.as_str(),
        path.trim_end_matches("record.json"),
    ] {
        is_refused(folder.path(), path);
    }
    // Of another format, only the versions are known.
    std::fs::write(&file, newer.to_string()).expect("written");
    is_refused(folder.path(), "kubeproof-runs");
}

#[test]
fn a_campaign_of_a_newer_version_is_refused() {
    let folder = folder_with_scenario();
    let fault = "ec2:CreateVpc#1=reject";
    let arguments = [
        "faults", "s.yaml", "--fault", fault, "--format", "json", "-q",
    ];
    let output = kubeproof(folder.path(), &arguments);
    let mut campaign: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let write = |campaign: &Value| {
        std::fs::write(folder.path().join("c.json"), campaign.to_string()).expect("written");
    };
    write(&campaign);
    assert_eq!(code(&kubeproof(folder.path(), &["report", "c.json"])), 0);
    campaign["schema_version"] = json!(2);
    campaign["tool_version"] = json!("9.1.0");
    write(&campaign);
    is_refused(folder.path(), "c.json");
}
