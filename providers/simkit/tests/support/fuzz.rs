//! Shared by the fuzz tests of simulators: the number of cases, the words that a simulator knows, and unexpected
//! values.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// This many cases, or as many as `KUBEPROOF_FUZZ_CASES` says: few in every run, many in a dedicated search.
pub fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("KUBEPROOF_FUZZ_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

/// The string literals in a crate's sources that could be names on the wire.
pub fn literals(crate_folder: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(crate_folder).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let quoted = text.split('"').skip(1).step_by(2);
            let is_name = |word: &&str| {
                (1..40).contains(&word.len())
                    && word
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || ".-_:/".contains(c))
            };
            found.extend(quoted.filter(is_name).map(str::to_owned));
        }
    }
    found.into_iter().collect()
}

/// Values at which arithmetic, slicing and parsing may break.
const STRANGE: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999999999999999999",
    "0.1000000000000000055511151231257827",
    "79228162514264337593543950335",
    "1e400",
    "NaN",
    "true",
    "null",
    "é",
    "🚀🚀",
    "a\u{0}b",
    "%ff%fe",
    "*",
    "?*?*?*?*?*?*?*?*x",
    "..",
    "/",
    "arn:aws:iam::1:role/",
    ":::::::",
    "0.0.0.0/0",
    "255.255.255.255/33",
    "10.0.0.0/16",
    "::/0",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "0000-00-00",
    "{",
    "[[[[[[[[",
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}",
    "IyEvYmluL3No",
];

/// A text: one of these words, an unexpected value, or an arbitrary one.
pub fn text(words: Vec<String>) -> BoxedStrategy<String> {
    let strange: Vec<String> = STRANGE.iter().map(|word| (*word).to_owned()).collect();
    prop_oneof![
        4 => select(words),
        3 => select(strange),
        1 => "\\PC{0,12}",
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => (1..5000_usize).prop_map(|length| "x".repeat(length)),
    ]
    .boxed()
}

/// A document with fields of these names and texts from these words.
pub fn json(names: Vec<String>, words: Vec<String>) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        4 => text(words).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let name = text(names.clone());
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::vec((name, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

/// A valid document in which some values are replaced by others, at positions that the numbers choose.
pub fn mutated(mut document: Value, changes: &[(usize, Value)]) -> Value {
    for (place, value) in changes {
        let count = count(&document);
        let mut place = place % count.max(1);
        replace(&mut document, &mut place, value);
    }
    document
}

fn count(document: &Value) -> usize {
    1 + match document {
        Value::Array(all) => all.iter().map(count).sum::<usize>(),
        Value::Object(all) => all.values().map(count).sum(),
        _ => 0,
    }
}

fn replace(document: &mut Value, place: &mut usize, value: &Value) -> bool {
    if *place == 0 {
        *document = value.clone();
        return true;
    }
    *place -= 1;
    match document {
        Value::Array(all) => all.iter_mut().any(|one| replace(one, place, value)),
        Value::Object(all) => all.values_mut().any(|one| replace(one, place, value)),
        _ => false,
    }
}

/// This many values of a strategy, always the same ones: to check that it reaches what it is meant to reach.
pub fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let trees = (0..count).filter_map(|_| strategy.new_tree(&mut runner).ok());
    trees
        .map(|tree| proptest::strategy::ValueTree::current(&tree))
        .collect()
}
