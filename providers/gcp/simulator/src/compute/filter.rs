//! The filters of lists: `name = a`, `labels.run eq r1`, joined by AND or by brackets. Others are refused by name.

use serde_json::Value;

use crate::wire::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Is,
    IsNot,
    /// Holds the value somewhere, or, with `*`, is there at all.
    Has,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    path: Vec<String>,
    comparison: Comparison,
    value: String,
}

/// A filter: all its terms have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter(Vec<Term>);

impl Filter {
    /// Reads a filter.
    pub(crate) fn read(text: &str) -> Result<Self, ApiError> {
        let unknown = || ApiError::not_simulated(&format!("the filter {text}"));
        if text.contains(" OR ") || text.contains("NOT ") {
            return Err(unknown());
        }
        let joined = text.replace(") AND (", ")(").replace(") (", ")(");
        let terms = joined
            .split(")(")
            .flat_map(|part| part.split(" AND "))
            .map(|term| read_term(term.trim_matches(['(', ')', ' '])));
        let terms: Option<Vec<Term>> = terms.collect();
        terms.map(Self).ok_or_else(unknown)
    }

    /// Whether a resource passes.
    pub(crate) fn matches(&self, item: &Value) -> bool {
        self.0.iter().all(|term| term.matches(item))
    }
}

fn read_term(term: &str) -> Option<Term> {
    const SIGNS: &[(&str, Comparison)] = &[
        (" eq ", Comparison::Is),
        (" ne ", Comparison::IsNot),
        ("!=", Comparison::IsNot),
        ("=", Comparison::Is),
        (":", Comparison::Has),
    ];
    let (path, comparison, value) = SIGNS.iter().find_map(|(sign, comparison)| {
        let (path, value) = term.split_once(sign)?;
        Some((path.trim(), *comparison, value.trim().trim_matches('"')))
    })?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'))
    };
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    // A regular expression, a comparison of numbers, or blanks inside: not known.
    let is_known = parts.iter().all(|part| is_plain(part))
        && !value.contains([' ', '<', '>', '~', '(', '[', '\\'])
        && (!value.contains('*') || (comparison == Comparison::Has && value == "*"));
    is_known.then(|| Term {
        path: parts,
        comparison,
        value: value.to_owned(),
    })
}

impl Term {
    fn matches(&self, item: &Value) -> bool {
        let found = self.path.iter().try_fold(item, |at, part| at.get(part));
        let text = found.map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        match self.comparison {
            Comparison::Is => text.is_some_and(|text| text == self.value),
            Comparison::IsNot => text.is_none_or(|text| text != self.value),
            Comparison::Has if self.value == "*" => text.is_some(),
            Comparison::Has => text.is_some_and(|text| text.contains(&self.value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: Option<bool>) {
        let item = json!({"name": "n", "labels": {"run": "r1"}, "auto": false});
        let found = Filter::read(filter)
            .ok()
            .map(|filter| filter.matches(&item));
        assert_eq!(found, expected, "{filter}");
    }

    #[test]
    fn terms_compare_members_and_all_have_to_hold() {
        check("name = n", Some(true));
        check("name eq m", Some(false));
        check("labels.run=r1", Some(true));
        check("labels.run:*", Some(true));
        check("labels.other:*", Some(false));
        check("auto = false", Some(true));
        check("(name = n) (labels.run = r2)", Some(false));
        check("name=n AND labels.run!=r2", Some(true));
        check("name=\"n\"", Some(true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for filter in ["name", "a=1 OR b=2", "NOT name=n", "name=n.*", "x > 1", "="] {
            check(filter, None);
        }
    }
}
