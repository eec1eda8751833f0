//! House rules that a test can check: layout, sizes, and which crate may name which.
//!
//! No clippy lint knows our layout. Each rule says why it exists when it fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod cells;

/// The longest file, lines: readable in one sitting.
const FILE_LINES_MAX: usize = 400;
/// Names of clouds, which the shared crates must not know.
const CLOUDS: &[&str] = &[
    "aws",
    "ec2",
    "eks",
    "gcp",
    "gke",
    "azure",
    "aks",
    "huggingface",
    "lambda",
];
/// The one file of the harness that lists providers.
const PROVIDER_LIST: &str = "harness/src/providers.rs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files with this extension below a folder, as paths from the root.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "kubeproof-runs" {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                let from_root = path.strip_prefix(root()).unwrap_or(&path);
                found.push(from_root.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<String> {
    ["harness", "providers", "reports", "ci"]
        .iter()
        .flat_map(|top| files(top, ".rs"))
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// The lines of a file that are code, without comments.
fn code(path: &str) -> Vec<(usize, String)> {
    read(path)
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or("").to_owned()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

fn words(line: &str) -> BTreeSet<String> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .filter(|word| !word.is_empty())
        .collect()
}

fn assert_none(wrong: &[String], why: &str) {
    assert!(wrong.is_empty(), "{why}:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_a_module_comment() {
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| !read(path).starts_with("//!"))
        .collect();
    assert_none(
        &wrong,
        "a file says first what it knows and why it is apart (`//! …`)",
    );
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter_map(|path| {
            let lines = read(&path).lines().count();
            (lines > FILE_LINES_MAX).then(|| format!("{path}: {lines} lines"))
        })
        .collect();
    assert_none(
        &wrong,
        &format!("one concept a file, at most {FILE_LINES_MAX} lines"),
    );
}

#[test]
fn no_module_hides_in_a_mod_rs() {
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| path.ends_with("/mod.rs"))
        .collect();
    assert_none(&wrong, "a module `x` is `x.rs`, its parts are in `x/`");
}

#[test]
fn shared_crates_name_no_cloud() {
    let mut wrong = Vec::new();
    for top in [
        "harness/src",
        "reports/src",
        "providers/contract/src",
        "providers/simkit/src",
    ] {
        for path in files(top, ".rs")
            .into_iter()
            .filter(|path| path != PROVIDER_LIST)
        {
            let in_tests = read(&path).find("#[cfg(test)]").unwrap_or(usize::MAX);
            let first_test_line =
                read(&path)
                    .get(..in_tests.min(read(&path).len()))
                    .map_or(usize::MAX, |head| {
                        if in_tests == usize::MAX {
                            usize::MAX
                        } else {
                            head.lines().count()
                        }
                    });
            for (number, line) in code(&path) {
                if number > first_test_line {
                    break;
                }
                let found = words(&line);
                if let Some(cloud) = CLOUDS.iter().find(|cloud| found.contains(**cloud)) {
                    wrong.push(format!("{path}:{number}: `{cloud}`"));
                }
            }
        }
    }
    assert_none(
        &wrong,
        "harness, reports, contract and simkit know no cloud (invariant 1)",
    );
}

/// The dependencies on our own crates that a manifest names outside `[dev-dependencies]`.
fn own_dependencies(manifest: &str) -> BTreeSet<String> {
    let text = read(manifest);
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        } else if section == "[dependencies]" && line.starts_with("kubeproof") {
            let name: String = line
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            found.insert(name);
        }
    }
    found
}

/// Which of our crates a crate may depend on.
const DEPENDENCIES: &[(&str, &str)] = &[
    ("providers/contract", ""),
    ("providers/cloudkit", "contract kubernetes"),
    ("providers/simkit", "contract"),
    ("reports", "contract"),
    ("providers/external", "contract kubernetes simkit"),
    ("providers/kubernetes", "contract"),
    ("providers/kubernetes/conformance", "contract kubernetes"),
    ("providers/kubernetes/simulator", "contract simkit"),
    (
        "providers/aws/simulator",
        "contract kubernetes-simulator simkit",
    ),
    (
        "providers/azure/simulator",
        "contract kubernetes-simulator simkit",
    ),
    (
        "providers/gcp/simulator",
        "contract kubernetes-simulator simkit",
    ),
    (
        "providers/huggingface/simulator",
        "contract kubernetes-simulator simkit",
    ),
    (
        "providers/lambda/simulator",
        "contract kubernetes-simulator simkit",
    ),
    (
        "providers/huggingface",
        "cloudkit contract huggingface-simulator kubernetes simkit",
    ),
    (
        "providers/lambda",
        "cloudkit contract kubernetes lambda-simulator simkit",
    ),
    (
        "providers/gcp",
        "cloudkit contract gcp-simulator kubernetes simkit",
    ),
    (
        "providers/azure",
        "azure-simulator cloudkit contract kubernetes simkit",
    ),
    ("providers/kind", "cloudkit contract kubernetes"),
    (
        "providers/aws",
        "aws-simulator cloudkit contract kubernetes simkit",
    ),
];

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (folder, allowed) in DEPENDENCIES {
        for name in own_dependencies(&format!("{folder}/Cargo.toml")) {
            let short = name.strip_prefix("kubeproof-").unwrap_or(&name);
            if !allowed.split(' ').any(|one| one == short) {
                wrong.push(format!("{folder} depends on {name}"));
            }
        }
    }
    assert_none(
        &wrong,
        "harness → {reports, providers}, a cloud → {contract, cloudkit, simkit, kubernetes}",
    );
}

#[test]
fn only_the_rehearsal_knows_the_simulator() {
    let wrong: Vec<_> = [
        "providers/aws/src",
        "providers/azure/src",
        "providers/gcp/src",
        "providers/huggingface/src",
        "providers/lambda/src",
    ]
    .iter()
    .flat_map(|folder| files(folder, ".rs"))
    .filter(|path| !path.ends_with("/src/rehearsal.rs"))
    .filter(|path| {
        code(path)
            .iter()
            .any(|(_, line)| line.contains("_simulator"))
    })
    .collect();
    assert_none(
        &wrong,
        "provisioner and observer share no code with the simulator",
    );
}

/// The lines of a plan or a deleter that import the provisioner or the simulator.
fn imports_of_others(path: &str) -> Vec<String> {
    let banned = ["provisioner", "_simulator", "rehearsal", "defects"];
    let of_crate = |line: &str, word: &str| {
        line.contains(&format!("crate::{word}")) || (word.starts_with('_') && line.contains(word))
    };
    let lines = code(path).into_iter();
    lines
        .filter(|(_, line)| banned.iter().any(|word| of_crate(line, word)))
        .map(|(number, _)| format!("{path}:{number}"))
        .collect()
}

#[test]
fn plan_and_deleter_of_each_provider_are_files_of_their_own_and_know_no_provisioner() {
    for cloud in ["aws", "azure", "gcp", "huggingface", "lambda", "kind"] {
        for part in ["plan", "deleter"] {
            let path = format!("providers/{cloud}/src/{part}.rs");
            assert!(!read(&path).is_empty(), "{path} is not there");
            let why = "a plan and a deleter decide by themselves what belongs to a run";
            assert_none(&imports_of_others(&path), why);
        }
    }
    // The rule finds what it forbids.
    assert!(!imports_of_others("providers/aws/src/provider.rs").is_empty());
}

#[test]
fn there_is_one_http_stack_one_tls_stack_and_one_runtime() {
    let banned = [
        "reqwest",
        "openssl",
        "native-tls",
        "aws-lc-rs",
        "async-std",
        "serde_yaml",
        "ureq",
    ];
    let lock = read("Cargo.lock");
    let wrong: Vec<_> = banned
        .iter()
        .filter(|name| lock.contains(&format!("\nname = \"{name}\"\n")))
        .map(|name| (*name).to_owned())
        .collect();
    assert_none(
        &wrong,
        "hyper, rustls with ring and tokio serve; these must not enter the tree",
    );
}

#[test]
fn no_file_names_a_path_of_a_machine() {
    // Spelled in parts, so that this file does not name them either.
    let paths = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    let mut wrong = Vec::new();
    for ending in [".rs", ".md", ".toml", ".yaml", ".yml", ".csv", ".snap"] {
        for path in files(".", ending) {
            let text = read(&path);
            if paths.iter().any(|machine| text.contains(machine.as_str())) {
                wrong.push(path);
            }
        }
    }
    assert_none(&wrong, "the project speaks of itself only");
}

#[test]
fn the_clock_of_the_machine_is_read_in_named_places_only() {
    // Time is injected. The exceptions measure real time on purpose, or start a live clock.
    let mut wrong = Vec::new();
    for path in ["harness/src", "providers", "reports/src"]
        .iter()
        .flat_map(|d| files(d, ".rs"))
    {
        for (number, line) in code(&path) {
            let reads = line.contains("SystemTime::now")
                || line.contains("std::time::Instant::now")
                || line.contains("Timestamp::now");
            if reads && !line.contains("real clock") && !read(&path).contains("tidy: real time") {
                wrong.push(format!("{path}:{number}"));
            }
        }
    }
    assert_none(
        &wrong,
        "time is injected (say `tidy: real time` in the file with the reason)",
    );
}
