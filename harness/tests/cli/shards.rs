//! Shards of a campaign from the command line: merged they equal the whole, and an incomplete set is unknown.

use std::path::Path;

use serde_json::Value;

use crate::program::{code, folder_with_scenario, json, kubeproof, stderr};

/// Runs the campaign, or a shard of it, and writes its record to a file.
#[track_caller]
fn campaign(folder: &Path, file: &str, more: &[&str]) {
    let fixed = ["faults", "s.yaml", "--effects", "capacity,quota"];
    let arguments = [&fixed, more, &["--format", "json", "-q"]].concat();
    let output = kubeproof(folder, &arguments);
    assert_eq!(code(&output), 0, "{more:?}: {}", stderr(&output));
    std::fs::write(folder.join(file), &output.stdout).expect("written");
}

/// The report on these files, without the durations.
fn report(folder: &Path, files: &[&str]) -> (i32, Value, String) {
    let arguments = [&["report"], files, &["--format", "json"]].concat();
    let output = kubeproof(folder, &arguments);
    let words = stderr(&output);
    if output.stdout.is_empty() {
        return (code(&output), Value::Null, words);
    }
    let mut document = json(&output);
    document["elapsed_seconds"] = Value::Null;
    document["finished_at"] = Value::Null;
    (code(&output), document, words)
}

#[test]
fn three_shards_merged_equal_the_whole_and_two_of_them_are_unknown() {
    let folder = folder_with_scenario();
    let folder = folder.path();
    campaign(folder, "whole.json", &["--jobs", "1"]);
    campaign(folder, "again.json", &["--jobs", "2"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let file = format!("{}.json", &shard[..1]);
        campaign(folder, &file, &["--shard", shard]);
    }
    campaign(folder, "other.json", &["--seed", "2"]);
    let (exit, whole, _) = report(folder, &["whole.json"]);
    assert_eq!((exit, &whole["unknown"]), (0, &Value::Array(Vec::new())));
    assert!(whole["lifecycles"].as_u64() > Some(4), "{whole}");
    assert_eq!(report(folder, &["again.json"]).1, whole, "two threads");
    let sum = report(folder, &["3.json", "1.json", "2.json"]);
    assert_eq!((sum.0, &sum.1), (0, &whole), "three shards");

    let (exit, part, _) = report(folder, &["1.json", "3.json"]);
    assert_eq!(exit, 3, "{part}");
    let words = part["unknown"][0].as_str().unwrap_or_default();
    assert!(words.contains("shards are missing: 2/3"), "{words}");
    for (files, said) in [
        (["1.json", "1.json"], "shard 1/3 is given twice"),
        (["whole.json", "2.json"], "overlap"),
    ] {
        let (exit, document, words) = report(folder, &files);
        assert_eq!((exit, document), (2, Value::Null), "{files:?}");
        assert!(words.contains(said), "{files:?}: {words}");
    }
    // Another seed is another campaign: it is reported separately, and completes nothing.
    assert_eq!(report(folder, &["whole.json", "other.json"]).0, 0);
    assert_eq!(report(folder, &["1.json", "2.json", "other.json"]).0, 3);
}
