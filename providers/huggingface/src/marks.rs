//! How a run marks what it makes: tags of endpoints, which are words of the form `key=value`, and labels of jobs.
//!
//! Values of labels have letters, digits, dashes and underscores only (`huggingface_hub` 2.4.0, `update_job_labels`), so
//! times are written differently from other clouds' tags.

use std::collections::BTreeMap;

use kubeproof_cloudkit::label_marks::LabelForm;
pub use kubeproof_cloudkit::label_marks::{EXPIRES, OWNER, RUN, are_of};
use kubeproof_contract::marks::{Marks, Owner};
use kubeproof_contract::run::Run;

/// The label of the harness's own job, which prints the scenario's text: the provisioner makes no job with it.
pub const PROOF: &str = "kubeproof-proof";

const FORM: LabelForm = LabelForm {
    value_max: 100,
    is_lower: false,
    time: "%Y-%m-%dT%H-%M-%SZ",
};

/// The marks of a run.
pub fn of(run: &Run) -> Marks {
    FORM.marks(run)
}

/// The labels of a job of the run.
pub fn labels(run: &Run) -> BTreeMap<String, String> {
    FORM.labels(run)
}

/// In Kubernetes a value has at most 63 characters.
const CLUSTER_FORM: LabelForm = LabelForm {
    value_max: 63,
    ..FORM
};

/// The labels of what the run makes in a cluster.
pub fn cluster_labels(run: &Run) -> BTreeMap<String, String> {
    CLUSTER_FORM.labels(run)
}

/// The tags of an endpoint of the run.
pub fn tags(run: &Run) -> Vec<String> {
    let labels = labels(run).into_iter();
    labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// Whose something is, as its marks say; `None` when they name no run.
pub fn owner_in(marks: &BTreeMap<String, String>) -> Option<Owner> {
    FORM.owner_in(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tags_and_labels_write_is_read_back() {
        let started = "2026-11-30T04:30:00Z".parse().expect("a date");
        let run = Run::new("r1", "me, myself", started);
        let pairs = tags(&run).into_iter().filter_map(|tag| {
            let (key, value) = tag.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        });
        assert_eq!(pairs.collect::<BTreeMap<_, _>>(), labels(&run));
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert!(labels(&run).values().all(|value| value.chars().all(fits)));
        let owner = owner_in(&labels(&run)).expect("an owner");
        assert_eq!(
            (&*owner.run, owner.owner.as_deref()),
            ("r1", Some("me--myself"))
        );
        assert_eq!(owner.expires, Some(run.expires_at));
        assert!(are_of(&run, &labels(&run)));
        assert!(!are_of(&run, &labels(&Run::new("r2", "me", started))));
        assert_eq!(owner_in(&BTreeMap::new()), None);
    }
}
