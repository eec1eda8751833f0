//! Parses label selectors into the requirements that labels must meet.
//!
//! Source: the documentation of labels and selectors; the grammar is that of a real server, which rejects
//! what it does not understand.

use crate::wire::status::Failure;

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// It has one of these values.
    In(String, Vec<String>),
    /// It has none of these values, or is absent.
    NotIn(String, Vec<String>),
    /// It is present.
    Exists(String),
    /// It is absent.
    Absent(String),
    /// It is a larger number.
    Above(String, i64),
    /// It is a smaller number.
    Below(String, i64),
}

/// Why a text is no selector, in the words of a real server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum SelectorError {
    #[error("found '{found}', expected: {expected}")]
    Unexpected {
        found: Token,
        expected: &'static str,
    },
    #[error("found '{0}' expected: '('")]
    NoList(Token),
    #[error("for 'Gt', 'Lt' operators, the value must be an integer: {0}")]
    NoInteger(Token),
    #[error("key: Invalid value: \"{0}\": name part must be non-empty")]
    NoName(Token),
    #[error(
        "Invalid value: \"{0}\": a valid label must be an empty string or consist of alphanumeric \
         characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    )]
    Value(Token),
}

impl SelectorError {
    fn unexpected(found: &str, expected: &'static str) -> Self {
        Self::Unexpected {
            found: found.to_owned(),
            expected,
        }
    }
}

impl From<SelectorError> for Failure {
    fn from(error: SelectorError) -> Self {
        Self::bad_request(format!("unable to parse requirement: {error}"))
    }
}

/// A word or an operator of a selector.
type Token = String;

/// Reads a label selector.
pub(crate) fn read(text: &str) -> Result<Vec<Requirement>, Failure> {
    let mut tokens = tokens(text).into_iter().peekable();
    let mut all = Vec::new();
    while tokens.peek().is_some() {
        all.push(requirement(&mut tokens)?);
        match tokens.next().as_deref() {
            None => break,
            Some(",") if tokens.peek().is_some() => {}
            Some(",") => {
                return Err(SelectorError::unexpected("", "identifier after ','").into());
            }
            Some(other) => return Err(SelectorError::unexpected(other, "',' or end").into()),
        }
    }
    Ok(all)
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_sign = "(),!=<>".contains(letter);
        if (is_sign || letter.is_whitespace()) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if is_sign {
            let mut sign = letter.to_string();
            if "!=".contains(letter) && letters.next_if_eq(&'=').is_some() {
                sign.push('=');
            }
            tokens.push(sign);
        } else if !letter.is_whitespace() {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

fn is_word(token: &str) -> bool {
    !token.starts_with(['(', ')', ',', '!', '=', '<', '>'])
}

fn requirement<I>(tokens: &mut std::iter::Peekable<I>) -> Result<Requirement, SelectorError>
where
    I: Iterator<Item = Token>,
{
    let absent = tokens.next_if(|token| token == "!").is_some();
    let key = tokens.next().unwrap_or_default();
    if !is_word(&key) {
        return Err(SelectorError::unexpected(&key, "identifier"));
    }
    check_key(&key)?;
    let operator = match tokens.peek().map(String::as_str) {
        None | Some(",") if absent => return Ok(Requirement::Absent(key)),
        None | Some(",") => return Ok(Requirement::Exists(key)),
        Some(other) if absent => return Err(SelectorError::unexpected(other, "',' or end")),
        Some(_) => tokens.next().unwrap_or_default(),
    };
    match operator.as_str() {
        "in" => Ok(Requirement::In(key, set(tokens)?)),
        "notin" => Ok(Requirement::NotIn(key, set(tokens)?)),
        "=" | "==" => Ok(Requirement::In(key, vec![value(tokens)?])),
        "!=" => Ok(Requirement::NotIn(key, vec![value(tokens)?])),
        ">" | "<" => {
            let text = value(tokens)?;
            let number = text.parse().map_err(|_| SelectorError::NoInteger(text))?;
            Ok(if operator == ">" {
                Requirement::Above(key, number)
            } else {
                Requirement::Below(key, number)
            })
        }
        other => {
            let expected = "in, notin, =, ==, !=, gt, lt";
            Err(SelectorError::unexpected(other, expected))
        }
    }
}

fn value<I>(tokens: &mut std::iter::Peekable<I>) -> Result<String, SelectorError>
where
    I: Iterator<Item = Token>,
{
    let text = tokens.next_if(|token| is_word(token)).unwrap_or_default();
    check_value(&text)?;
    Ok(text)
}

fn set<I>(tokens: &mut std::iter::Peekable<I>) -> Result<Vec<String>, SelectorError>
where
    I: Iterator<Item = Token>,
{
    let open = tokens.next().unwrap_or_default();
    if open != "(" {
        return Err(SelectorError::NoList(open));
    }
    let mut values = Vec::new();
    loop {
        values.push(value(tokens)?);
        match tokens.next().as_deref() {
            Some(",") => {}
            Some(")") => return Ok(values),
            other => {
                let found = other.unwrap_or_default();
                return Err(SelectorError::unexpected(found, "',' or ')'"));
            }
        }
    }
}

fn check_key(key: &str) -> Result<(), SelectorError> {
    let name = key.rsplit('/').next().unwrap_or_default();
    if name.is_empty() {
        return Err(SelectorError::NoName(key.to_owned()));
    }
    check_value(name)
}

fn check_value(text: &str) -> Result<(), SelectorError> {
    let edge = |letter: Option<char>| letter.is_none_or(|letter| letter.is_ascii_alphanumeric());
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let fine = text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(inside);
    if fine {
        return Ok(());
    }
    Err(SelectorError::Value(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Vec<Requirement>>) {
        assert_eq!(read(text).ok(), expected, "{text}");
    }

    #[test]
    fn requirements_are_read_as_a_real_server_reads_them() {
        let key = || "a".to_owned();
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        check("", Some(Vec::new()));
        check("a", Some(vec![Requirement::Exists(key())]));
        check("!a", Some(vec![Requirement::Absent(key())]));
        check("a=", Some(vec![Requirement::In(key(), list(&[""]))]));
        check(
            "a in (b, c)",
            Some(vec![Requirement::In(key(), list(&["b", "c"]))]),
        );
        check("a!=b", Some(vec![Requirement::NotIn(key(), list(&["b"]))]));
        let both = vec![Requirement::Above(key(), 4), Requirement::Below(key(), 9)];
        check("a>4,a < 9", Some(both));
        for text in [
            "a b", "a in (b", "a in b", "=b", "a,,b", "a,", "-a=b", "a=b c", "a>b", "!a=b",
        ] {
            check(text, None);
        }
    }
}
