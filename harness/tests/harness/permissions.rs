//! The permissions that are checked in are those of today's provisioners, and a document that lacks one is caught.

use std::fs;
use std::path::{Path, PathBuf};

use kubeproof::permissions::{Answer, Options, answer};
use kubeproof::scenario::{self, Scenario};
use kubeproof::{permissions, providers};
use serde_json::Value;

/// The documents in `ci/permissions`, and the scenarios that they are for.
const DOCUMENTS: &[(&str, &str)] = &[
    ("aws", "aws/two-zones.yaml"),
    ("azure", "azure/two-nodes.yaml"),
    ("gcp", "gcp/zonal-two-nodes.yaml"),
    ("huggingface", "huggingface/cpu-scaled-to-zero.yaml"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn scenario(path: &str) -> Scenario {
    let file = root().join("scenarios").join(path);
    let read = scenario::read::all(&[file], &providers::shared());
    read.expect("a scenario").remove(0)
}

const OPTIONS: Options = Options {
    seed: 1,
    with_campaign: false,
    sample: None,
    prove: false,
    jobs: 2,
};

fn of(scenario: &Scenario) -> Answer {
    answer(scenario, OPTIONS, &|_| {}).expect("rehearsed")
}

#[test]
fn the_documents_in_ci_are_those_of_the_calls_that_are_made_today() {
    let readme = fs::read_to_string(root().join("ci/permissions/README.md")).expect("a README");
    for (name, path) in DOCUMENTS {
        let least = of(&scenario(path)).least.expect("permissions");
        assert_eq!(least.unknown, Vec::<String>::new(), "{path}");
        let file = format!("ci/permissions/{name}.json");
        let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
        let written: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(
            written == least.document,
            "{file} is stale: cargo run -- permissions scenarios/{path} > {file}"
        );
        let row = format!(
            "| [{name}.json]({name}.json) | `scenarios/{path}` | {} |",
            least.actions.len()
        );
        assert!(
            readme.contains(&row),
            "ci/permissions/README.md lacks: {row}"
        );
    }
}

#[test]
fn lambda_cloud_has_no_permissions_and_says_so() {
    let least = of(&scenario("lambda/filesystem.yaml"))
        .least
        .expect("an answer");
    assert!(least.document.is_null() && least.actions.is_empty());
    assert!(
        least.notes[0].contains("it has no permissions"),
        "{:?}",
        least.notes
    );
}

#[test]
fn the_policy_of_aws_suffices_call_by_call_and_one_that_lacks_an_action_does_not() {
    let scenario = scenario("aws/mixed-groups.yaml");
    let rehearsals =
        permissions::rehearsals::Rehearsals::run(&scenario, OPTIONS).expect("rehearsed");
    let document = |without| {
        let calls = &rehearsals.calls;
        let least = scenario
            .provider
            .least_permissions(&scenario.content, calls, without);
        least.expect("a policy").document
    };
    let problems = |document: Value| {
        permissions::sufficient::problems(&scenario, &rehearsals, &document, OPTIONS).expect("run")
    };
    assert_eq!(problems(document(None)), Vec::<String>::new());
    for action in [
        "ec2:CreateTags",
        "iam:PassRole",
        "ec2:DeleteVpc",
        "ec2:DescribeSubnets",
    ] {
        let found = problems(document(Some(action)));
        assert!(!found.is_empty(), "nothing fails without {action}");
    }
    // The right actions, for other names than the run's.
    let text = document(None)
        .to_string()
        .replace("role/kp-*", "role/other-*");
    let found = problems(serde_json::from_str(&text).expect("a policy"));
    assert!(found[0].contains("iam:"), "{found:?}");
    // The right actions, for resources that carry another mark.
    let text = document(None).to_string();
    let text = text.replace("aws:ResourceTag/kubeproof:run", "aws:ResourceTag/team");
    assert!(!problems(serde_json::from_str(&text).expect("a policy")).is_empty());
}
