//! Masks what differs from run to run in a text: ids that the cloud draws, dates, and what a client draws.

use std::collections::BTreeMap;

/// Stands for what was masked.
pub const MASK: char = '*';

/// Fewest digits of a hexadecimal ending that is taken for an id after a prefix (`vpc-0a1b2c3d`).
const ENDING_MIN: usize = 8;
/// Fewest digits of a whole word that is taken for an id.
const WHOLE_MIN: usize = 16;
/// Fewest decimal digits that are taken for one.
const DECIMAL_MIN: usize = 9;

/// The text with every id replaced by what it is called in `made`, and the rest masked.
pub fn masked(text: &str, made: &BTreeMap<String, String>) -> String {
    if let Some(label) = made.get(text) {
        return label.clone();
    }
    let text = without_dates(text);
    let mut out = String::with_capacity(text.len());
    let mut token = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '-' {
            token.push(c);
            continue;
        }
        push(&mut out, &mut token, made);
        out.push(c);
    }
    push(&mut out, &mut token, made);
    out
}

fn push(out: &mut String, token: &mut String, made: &BTreeMap<String, String>) {
    match made.get(token.as_str()) {
        Some(label) => out.push_str(label),
        None => out.push_str(&drawn(token)),
    }
    token.clear();
}

/// A word, masked where it looks drawn at random.
fn drawn(token: &str) -> String {
    let is_hex = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let has_digit = |text: &str| text.chars().any(|c| c.is_ascii_digit());
    if is_uuid(token) {
        return MASK.to_string();
    }
    let (prefix, ending) = match token.rfind('-') {
        Some(at) => token.split_at(at + 1),
        None => ("", token),
    };
    let least = if prefix.is_empty() {
        WHOLE_MIN
    } else {
        ENDING_MIN
    };
    let hexadecimal = ending.len() >= least && is_hex(ending) && has_digit(ending);
    let decimal = ending.len() >= DECIMAL_MIN && ending.chars().all(|c| c.is_ascii_digit());
    if hexadecimal || decimal {
        return format!("{prefix}{MASK}");
    }
    token.to_owned()
}

fn is_uuid(token: &str) -> bool {
    let parts: Vec<&str> = token.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hex = |part: &&str| part.chars().all(|c| c.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(hex)
}

/// The text with each date masked, with the time that follows it.
fn without_dates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if begins_with_date(rest) {
            let ends = |c: char| !(c.is_ascii_digit() || "tTzZ:.+-".contains(c));
            out.push(MASK);
            rest = &rest[rest.find(ends).unwrap_or(rest.len())..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// `2026-11-02…`
fn begins_with_date(text: &str) -> bool {
    let form = b"dddd-dd-dd";
    let bytes = text.as_bytes();
    bytes.len() >= form.len()
        && form.iter().zip(bytes).all(|(form, byte)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let made = BTreeMap::from([("vpc-0a1b2c3d4e5f60718".to_owned(), "<CreateVpc>".to_owned())]);
        assert_eq!(masked(text, &made), expected);
    }

    #[test]
    fn ids_that_were_made_are_called_by_what_made_them_and_others_are_masked() {
        check("vpc-0a1b2c3d4e5f60718", "<CreateVpc>");
        check("a/vpc-0a1b2c3d4e5f60718/b", "a/<CreateVpc>/b");
        check("sg-0123456789abcdef0", "sg-*");
        check("net/name/0123456789abcdef", "net/name/*");
        check("7b2f8a3c-1d2e-4f5a-8b9c-0d1e2f3a4b5c", "*");
        check("projects/123456789012", "projects/*");
    }

    #[test]
    fn what_a_person_writes_stays() {
        for text in [
            "10.0.2.0/24",
            "us-east-1a",
            "AmazonEKSWorkerNodePolicy",
            "t3.medium",
            "private-0",
            "1.34",
            "deadbeef",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn dates_are_masked_with_their_times() {
        check("2026-11-02T09:05:00Z", "*");
        check("2026-11-02t09-05-00z end", "* end");
        check("x 2026-11-02, y", "x *, y");
    }
}
