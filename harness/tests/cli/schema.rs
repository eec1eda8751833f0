//! The JSON schema of scenario files, judged by an independent validator: its references resolve, every scenario of
//! ours is valid, and what the reader refuses is not.

use std::path::Path;

use serde_json::{Value, json};

use crate::judge::Judge;
use crate::program::{SCENARIO, json as document, kubeproof};

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

/// All scenario files of the repository, including those of wrong programs.
fn all() -> Vec<(String, Value)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(&path).expect("text");
                if text.contains("\nscenario:") || text.starts_with("scenario:") {
                    found.push((path.display().to_string(), read(&text)));
                }
            }
        }
    }
    assert!(found.len() > 10, "{} scenarios", found.len());
    found
}

#[test]
fn every_scenario_is_valid_by_the_schema_of_all_and_by_that_of_its_provider() {
    let together = Judge::of(&[]);
    let own = ["aws", "gcp", "azure", "huggingface", "lambda", "kind"]
        .map(|name| (name, Judge::of(&["--provider", name])));
    for (path, scenario) in all() {
        assert_eq!(together.problem(&scenario), None, "{path}");
        for (name, judge) in &own {
            let is_valid = judge.problem(&scenario).is_none();
            assert_eq!(is_valid, scenario["provider"] == *name, "{path} by {name}");
        }
    }
}

#[test]
fn what_the_reader_refuses_is_not_valid() {
    let judge = Judge::of(&[]);
    let right = read(SCENARIO);
    assert_eq!(judge.problem(&right), None);
    let failure = |fault: &str| json!([{"name": "f", "faults": [fault], "expect": "survives"}]);
    for (field, value) in [
        ("provider", json!("nimbus")),
        ("tiers", json!(["kind"])),
        ("tiers", json!(["yesterday"])),
        ("provisioner", json!({"defect": "no-such-defect"})),
        ("failures", failure("ec2:CreateVpc#1=explode")),
        ("failures", failure("ec2:CreateVpc")),
        ("cluster", json!({})),
        ("unknown", json!(1)),
    ] {
        let mut wrong = right.clone();
        wrong[field] = value;
        assert!(judge.problem(&wrong).is_some(), "{field}: {wrong}");
    }
    let mut fault = right.clone();
    fault["failures"] = failure("auditor/ec2:Describe*#2*3=throttle(5)");
    assert_eq!(judge.problem(&fault), None);
}

#[test]
fn an_editor_is_offered_providers_regions_types_and_effects() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = document(&kubeproof(folder.path(), &["schema"])).to_string();
    for word in [
        "\"aws\"",
        "\"azure\"",
        "\"gcp\"",
        "\"huggingface\"",
        "\"kind\"",
        "\"lambda\"",
        "us-east-1",
        "t3.medium",
        "e2-standard-2",
        "gpu_1x_a10",
        "nvidia-l4",
        "lost-response",
    ] {
        assert!(schema.contains(word), "{word}");
    }
}
