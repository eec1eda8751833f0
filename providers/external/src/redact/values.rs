//! Recognises secrets by their values: as they are, and as texts encode them (JSON, URLs, base64, hexadecimal).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::REDACTED;

/// A value shorter than this is not treated as a secret: it would redact ordinary words.
const BYTES_MIN: usize = 6;
/// The shortest part of a secret that is recognised at the end or the beginning of a line.
const PART_MIN: usize = 12;
/// The shortest secret that is recognised when encoded.
const ENCODED_MIN: usize = 8;
/// The shortest line that is recognised as the middle of a secret.
const MIDDLE_MIN: usize = 16;
/// Most values that are kept.
const VALUES_MAX: usize = 20_000;

/// Values that must not be shown, the longest first.
#[derive(Default)]
pub struct Values(Vec<String>);

impl Values {
    /// Learns one more secret; each of its lines is one.
    pub fn learn(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim);
        for line in lines.filter(|line| line.len() >= BYTES_MIN && !line.contains(REDACTED)) {
            if self.0.len() < VALUES_MAX && !self.0.iter().any(|known| known == line) {
                self.0.extend(carried(line));
            }
        }
        // A secret may contain another.
        self.0
            .sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        self.0.dedup();
    }

    /// A line without them.
    pub fn clean(&self, line: &str) -> String {
        let mut clean = line.to_owned();
        for value in &self.0 {
            if clean.contains(value.as_str()) {
                clean = clean.replace(value.as_str(), REDACTED);
            }
        }
        let middle = clean.trim();
        if middle.len() >= MIDDLE_MIN && self.0.iter().any(|value| value.contains(middle)) {
            return REDACTED.to_owned();
        }
        for value in &self.0 {
            if let Some(from) = begun(&clean, value) {
                clean.truncate(from);
                clean.push_str(REDACTED);
            }
            if let Some(to) = ended(&clean, value) {
                clean.replace_range(..to, REDACTED);
            }
        }
        clean
    }
}

/// The start of a value's first part, when a line break splits the value at the end of this line.
fn begun(line: &str, value: &str) -> Option<usize> {
    let head = value.get(..PART_MIN)?;
    let line = line.trim_end();
    let at = line.rfind(head)?;
    value.starts_with(&line[at..]).then_some(at)
}

/// The end of a value's last part, when a line break splits the value before this line.
fn ended(line: &str, value: &str) -> Option<usize> {
    let tail = value.get(value.len().checked_sub(PART_MIN)?..)?;
    let line_begin = line.len() - line.trim_start().len();
    let end = line.find(tail)? + tail.len();
    value.ends_with(line.get(line_begin..end)?).then_some(end)
}

/// A value as it is, and as texts encode it.
fn carried(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    let quoted = serde_json::Value::from(value).to_string();
    all.push(quoted.trim_matches('"').to_owned());
    if value.len() < ENCODED_MIN {
        return all;
    }
    let bytes = value.as_bytes();
    let encoded = percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    // Most encoders leave unescaped what RFC 3986 does.
    let usual = [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")]
        .iter()
        .fold(encoded.clone(), |text, (code, c)| text.replace(code, c));
    let slashed = usual.replace("%2F", "/");
    all.extend([encoded, usual, slashed]);
    all.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        all.push(engine.encode(bytes));
        // Inside a longer text that is encoded as a whole (`user:password`), it begins at one of three
        // places of a group; characters that depend on adjacent bytes are left out.
        for before in 0..3 {
            let padded = [&vec![0; before][..], bytes].concat();
            let text = engine.encode(&padded);
            let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            all.extend(text.get(from..to).map(str::to_owned));
        }
    }
    all.retain(|text| text.len() >= BYTES_MIN);
    all
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut values = Values::default();
        values.learn(SECRET);
        values.learn("a \"quoted\" word");
        assert_eq!(values.clean(text), expected, "{text}");
    }

    #[test]
    fn a_value_is_recognised_as_texts_encode_it() {
        check(&format!("a {SECRET} b"), "a (redacted) b");
        check(
            "?k=wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY&b",
            "?k=(redacted)&b",
        );
        check(r#"{"a": "a \"quoted\" word"}"#, r#"{"a": "(redacted)"}"#);
        let hexadecimal: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        check(&format!("x{hexadecimal}x"), "x(redacted)x");
    }

    #[test]
    fn a_value_in_base64_is_told_wherever_it_begins() {
        for before in ["", "u", "us", "use", "user:"] {
            let text = STANDARD.encode(format!("{before}{SECRET}@after"));
            let mut values = Values::default();
            values.learn(SECRET);
            let clean = values.clean(&format!("Basic {text}"));
            assert!(clean.contains(REDACTED), "{before}: {clean}");
            let left = clean.len() - "Basic ".len() - REDACTED.len();
            assert!(left < 20, "{before}: {clean}");
        }
    }

    #[test]
    fn a_value_that_a_line_break_splits_is_recognised_by_its_parts() {
        check("key wJalrXUtnFEMI", "key (redacted)");
        check("  NG+bPxRfiCYEXAMPLEKEY.", "  (redacted).".trim_start());
        check("FEMI/K7MDENG+bPxRf", "(redacted)");
        check("key wJalrXU", "key wJalrXU");
        check("a wJalrXUtnF b", "a wJalrXUtnF b");
    }

    #[test]
    fn what_is_too_short_is_no_secret() {
        let mut values = Values::default();
        values.learn("short\n\n  ");
        assert_eq!(values.clean("a short word"), "a short word");
    }
}
