//! Redaction: what a program writes may hold secrets, and none of them may be kept.
//!
//! Apart from reading its output because every line goes through here before anybody hears it.

/// What stands where a secret stood.
const REDACTED: &str = "(redacted)";
/// Parts of the names of variables whose values are secrets.
const SECRET_NAMES: &[&str] = &[
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
];
/// A shorter value than this is no secret, and would blacken words.
const SECRET_BYTES_MIN: usize = 6;
/// How credentials begin that can be told by their form, with the least number of characters that follow.
const FORMS: &[(&str, usize)] = &[("k8s-aws-v1.", 8), ("AKIA", 12), ("ASIA", 12)];

/// Knows the secrets that a program was given.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Knows the secrets among these variables, by their names.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut redactor = Self::default();
        for (name, value) in variables {
            let name = name.to_ascii_uppercase();
            // A file that holds a secret is named, and its name is none.
            if SECRET_NAMES.iter().any(|part| name.contains(part)) && !name.ends_with("_FILE") {
                redactor.learn(value);
            }
        }
        redactor
    }

    /// Learns one more secret; each of its lines is one.
    pub fn learn(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim);
        self.secrets.extend(
            lines
                .filter(|line| line.len() >= SECRET_BYTES_MIN)
                .map(str::to_owned),
        );
        // The longest first: a secret may hold another.
        self.secrets
            .sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        self.secrets.dedup();
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), REDACTED);
            }
        }
        FORMS.iter().fold(clean, |clean, (begin, least)| {
            without(&clean, begin, *least)
        })
    }
}

/// The text without words that begin so and go on for at least so many characters.
fn without(text: &str, begin: &str, least: usize) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(begin) {
        let (before, found) = rest.split_at(at);
        clean.push_str(before);
        let body = &found[begin.len()..];
        let belongs = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        let length = body.find(|c| !belongs(c)).unwrap_or(body.len());
        if length >= least {
            clean.push_str(REDACTED);
        } else {
            clean.push_str(&found[..begin.len() + length]);
        }
        rest = &body[length..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let variables = [
            ("AWS_SECRET_ACCESS_KEY", "hunter2hunter2"),
            ("MY_TOKEN", "line-one-x\nline-two-y"),
            ("SECRET_FILE", "/a/path/to/it"),
            ("HOME", "/home/me"),
            ("DB_PASSWORD", "ab"),
        ];
        assert_eq!(Redactor::of(variables).clean(text), expected);
    }

    #[test]
    fn values_of_variables_that_look_secret_are_taken_out() {
        check("key hunter2hunter2, done", "key (redacted), done");
        check("line-two-y of a token", "(redacted) of a token");
        check(
            "/home/me /a/path/to/it stays",
            "/home/me /a/path/to/it stays",
        );
        check("ab is too short to be told", "ab is too short to be told");
    }

    #[test]
    fn what_has_the_form_of_a_credential_is_taken_out() {
        check(
            "token: k8s-aws-v1.aHR0cHM6Ly9zdHM_x-y.",
            "token: (redacted)",
        );
        check("id AKIAIOSFODNN7EXAMPLE!", "id (redacted)!");
        check("AKIA alone, ASIAN food", "AKIA alone, ASIAN food");
    }
}
