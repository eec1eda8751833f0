//! Ids of findings: the same for every seed and every run, and shown in every format.

use std::collections::BTreeSet;

use kubeproof_reports::finding_id::is_id;
use serde_json::Value;

use crate::program::{code, json, kubeproof, stderr, stdout, testdata};

/// Wrong provisioners of all clouds, whose findings are about orphans, duplicates, bystanders, reports and cost.
const WRONG: &[&str] = &[
    "azure_forgets_assignments.yaml",
    "claims_too_little.yaml",
    "deletes_neighbours_vpc.yaml",
    "huggingface_keeps_a_replica.yaml",
    "lambda_failover_twins.yaml",
    "leaks_elastic_ip.yaml",
    "lies_about_ready.yaml",
    "twin_vpc_on_retry.yaml",
];

/// A folder with this wrong provisioner in it.
fn folder_with(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = testdata("provisioners").join(file);
    std::fs::copy(from, folder.path().join(file)).expect("copied");
    folder
}

fn findings(document: &Value) -> Vec<Value> {
    let records = document["records"].as_array().expect("records");
    let all = records.iter().filter_map(|it| it["findings"].as_array());
    all.flatten().cloned().collect()
}

/// The ids of a run with this seed, each with its oracle.
#[track_caller]
fn ids(file: &str, seed: &str) -> BTreeSet<(String, String)> {
    let folder = folder_with(file);
    let arguments = ["verify", file, "--seed", seed, "--format", "json", "-q"];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 1, "{file}: {}", stderr(&output));
    let all = findings(&json(&output));
    let text = |one: &Value, key: &str| one[key].as_str().expect("text").to_owned();
    let all = all.iter().map(|it| (text(it, "id"), text(it, "oracle")));
    all.collect()
}

#[test]
fn the_ids_of_findings_are_those_of_another_seed_and_of_another_run() {
    // Seeds of other lengths, and one from which the run id has another form.
    for file in WRONG {
        let expected = ids(file, "1");
        assert!(!expected.is_empty(), "{file}");
        assert!(expected.iter().all(|(id, _)| is_id(id)), "{expected:?}");
        for seed in ["1", "2", "40961", "18446744073709551615"] {
            assert_eq!(ids(file, seed), expected, "{file} with seed {seed}");
        }
    }
}

#[test]
fn every_format_shows_the_id_of_a_finding() {
    let file = "leaks_elastic_ip.yaml";
    let folder = folder_with(file);
    let run = |arguments: &[&str]| kubeproof(folder.path(), arguments);
    let found = findings(&json(&run(&["verify", file, "--format", "json", "-q"])));
    let id = found[0]["id"].as_str().expect("an id");
    for format in ["table", "markdown", "json", "junit", "html", "sarif"] {
        let shown = stdout(&run(&["report", "--format", format]));
        assert!(shown.contains(id), "{format} does not show {id}:\n{shown}");
    }
    let sarif = json(&run(&["report", "--format", "sarif"]));
    let result = &sarif["runs"][0]["results"][0];
    let fingerprint = &result["partialFingerprints"]["kubeproof/findingId/v1"];
    assert_eq!(*fingerprint, result["properties"]["findings"][0]);
}

#[test]
fn a_campaign_gives_the_same_ids_with_another_seed() {
    let file = "leaks_elastic_ip.yaml";
    let ids = |seed: &str| -> BTreeSet<String> {
        let folder = folder_with(file);
        let fault = "ec2:CreateVpc#1=throttle";
        let output = kubeproof(
            folder.path(),
            &[
                "faults", file, "--fault", fault, "--seed", seed, "--format", "json", "-q",
            ],
        );
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let document = json(&output);
        let all = document["findings"].as_array().expect("findings").iter();
        all.map(|it| it["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let expected = ids("1");
    assert!(!expected.is_empty());
    assert_eq!(ids("7"), expected);
}
