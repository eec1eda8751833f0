//! Decides which values are secrets, by their names and by what they look like.

use std::path::Path;

use serde_json::Value;

/// Parts of names whose values are secrets.
const PARTS: &[&str] = &[
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "ACCESSKEY",
    "ACCOUNT_KEY",
    "ACCOUNTKEY",
    "CLIENT_KEY",
    "AUTHORIZATION",
    "CONNECTION_STRING",
    "COOKIE",
    "JWT",
    "SAS_URL",
];
/// Endings of such names.
const ENDINGS: &[&str] = &["_KEY", "_PASS", "_PWD", "_PAT", "_AUTH", "_SAS", "_DSN"];
/// Endings of names that say where a secret is, or whose it is.
const PLACES: &[&str] = &[
    "_FILE",
    "_PATH",
    "_DIR",
    "_SOCK",
    "_KEY_ID",
    "_EXPIRATION",
    "PUBLIC_KEY",
];
/// Parts of names in a `.env` file whose values are plainly public.
const PUBLIC: &[&str] = &[
    "REGION",
    "ZONE",
    "PROFILE",
    "PORT",
    "HOST",
    "OWNER",
    "ACCOUNT_ID",
    "PROJECT",
    "BUDGET",
    "ENDPOINT",
    "LOG",
    "LEVEL",
    "DEBUG",
    "FILE",
    "PATH",
    "DIR",
    "NAME",
    "VERSION",
    "LOCATION",
    "SUBSCRIPTION_ID",
    "TENANT_ID",
    "LIVE_ACCOUNT",
];
/// Deepest nesting of a document that is searched.
const DEPTH_MAX: usize = 32;

/// A name, normalised for comparison: `client-key-data` is `CLIENT_KEY_DATA`.
fn plain(name: &str) -> String {
    name.replace(['-', '.'], "_").to_ascii_uppercase()
}

/// Whether a value under this name is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = plain(name);
    if PLACES.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    PARTS.iter().any(|part| name.contains(part))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a value of a `.env` file is public.
pub fn is_public(name: &str, value: &str) -> bool {
    let is_number = value.chars().all(|c| c.is_ascii_digit() || c == '.');
    let name = plain(name);
    let named = PUBLIC.iter().any(|part| name.contains(part)) && !is_secret(&name);
    named || is_number || ["true", "false"].contains(&value)
}

/// What is secret in a variable.
pub fn secrets_of(name: &str, value: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    // The path of a file with a secret is not a secret.
    let path = Path::new(value);
    let folder = path.parent().filter(|folder| *folder != Path::new("/"));
    let is_place = value.starts_with('/') && (path.exists() || folder.is_some_and(Path::exists));
    if is_secret(name) && !is_place {
        secrets.push(value.to_owned());
    }
    secrets.extend(password_in(value).map(str::to_owned));
    let fields = value.split(';').filter_map(|field| field.split_once('='));
    let connection = fields.filter(|(field, _)| is_secret(field.trim()));
    secrets.extend(connection.map(|(_, value)| value.to_owned()));
    if value.trim_start().starts_with('{')
        && let Ok(document) = serde_json::from_str(value)
    {
        secrets.extend(secrets_in(&document));
    }
    secrets
}

/// The password in a URL (`scheme://user:password@host`).
pub fn password_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (user, _) = rest[..end].rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

/// The secrets of a document, by the names of its fields; of terraform's outputs, those that it calls
/// sensitive.
pub fn secrets_in(document: &Value) -> Vec<String> {
    let mut secrets = Vec::new();
    collect(document, false, 0, &mut secrets);
    secrets
}

fn collect(value: &Value, secret: bool, depth: usize, secrets: &mut Vec<String>) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::String(text) if secret => secrets.push(text.clone()),
        Value::Array(all) => all
            .iter()
            .for_each(|one| collect(one, secret, depth + 1, secrets)),
        Value::Object(all) => {
            let sensitive = all.get("sensitive") == Some(&Value::Bool(true));
            for (name, one) in all {
                let secret = secret || is_secret(name) || (sensitive && name == "value");
                collect(one, secret, depth + 1, secrets);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_all_clouds_tell_secrets() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "GOOGLE_CREDENTIALS",
            "AZURE_CLIENT_SECRET",
            "ARM_ACCESS_KEY",
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "GITHUB_TOKEN",
            "LAMBDA_API_KEY",
            "STRIPE_KEY",
            "client-key-data",
            "PGPASSWORD",
            "DB_PASS",
            "connection_string",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "HOME",
            "PWD",
            "OLDPWD",
            "AWS_ACCESS_KEY_ID",
            "SSH_AUTH_SOCK",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_REGION",
            "KEYBOARD",
            "ssh_public_key",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[track_caller]
    fn check(name: &str, value: &str, expected: &[&str]) {
        assert_eq!(secrets_of(name, value), expected, "{name}");
    }

    #[test]
    fn what_is_secret_in_a_value_is_found() {
        check("DATABASE_URL", "postgres://me:p4ss@db:5432/x", &["p4ss"]);
        check("HTTPS_PROXY", "http://proxy:3128", &[]);
        let storage = "AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=x";
        check("STORAGE", storage, &["c2VjcmV0"]);
        let account = r#"{"type": "service_account", "private_key": "pk", "client_email": "e"}"#;
        check("ACCOUNT_JSON", account, &["pk"]);
        check("APP_CREDENTIALS", "/", &[]);
        check("X_TOKEN", "t", &["t"]);
    }

    #[test]
    fn a_document_tells_by_its_fields() {
        let found = secrets_in(&json!({
            "users": [{"name": "u", "user": {"client-key-data": "k", "token": "t"}}],
            "outputs": {"a": {"sensitive": true, "value": {"x": ["s"]}},
                        "b": {"sensitive": false, "value": "open"}},
        }));
        assert_eq!(found, ["s", "k", "t"]);
    }
}
