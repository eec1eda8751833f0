//! A campaign that was stopped goes on, and its report is that of one that was not.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{
    SCENARIO, code, command, folder_with_scenario, json, kubeproof, stderr, testdata,
};

/// Where results are kept, below the folder of a campaign.
const FILE: &str = "campaign.jsonl";
/// The longest wait for results of a campaign that runs.
const WAIT: Duration = Duration::from_mins(2);

fn faults<'a>(scenario: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = ["faults", scenario, "--effects", "quota", "--format", "json"];
    [&common, more].concat()
}

/// A campaign's report, without what depends on the time that it took.
#[track_caller]
fn report(folder: &Path, arguments: &[&str], expected: i32) -> Value {
    let output = kubeproof(folder, arguments);
    assert_eq!(
        code(&output),
        expected,
        "{arguments:?}: {}",
        stderr(&output)
    );
    let mut document = json(&output);
    for key in ["elapsed_seconds", "finished_at"] {
        document[key] = Value::Null;
    }
    document
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A campaign that is cut off after so many results, with half of another, is the same as a whole one when it goes on.
#[track_caller]
fn check_cut_off((text, effects): (&str, &str), expected: i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = "s.yaml";
    std::fs::write(folder.path().join(scenario), text).expect("written");
    let path = folder.path().join("kept").join(FILE);
    let whole = report(
        folder.path(),
        &faults(scenario, &["--effects", effects, "--out", "kept"]),
        expected,
    );
    assert!(whole["lifecycles"].as_u64() > Some(4), "{whole}");
    let kept = lines(&path);
    for results in [0, 1, kept.len() / 2] {
        let begun = kept[..=results].join("\n");
        std::fs::write(&path, format!("{begun}\n{{\"lifecycle\":{{\"sce")).expect("written");
        let again = report(
            folder.path(),
            &faults(scenario, &["--effects", effects, "--resume", "kept"]),
            expected,
        );
        assert_eq!(again, whole, "after {results} results");
        let mut now = lines(&path);
        assert_eq!(
            now[..=results],
            kept[..=results],
            "what was there was not run again"
        );
        now.sort();
        let mut all = kept.clone();
        all.sort();
        assert_eq!(now, all, "after {results} results");
    }
}

fn wrong(file: &str) -> String {
    std::fs::read_to_string(testdata("provisioners").join(file)).expect("text")
}

#[test]
fn a_campaign_that_was_cut_off_ends_like_a_whole_one() {
    check_cut_off((SCENARIO, "quota"), 0);
}

#[test]
fn a_campaign_with_findings_that_was_cut_off_ends_like_a_whole_one() {
    check_cut_off((&wrong("lambda_blind_launch.yaml"), "lost-response"), 1);
}

#[test]
fn a_campaign_that_was_killed_goes_on() {
    let folder = folder_with_scenario();
    let whole = report(folder.path(), &faults("s.yaml", &[]), 0);
    let mut child = command(
        folder.path(),
        &faults("s.yaml", &["--out", "kept", "--jobs", "1"]),
    )
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .expect("the program starts");
    let path = folder.path().join("kept").join(FILE);
    let until = Instant::now() + WAIT;
    while lines(&path).len() < 3 && Instant::now() < until {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert!(lines(&path).len() >= 3, "no results in {WAIT:?}");
    let again = report(folder.path(), &faults("s.yaml", &["--resume", "kept"]), 0);
    assert_eq!(again, whole);
}

#[test]
fn results_of_another_seed_scenario_or_plan_are_refused() {
    let folder = folder_with_scenario();
    let arguments = faults("s.yaml", &["--out", "kept", "--sample", "2"]);
    report(folder.path(), &arguments, 3);
    let refused = |more: &[&str], expected: &str| {
        let output = kubeproof(folder.path(), &faults("s.yaml", more));
        assert_eq!(code(&output), 3, "{more:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(expected),
            "{more:?}: {}",
            stderr(&output)
        );
    };
    let resumed = ["--resume", "kept", "--sample", "2"];
    refused(
        &[&resumed[..], &["--seed", "2"]].concat(),
        "the seed of aws/s differs",
    );
    refused(
        &["--resume", "kept", "--sample", "3"],
        "the plan of lifecycles of aws/s differs",
    );
    refused(
        &[&resumed[..], &["--no-bystander"]].concat(),
        "the plan of lifecycles",
    );
    let other = SCENARIO.replace("description: d", "description: e");
    std::fs::write(folder.path().join("s.yaml"), other).expect("written");
    refused(&resumed, "the scenario file of aws/s differs");
    let output = kubeproof(folder.path(), &faults("s.yaml", &["--out", "kept"]));
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("go on with `--resume kept`"),
        "{}",
        stderr(&output)
    );
}
