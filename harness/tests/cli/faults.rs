//! Faults from the command line: on the main trial, added to a forced failure, and on the observer's calls.

use crate::program::{SCENARIO, code, folder_with_scenario, json, kubeproof, stderr};

#[test]
fn a_listing_that_fails_makes_the_verdict_unknown_and_exit_code_three() {
    let folder = folder_with_scenario();
    for fault in [
        "auditor/ec2:DescribeAddresses=reject",
        "auditor/ec2:DescribeAddresses#2=reject",
    ] {
        let arguments = [
            "verify", "s.yaml", "--fault", fault, "--format", "json", "-q",
        ];
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), 3, "{fault}: {}", stderr(&output));
        let document = json(&output);
        let audit = &document["records"][0]["audit"];
        assert_eq!(audit["verdict"], "unknown", "{audit}");
        assert!(audit["coverage"]["failed"][0].is_string(), "{audit}");
    }
}

#[test]
fn a_fault_is_added_to_the_trial_that_the_option_only_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = "failures:\n  - name: refused\n    faults: [\"eks:CreateCluster#1=reject\"]\n    \
                   expect: retry-succeeds\n";
    std::fs::write(folder.path().join("s.yaml"), format!("{SCENARIO}{failure}")).expect("written");
    let fault = "ec2:CreateVpc#1=throttle";
    let arguments = [
        "verify",
        "s.yaml",
        "--only",
        "s/refused",
        "--fault",
        fault,
        "--format",
        "json",
        "-q",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = json(&output);
    let records = document["records"].as_array().expect("records");
    assert_eq!(records.len(), 1, "only the trial that was named");
    let faults = records[0]["faults"].as_array().expect("faults");
    let text: Vec<_> = faults
        .iter()
        .filter_map(|fault| fault["fault"].as_str())
        .collect();
    assert_eq!(text.len(), 2, "{text:?}");
    assert!(text[0].starts_with("eks:CreateCluster") && text[1].starts_with("ec2:CreateVpc"));
    for fault in faults {
        assert_eq!(fault["struck"], 1, "{fault}");
    }
}

#[test]
fn the_replay_of_an_added_fault_names_trial_and_fault() {
    let folder = folder_with_scenario();
    // The call is never made, so the fault is not injected and nothing is proved.
    let fault = "ec2:CreateVpc#99=reject";
    let arguments = [
        "verify", "s.yaml", "--only", "s", "--fault", fault, "--format", "json", "-q",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let document = json(&output);
    let phases = document["records"][0]["phases"].as_array().expect("phases");
    let phase = phases.iter().find(|phase| phase["name"] == "faults");
    let replay = phase.expect("a phase")["message"].to_string();
    assert!(
        replay.contains("verify s.yaml --seed 1 --fault"),
        "{replay}"
    );
    assert!(replay.contains("ec2:CreateVpc#99=reject"), "{replay}");
}
