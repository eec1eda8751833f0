//! Recognises secrets by their form alone, when their values are not known.

use super::{REDACTED, names};

/// A credential's prefix, the least number of characters that follow, and whether it must start a word and contain a
/// digit because the prefix alone could be prose.
const FORMS: &[(&str, usize, bool)] = &[
    // AWS: tokens of clusters, access keys.
    ("k8s-aws-v1.", 8, false),
    ("AKIA", 12, false),
    ("ASIA", 12, false),
    // Google: access tokens, refresh tokens, API keys, client secrets.
    ("ya29.", 10, false),
    ("1//0", 20, true),
    ("AIza", 30, true),
    ("GOCSPX-", 16, false),
    // JSON web tokens (Azure, Kubernetes), and any other JSON in base64.
    ("eyJ", 16, false),
    // PEM in base64, as kubeconfigs hold it.
    ("LS0tLS1CRUdJTi", 16, false),
    // Hugging Face, Lambda Cloud.
    ("hf_", 16, false),
    ("api_org_", 16, false),
    ("secret_", 16, true),
    // GitHub, GitLab, Slack, Vault, DigitalOcean, registries, others.
    ("ghp_", 16, false),
    ("gho_", 16, false),
    ("ghu_", 16, false),
    ("ghs_", 16, false),
    ("ghr_", 16, false),
    ("github_pat_", 16, false),
    ("glpat-", 16, false),
    ("xoxb-", 16, false),
    ("xoxp-", 16, false),
    ("hvs.", 16, false),
    ("dop_v1_", 16, false),
    ("npm_", 24, true),
    ("pypi-", 24, true),
    ("sk-", 20, true),
    ("sk_live_", 12, false),
];
/// Words before a credential in a header.
const SCHEMES: &[&str] = &["bearer", "basic", "token"];
/// The least length of a value under the name of a secret.
const NAMED_MIN: usize = 8;

/// The line without anything that has the form of a credential.
pub fn clean(line: &str) -> String {
    let line = FORMS
        .iter()
        .fold(line.to_owned(), |line, form| without(&line, form));
    without_named(&without_passwords(&line))
}

/// The text before a private key that begins in this line, and the rest.
pub fn before_key(line: &str) -> Option<(&str, &str)> {
    let at = line.find("-----BEGIN ")?;
    let head = line[at..].split("-----").nth(1)?;
    head.ends_with("PRIVATE KEY").then(|| line.split_at(at))
}

/// The text after a private key that ends in this line.
pub fn after_key(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("-----END ")?;
    Some(rest.split_once("-----").map_or("", |(_, after)| after))
}

/// The text without words of this form.
fn without(text: &str, (begin, least, is_word): &(&str, usize, bool)) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(begin) {
        let (before, found) = rest.split_at(at);
        clean.push_str(before);
        let body = &found[begin.len()..];
        let belongs = |c: char| c.is_ascii_alphanumeric() || "-_.=+/".contains(c);
        let length = body.find(|c| !belongs(c)).unwrap_or(body.len());
        let word = &body[..length];
        let starts = !clean.ends_with(|c: char| c.is_ascii_alphanumeric());
        let fits = !is_word || (starts && word.contains(|c: char| c.is_ascii_digit()));
        if length >= *least && fits {
            clean.push_str(REDACTED);
        } else {
            clean.push_str(&found[..begin.len() + length]);
        }
        rest = &body[length..];
    }
    clean.push_str(rest);
    clean
}

/// The text without passwords in URLs.
fn without_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, found) = rest.split_at(at + "://".len());
        clean.push_str(before);
        let end = found
            .find(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c))
            .unwrap_or(found.len());
        let (authority, after) = found.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) if user.contains(':') => {
                let name = user.split(':').next().unwrap_or_default();
                clean.push_str(&format!("{name}:{REDACTED}@{host}"));
            }
            _ => clean.push_str(authority),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// The text without values under the name of a secret: `password=…`, `"token": "…"`, `Authorization: …`.
fn without_named(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, found) = rest.split_at(at);
        clean.push_str(before);
        let after = &found[1..];
        clean.push_str(&found[..1]);
        rest = after;
        if !names::is_secret(name_at_end(before)) {
            continue;
        }
        let value = after.trim_start_matches(|c: char| c.is_whitespace() || "\"'\\".contains(c));
        let scheme = SCHEMES.iter().find_map(|scheme| {
            let begin = value.get(..scheme.len())?;
            begin
                .eq_ignore_ascii_case(scheme)
                .then_some(scheme.len() + 1)
        });
        let value = scheme
            .and_then(|length| value.get(length..))
            .unwrap_or(value);
        let end = value
            .find(|c: char| c.is_whitespace() || "\"'`\\,;&<>)]}".contains(c))
            .unwrap_or(value.len());
        let is_word = value[..end].chars().all(|c| !c.is_ascii_digit());
        if end >= NAMED_MIN && !is_word && !value.starts_with(REDACTED) {
            clean.push_str(&after[..after.len() - value.len()]);
            clean.push_str(REDACTED);
            rest = &value[end..];
        }
    }
    clean.push_str(rest);
    clean
}

/// The name at the end of a text, ignoring quotes and spaces.
fn name_at_end(text: &str) -> &str {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || "\"'\\".contains(c));
    let name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let begin = text.rfind(|c| !name(c)).map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    &text[begin..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected);
    }

    #[test]
    fn what_has_the_form_of_a_credential_is_taken_out() {
        check("got k8s-aws-v1.aHR0cHM6Ly9zdHM_x-y.", "got (redacted)");
        check("id AKIAIOSFODNN7EXAMPLE!", "id (redacted)!");
        check("AKIA alone, ASIAN food", "AKIA alone, ASIAN food");
        for secret in [
            "ya29.a0AfH6SMBx-1234_abc",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln-nature",
            "hf_AbCdEfGhIjKlMnOpQrStUv",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "github_pat_11ABCDEFG0123456789_abcdefgh",
            "secret_kubeproof_0123456789abcdef.0123",
            "AIzaSyA-1234567890abcdefghijklmnopqrstu",
            "sk-proj-1234567890abcdefghijkl",
        ] {
            check(&format!("a {secret}, b"), "a (redacted), b");
            check(&format!("x=`{secret}`"), "x=`(redacted)`");
        }
        check(
            "a risk-free secret_access_keys of task-oriented words",
            "a risk-free secret_access_keys of task-oriented words",
        );
    }

    #[test]
    fn a_password_in_a_url_is_taken_out() {
        check(
            "to postgres://me:p4ss@w@db:5432/x?y and https://a/b@c:d",
            "to postgres://me:(redacted)@db:5432/x?y and https://a/b@c:d",
        );
    }

    #[test]
    fn what_stands_under_the_name_of_a_secret_is_taken_out() {
        check(
            "AWS_SECRET_ACCESS_KEY=abc12345/+x y",
            "AWS_SECRET_ACCESS_KEY=(redacted) y",
        );
        check(
            r#"{"client_secret": "s3cr3t-val", "id": "visible-12345"}"#,
            r#"{"client_secret": "(redacted)", "id": "visible-12345"}"#,
        );
        check(
            "Authorization: Bearer abc.12345",
            "Authorization: Bearer (redacted)",
        );
        check(
            "?X-Amz-Security-Token=abc12345&a=b",
            "?X-Amz-Security-Token=(redacted)&a=b",
        );
        check(
            "    client-key-data: QUJD12345==",
            "    client-key-data: (redacted)",
        );
        check("the token: expired long ago", "the token: expired long ago");
        check("vpc: vpc-0123456789", "vpc: vpc-0123456789");
        check("ünïcode password=ümläut123", "ünïcode password=(redacted)");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cleaned_without_a_panic(
            text in "(\\PC|token[=:]|://|@|-----BEGIN PRIVATE KEY-----|eyJ|sk-|\"){0,40}"
        ) {
            let redactor = super::super::Redactor::default();
            redactor.learn(&text);
            redactor.learn_variable("MY_TOKEN", &text);
            redactor.clean(&text);
            clean(&text);
        }
    }
}
