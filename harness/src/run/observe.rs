//! The phases that only look: preflight before anything is created, checks after.
//!
//! Apart from provisioning because the observer must not lean on what the provisioner says.

use std::time::Duration;

use kubeproof_contract::account::Account;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::scenario::Tier;

use super::book::Book;
use super::stage::Stage;

/// The longest that preflight may take, in the trial's clock.
const PREFLIGHT_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The longest that the checks may take, in the trial's clock.
const CHECKS_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Preflight. `false` stops the trial before anything is created.
pub async fn preflight(book: &mut Book<'_, '_>, stage: &Stage<'_>, observer: &dyn Account) -> bool {
    let begun = book.begin("preflight");
    let Ok(checks) = tokio::time::timeout(PREFLIGHT_LIMIT, observer.preflight()).await else {
        book.end(
            begun,
            Verdict::Unknown,
            "no answer within 15 minutes; nothing was created",
        );
        return false;
    };
    let (mut verdict, mut message) = summary(&checks);
    if stage.trial.tier == Tier::Live && !in_allowed_account(&checks, &stage.accounts) {
        verdict = Verdict::Fail;
        message = format!(
            "the account is none of {}; {message}",
            stage.accounts.join(", ")
        );
    }
    let go = !matches!(verdict, Verdict::Fail | Verdict::Unknown);
    let message = if go {
        message
    } else {
        format!("{message}; nothing was created")
    };
    book.checks.extend(checks);
    book.end_judged(begun, verdict, message);
    go
}

/// Whether the evidence names an account in which live runs may happen. It fails closed: evidence
/// that names no account allows none.
fn in_allowed_account(checks: &[Check], accounts: &[String]) -> bool {
    let passed = checks.iter().filter(|check| check.verdict == Verdict::Pass);
    passed.into_iter().any(|check| {
        accounts
            .iter()
            .any(|id| check.evidence.contains(id.as_str()))
    })
}

/// The checks of a provisioned cluster. What the provisioner reported must be true (O3).
pub async fn checks(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    observer: &dyn Account,
    provisioned: &Provisioned,
) {
    let begun = book.begin("checks");
    let looking = observer.checks(&stage.run, provisioned);
    let Ok(checks) = tokio::time::timeout(CHECKS_LIMIT, looking).await else {
        book.end(begun, Verdict::Unknown, "no answer within 30 minutes");
        return;
    };
    let (verdict, message) = summary(&checks);
    for check in checks.iter().filter(|check| check.verdict == Verdict::Fail) {
        book.find(
            "O3 truth",
            format!(
                "the provisioner reported success, but {}: {}",
                check.id, check.evidence
            ),
        );
    }
    book.checks.extend(checks);
    book.end(begun, verdict, message);
}

/// The verdict over checks, and in words which of them did not pass.
fn summary(checks: &[Check]) -> (Verdict, String) {
    let verdict = Verdict::of_all(checks.iter().map(|check| check.verdict));
    let passed = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Pass)
        .count();
    let not: Vec<String> = checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Unknown))
        .map(|check| format!("{}: {}", check.id, check.evidence))
        .collect();
    if checks.is_empty() {
        return (Verdict::Unknown, "nothing was checked".to_owned());
    }
    let count = format!("{passed} of {} passed", checks.len());
    if not.is_empty() {
        (verdict, count)
    } else {
        (verdict, format!("{count}; {}", not.join("; ")))
    }
}
