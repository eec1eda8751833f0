//! Filters of Describe operations: known names, and values with wildcards.
//!
//! An unknown name is refused, never ignored: ignoring it would show a caller everything.

use crate::ec2::errors;
use crate::ec2::store::Tags;
use crate::wire::error::AwsError;

/// Checks a filter's name.
///
/// # Errors
/// `InvalidParameterValue` for a name that the list does not know.
pub fn admit(name: &str, known: &[&str]) -> Result<(), AwsError> {
    if name == "tag-key" || name == "tag-value" || name.starts_with("tag:") || known.contains(&name)
    {
        Ok(())
    } else {
        Err(errors::value(format!("The filter '{name}' is invalid")))
    }
}

/// The values that a tag filter compares with; `None` if it is not a tag filter.
pub fn of_tags(tags: &Tags, name: &str) -> Option<Vec<String>> {
    match name {
        "tag-key" => Some(tags.keys().cloned().collect()),
        "tag-value" => Some(tags.values().cloned().collect()),
        _ => name
            .strip_prefix("tag:")
            .map(|key| tags.get(key).cloned().into_iter().collect()),
    }
}

/// Whether any of the values matches any of the patterns.
pub fn matches(values: &[String], patterns: &[String]) -> bool {
    values
        .iter()
        .any(|value| patterns.iter().any(|pattern| is_like(value, pattern)))
}

/// `*` stands for any text, `?` for one character.
fn is_like(value: &str, pattern: &str) -> bool {
    let (value, pattern): (Vec<char>, Vec<char>) =
        (value.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where to resume when the text matched by a star was too short.
    let mut star: Option<(usize, usize)> = None;
    while at < value.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((at, of));
                of += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == value[at] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((from, position)) => {
                    star = Some((from + 1, position));
                    at = from + 1;
                    of = position + 1;
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, pattern: &str, expected: bool) {
        assert_eq!(is_like(value, pattern), expected, "{value} like {pattern}");
    }

    #[test]
    fn a_star_stands_for_any_text_and_a_question_mark_for_one_character() {
        check("kubeproof", "kubeproof", true);
        check("kubeproof", "kube*", true);
        check("kubeproof", "*proof", true);
        check("kubeproof", "*b*p?oof", true);
        check("kubeproof", "*", true);
        check("", "*", true);
        check("kubeproof", "kube", false);
        check("kubeproof", "kube?", false);
        check("aab", "*ab", true);
        check("kubeproof", "*x", false);
    }
}
