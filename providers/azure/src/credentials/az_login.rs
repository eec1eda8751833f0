//! Tokens of the identity that az is logged in as, by the one command that it documents for that:
//! `az account get-access-token`.
//!
//! az's own files are not read: their form is no interface. The command asks no questions and opens nothing: where a person
//! is needed it fails and says so, and the one case in which it would open a window (the account broker on Windows) is
//! switched off.

use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::grant::AccessToken;
use kubeproof_contract::process::{ProcessError, ProcessSpec};
use serde_json::Value;

/// How long az may take: a second or two, and more when it renews its own token.
const LIMIT: Duration = Duration::from_mins(1);
/// The longest line that is read whole: tokens of people in many groups are long.
const LINE: usize = 256 * 1024;
/// Lines of az's own message that are shown.
const SHOWN: usize = 3;
/// How long a token is taken to be valid for which az states no time in UTC (before 2.54), seconds.
const UNSTATED: i64 = 600;

/// az's log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzLogin {
    /// The program.
    pub(super) program: PathBuf,
    /// The tenant that the token is for, where one is named.
    pub(super) tenant: Option<String>,
    /// The subscription whose tenant it is for, where only that is named.
    pub(super) subscription: Option<String>,
}

/// Why az gives no token. No secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum AzLoginError {
    /// It was not started, or did not end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It refused.
    #[error("`az account get-access-token` failed: {0}")]
    Refused(String),
    /// Its answer cannot be read.
    #[error("the answer of `az account get-access-token` has no access token")]
    NoToken,
}

/// A token for this resource.
///
/// # Errors
/// With what az says. No secret is shown.
pub(super) async fn of_login(
    login: &AzLogin,
    resource: &str,
    now: Timestamp,
) -> Result<AccessToken, AzLoginError> {
    let scope = format!("{resource}/.default");
    let mut arguments = vec!["account", "get-access-token", "--output", "json", "--scope"];
    arguments.push(&scope);
    // az takes one of them.
    if let Some(tenant) = &login.tenant {
        arguments.extend(["--tenant", tenant]);
    } else if let Some(subscription) = &login.subscription {
        arguments.extend(["--subscription", subscription]);
    }
    let program = ProcessSpec::new(&login.program, LIMIT)
        .arguments(arguments)
        .variable("AZURE_CORE_ENABLE_BROKER_ON_WINDOWS", "false")
        .variable("AZURE_CORE_ONLY_SHOW_ERRORS", "true")
        .variable("AZURE_CORE_NO_COLOR", "true")
        .longest_line(LINE);
    let ran = program.run().await?;
    if !ran.status.success() {
        let said = match ran.errors.trim() {
            // What it would write to standard output is the token.
            "" => format!("{}", ran.status),
            _ => ran.last_lines(SHOWN),
        };
        return Err(AzLoginError::Refused(said));
    }
    read(&ran.output, now).ok_or(AzLoginError::NoToken)
}

/// The token in az's answer. `expiresOn` is in local time, so `expires_on` counts.
fn read(answer: &str, now: Timestamp) -> Option<AccessToken> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let value = answer["accessToken"].as_str().filter(|it| !it.is_empty())?;
    let expires = &answer["expires_on"];
    let expires = expires.as_i64().or_else(|| expires.as_str()?.parse().ok());
    let seconds = expires.map_or(UNSTATED, |at| at.saturating_sub(now.as_second()));
    let valid = SignedDuration::from_secs(seconds.clamp(0, 86_400));
    Some(AccessToken::new(value, Some(now + valid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap()
    }

    /// What comes of the program in `testdata` that stands for az.
    async fn ask(tenant: Option<&str>, subscription: Option<&str>) -> Result<AccessToken, String> {
        let login = AzLogin {
            program: concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/az").into(),
            tenant: tenant.map(str::to_owned),
            subscription: subscription.map(str::to_owned),
        };
        let got = of_login(&login, "https://management.azure.com", now()).await;
        got.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_documented_command_is_asked_and_its_time_in_utc_counts() {
        let check = async |tenant, subscription, further: &str| {
            let got = ask(tenant, subscription).await.unwrap();
            let command = "account get-access-token --output json --scope https://management.azure.com/.default";
            assert_eq!(got.value(), format!("{command}{further}"));
            let hour = SignedDuration::from_hours(1);
            assert_eq!(got.expires_at, Some(now() + hour));
        };
        check(None, None, "").await;
        check(None, Some("s"), " --subscription s").await;
        check(Some("t"), Some("s"), " --tenant t").await;
    }

    #[tokio::test]
    async fn who_is_not_logged_in_is_told_in_azs_words_and_no_token_is_shown() {
        let check = async |tenant: &str, expected: &str| {
            let error = ask(Some(tenant), None).await.unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("hush"),
                "{error}"
            );
        };
        check("logged-out", "Please run 'az login'").await;
        check("silent", "exit status: 2").await;
        check("garbled", "has no access token").await;
        check("empty", "has no access token").await;
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let login = AzLogin {
            program: "/no/such/az".into(),
            tenant: None,
            subscription: None,
        };
        let error = of_login(&login, "https://graph.microsoft.com", now()).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("`az` could not be started"), "{error}");
    }

    #[test]
    fn a_token_without_a_time_in_utc_is_asked_for_again_soon() {
        let token = read(
            r#"{"accessToken": "ey.x", "expiresOn": "2026-11-18"}"#,
            now(),
        )
        .unwrap();
        let soon = now() + SignedDuration::from_secs(UNSTATED);
        assert_eq!(token.expires_at, Some(soon));
    }
}
