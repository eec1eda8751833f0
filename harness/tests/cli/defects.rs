//! Wrong provisioners: each must be caught, with the culprit named, its price, and a replay.
//!
//! Each defect goes through a whole trial.

use serde_json::Value;

use crate::program::{code, json, kubeproof, stderr, testdata};

/// A wrong provisioner must be caught: exit 1, every finding with a replay, and one of this oracle whose message
/// contains all of `words`.
#[track_caller]
fn caught(file: &str, oracle: &str, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let from = testdata("provisioners").join(file);
    std::fs::copy(from, folder.path().join(file)).expect("copied");
    let output = kubeproof(folder.path(), &["verify", file, "--format", "json", "-q"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let document = json(&output);
    let records = document["records"].as_array().expect("records");
    let findings: Vec<_> = records
        .iter()
        .filter_map(|record| record["findings"].as_array().cloned())
        .flatten()
        .collect();
    let found = findings.iter().any(|finding| {
        let message = finding["message"].as_str().unwrap_or_default();
        finding["oracle"] == oracle && words.iter().all(|word| message.contains(word))
    });
    no_cell_hides_it(&document);
    let text = serde_json::to_string_pretty(&findings).expect("text");
    assert!(found, "no finding of {oracle} says {words:?}:\n{text}");
    for finding in &findings {
        let replay = finding["replay"].as_str().expect("a replay");
        let expected = format!("kubeproof verify {file} --seed 1 --only ");
        assert!(replay.starts_with(&expected), "{replay}");
    }
}

/// The row of a failed scenario has a failed cell for each failed trial, and so has the summary.
#[track_caller]
fn no_cell_hides_it(document: &Value) {
    assert_eq!(document["verdict"], "fail");
    let records = document["records"].as_array().expect("records");
    let row = &document["matrix"][0];
    for record in records.iter().filter(|record| record["verdict"] == "fail") {
        let name = record["scenario"].as_str().unwrap_or_default();
        let cells: &[&str] = if name.contains('/') {
            &["recovery"]
        } else {
            &["provisioning", "execution", "cleanup", "cost"]
        };
        let failed = cells.iter().any(|cell| row[*cell]["verdict"] == "fail");
        assert!(failed, "{name} fails in a row that does not show it: {row}");
    }
}

/// The report on a wrong provisioner, whose exit code is 1.
#[track_caller]
fn document_of(file: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(
        testdata("provisioners").join(file),
        folder.path().join(file),
    )
    .expect("copied");
    let output = kubeproof(folder.path(), &["verify", file, "--format", "json", "-q"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    json(&output)
}

#[test]
fn a_deleted_bystander_vpc_fails_the_audit_the_cleanup_and_the_third_criterion() {
    let document = document_of("deletes_neighbours_vpc.yaml");
    let record = &document["records"][0];
    assert_eq!(record["audit"]["verdict"], "fail");
    let missing = record["audit"]["missing"].as_array().expect("missing");
    assert!(
        missing.iter().any(|one| one["resource_type"] == "vpc"),
        "{missing:?}"
    );
    let rows = record["checks"].as_array().expect("checks");
    let clean = rows
        .iter()
        .find(|row| row["id"] == "audit.clean")
        .expect("a row");
    assert_eq!(clean["verdict"], "fail", "{clean}");
    assert_eq!(document["matrix"][0]["cleanup"]["verdict"], "fail");
    assert_eq!(document["criteria"][2]["verdict"], "fail");
}

#[test]
fn a_second_provision_that_makes_duplicates_fails_provisioning() {
    let document = document_of("twin_vpc_on_retry.yaml");
    let row = &document["matrix"][0];
    assert_eq!(row["provisioning"]["verdict"], "fail", "{row}");
    assert_eq!(row["recovery"]["verdict"], "fail", "{row}");
}

#[test]
fn a_leak_of_a_third_address_fails_provisioning_and_cleanup() {
    let document = document_of("leaks_elastic_ip.yaml");
    let row = &document["matrix"][0];
    assert_eq!(row["provisioning"]["verdict"], "fail", "{row}");
    assert_eq!(row["cleanup"]["verdict"], "fail", "{row}");
    assert_eq!(document["criteria"][2]["verdict"], "fail");
}

#[test]
fn a_leaked_address_is_named_with_its_price() {
    caught(
        "leaks_elastic_ip.yaml",
        "O1 orphans",
        &["elastic_ip eipalloc-", "-spare)", "$3.65 a month"],
    );
    caught(
        "leaks_elastic_ip.yaml",
        "O2 duplicates",
        &[
            "3 of type elastic_ip",
            "elastic_ip eipalloc-",
            " $3.65 a month",
        ],
    );
}

#[test]
fn a_hidden_teardown_error_is_found_by_what_is_left() {
    caught(
        "hides_teardown_error.yaml",
        "O1 orphans",
        &[
            "nat_gateway nat-",
            "$32.85 a month",
            "though teardown reported success",
        ],
    );
    let free = &[
        "more that cost nothing: ",
        "internet_gateway igw-",
        "route_table rtb-",
    ];
    caught("hides_teardown_error.yaml", "O1 orphans", free);
}

#[test]
fn a_duplicate_is_found_even_when_it_is_cleaned_up() {
    caught(
        "twin_vpc_on_retry.yaml",
        "O2 duplicates",
        &["2 of type vpc", "vpc vpc-", " $0.00 a month, vpc vpc-"],
    );
}

#[test]
fn a_vpc_that_one_listing_does_not_show_is_made_twice_and_found() {
    caught("trusts_one_look.yaml", "O2 duplicates", &["2 of type vpc"]);
}

#[test]
fn an_address_whose_tags_never_came_is_an_orphan() {
    let words = &["elastic_ip eipalloc-", "$3.65 a month"];
    caught("tags_later.yaml", "O1 orphans", words);
}

#[test]
fn a_bystanders_vpc_that_is_deleted_is_found() {
    caught(
        "deletes_neighbours_vpc.yaml",
        "O6 bystanders",
        &[
            "vpc vpc-",
            "(kp-legacy)",
            "$0.00 a month",
            "it was not the run's",
        ],
    );
}

#[test]
fn a_cluster_that_is_not_ready_is_not_believed() {
    caught(
        "lies_about_ready.yaml",
        "O3 truth",
        &[
            "nodes are Ready, asked for 2",
            "eks_cluster kp-",
            "$73.00 a month",
        ],
    );
}

#[test]
fn the_well_known_claim_is_corrected_to_the_digit() {
    caught(
        "claims_too_little.yaml",
        "cost",
        &[
            "claims $0.18 an hour",
            "the list price is $0.2876",
            "missing NAT gateways ($0.0900)",
            "public IPv4 addresses ($0.0100)",
            "disks ($0.0044)",
        ],
    );
}

#[test]
fn a_blindly_repeated_launch_is_found_as_a_duplicate() {
    let words = &["2 of type instance", "$941.70 a month"];
    caught("lambda_blind_launch.yaml", "O2 duplicates", words);
}

#[test]
fn machines_that_are_given_up_without_termination_are_orphans() {
    let words = &["instance ", "$941.70 a month"];
    caught("lambda_hides_stuck_create.yaml", "O1 orphans", words);
}

#[test]
fn a_machine_left_in_the_first_region_is_a_duplicate() {
    let words = &["3 of type instance"];
    caught("lambda_failover_twins.yaml", "O2 duplicates", words);
}

#[test]
fn a_teardown_that_terminates_nothing_is_found_by_what_still_runs() {
    let words = &["instance ", "$941.70 a month"];
    caught("lambda_terminates_nothing.yaml", "O1 orphans", words);
}

#[test]
fn a_key_that_is_deleted_by_name_is_an_orphan() {
    caught("lambda_keys_by_name.yaml", "O1 orphans", &["ssh_key "]);
}

#[test]
fn an_endpoint_whose_model_never_answers_is_found_although_it_runs() {
    let words = &["huggingface.model", "ask the model"];
    caught("huggingface_never_asks.yaml", "O3 truth", words);
}

#[test]
fn a_forgotten_endpoint_that_has_scaled_to_zero_is_an_orphan_that_costs_nothing_now() {
    let words = &["inference_endpoint ", "$0.00 a month"];
    caught("huggingface_zero_for_deleted.yaml", "O1 orphans", words);
}

#[test]
fn an_endpoint_beyond_the_first_page_is_an_orphan() {
    let words = &["inference_endpoint ", "kubeproof-research/"];
    caught("huggingface_first_page_only.yaml", "O1 orphans", words);
}
