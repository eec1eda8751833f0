//! How a run marks what it makes: labels where the cloud has them, else words in the description.
//!
//! Labels take lower-case letters, digits, dashes and underscores only, so keys and times are written differently
//! from other clouds' tags.

use std::collections::BTreeMap;

use kubeproof_contract::run::Run;

/// The label that carries the run's id.
pub const RUN: &str = "kubeproof-run";
/// The label that says who owns the resource.
pub const OWNER: &str = "kubeproof-owner";
/// The label that carries the time after which the resource may be swept.
pub const EXPIRES: &str = "kubeproof-expires";

/// How a time is written in a label.
pub const TIME: &str = "%Y-%m-%dt%H-%M-%Sz";

/// The longest value of a label.
const VALUE_MAX: usize = 63;

/// The labels of everything that the run makes.
pub fn labels(run: &Run) -> BTreeMap<String, String> {
    let expires = run.expires_at.strftime(TIME).to_string();
    [
        (RUN, run.id.clone()),
        (OWNER, value(&run.owner)),
        (EXPIRES, expires),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// The description of what has no labels.
pub fn description(run: &Run) -> String {
    let labels = labels(run).into_iter();
    let words = labels.map(|(key, value)| format!("{key}={value}"));
    words.collect::<Vec<_>>().join(" ")
}

/// The marks in a description.
pub fn described(text: &str) -> BTreeMap<String, String> {
    let words = text.split_whitespace();
    words
        .filter_map(|word| word.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Whether these marks are the run's.
pub fn are_of(run: &Run, marks: &BTreeMap<String, String>) -> bool {
    marks.get(RUN) == Some(&run.id)
}

/// Any text as the value of a label.
fn value(text: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let lower = text.to_lowercase();
    let fitting = lower.chars().map(|c| if fits(c) { c } else { '-' });
    fitting.take(VALUE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(owner: &str) -> Run {
        Run::new("r1", owner, "2026-11-29T10:00:07Z".parse().unwrap())
    }

    #[test]
    fn every_label_fits_the_clouds_rules() {
        let labels = labels(&run(
            "Zoë.Müller@example.com: a person with a name that is longer than fits",
        ));
        for (key, value) in &labels {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(key.chars().chain(value.chars()).all(fits), "{key}={value}");
            assert!(value.len() <= 63, "{value}");
        }
        assert_eq!(labels[EXPIRES], "2026-11-29t16-00-07z");
    }

    #[test]
    fn a_description_says_what_labels_would() {
        let run = run("tester");
        assert_eq!(described(&description(&run)), labels(&run));
        assert!(are_of(&run, &described(&description(&run))));
        let other = Run::new("r2", "tester", run.started_at);
        assert!(!are_of(&run, &described(&description(&other))));
        assert!(!are_of(&run, &described("made by kubeproof-run r1")));
    }
}
