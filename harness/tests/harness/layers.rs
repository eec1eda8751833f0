//! The layers of the harness: a file imports from its own layer and from those below, and never in a circle.
//!
//! Also the sizes of the traits between the harness and a provider: a trait that grows is a seam that wears out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{code_of, imports, module_of};

mod imports;

/// The layers, from the bottom up, with their files and folders. `trial` is `trial.rs` and all below `trial/`.
const LAYERS: &[(&str, &[&str])] = &[
    ("data", &["wall_clock", "providers", "scenario", "trial"]),
    ("inventory difference, prices", &["audit", "prices"]),
    ("oracles, cost", &["oracles", "cost"]),
    ("run directory", &["run_directory"]),
    ("sockets, programs", &["live", "simulate", "programs"]),
    ("trial context", &["trial_context"]),
    ("recorder", &["recorder"]),
    ("inspectors", &["inspect"]),
    ("phases", &["phases"]),
    ("lifecycle", &["lifecycle"]),
    (
        "runner, campaign, sweep, settle",
        &["runner", "faults", "sweep", "settle"],
    ),
    ("permissions", &["permissions"]),
    ("commands", &["exit_code", "cli", "lib", "main"]),
];

/// The most methods of a trait between the harness and a provider.
const TRAIT_METHODS_MAX: usize = 8;
/// Traits that have more today, with the number that they may not exceed.
const LARGE_TRAITS: &[(&str, usize)] = &[("GroundTruth", 10)];

/// Source files by their path below `harness/src`.
type Files = BTreeMap<String, String>;

/// The number of a file's layer, counted from the bottom.
fn layer(file: &str) -> Option<usize> {
    let first = file.trim_end_matches(".rs").split('/').next();
    LAYERS
        .iter()
        .position(|(_, parts)| first.is_some_and(|first| parts.contains(&first)))
}

/// The file that a path leads into: the longest beginning that is a module.
fn target(files: &Files, path: &[String]) -> Option<String> {
    (1..=path.len())
        .rev()
        .map(|length| format!("{}.rs", path[..length].join("/")))
        .find(|file| files.contains_key(file))
}

/// Each file with the files that it imports from and the first line that does.
fn graph(files: &Files) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut of_tests = BTreeSet::new();
    for (file, text) in files {
        for name in code_of(text).1 {
            let path = [module_of(file), vec![name]].concat();
            of_tests.insert(format!("{}.rs", path.join("/")));
        }
    }
    let mut graph = BTreeMap::new();
    for (file, text) in files.iter().filter(|(file, _)| !of_tests.contains(*file)) {
        let mut to: BTreeMap<String, usize> = BTreeMap::new();
        for import in imports(&code_of(text).0, &module_of(file)) {
            let Some(other) = target(files, &import.path).filter(|other| other != file) else {
                continue;
            };
            let line = to.entry(other).or_insert(import.line);
            *line = import.line.min(*line);
        }
        graph.insert(file.clone(), to);
    }
    graph
}

/// Everything that is wrong with the imports of these files, a sentence each.
fn violations(files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    let graph = graph(files);
    for (file, to) in &graph {
        let Some(own) = layer(file) else {
            wrong.push(format!("{file} is in no layer: add it to LAYERS"));
            continue;
        };
        for (other, line) in to {
            if let Some(above) = layer(other).filter(|other| *other > own) {
                let (own, above) = (LAYERS[own].0, LAYERS[above].0);
                wrong.push(format!(
                    "{file}:{line} (layer {own}) imports {other} (layer {above}), which is above it"
                ));
            }
        }
    }
    for (file, to) in &graph {
        for (other, line) in to {
            // Once for each circle: at its first file by name.
            if let Some(back) =
                way(&graph, other, file).filter(|way| way.iter().min() == Some(file))
            {
                let layers: Vec<&str> = [file, other]
                    .iter()
                    .filter_map(|file| Some(LAYERS[layer(file)?].0))
                    .collect();
                let (layers, back) = (layers.join(", "), back.join(" → "));
                wrong.push(format!(
                    "{file}:{line} imports in a circle ({layers}): {file} → {back}"
                ));
            }
        }
    }
    wrong
}

/// A way along imports from one file to another, with both ends.
fn way(
    graph: &BTreeMap<String, BTreeMap<String, usize>>,
    from: &str,
    to: &str,
) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = vec![vec![from.to_owned()]];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        if last == to {
            return Some(way);
        }
        for next in graph.get(last).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

/// The public traits in a source text, each with the number of its methods.
fn traits(text: &str) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("pub trait ") {
            let end = rest.find(|c: char| !c.is_alphanumeric());
            found.push((rest[..end.unwrap_or(rest.len())].to_owned(), 0));
            inside = !line.ends_with('}');
        } else if line.starts_with('}') {
            inside = false;
        } else if inside
            && (line.starts_with("    fn ") || line.starts_with("    async fn "))
            && let Some((_, methods)) = found.last_mut()
        {
            *methods += 1;
        }
    }
    found
}

/// What is wrong with the sizes of these traits.
fn too_large(traits: &[(String, usize)], allowed: &[(&str, usize)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, methods) in traits {
        let exception = allowed.iter().find(|(other, _)| other == name);
        let most = exception.map_or(TRAIT_METHODS_MAX, |(_, most)| *most);
        if *methods > most {
            wrong.push(format!(
                "{name} has {methods} methods, at most {most}: split it"
            ));
        }
    }
    for (name, _) in allowed {
        let found = traits.iter().find(|(other, _)| other == name);
        if found.is_none_or(|(_, methods)| *methods <= TRAIT_METHODS_MAX) {
            wrong.push(format!(
                "{name} needs no exception any more: remove it from LARGE_TRAITS"
            ));
        }
    }
    wrong
}

/// The Rust files below a folder of the repository, with their texts.
fn read_all(folder: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut found = Files::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(&root)
                    .expect("it is below")
                    .to_string_lossy();
                found.insert(
                    name.into_owned(),
                    fs::read_to_string(&path).expect("a text"),
                );
            }
        }
    }
    found
}

#[test]
fn imports_of_the_harness_point_down() {
    let files = read_all("harness/src");
    assert!(graph(&files).values().map(BTreeMap::len).sum::<usize>() > 200);
    let wrong = violations(&files);
    assert!(
        wrong.is_empty(),
        "{} wrong imports:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for part in LAYERS.iter().flat_map(|(_, parts)| *parts) {
        let there = files.contains_key(&format!("{part}.rs"));
        assert!(there, "LAYERS names {part}, which is not there");
    }
}

#[test]
fn traits_of_providers_do_not_grow() {
    let all: Vec<(String, usize)> = read_all("providers/contract/src")
        .values()
        .flat_map(|text| traits(text))
        .collect();
    assert!(all.len() > 5, "{all:?}");
    let wrong = too_large(&all, LARGE_TRAITS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    assert_eq!(violations(&files.collect()), expected);
}

#[test]
fn an_import_from_above_is_told_with_line_and_layers() {
    let phase = ("phases/audit.rs", "");
    let told = |line: usize| {
        format!(
            "trial.rs:{line} (layer data) imports phases/audit.rs (layer phases), which is above it"
        )
    };
    check(
        &[("trial.rs", "use crate::phases::audit;"), phase],
        &[&told(1)],
    );
    check(
        &[
            (
                "trial.rs",
                "\nuse crate::{\n  a, phases::{audit::x as y, b},\n};",
            ),
            phase,
        ],
        &[&told(3)],
    );
    check(
        &[
            ("trial.rs", "fn a() {\n  super::phases::audit::run();\n}"),
            phase,
        ],
        &[&told(2)],
    );
    check(
        &[
            ("phases/audit.rs", "use crate::trial::{self, Trial};"),
            ("trial.rs", ""),
        ],
        &[],
    );
}

#[test]
fn what_only_tests_and_comments_import_is_free() {
    let phase = ("phases/audit.rs", "");
    for text in [
        "#[cfg(test)]\nmod tests {\n use crate::phases::audit;\n}",
        "// use crate::phases::audit;",
        "#[cfg(test)]\n#[path = \"x\"]\nmod samples;",
    ] {
        let samples = ("trial/samples.rs", "use crate::phases::audit;");
        let all = [samples, ("trial.rs", text), phase];
        let count = usize::from(!text.contains("samples"));
        check(&all[count..], &[]);
    }
    let after = "#[cfg(test)]\nmod samples;\nuse crate::phases::audit;";
    let told = "trial.rs:3 (layer data) imports phases/audit.rs (layer phases), which is above it";
    check(&[("trial.rs", after), phase], &[told]);
}

#[test]
fn a_circle_in_one_layer_is_told_once() {
    let circle = [
        ("phases/a.rs", "use super::b;"),
        ("phases/b.rs", "use super::c::{self, run};"),
        ("phases/c.rs", "\nuse crate::phases::a::x;"),
    ];
    let told = "phases/a.rs:1 imports in a circle (phases, phases): phases/a.rs → phases/b.rs → phases/c.rs → phases/a.rs";
    check(&circle, &[told]);
    check(&circle[..2], &[]);
}

#[test]
fn a_file_in_no_layer_is_told() {
    check(
        &[("trial_helpers.rs", "")],
        &["trial_helpers.rs is in no layer: add it to LAYERS"],
    );
}

#[test]
fn a_trait_past_its_limit_is_told() {
    let text = "pub trait Small: Send {\n    fn a();\n    async fn b() {\n        fn inner() {}\n    }\n}\npub trait None {}\nfn c();\n";
    assert_eq!(
        traits(text),
        [("Small".to_owned(), 2), ("None".to_owned(), 0)]
    );
    let check = |methods, allowed: &[(&str, usize)], count| {
        assert_eq!(
            too_large(&[("T".to_owned(), methods)], allowed).len(),
            count
        );
    };
    check(8, &[], 0);
    check(9, &[], 1);
    check(9, &[("T", 9)], 0);
    check(10, &[("T", 9)], 1);
    check(8, &[("T", 9)], 1);
    check(8, &[("Gone", 9)], 1);
}
