//! The way in: what a newcomer runs first, in an empty folder, without a checkout, a network or any client program.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::judge::Judge;
use crate::program::{code, folder_with_scenario, json, kubeproof, stderr, stdout};

/// The longest demo of a build that is not optimised; one that is takes a fraction of it.
const DEMO_MAX: Duration = Duration::from_mins(1);

#[test]
fn the_demo_finds_the_wrong_provisioner_with_its_price_and_a_replay_that_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let output = kubeproof(folder.path(), &["demo", "--out", "here"]);
    assert!(begun.elapsed() < DEMO_MAX, "{:?}", begun.elapsed());
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}\n{}", stderr(&output));
    for part in [
        "✓ pass  correct",
        "✗ fail  forgets-an-address",
        "O1 orphans",
        "$3.65 a month",
        "kubeproof init DIR",
    ] {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    let replay = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("replay: kubeproof "));
    let replay: Vec<&str> = replay.expect("a replay").split(' ').collect();
    let again = kubeproof(folder.path(), &replay);
    assert_eq!(code(&again), 1, "{replay:?}: {}", stderr(&again));
    assert!(stdout(&again).contains("$3.65 a month"));
    let report = kubeproof(folder.path(), &["report", "here/kubeproof-runs"]);
    assert_eq!(code(&report), 1, "{}", stderr(&report));
}

#[test]
fn the_demo_leaves_the_folder_that_it_is_started_in_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let temporary = tempfile::tempdir().expect("a folder");
    let mut command = crate::program::command(folder.path(), &["demo"]);
    let output = command
        .env("TMPDIR", temporary.path())
        .output()
        .expect("started");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let there = |path: &Path| std::fs::read_dir(path).expect("a folder").count();
    assert_eq!((there(folder.path()), there(temporary.path())), (0, 1));
    assert!(stdout(&output).contains(&temporary.path().display().to_string()));
}

#[test]
fn a_demo_does_not_overwrite_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("correct.yaml"), "mine").expect("written");
    let output = kubeproof(folder.path(), &["demo", "--out", "."]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("name another folder with --out"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
}

#[test]
fn what_is_simulated_is_listed_by_service_and_an_unknown_one_brings_near_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = kubeproof(folder.path(), &["supported", "ec2"]);
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    assert!(stdout(&one).contains("CreateVpc,"), "{}", stdout(&one));
    assert!(!stdout(&one).contains("CreateCluster"));
    let wrong = kubeproof(folder.path(), &["supported", "ecs"]);
    assert_eq!((code(&wrong), stdout(&wrong)), (2, String::new()));
    assert!(
        stderr(&wrong).contains("did you mean `ec2` or `eks`?"),
        "{}",
        stderr(&wrong)
    );
    let all = kubeproof(folder.path(), &["supported", "--format", "json"]);
    let document = json(&all);
    assert_eq!(
        Judge::of(&["--output", "supported"]).problem(&document),
        None
    );
    let clouds = document["clouds"].as_array().expect("clouds");
    assert!(clouds.len() >= 5, "{clouds:?}");
    let operations = clouds
        .iter()
        .flat_map(|cloud| cloud["services"].as_array().expect("services"));
    let count: usize = operations
        .map(|service| service["operations"].as_array().expect("a list").len())
        .sum();
    assert!(count > 600, "{count}");
}

/// A copy of one of the repository's terraform configurations.
fn configuration(name: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../scenarios/external")
        .join(name);
    let to = place.path().join(name);
    std::fs::create_dir(&to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
    (place, to)
}

/// `init` on a configuration of the repository: everything that it uses is simulated, and the scenario is as reviewed.
#[track_caller]
fn begun(name: &str) {
    let (place, folder) = configuration(name);
    let output = kubeproof(place.path(), &["init", name]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let scenario = std::fs::read_to_string(folder.join("kubeproof.yaml")).expect("written");
    let said = stdout(&output);
    insta::assert_snapshot!(format!("init__{name}"), format!("{said}\n{scenario}"));
    // Read and planned as any other scenario: the estimate needs no program.
    let file = format!("{name}/kubeproof.yaml");
    let estimate = kubeproof(place.path(), &["estimate", &file]);
    assert_eq!(code(&estimate), 0, "{}", stderr(&estimate));
}

#[test]
fn init_writes_a_scenario_for_the_terraform_configurations_of_the_repository() {
    begun("terraform-eks");
    begun("terraform-eks-complete");
}

#[test]
fn init_never_overwrites_a_scenario_unless_it_is_asked_to() {
    let (place, folder) = configuration("terraform-eks");
    let file = folder.join("kubeproof.yaml");
    std::fs::write(&file, "mine").expect("written");
    let refused = kubeproof(place.path(), &["init", "terraform-eks"]);
    assert_eq!(code(&refused), 2, "{}", stdout(&refused));
    assert!(
        stderr(&refused).contains("--force overwrites it"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "mine");
    let forced = kubeproof(place.path(), &["init", "terraform-eks", "--force"]);
    assert_eq!(code(&forced), 0, "{}", stderr(&forced));
    assert!(
        std::fs::read_to_string(&file)
            .expect("there")
            .contains("scenario: terraform-eks")
    );
}

#[test]
fn init_says_what_is_not_simulated_and_writes_the_scenario_all_the_same() {
    let (place, folder) = configuration("terraform-eks");
    let more = "resource \"aws_s3_bucket\" \"b\" {}\n\nmodule \"m\" {\n  source = \"a/b/c\"\n}\n";
    std::fs::write(folder.join("more.tf"), more).expect("written");
    let output = kubeproof(place.path(), &["init", "terraform-eks"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let said = stdout(&output);
    for part in [
        "missing  aws_s3_bucket (more.tf:1) calls s3:CreateBucket, not simulated",
        "module `m` (more.tf:3, a/b/c) was not looked into: run `terraform init`",
        "next     kubeproof verify terraform-eks/kubeproof.yaml",
    ] {
        assert!(said.contains(part), "{part} in:\n{said}");
    }
    assert!(folder.join("kubeproof.yaml").is_file());
}

#[test]
fn init_refuses_what_it_cannot_read_and_writes_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let check = |content: Option<&str>, expected: &str| {
        if let Some(content) = content {
            std::fs::write(place.path().join("main.tf"), content).expect("written");
        }
        let output = kubeproof(place.path(), &["init", "."]);
        assert_eq!(
            (code(&output), stdout(&output)),
            (2, String::new()),
            "{expected}"
        );
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(!place.path().join("kubeproof.yaml").exists());
    };
    check(None, "no file in it ends in .tf");
    check(Some("resource \"aws_vpc\" {\n  =\n}\n"), "main.tf:2:");
    check(
        Some("resource \"datadog_monitor\" \"m\" {}\n"),
        "it uses datadog; known: aws",
    );
}

#[test]
fn init_writes_a_scenario_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "init",
        "--provider",
        "gcp",
        "--provision",
        "python3 up.py",
        "--teardown",
        "python3 'my down.py'",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("kubeproof.yaml")).expect("written");
    assert!(
        text.contains("teardown: [\"python3\",\"my down.py\"]"),
        "{text}"
    );
    let estimate = kubeproof(folder.path(), &["estimate", "kubeproof.yaml"]);
    assert_eq!(code(&estimate), 0, "{}", stderr(&estimate));
}

#[test]
fn a_word_is_explained_and_an_unknown_one_brings_near_ones() {
    let folder = folder_with_scenario();
    let check = |words: &[&str], expected: i32, part: &str| {
        let arguments = [&["explain"], words].concat();
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), expected, "{words:?}");
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains(part), "{part} in:\n{said}");
    };
    check(&[], 0, "O1 orphans, O2 duplicates");
    check(&["O1"], 0, "To mend: ");
    check(&["lost-respnse"], 2, "did you mean `lost-response`");
    check(&["zzzzzz"], 2, "`kubeproof explain` lists all words");
}
