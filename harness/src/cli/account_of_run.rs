//! The run and the account that a command is for: where the run's folder is, and whether the credentials at hand are those
//! of the account that it was in. Nothing else may be read, or removed.

use std::path::{Path, PathBuf};

use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scenario::Tier;

use crate::run_directory::Intent;
use crate::{exit_code, live};

/// A refusal: exit code and message.
pub type Refusal = (u8, String);

/// The folder of the run with this id.
///
/// # Errors
/// When it is not the id of a run.
pub fn run_folder(out: &Path, run: &str) -> Result<PathBuf, Refusal> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if run.is_empty() || !run.chars().all(fits) {
        let problem = format!("`{run}` is not the id of a run");
        return Err((exit_code::USAGE, problem));
    }
    Ok(out.join(run))
}

/// The accounts that live commands may use. `what` names them, and what is done with them: `the id of the account that
/// may be read`.
///
/// # Errors
/// When none is named.
pub fn allowed_accounts(what: &str) -> Result<Vec<String>, Refusal> {
    let allowed = live::allowed_accounts(&crate::simulate::environment::own());
    if allowed.is_empty() {
        let problem = format!("set {} to {what}", live::ACCOUNT_VARIABLE);
        return Err((exit_code::USAGE, problem));
    }
    Ok(allowed)
}

/// Checks that a live account is one of those that may be used. Returns its id. `so` says what was not done if it is not:
/// `nothing was changed`.
///
/// # Errors
/// When it is another one, or nothing tells whose it is.
pub async fn in_allowed_account(
    account: &dyn Observer,
    allowed: &[String],
    so: &str,
) -> Result<String, Refusal> {
    let found = live::in_allowed_account(account, allowed).await;
    found.map_err(|refusal| {
        let code = match refusal.verdict {
            Verdict::Fail => exit_code::USAGE,
            _ => exit_code::UNKNOWN,
        };
        (code, format!("{}; {so}", refusal.message))
    })
}

/// Checks that this is the account of the run. Returns what could not be verified, as sentences.
///
/// # Errors
/// When it is another account, or nothing tells whose it is.
pub async fn same_account(
    account: &dyn Observer,
    intent: &Intent,
    allowed: &[String],
) -> Result<Vec<String>, Refusal> {
    let found = match intent.tier {
        Tier::Live => Some(in_allowed_account(account, allowed, "nothing was changed").await?),
        _ => account.account_id().await.map_err(|error| {
            let problem = format!("could not determine whose account this is: {error}");
            (
                exit_code::UNKNOWN,
                format!("{problem}; nothing was changed"),
            )
        })?,
    };
    is_account_of(intent, found.as_deref()).map_err(|other| (exit_code::USAGE, other.to_string()))
}

/// Another account than that of the run.
#[derive(Debug, thiserror::Error)]
#[error(
    "the run {run} was in the account {own}, and this is {}; nothing was changed",
    .found.as_deref().unwrap_or("one without a name")
)]
pub(super) struct OtherAccount {
    run: String,
    own: String,
    found: Option<String>,
}

/// What could not be verified about the account of a run, or why this is another one.
pub(super) fn is_account_of(
    intent: &Intent,
    found: Option<&str>,
) -> Result<Vec<String>, OtherAccount> {
    let run = &intent.run.id;
    match (intent.account.as_deref(), found) {
        (Some(own), Some(found)) if own == found => Ok(Vec::new()),
        (Some(own), found) => Err(OtherAccount {
            run: run.clone(),
            own: own.to_owned(),
            found: found.map(str::to_owned),
        }),
        // A machine's own engine has no name in all versions.
        (None, _) if intent.tier == Tier::Kind => Ok(Vec::new()),
        (None, _) => Ok(vec![format!(
            "the intent of the run {run} does not name its account: whether it was this one is unknown"
        )]),
    }
}
