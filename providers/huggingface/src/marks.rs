//! How a run marks what it makes: tags of endpoints, which are words of the form `key=value`, and labels of jobs.
//!
//! Values of labels have letters, digits, dashes and underscores only (`huggingface_hub` 2.4.0, `update_job_labels`), so
//! times are written differently from other clouds' tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kubeproof_contract::marks::{Mark, Marks, Owner};
use kubeproof_contract::run::Run;

/// The mark that names the run.
pub const RUN: &str = "kubeproof-run";
/// The mark that says who owns the resource.
pub const OWNER: &str = "kubeproof-owner";
/// The mark that carries the time after which the resource may be swept.
pub const EXPIRES: &str = "kubeproof-expires";
/// The label of the harness's own job, which prints the scenario's text: the provisioner makes no job with it.
pub const PROOF: &str = "kubeproof-proof";

/// The longest value of a label.
const VALUE_MAX: usize = 100;
/// How a time is written.
const TIME: &str = "%Y-%m-%dT%H-%M-%SZ";

/// The marks of a run.
pub fn of(run: &Run) -> Marks {
    let mark = |key: &str, value: String| Mark {
        key: key.to_owned(),
        value,
    };
    Marks {
        run: mark(RUN, run.id.clone()),
        owner: mark(OWNER, value(&run.owner)),
        expires: mark(EXPIRES, run.expires_at.strftime(TIME).to_string()),
    }
}

/// The labels of a job of the run.
pub fn labels(run: &Run) -> BTreeMap<String, String> {
    let Marks {
        run,
        owner,
        expires,
    } = of(run);
    [run, owner, expires]
        .map(|mark| (mark.key, mark.value))
        .into()
}

/// The tags of an endpoint of the run.
pub fn tags(run: &Run) -> Vec<String> {
    let labels = labels(run).into_iter();
    labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// Whether these marks are the run's.
pub fn are_of(run: &Run, marks: &BTreeMap<String, String>) -> bool {
    marks.get(RUN) == Some(&run.id)
}

/// Whose something is, as its marks say; `None` when they name no run.
pub fn owner_in(marks: &BTreeMap<String, String>) -> Option<Owner> {
    Some(Owner {
        run: marks.get(RUN)?.clone(),
        owner: marks.get(OWNER).cloned(),
        expires: marks.get(EXPIRES).and_then(|text| time(text)),
    })
}

fn time(text: &str) -> Option<Timestamp> {
    let read = DateTime::strptime(TIME, text).ok()?;
    Some(read.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Any text as the value of a label.
fn value(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let fitting = text.chars().map(|c| if fits(c) { c } else { '-' });
    fitting.take(VALUE_MAX).collect()
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
