//! Every phase and oracle that the harness names has a cell in the matrix. Part of the tidy tests.

use std::collections::BTreeSet;

use super::{assert_none, files, read};

/// The names of phases and oracles in a piece of code: the strings in the first argument of calls that begin a phase or
/// add a finding, and everything that looks like an oracle's name (`O1 orphans`).
fn names_of_cells(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for opening in [
        ".begin(",
        ".skip(",
        "recorder.add_finding(",
        "self.add_finding(",
        "Violation::new(",
        "Violation::about(",
        "findings(",
    ] {
        for rest in code.split(opening).skip(1) {
            let mut depth = 0;
            let first = rest.find(|c: char| {
                depth += i32::from("({[".contains(c)) - i32::from(")}]".contains(c));
                depth < 0 || (depth == 0 && c == ',')
            });
            let texts = rest[..first.unwrap_or(rest.len())]
                .split('"')
                .skip(1)
                .step_by(2);
            names.extend(texts.map(str::to_owned));
        }
    }
    let is_oracle = |text: &&str| {
        let mut letters = text.chars();
        letters.next() == Some('O') && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    names.extend(code.split('"').filter(is_oracle).map(str::to_owned));
    names
}

#[test]
fn every_phase_and_every_oracle_has_a_cell_of_the_matrix() {
    let sample = "recorder.begin(if a { \"one\" } else { f(\"two\") }, \"no\"); self.add_finding(\"three\", x); \"O9 four\"";
    let expected = ["O9 four", "one", "three", "two"].map(str::to_owned);
    assert_eq!(names_of_cells(sample), BTreeSet::from(expected));
    let mut names = BTreeSet::new();
    let no_trial = |path: &String| path.contains("/cli/") || path.ends_with("/tests.rs");
    let all = files("harness/src", ".rs").into_iter();
    for path in all.filter(|path| !no_trial(path)) {
        let text = read(&path);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        names.extend(
            names_of_cells(code)
                .into_iter()
                .map(|name| (name, path.clone())),
        );
    }
    // Guards against a search that finds nothing.
    assert!(names.len() > 25, "{names:?}");
    let wrong: Vec<String> = names
        .into_iter()
        .filter(|(name, _)| !kubeproof_reports::cells::is_known(name))
        .map(|(name, path)| format!("{path}: `{name}`"))
        .collect();
    assert_none(
        &wrong,
        "each phase and oracle has one cell: a line in reports/src/cells.rs and in the table of reports/README.md",
    );
}
