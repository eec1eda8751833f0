//! The marks of a run in clouds whose labels take few characters: keys and times are written differently from other
//! clouds' tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kubeproof_contract::marks::{Mark, Marks, Owner};
use kubeproof_contract::run::Run;

/// The label that carries the run's id.
pub const RUN: &str = "kubeproof-run";
/// The label that says who owns the resource.
pub const OWNER: &str = "kubeproof-owner";
/// The label that carries the time after which the resource may be swept.
pub const EXPIRES: &str = "kubeproof-expires";

/// What a cloud's labels take: letters, digits, dashes and underscores.
#[derive(Clone, Copy, Debug)]
pub struct LabelForm {
    /// The longest value, in characters.
    pub value_max: usize,
    /// Whether capitals are refused.
    pub is_lower: bool,
    /// How a time is written, in the form of `strftime`.
    pub time: &'static str,
}

impl LabelForm {
    /// The marks of a run.
    pub fn marks(&self, run: &Run) -> Marks {
        let mark = |key: &str, value: String| Mark {
            key: key.to_owned(),
            value,
        };
        Marks {
            run: mark(RUN, run.id.clone()),
            owner: mark(OWNER, self.value(&run.owner)),
            expires: mark(EXPIRES, run.expires_at.strftime(self.time).to_string()),
        }
    }

    /// The labels of everything that the run makes.
    pub fn labels(&self, run: &Run) -> BTreeMap<String, String> {
        let Marks {
            run,
            owner,
            expires,
        } = self.marks(run);
        [run, owner, expires]
            .map(|mark| (mark.key, mark.value))
            .into()
    }

    /// Whose something is, as its labels say; `None` when they name no run.
    pub fn owner_in(&self, labels: &BTreeMap<String, String>) -> Option<Owner> {
        Some(Owner {
            run: labels.get(RUN)?.clone(),
            owner: labels.get(OWNER).cloned(),
            expires: labels.get(EXPIRES).and_then(|text| self.time(text)),
        })
    }

    fn time(&self, text: &str) -> Option<Timestamp> {
        let read = DateTime::strptime(self.time, text).ok()?;
        Some(read.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Any text as the value of a label.
    fn value(&self, text: &str) -> String {
        let lower = self.is_lower.then(|| text.to_lowercase());
        let fits = |c: char| {
            let is_letter = c.is_ascii_alphabetic() && !(self.is_lower && c.is_ascii_uppercase());
            is_letter || c.is_ascii_digit() || matches!(c, '-' | '_')
        };
        let fitting = lower.as_deref().unwrap_or(text).chars();
        let fitting = fitting.map(|c| if fits(c) { c } else { '-' });
        fitting.take(self.value_max).collect()
    }
}

/// Whether these labels are the run's.
pub fn are_of(run: &Run, labels: &BTreeMap<String, String>) -> bool {
    labels.get(RUN) == Some(&run.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_only_what_labels_take() {
        let check = |is_lower: bool, value_max: usize, text: &str, expected: &str| {
            let form = LabelForm {
                value_max,
                is_lower,
                time: "%Y",
            };
            assert_eq!(form.value(text), expected, "{text}");
        };
        check(true, 63, "Zoë.M_1", "zo--m_1");
        check(false, 63, "Zoë.M_1", "Zo--M_1");
        check(false, 3, "abcdef", "abc");
    }
}
