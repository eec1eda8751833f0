//! Refusals of the smallest cloud: its error code and suggestion are reported, the exit code fits, nothing is left.
//!
//! Unlike in `bad_input`, the scenario is valid, or only the cloud can tell that it is not.

use std::path::Path;

use crate::program::{code, json, kubeproof, stderr};

/// A trial of the smallest scenario with this fault, or with one word of its text replaced.
#[track_caller]
fn check(fault: Option<&str>, instead: Option<(&str, &str)>, expected: i32, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/lambda/one-a10.yaml");
    let text = std::fs::read_to_string(file).expect("the scenario");
    let text = instead.map_or(text.clone(), |(old, new)| text.replace(old, new));
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    let mut arguments = vec![
        "verify", "s.yaml", "--only", "one-a10", "--format", "json", "-q",
    ];
    arguments.extend(fault.iter().flat_map(|fault| ["--fault", *fault]));
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), expected, "{}", stderr(&output));
    let said = if output.stdout.is_empty() {
        stderr(&output)
    } else {
        let document = json(&output);
        let record = &document["records"][0];
        let audit = &record["audit"];
        let clean = audit["orphans"].as_array().is_none_or(Vec::is_empty);
        assert!(clean, "{audit}");
        // Nothing was made, or the audit saw that nothing is left.
        let nothing = record.to_string().contains("nothing was created");
        assert!(nothing || audit["verdict"] == "pass", "{record}");
        document.to_string()
    };
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

#[test]
fn a_bad_key_is_found_before_anything_is_made() {
    check(
        Some("observer/lambda:*#1*1000=reject(global/invalid-api-key)"),
        None,
        3,
        &["global/invalid-api-key", "nothing was created"],
    );
}

#[test]
fn a_key_that_expires_between_two_calls_is_reported_with_the_suggestion() {
    check(
        Some("lambda:CreateFirewallRuleset#1*99=credentials-expire"),
        None,
        3,
        &[
            "global/invalid-api-key",
            "Check your API key",
            "outlasted all 7 attempts",
        ],
    );
}

#[test]
fn a_quota_that_is_used_up_is_reported_and_nothing_is_left() {
    check(
        Some("lambda:LaunchInstance#1*99=quota"),
        None,
        3,
        &[
            "global/quota-exceeded",
            "Contact Support",
            "there never was a cluster",
        ],
    );
}

#[test]
fn no_capacity_anywhere_names_the_regions_that_were_tried() {
    check(
        Some("lambda:LaunchInstance#1*99=capacity"),
        None,
        3,
        &[
            "instance-operations/launch/insufficient-capacity",
            "us-east-1",
            "us-west-1",
        ],
    );
}

#[test]
fn an_unknown_region_and_an_unknown_type_are_reported_with_the_known_ones() {
    check(
        None,
        Some(("[us-east-1, us-west-1]", "[mars-1]")),
        1,
        &["mars-1", "us-east-1", "nothing was created"],
    );
    check(
        None,
        Some(("gpu_1x_a10", "gpu_9x_b300")),
        1,
        &["gpu_9x_b300", "gpu_1x_a10", "nothing was created"],
    );
}
