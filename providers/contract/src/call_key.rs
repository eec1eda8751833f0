//! Call keys: what a call is about, the same in every run, whatever ids the cloud draws and in whatever order calls come.
//!
//! A key is made of the request: ids that the cloud has drawn are replaced by the call that made them, the run's name and
//! id by `NAME` and `RUN`, and client tokens, dates and whatever else looks drawn at random are masked. Its text is a hint
//! for people and a digest of all of it: `NAME-private-0~1f3a9c0d`. Faults are aimed at calls by it
//! (`ec2:CreateSubnet[NAME-private-0~1f3a9c0d]=lost-response`).

mod layer;
mod mask;
mod parameters;

use std::fmt;

use crate::journal::digest;

pub use self::layer::{AnswerChanged, CallKeys};

/// Between a key's hint and its digest.
const BETWEEN: char = '~';
/// Digits of a key's digest.
const DIGITS: usize = 8;
/// How many words a hint has at most.
const HINT_WORDS: usize = 2;
/// The longest word of a hint, characters.
const WORD_MAX: usize = 48;

/// What a call is about. A request extension between the layers of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKey {
    text: String,
    words: Vec<String>,
}

impl CallKey {
    /// The key of a request with these masked parameters.
    fn of(parameters: &[(String, String)]) -> Self {
        let whole: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut digest = digest(whole.join("\n").as_bytes());
        digest.truncate(DIGITS);
        let words: Vec<String> = parameters.iter().map(|(_, value)| word(value)).collect();
        let hint = hint(parameters);
        Self {
            text: format!("{hint}{BETWEEN}{digest}"),
            words,
        }
    }

    /// The first word of its hint, or its digest: what an id that its call has made is called.
    fn first_word(&self) -> &str {
        let (hint, digest) = self
            .text
            .rsplit_once(BETWEEN)
            .unwrap_or((&self.text, &self.text));
        match hint.split(',').next() {
            Some(first) if !first.is_empty() => first,
            _ => digest,
        }
    }
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The calls that a fault is aimed at by what they are about: the text of a key, or some words of the request
/// (`10.0.2.0/24`) for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern(String);

impl KeyPattern {
    /// A pattern for exactly this key, as the journal writes it.
    pub fn exact(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// Reads a pattern. `None` if it is empty or has a character that no key has.
    pub fn read(text: &str) -> Option<Self> {
        let can_be = |c: char| is_plain(c) || c == ',' || c == BETWEEN;
        (!text.is_empty() && text.chars().all(can_be)).then(|| Self(text.to_owned()))
    }

    /// Whether a call with this key is meant.
    pub fn matches(&self, key: &CallKey) -> bool {
        match self.0.rsplit_once(BETWEEN) {
            Some((_, digest)) => key.text.rsplit_once(BETWEEN).map(|it| it.1) == Some(digest),
            None => self.0.split(',').all(|one| {
                let mut words = key.words.iter();
                words.any(|word| word == one)
            }),
        }
    }

    /// As [`KeyPattern::matches`], for the text of a key, of which only the hint is known.
    pub fn matches_text(&self, text: &str) -> bool {
        let (hint, digest) = text.rsplit_once(BETWEEN).unwrap_or((text, ""));
        match self.0.rsplit_once(BETWEEN) {
            Some((_, wanted)) => wanted == digest,
            None => self
                .0
                .split(',')
                .all(|one| hint.split(',').any(|it| it == one)),
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters of a word in a key: none that means something in the text of a fault.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._:/+@-".contains(c)
}

/// A value as a word of a key.
fn word(value: &str) -> String {
    let plain = value.chars().filter(|c| *c != mask::MASK);
    let plain = plain.map(|c| if is_plain(c) { c } else { '_' });
    plain.take(WORD_MAX).collect()
}

/// The values that tell a person most about a call: names of the run first, then blocks of addresses, then what else is
/// not a tag, not a step of a path, and cannot be a secret.
fn hint(parameters: &[(String, String)]) -> String {
    let mut ranked: Vec<(u8, String)> = parameters
        .iter()
        .filter_map(|(name, value)| Some((rank(name, value)?, word(value))))
        .filter(|(_, word)| !word.is_empty())
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut words: Vec<String> = Vec::new();
    for (_, word) in ranked {
        if words.len() < HINT_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(",")
}

/// Parts of names of parameters that may hold a secret.
const SECRET: &[&str] = &["secret", "password", "token", "key", "data", "cert", "cred"];

/// How much a value tells, least is most; `None` for nothing.
fn rank(name: &str, value: &str) -> Option<u8> {
    let lower = name.to_ascii_lowercase();
    let is_tag = lower.contains("tag") || value.starts_with("tag:");
    let is_block = value.contains('/') && value.starts_with(|c: char| c.is_ascii_digit());
    if value.starts_with("NAME-") && value.len() < WORD_MAX {
        return Some(0);
    }
    if is_tag || value.contains(mask::MASK) || SECRET.iter().any(|part| lower.contains(part)) {
        return None;
    }
    Some(match value {
        _ if is_block => 1,
        "NAME" | "RUN" => 3,
        _ if name.starts_with('/') => 4,
        _ => 2,
    })
}

#[cfg(test)]
mod tests;
