//! Whether the credentials at hand are those of the account that a run was in: nothing else of a run may be read,
//! or removed.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scenario::Tier;

use crate::run_directory::Intent;
use crate::{exit_code, live};

/// A refusal: exit code and message.
pub type Refusal = (u8, String);

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
        Tier::Live => {
            let id = live::in_allowed_account(account, allowed).await;
            Some(id.map_err(|refusal| {
                let code = match refusal.verdict {
                    Verdict::Fail => exit_code::USAGE,
                    _ => exit_code::UNKNOWN,
                };
                (code, format!("{}; nothing was changed", refusal.message))
            })?)
        }
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
