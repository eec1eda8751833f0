//! The filters of lists: `name = a`, `labels.run eq r.*`, joined by AND or by brackets. Others are refused by name.

mod pattern;

use pattern::Pattern;
use serde_json::Value;

use crate::wire::ApiError;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Comparison {
    Is(String),
    IsNot(String),
    /// Holds the value somewhere, or, with `*`, is there at all.
    Has(String),
    Fits(Pattern),
    FitsNot(Pattern),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    path: Vec<String>,
    comparison: Comparison,
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

/// A comparison with a value as it is written.
type Compare = fn(&str) -> Option<Comparison>;

const SIGNS: &[(&str, Compare)] = &[
    (" eq ", |value| Pattern::read(value).map(Comparison::Fits)),
    (" ne ", |value| {
        Pattern::read(value).map(Comparison::FitsNot)
    }),
    ("!=", |value| plain(value).map(Comparison::IsNot)),
    ("=", |value| plain(value).map(Comparison::Is)),
    (":", |value| match value {
        "*" => Some(Comparison::Has(value.to_owned())),
        value => plain(value).map(Comparison::Has),
    }),
];

fn read_term(term: &str) -> Option<Term> {
    let (path, compare, value) = SIGNS.iter().find_map(|(sign, compare)| {
        let (path, value) = term.split_once(sign)?;
        Some((path.trim(), compare, value.trim().trim_matches('"')))
    })?;
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'))
    };
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    let comparison = compare(value)?;
    parts.iter().all(|part| is_name(part)).then_some(Term {
        path: parts,
        comparison,
    })
}

/// A value that is no regular expression, no comparison of numbers, and has no blanks inside: those are not known.
fn plain(value: &str) -> Option<String> {
    let is_plain = !value.contains([' ', '<', '>', '~', '(', '[', '\\', '*']);
    is_plain.then(|| value.to_owned())
}

impl Term {
    fn matches(&self, item: &Value) -> bool {
        let found = self.path.iter().try_fold(item, |at, part| at.get(part));
        let text = found.map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        match &self.comparison {
            Comparison::Is(value) => text.is_some_and(|text| text == *value),
            Comparison::IsNot(value) => text.is_none_or(|text| text != *value),
            Comparison::Has(value) if value == "*" => text.is_some(),
            Comparison::Has(value) => text.is_some_and(|text| text.contains(value)),
            Comparison::Fits(pattern) => text.is_some_and(|text| pattern.fits(&text)),
            Comparison::FitsNot(pattern) => text.is_none_or(|text| !pattern.fits(&text)),
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
        check("name eq n.*", Some(true));
        check("name ne \".*\\bn\\b.*\"", Some(false));
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
        for filter in [
            "name",
            "a=1 OR b=2",
            "NOT name=n",
            "name=n.*",
            "x > 1",
            "=",
            "name eq a|b",
        ] {
            check(filter, None);
        }
    }
}
