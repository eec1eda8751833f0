//! Faults that do nothing: refused before anything runs where that can be known, otherwise reported.
//!
//! No trial passes with a fault that was not injected.

use serde_json::Value;

use crate::program::{SCENARIO, code, folder_with_scenario, json, kubeproof, stderr, testdata};

/// A run of the smallest scenario with these faults: its exit code, and its record if there is one.
fn run(faults: &[&str]) -> (i32, Value, String) {
    let folder = folder_with_scenario();
    let mut arguments = vec!["verify", "s.yaml", "--format", "json", "-q"];
    arguments.extend(faults.iter().flat_map(|fault| ["--fault", *fault]));
    let output = kubeproof(folder.path(), &arguments);
    let record = if output.stdout.is_empty() {
        Value::Null
    } else {
        json(&output)["records"][0].clone()
    };
    (code(&output), record, stderr(&output))
}

/// The faults are refused before anything runs.
#[track_caller]
fn refused(faults: &[&str], words: &str) {
    let (code, record, said) = run(faults);
    assert_eq!((code, &record), (2, &Value::Null), "{faults:?}: {said}");
    assert!(
        said.contains(words),
        "{faults:?}: `{words}` is not in: {said}"
    );
}

/// The message of a phase; empty if the phase did not run.
fn phase(record: &Value, name: &str) -> String {
    let phases = record["phases"].as_array().expect("phases");
    let found = phases.iter().find(|phase| phase["name"] == name);
    found.map_or_else(String::new, |phase| phase["message"].to_string())
}

/// The run is unknown, and this phase's message says why.
#[track_caller]
fn unknown(faults: &[&str], name: &str, words: &str) {
    let (code, record, said) = run(faults);
    let message = phase(&record, name);
    assert_eq!(
        code, 3,
        "{faults:?}: {message} {said} {}",
        record["findings"]
    );
    assert!(
        message.contains(words),
        "{faults:?}: `{words}` is not in: {message}"
    );
    assert_eq!(record["findings"], serde_json::json!([]), "{faults:?}");
}

/// The run passes.
#[track_caller]
fn passes(faults: &[&str]) {
    let (code, record, said) = run(faults);
    assert_eq!(code, 0, "{faults:?}: {said} {}", record["findings"]);
}

#[test]
fn a_call_that_no_dialect_knows_is_refused_with_the_one_that_was_meant() {
    refused(&["ec2:CreateVPC=quota"], "did you mean `ec2:CreateVpc`?");
    refused(&["ec2:CreateVcp=quota"], "did you mean `ec2:CreateVpc`?");
    refused(
        &["EKS:CreateCluster=quota"],
        "did you mean `eks:CreateCluster`?",
    );
    refused(
        &["kubernetes:list-node=throttle"],
        "did you mean `kubernetes:list-nodes`?",
    );
    refused(&["foo:Bar=quota"], "its services are autoscaling");
    refused(&["ec2:Destroy*=quota"], "ec2:Destroy*");
}

#[test]
fn an_effect_that_a_call_cannot_have_is_refused() {
    refused(&["ec2:CreateVpc#1=async-fail"], "the simulator cannot make");
    refused(
        &["eks:DescribeCluster#30=async-stuck"],
        "the simulator cannot make",
    );
    refused(&["ec2:DescribeVpcs#1=partial"], "the simulator cannot make");
    refused(&["ec2:CreateVpc#1=stale-read"], "only a read");
    refused(&["ec2:CreateVpc#1=repeated-page"], "only a read");
    refused(&["ec2:CreateVpc#1=write-fails"], "`disk:Write`");
    refused(&["disk:Write#1=quota"], "the disk is not a cloud");
    refused(&["ec2:CreateVpc#1=foreign-change(x)"], "it supports none");
    refused(
        &["auditor/ec2:DescribeVpcs#1=crash-before"],
        "for the provisioner",
    );
    refused(&["eks:CreateCluster#1=async-late(1)"], "at least 2 times");
}

#[test]
fn two_faults_that_are_aimed_at_one_call_are_refused() {
    let two = ["ec2:CreateVpc#1*3=quota", "ec2:CreateVpc#2=throttle"];
    refused(&two, "which can have only one of them");
}

#[test]
fn what_was_not_injected_or_less_often_than_asked_is_unknown() {
    let late = "the call would have been applied after the end of the trial";
    unknown(&["ec2:CreateSubnet#1=late-apply(9999999)"], "faults", late);
    unknown(
        &["ec2:CreateVpc#99=reject"],
        "faults",
        "1 such call was made",
    );
    let fewer = "was injected 1 of 3 times";
    unknown(&["ec2:CreateVpc#1*3=lost-response"], "faults", fewer);
    let both = ["ec2:DeleteVpc#1=throttle", "ec2:DeleteVp*#1=lost-response"];
    unknown(&both, "faults", "another fault was injected into the call");
}

#[test]
fn an_asynchronous_failure_applies_to_the_first_accepted_call() {
    // EKS does not know the role yet at the first calls.
    passes(&["eks:CreateCluster#1=async-fail"]);
}

#[test]
fn a_read_may_not_show_a_new_resource_yet_even_if_it_is_the_first_read() {
    passes(&[
        "ec2:CreateVpc#1=crash-after",
        "ec2:DescribeVpcs#2=stale-read(5)",
    ]);
    // Before the first one nothing was made.
    unknown(
        &["ec2:DescribeVpcs#1=stale-read(5)"],
        "faults",
        "it changed nothing",
    );
    refused(
        &["ec2:DescribeRegions#1=stale-read(5)"],
        "does not know when",
    );
    passes(&[
        "iam:CreateRole#1=crash-after",
        "iam:GetRole#1=stale-read(20)",
    ]);
    // A teardown that begins a moment after the first role was made does not take it for absent.
    passes(&["iam:CreateRole#1=cancel", "iam:GetRole#1=stale-read(20)"]);
    passes(&["iam:CreateRole#2=cancel", "iam:GetRole#4=stale-read(60)"]);
    // EKS documents no such delay.
    for read in ["DescribeCluster", "ListClusters", "ListNodegroups"] {
        let fault = format!("eks:{read}#1=stale-read(5)");
        refused(&[&fault], "EKS documents no read that misses");
    }
}

#[test]
fn a_node_group_that_lacks_capacity_is_accepted_and_fails_later() {
    let (code, record, said) = run(&["eks:CreateNodegroup#1=capacity"]);
    assert_eq!(code, 0, "{said} {}", record["findings"]);
    let ended = phase(&record, "provision");
    assert!(
        ended.contains("AsgInstanceLaunchFailures")
            && ended.contains("InsufficientInstanceCapacity"),
        "{ended}"
    );
}

#[test]
fn without_a_cluster_nothing_passes() {
    passes(&["ec2:CreateVpc#1*2=quota"]);
    for fault in ["ec2:CreateVpc#1*999=quota", "ec2:CreateVpc#1*1000=quota"] {
        unknown(&[fault], "recovery", "there never was a cluster");
    }
}

#[test]
fn a_cloud_that_cannot_be_reached_leaves_all_unknown() {
    for effect in ["lost-request", "reject(InvalidClientTokenId)"] {
        let unreachable = format!("observer/sts:GetCallerIdentity#1*1000={effect}");
        let faults = [unreachable.as_str(), "ec2:CreateVpc#1=quota"];
        unknown(&faults, "faults", "ended before anything was provisioned");
    }
    // As text, not in Rust's debug format.
    let (_, record, _) = run(&["observer/sts:GetCallerIdentity#1*1000=lost-request"]);
    let message = phase(&record, "preflight");
    let words = "sts:GetCallerIdentity failed: dispatch failure: io error: connection lost before an answer came";
    assert!(message.contains(words), "{message}");
    assert!(!message.contains(['{', '[']), "{message}");
}

#[test]
fn what_lambdas_simulator_applies_was_injected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = testdata("../../scenarios/lambda/one-a10.yaml");
    let file = file.display().to_string();
    for fault in [
        "lambda:LaunchInstance#1=async-fail",
        "lambda:GetInstance#1=stale-read(600)",
    ] {
        let more = ["--fault", fault, "--format", "json", "-q"];
        let output = kubeproof(folder.path(), &[&["verify", &file], &more[..]].concat());
        assert_eq!(code(&output), 0, "{fault}: {}", stderr(&output));
        let faults = &json(&output)["records"][0]["faults"];
        assert_eq!(faults[0]["struck"], 1, "{faults}");
    }
}

#[test]
fn what_the_simulated_project_applies_was_injected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = testdata("../../scenarios/gcp/zonal-two-nodes.yaml");
    let file = file.display().to_string();
    for fault in [
        "compute:networks.insert#1=async-fail(QUOTA_EXCEEDED)",
        "container:projects.locations.clusters.delete#1=partial",
        "compute:networks.insert#1=async-late(2)",
        "compute:networks.get#2=stale-read(60)",
    ] {
        let more = ["--fault", fault, "--format", "json", "-q"];
        let output = kubeproof(folder.path(), &[&["verify", &file], &more[..]].concat());
        assert_eq!(code(&output), 0, "{fault}: {}", stderr(&output));
        let faults = &json(&output)["records"][0]["faults"];
        assert_eq!(faults[0]["struck"], 1, "{faults}");
    }
}

#[test]
fn what_the_simulated_subscription_applies_was_injected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = testdata("../../scenarios/azure/two-nodes.yaml");
    let file = file.display().to_string();
    for fault in [
        "arm:managedClusters.createOrUpdate#1=async-fail(AllocationFailed)",
        "arm:managedClusters.delete#1=partial",
        "arm:virtualNetworks.createOrUpdate#1=async-late(2)",
        "arm:virtualNetworks.get#2=stale-read(60)",
    ] {
        let more = ["--fault", fault, "--format", "json", "-q"];
        let output = kubeproof(folder.path(), &[&["verify", &file], &more[..]].concat());
        assert_eq!(code(&output), 0, "{fault}: {}", stderr(&output));
        let faults = &json(&output)["records"][0]["faults"];
        assert_eq!(faults[0]["struck"], 1, "{faults}");
    }
}

#[test]
fn a_forced_failure_that_cannot_happen_is_refused_with_its_location() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = "failures:\n  - name: refused\n    faults: [\"eks:CreateClusterr#1=reject\"]\n    \
                   expect: retry-succeeds\n";
    std::fs::write(folder.path().join("s.yaml"), format!("{SCENARIO}{failure}")).expect("written");
    let output = kubeproof(folder.path(), &["verify", "s.yaml"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains("did you mean `eks:CreateCluster`?"), "{said}");
    assert!(said.contains("s.yaml:"), "{said}");
}

#[test]
fn campaigns_and_served_accounts_refuse_them_too() {
    let folder = folder_with_scenario();
    for arguments in [
        &["faults", "s.yaml", "--fault", "ec2:CreateVPC=quota"][..],
        &["simulate", "--fault", "ec2:CreateVPC=quota", "--", "true"],
    ] {
        let output = kubeproof(folder.path(), arguments);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        assert!(said.contains("did you mean `ec2:CreateVpc`?"), "{said}");
    }
    let output = kubeproof(
        folder.path(),
        &[
            "simulate",
            "--fault",
            "ec2:DescribeVpcs=partial",
            "--",
            "true",
        ],
    );
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}
