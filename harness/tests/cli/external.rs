//! Programs as provisioners, as far as any machine can show it: bad blocks, missing programs, empty promises.
//!
//! Apart from real ones (`tests/external.rs`), which need their clients.

use std::path::Path;

use crate::program::{SCENARIO, code, json, kubeproof, nothing_was_made, stderr};

/// A folder with one scenario whose provisioner is this block.
fn with(block: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{SCENARIO}provisioner:\n{block}");
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    folder
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
fn a_block_that_cannot_be_meant_is_an_error_with_its_place() {
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

/// It says that it succeeded, and that it made a VPC, and did nothing.
#[test]
fn an_empty_promise_is_not_believed() {
    let script = "echo \"secret token k8s-aws-v1.aHR0cHM6Ly9zdHM\"; \
                  test \"$KUBEPROOF_PHASE\" = teardown || \
                  echo '{\"made\": {\"network\": \"vpc-0123\"}}' > \"$KUBEPROOF_OUTPUT\"";
    let block = format!(
        "  command:\n    provision: [sh, -c, '{0}']\n    teardown: [sh, -c, '{0}']\n",
        script.replace('\'', "''")
    );
    let folder = with(&block);
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--format", "json", "-q"],
    );
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let text = json(&output).to_string();
    for words in [
        "the provisioner says that it made network (vpc-0123), which is not there",
        "the provisioner reported success, but aws.vpc: 0 VPCs carry the run's tag",
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
    assert_eq!(seen, 4, "each README shows two kinds");
}
