//! Programs as provisioners, as far as any machine can test them: bad blocks, missing programs, false claims.
//!
//! `tests/external.rs` tests real ones, which need their clients.

use std::path::Path;

use crate::program::{SCENARIO, code, json, kubeproof, nothing_was_made, stderr};

/// A folder with one scenario whose provisioner is this block.
fn with(block: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{SCENARIO}provisioner:\n{block}");
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    folder
}

/// The same with this shell script for both commands.
fn with_script(script: &str) -> tempfile::TempDir {
    with(&format!(
        "  command:\n    provision: [sh, -c, '{0}']\n    teardown: [sh, -c, '{0}']\n",
        script.replace('\'', "''")
    ))
}

#[track_caller]
fn check(block: &str, expected_code: i32, words: &[&str]) {
    let folder = with(block);
    let output = kubeproof(folder.path(), &["verify", "s.yaml"]);
    let said = stderr(&output);
    assert_eq!(code(&output), expected_code, "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    nothing_was_made(folder.path());
}

#[test]
fn an_invalid_block_is_an_error_with_its_location() {
    check(
        "  builtin: reference\n  terraform: {dir: x}\n",
        2,
        &["s.yaml:10:1:", "one of builtin, terraform and command"],
    );
    check(
        "  command:\n    provision: []\n    teardown: [x]\n",
        2,
        &["s.yaml:12:5:", "`provision` names no program"],
    );
    check("  command: {provision: [x]}\n", 2, &["s.yaml:", "teardown"]);
    check(
        "  time_scale: 5\n",
        2,
        &["s.yaml:11:3:", "`time_scale` is for programs"],
    );
    check(
        "  defect: leaks-elastic-ip\n  command: {provision: [x], teardown: [x]}\n",
        2,
        &["s.yaml:11:3:", "`defect` is for the built-in"],
    );
}

#[test]
fn a_bystanders_cluster_that_could_not_be_made_is_unknown() {
    let folder = with("  command: {provision: [sh, -c, exit 1], teardown: [sh, -c, exit 0]}\n");
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--format", "json"]);
    let phases = json(&output)["records"][0]["phases"].clone();
    let mut phases = phases.as_array().expect("phases").iter();
    let beside = phases.find(|phase| phase["name"] == "bystander");
    let beside = beside.expect("it was tried");
    assert_eq!(beside["verdict"], "unknown", "{beside}");
    let said = beside["message"].to_string();
    assert!(
        said.contains("could not make a cluster of another run"),
        "{said}"
    );
}

#[test]
fn the_folder_of_scenarios_named_or_not_is_the_same() {
    let folder = with("  command: {provision: [sh], teardown: [sh], client: boto3}\n");
    std::fs::create_dir(folder.path().join("scenarios")).expect("a folder");
    let of_program = folder.path().join("scenarios/program.yaml");
    std::fs::rename(folder.path().join("s.yaml"), of_program).expect("moved");
    for arguments in [
        &["verify"][..],
        &["verify", "scenarios"],
        &["verify", "./scenarios/"],
    ] {
        let output = kubeproof(folder.path(), arguments);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {said}");
        assert!(
            said.contains("needs boto3: name its file"),
            "{arguments:?}: {said}"
        );
    }
    nothing_was_made(folder.path());
}

#[test]
fn a_program_that_is_missing_is_unknown_and_nothing_is_created() {
    check(
        "  command: {provision: [no-such-program-here], teardown: [sh]}\n",
        3,
        &["no-such-program-here", "install it", "nothing was created"],
    );
    check(
        "  terraform: {dir: \".\", program: no-terraform-here}\n",
        3,
        &[
            "no-terraform-here",
            "hashicorp.com/terraform/install",
            "nothing was created",
        ],
    );
}

/// What planning this scenario with a fault says, which is refused before anything runs.
#[track_caller]
fn refused(file: &str, (tier, fault): (&str, &str), words: &str) {
    let folder = with("  command: {provision: [sh], teardown: [sh]}\n");
    let path = folder.path().join("s.yaml");
    let text = std::fs::read_to_string(if file.is_empty() {
        &path
    } else {
        Path::new(file)
    });
    let text = text.expect("a file");
    std::fs::write(&path, format!("{text}tiers: [rehearsal, live]\n")).expect("written");
    let arguments = ["verify", "s.yaml", "--tier", tier, "--fault", fault];
    let output = kubeproof(folder.path(), &arguments);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains(words), "`{words}` is not in:\n{said}");
    nothing_was_made(folder.path());
}

#[test]
fn a_fault_on_calls_that_are_not_observed_is_refused_when_it_is_planned() {
    let other = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/external/python-aks.yaml"
    );
    let unseen = "the calls of a program do not pass through kubeproof";
    refused(
        other,
        ("live", "arm:managedClusters.createOrUpdate#1=lost-response"),
        unseen,
    );
    let files = "a program writes its files without kubeproof";
    refused("", ("rehearsal", "disk:Write#1=crash-before"), files);
    refused("", ("live", "disk:Write#1=torn-write"), files);
}

#[test]
fn a_fault_on_calls_that_pass_the_proxy_is_planned_and_waits_for_the_permit() {
    let permit = "KUBEPROOF_LIVE";
    for fault in [
        "ec2:CreateVpc#1=lost-response",
        "ec2:*#1*1000=throttle",
        "ec2:CreateVpc#1=crash-after",
        "observer/ec2:DescribeVpcs#1=reject",
    ] {
        refused("", ("live", fault), permit);
    }
}

/// The program reports success and a VPC, but does nothing.
#[test]
fn a_false_claim_is_not_believed() {
    let script = "echo \"secret token k8s-aws-v1.aHR0cHM6Ly9zdHM\"; \
                  test \"$KUBEPROOF_PHASE\" = teardown || \
                  echo '{\"made\": {\"network\": \"vpc-0123\"}}' > \"$KUBEPROOF_OUTPUT\"";
    let folder = with_script(script);
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--format", "json", "-q"],
    );
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let text = json(&output).to_string();
    for words in [
        "the provisioner says that it made network (vpc-0123), which is not there",
        "the provisioner reported success, but aws.vpc: there is no VPC of the run",
        "the provisioner hands over no kubeconfig",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    let runs = folder.path().join("kubeproof-runs");
    let run = std::fs::read_dir(runs)
        .expect("runs")
        .flatten()
        .next()
        .expect("a run");
    let log = run.path().join("provisioner/output.log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("secret token (redacted)"), "{log}");
}

/// The program makes nothing, fails, and reports this as left behind.
#[test]
fn what_a_failing_program_says_it_left_is_compared_with_the_ground_truth() {
    let check = |report: &str, expected: Option<&str>| {
        let script = format!(
            "test \"$KUBEPROOF_PHASE\" = teardown || {{ echo '{report}' > \"$KUBEPROOF_OUTPUT\"; exit 1; }}"
        );
        let folder = with_script(&script);
        let output = kubeproof(
            folder.path(),
            &["verify", "s.yaml", "--format", "json", "-q"],
        );
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let findings = json(&output)["records"][0]["findings"].clone();
        let all = findings.as_array().expect("findings");
        let mut truths = all.iter().filter(|one| one["oracle"] == "O3 truth");
        let found = truths.next().map(|one| one["message"].to_string());
        assert_eq!(
            found.is_some(),
            expected.is_some(),
            "{report}: {findings:#}"
        );
        let found = found.unwrap_or_default();
        assert!(found.contains(expected.unwrap_or_default()), "{found}");
    };
    check(r#"{"left_behind": []}"#, None);
    check(r#"{"left_behind": ["unknown"]}"#, None);
    check("{}", None);
    check(
        r#"{"left_behind": ["vpc-0123"]}"#,
        Some("says that it left vpc-0123 behind, which is not there"),
    );
    check(
        r#"{"left_behind": "vpc-0123"}"#,
        Some("what the provisioner says it left behind cannot be read: KUBEPROOF_OUTPUT"),
    );
}

/// The blocks that the READMEs show are accepted as they stand.
#[test]
fn the_blocks_of_the_readmes_are_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for readme in ["README.md", "providers/external/README.md"] {
        let text = std::fs::read_to_string(root.join(readme)).expect("a README");
        for part in text.split("```yaml\n").skip(1) {
            let block = part.split("```").next().unwrap_or_default();
            let rest = block.strip_prefix("provisioner:\n");
            let folder = with(rest.expect("a block of a provisioner"));
            let output = kubeproof(folder.path(), &["estimate", "s.yaml"]);
            assert_eq!(code(&output), 0, "{readme}: {block}\n{}", stderr(&output));
            seen += 1;
        }
    }
    assert_eq!(
        seen, 5,
        "each README shows two kinds, and one of them limits"
    );
}

/// A scenario may ask for networks that only programs make, but not for contradictory ones.
#[test]
fn other_networks_can_be_asked_for_by_programs_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("scenarios/README.md")).expect("a README");
    let cluster = readme
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let cluster = cluster.expect("an example").to_owned();
    let check = |cluster: &str, provisioner: &str, expected: i32, words: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("scenario: s\ndescription: d\nprovider: aws\n{cluster}{provisioner}");
        std::fs::write(folder.path().join("s.yaml"), text).expect("written");
        let output = kubeproof(folder.path(), &["estimate", "s.yaml"]);
        let said = stderr(&output);
        assert_eq!(code(&output), expected, "{said}");
        assert!(said.contains(words), "`{words}` is not in:\n{said}");
    };
    let program = "provisioner: {command: {provision: [sh], teardown: [sh]}}\n";
    check(&cluster, program, 0, "");
    check(&cluster, "", 2, "`network` is for programs");
    let neither = cluster.replace("public_subnets: true", "public_subnets: false");
    check(&neither, program, 2, "nodes need subnets");
}

/// While a fault lasts, a teardown may report a failure; once it is over, the same teardown must finish.
#[test]
fn a_teardown_may_report_a_failure_while_a_fault_lasts_and_must_finish_afterwards() {
    let folder = crate::program::folder_with_scenario();
    let fault = "ec2:DeleteVpc#1*1000=throttle";
    let arguments = [
        "verify", "s.yaml", "--fault", fault, "--format", "json", "-q",
    ];
    let output = kubeproof(folder.path(), &arguments);
    let record = &json(&output)["records"][0];
    assert_eq!(record["findings"].to_string(), "[]", "{record:#}");
    let phases = record["phases"].as_array().cloned().unwrap_or_default();
    let of = |name: &str| phases.iter().find(|phase| phase["name"] == name);
    let torn = of("teardown").expect("a teardown")["message"].to_string();
    assert!(torn.contains("the fault goes on"), "{torn}");
    let later = of("teardown-later").expect("one when the fault is over");
    assert_eq!(later["verdict"], "pass", "{later}");
    assert_eq!(record["audit"]["verdict"], "pass", "{record:#}");
}
