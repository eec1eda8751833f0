//! Filters of log entries: comparisons that all must hold, as gcloud and our own reader write them. Anything else is
//! refused by name.

use jiff::Timestamp;
use serde_json::Value;

use crate::wire::ApiError;

/// How a member is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Contains,
    NotBefore,
    NotAfter,
}

/// The comparisons, in the order in which they are looked for.
const WRITTEN: &[(&str, Comparison)] = &[
    (">=", Comparison::NotBefore),
    ("<=", Comparison::NotAfter),
    ("=", Comparison::Equal),
    (":", Comparison::Contains),
];

/// A filter: all comparisons must hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter(Vec<(String, Comparison, String)>);

impl Filter {
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let text = text.replace('\n', " AND ");
        let parts = text.split(" AND ").map(str::trim);
        let read = |part: &str| {
            let refused = || ApiError::not_simulated(&format!("filter {part}"));
            let mut written = WRITTEN.iter();
            let found = written.find_map(|(sign, comparison)| {
                let (member, value) = part.split_once(sign)?;
                // A sign inside of a quoted value is none.
                (!member.contains('"')).then_some((member, *comparison, value))
            });
            let (member, comparison, value) = found.ok_or_else(refused)?;
            let (member, value) = (member.trim(), value.trim());
            let quoted = value
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            let one_word = Some(value).filter(|value| !value.contains(char::is_whitespace));
            let value = quoted.or(one_word).filter(|value| !value.contains('"'));
            let value = value.ok_or_else(refused)?;
            let plain = |c: char| c.is_ascii_alphanumeric() || "._@".contains(c);
            let dated = matches!(comparison, Comparison::NotBefore | Comparison::NotAfter);
            if !member.chars().all(plain) || (dated && value.parse::<Timestamp>().is_err()) {
                return Err(refused());
            }
            Ok((member.to_owned(), comparison, value.to_owned()))
        };
        let parts: Result<_, _> = parts.filter(|part| !part.is_empty()).map(read).collect();
        Ok(Self(parts?))
    }

    pub(super) fn fits(&self, entry: &Value) -> bool {
        self.0.iter().all(|(member, comparison, value)| {
            let pointer = format!("/{}", member.replace('.', "/"));
            let found = entry
                .pointer(&pointer)
                .and_then(Value::as_str)
                .unwrap_or_default();
            let dates = || {
                Some((
                    found.parse::<Timestamp>().ok()?,
                    value.parse::<Timestamp>().ok()?,
                ))
            };
            match comparison {
                Comparison::Equal => found == value,
                Comparison::Contains => found.to_lowercase().contains(&value.to_lowercase()),
                Comparison::NotBefore => dates().is_some_and(|(found, value)| found >= value),
                Comparison::NotAfter => dates().is_some_and(|(found, value)| found <= value),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_compares_members_and_refuses_what_it_does_not_know() {
        let entry = json!({
            "timestamp": "2026-11-27T17:32:33Z",
            "protoPayload": {"serviceName": "container.googleapis.com", "resourceName": "projects/p/clusters/kp-r1"},
        });
        let check = |text: &str, expected: Option<bool>| {
            let fits = Filter::read(text).ok().map(|filter| filter.fits(&entry));
            assert_eq!(fits, expected, "{text}");
        };
        check("", Some(true));
        // As gcloud writes it.
        let since = "timestamp>=\"2026-11-27T17:32:33.000Z\" AND protoPayload.serviceName=\"container.googleapis.com\"";
        check(since, Some(true));
        check("timestamp>=\"2026-11-28T00:00:00Z\"", Some(false));
        check("protoPayload.resourceName:\"KP-R1\"", Some(true));
        check("protoPayload.resourceName=kp-r1", Some(false));
        check("severity=ERROR OR a=b", None);
        check("NOT severity=ERROR", None);
        check("nonsense", None);
    }
}
