//! Cost as a user meets it: what has no price, what costs a surcharge, and what each line comes to.

use serde_json::Value;

use crate::program::{code, kubeproof, stderr, stdout};

/// A trial of the usual scenario with this region, version and instance type: the exit code and its record.
fn verified(region: &str, version: &str, instance_type: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "scenario: s\ndescription: d\nprovider: aws\ncluster:\n  region: {region}\n  \
         kubernetes_version: \"{version}\"\n  node_groups:\n    - name: workers\n      \
         instance_type: {instance_type}\n      count: 2\njob:\n  with_leftovers: true\n"
    );
    std::fs::write(folder.path().join("s.yaml"), text).expect("a file");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| {
        panic!("no JSON: {}", stderr(&output));
    });
    (code(&output), report["records"][0].clone())
}

#[test]
fn what_has_no_price_makes_the_cost_unknown_and_stops_nothing_else() {
    for (region, instance_type, words) in [
        (
            "eu-central-1",
            "t3.medium",
            "1 × EKS control plane in eu-central-1",
        ),
        ("us-east-1", "r5.large", "2 × r5.large in us-east-1"),
    ] {
        let (code, record) = verified(region, "1.34", instance_type);
        assert_eq!(code, 3, "{region} {instance_type}");
        let phases = record["phases"].as_array().expect("phases");
        for phase in phases {
            let expected = if phase["name"] == "cost" {
                "unknown"
            } else {
                "pass"
            };
            assert_eq!(phase["verdict"], expected, "{phase}");
        }
        assert!(phases.iter().any(|phase| phase["name"] == "run_job"));
        let message = record["cost"]["message"].as_str().expect("a message");
        assert!(message.contains(words), "{message}");
        assert_eq!(record["cost"]["deviation_percent"], Value::Null);
        assert_eq!(record["findings"], serde_json::json!([]));
    }
}

#[test]
fn every_line_has_a_verdict_and_a_version_in_extended_support_a_line_of_its_own() {
    let (code, record) = verified("us-east-1", "1.33", "t3.medium");
    assert_eq!(code, 0, "{}", record["cost"]["message"]);
    let lines = record["cost"]["lines"].as_array().expect("lines");
    let usages: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["estimate"]["usage_types"][0].as_str())
        .collect();
    let expected = [
        "USE1-AmazonEKS-Hours:perCluster",
        "USE1-AmazonEKS-Hours:extendedSupport",
        "USE1-BoxUsage:t3.medium",
        "USE1-NatGateway-Hours",
        "USE1-PublicIPv4:InUseAddress",
        "USE1-EBS:VolumeUsage.gp3",
        "USE1-LoadBalancerUsage",
    ];
    assert_eq!(usages, expected);
    for line in lines {
        assert_eq!(line["verdict"], "pass", "{line}");
    }
    // Five times the price of a control plane, for the same time.
    let billed = |index: usize| {
        lines[index]["billed"]
            .as_str()
            .expect("text")
            .parse::<f64>()
    };
    let (plain, surcharge) = (billed(0).unwrap(), billed(1).unwrap());
    assert!(
        (surcharge - 5.0 * plain).abs() < 0.000_001,
        "{plain} {surcharge}"
    );
}

#[test]
fn simulate_and_scenario_files_know_the_same_versions() {
    let offered = |version: &str| verified("us-east-1", version, "t3.medium").0;
    // Known, and out of support on the day of the rehearsal: refused before anything is made.
    assert_eq!(offered("1.28"), 1);
    // Unknown: a scenario that cannot be read has no report.
    let folder = tempfile::tempdir().expect("a folder");
    let text = "scenario: s\ndescription: d\nprovider: aws\ncluster: {kubernetes_version: \"1.99\", node_groups: \
                [{name: a, instance_type: t3.medium, count: 2}]}\n";
    std::fs::write(folder.path().join("s.yaml"), text).expect("a file");
    let output = kubeproof(folder.path(), &["verify", "s.yaml"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    let known = "known: 1.28, 1.29, 1.30, 1.31, 1.32, 1.33, 1.34, 1.35";
    assert!(
        said.contains("EKS does not offer Kubernetes `1.99`") && said.contains(known),
        "{said}"
    );
}
