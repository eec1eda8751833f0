//! How a run marks what it makes: labels where the cloud has them, else words in the description.
//!
//! Labels take lower-case letters, digits, dashes and underscores only, so keys and times are written differently
//! from other clouds' tags.

use std::collections::BTreeMap;

use kubeproof_cloudkit::label_marks::LabelForm;
pub use kubeproof_cloudkit::label_marks::{EXPIRES, OWNER, RUN, are_of};
use kubeproof_contract::marks::{Marks, Owner};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

const FORM: LabelForm = LabelForm {
    value_max: 63,
    is_lower: true,
    time: "%Y-%m-%dt%H-%M-%Sz",
};

/// The marks of a run.
pub fn of(run: &Run) -> Marks {
    FORM.marks(run)
}

/// The labels of everything that the run makes.
pub fn labels(run: &Run) -> BTreeMap<String, String> {
    FORM.labels(run)
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

/// Whose a resource is, as its labels say, or else its description; `None` when they name no run.
pub fn owner_of(resource: &Resource) -> Option<Owner> {
    let description = resource.properties.get("description");
    FORM.owner_in(&resource.tags)
        .or_else(|| FORM.owner_in(&described(description?)))
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

    #[test]
    fn what_labels_or_a_description_write_is_read_back() {
        let run = run("tester");
        let bare = Resource::new("disk", "d", "us-central1");
        assert_eq!(owner_of(&bare), None);
        let labelled = bare.clone().tagged(labels(&run));
        let described = bare.with("description", description(&run));
        for resource in [labelled, described] {
            let owner = owner_of(&resource).expect("an owner");
            assert_eq!(
                (&*owner.run, owner.owner.as_deref()),
                ("r1", Some("tester"))
            );
            assert_eq!(owner.expires, Some(run.expires_at));
        }
        let damaged = BTreeMap::from([
            (RUN.to_owned(), "r1".to_owned()),
            (EXPIRES.to_owned(), "soon".to_owned()),
        ]);
        let owner = owner_of(&Resource::new("disk", "d", "r").tagged(damaged));
        assert_eq!(owner.map(|owner| owner.expires), Some(None));
    }
}
