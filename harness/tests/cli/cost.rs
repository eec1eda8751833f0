//! Cost as a user sees it: resources without a price, surcharges, and the amount of each line.

use serde_json::Value;

use crate::program::{SCENARIO, code, command, json, kubeproof, stderr, stdout};

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

/// Every phase passed except the cost. Returns the phases.
#[track_caller]
fn only_the_cost_is_unknown(record: &Value) -> &[Value] {
    let phases = record["phases"].as_array().expect("phases");
    for phase in phases {
        let expected = if phase["name"] == "cost" {
            "unknown"
        } else {
            "pass"
        };
        assert_eq!(phase["verdict"], expected, "{phase}");
    }
    phases
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
        let phases = only_the_cost_is_unknown(&record);
        assert!(phases.iter().any(|phase| phase["name"] == "run_job"));
        let message = record["cost"]["message"].as_str().expect("a message");
        assert!(message.contains(words), "{message}");
        assert_eq!(record["cost"]["deviation_percent"], Value::Null);
        assert_eq!(record["findings"], serde_json::json!([]));
    }
}

#[test]
fn spot_nodes_are_made_and_seen_and_only_their_cost_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = SCENARIO.replace("      count: 2\n", "      count: 2\n      capacity: spot\n");
    std::fs::write(folder.path().join("s.yaml"), scenario).expect("written");
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--format", "json", "-q"],
    );
    let record = &json(&output)["records"][0];
    assert_eq!(
        record["findings"],
        serde_json::json!([]),
        "{}",
        stderr(&output)
    );
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    only_the_cost_is_unknown(record);
    let checks = record["checks"].as_array().expect("checks");
    let row = checks.iter().find(|check| check["id"] == "aws.node_group");
    let evidence = row.expect("the row")["evidence"].as_str().expect("text");
    assert!(
        evidence.contains("2 of 2 instances are spot instances"),
        "{evidence}"
    );
    let message = record["cost"]["message"].as_str().expect("a message");
    assert!(
        message.contains("2 × t3.medium (spot) in us-east-1"),
        "{message}"
    );
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
        // The volume of the job: the only class of a new cluster is gp2.
        "USE1-EBS:VolumeUsage.gp2",
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
    let known = "known: 1.28, 1.29, 1.30, 1.31, 1.32, 1.33, 1.34, 1.35, 1.36";
    assert!(
        said.contains("EKS does not offer Kubernetes `1.99`") && said.contains(known),
        "{said}"
    );
}

#[test]
fn what_a_fault_would_apply_after_the_end_of_the_trial_is_not_applied_and_leaves_the_trial_unknown()
{
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("a file");
    // A VPC that would appear five days after the call that created it: long after the audit.
    let fault = "ec2:CreateVpc#1=late-apply(432000)";
    let arguments = ["verify", "s.yaml", "--fault", fault, "--format", "json"];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 3);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let record = &report["records"][0];
    assert_eq!(record["audit"]["verdict"], "pass");
    assert_eq!(record["findings"], serde_json::json!([]));
    assert_eq!(record["faults"][0]["struck"], 0);
}

#[test]
fn a_live_run_whose_longest_life_overspends_its_budget_is_refused_with_the_arithmetic() {
    let check = |text: &str, budget: &str, account: &str, expected: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("s.yaml"), text).expect("a file");
        let arguments = ["verify", "s.yaml", "--tier", "live", "--yes-spend-money"];
        let output = command(folder.path(), &arguments)
            .env("KUBEPROOF_LIVE_BUDGET_USD", budget)
            .env("KUBEPROOF_LIVE_ACCOUNT", account)
            .output()
            .expect("the program starts");
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        for words in expected {
            assert!(said.contains(words), "{said}");
        }
    };
    let account = "123456789012";
    let plain = format!("{SCENARIO}tiers: [live]\n");
    // 100 p5.48xlarge at $55.04 for 90 + 1440 + 90 minutes, 27 h, are $148608 alone.
    let dear = plain
        .replace("t3.medium", "p5.48xlarge")
        .replace("count: 2", "count: 100")
        + "cost: {duration_minutes: 1440}\n";
    let longest = "90 min to provision + 1440 min planned + 90 min to tear down = 1620 min";
    check(
        &dear,
        "2",
        account,
        &["s may cost $1486", longest, "its cost.budget_usd is $2.00"],
    );
    // 3.75 h × 0.197584 + 5 h × 0.09 = 1.19094.
    let longest = "1 trial may cost $1.19 together, and KUBEPROOF_LIVE_BUDGET_USD is $1.00";
    check(&plain, "1", account, &[longest]);
    check(
        &plain,
        "abc",
        account,
        &["KUBEPROOF_LIVE_BUDGET_USD: `abc` is not an amount"],
    );
    check(&plain, "NaN", account, &["`NaN` is not an amount"]);
    check(&plain, "-5", account, &["`-5` is negative"]);
    check(&plain, "1e99", account, &["`1e99` is not an amount"]);
    check(
        &plain,
        "5",
        "12345",
        &["`12345` is not an AWS account id: those have 12 digits"],
    );
    let unpriced = plain.replace("t3.medium", "r5.large");
    check(
        &unpriced,
        "5",
        account,
        &["no price is known for 2 × r5.large", "nothing was created"],
    );
}
