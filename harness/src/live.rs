//! Live runs: what must be confirmed explicitly before a real account is touched. Shared with `cargo test`.

use std::collections::BTreeMap;

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::{Observer, ObserverError};
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Usd;

pub mod budget;

/// The account ids in which live runs may happen, separated by commas.
pub const ACCOUNT_VARIABLE: &str = "KUBEPROOF_LIVE_ACCOUNT";
/// The most that all trials together may cost, US dollars.
pub const BUDGET_VARIABLE: &str = "KUBEPROOF_LIVE_BUDGET_USD";
/// The option that confirms it.
pub const CONFIRMATION: &str = "--yes-spend-money";

/// Permission for live runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The account ids in which it may happen.
    pub accounts: Vec<String>,
    /// The most that it may cost, US dollars.
    pub budget_usd: Decimal,
}

/// What is missing for a permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a live run costs money in a real account: {}", .0.join("; "))]
pub struct NotPermitted(Vec<String>);

/// Account ids that no cloud concerned can have, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", ACCOUNT_VARIABLE, .0.join("; "))]
pub struct ImpossibleAccounts(Vec<String>);

/// The permit that environment and command line give together.
///
/// # Errors
/// With everything that is missing, in one message.
pub fn permit(
    environment: &BTreeMap<String, String>,
    confirmed: bool,
) -> Result<Permit, NotPermitted> {
    let mut missing = Vec::new();
    let accounts = allowed_accounts(environment);
    if accounts.is_empty() {
        missing.push(format!(
            "set {ACCOUNT_VARIABLE} to the id of the account that may be used"
        ));
    }
    let mut budget = None;
    match environment.get(BUDGET_VARIABLE).map(|text| text.trim()) {
        None | Some("") => missing.push(format!(
            "set {BUDGET_VARIABLE} to the most that it may cost, such as 2.50"
        )),
        Some(text) => match text.parse::<Usd>() {
            Ok(Usd(amount)) if amount > Decimal::ZERO => budget = Some(amount),
            Ok(_) => missing.push(format!(
                "{BUDGET_VARIABLE} is {text}: it must be more than 0"
            )),
            Err(problem) => missing.push(format!("{BUDGET_VARIABLE}: {problem}")),
        },
    }
    if !confirmed {
        missing.push(format!("confirm with {CONFIRMATION}"));
    }
    match budget {
        Some(budget_usd) if missing.is_empty() => Ok(Permit {
            accounts,
            budget_usd,
        }),
        _ => Err(NotPermitted(missing)),
    }
}

/// Why an account may not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// `Fail` for another account, `Unknown` if the account could not be determined.
    pub verdict: Verdict,
    pub message: String,
}

impl Refusal {
    /// The account could not be determined, with the reason.
    pub fn unknown(message: String) -> Self {
        Self {
            verdict: Verdict::Unknown,
            message,
        }
    }
}

/// Whether the credentials belong to an account in which live work may happen.
///
/// # Errors
/// When they do not, or when this cannot be determined: it fails closed.
pub async fn in_allowed_account(
    account: &dyn Observer,
    allowed: &[String],
) -> Result<String, Refusal> {
    judge_account(account.account_id().await, allowed)
}

fn judge_account(
    found: Result<Option<String>, ObserverError>,
    allowed: &[String],
) -> Result<String, Refusal> {
    let refusal = |verdict, message| Err(Refusal { verdict, message });
    match found {
        Ok(Some(id)) if allowed.contains(&id) => Ok(id),
        Ok(Some(id)) => refusal(
            Verdict::Fail,
            format!(
                "the credentials belong to the account {id}, which {ACCOUNT_VARIABLE} does not \
                 name ({})",
                allowed.join(", ")
            ),
        ),
        Ok(None) => refusal(
            Verdict::Unknown,
            "the provider cannot tell whose credentials these are".to_owned(),
        ),
        Err(error) => refusal(
            Verdict::Unknown,
            format!("could not determine whose credentials these are: {error}"),
        ),
    }
}

/// The accounts that the environment allows, in the order given.
pub fn allowed_accounts(environment: &BTreeMap<String, String>) -> Vec<String> {
    let list = environment.get(ACCOUNT_VARIABLE).map_or("", String::as_str);
    let ids = list.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(str::to_owned).collect()
}

/// Refuses account ids that none of the clouds concerned can have: such a list allows nothing, or something
/// unintended.
///
/// # Errors
/// With each of them and the reason.
pub fn check_accounts(
    accounts: &[String],
    providers: &[&dyn Provider],
) -> Result<(), ImpossibleAccounts> {
    let mut wrong = Vec::new();
    for id in accounts {
        let reasons: Vec<String> = providers
            .iter()
            .filter_map(|provider| provider.account_id_problem(id))
            .collect();
        if !providers.is_empty() && reasons.len() == providers.len() {
            wrong.extend(reasons.into_iter().next());
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(ImpossibleAccounts(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let error = permit(&environment(&[]), false)
            .expect_err("nothing was given")
            .to_string();
        for word in [ACCOUNT_VARIABLE, BUDGET_VARIABLE, CONFIRMATION] {
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn account_budget_and_confirmation_make_a_permit() {
        let given = environment(&[(ACCOUNT_VARIABLE, "1, 2"), (BUDGET_VARIABLE, "2.5")]);
        assert!(permit(&given, false).is_err());
        let permit = permit(&given, true).expect("all was given");
        assert_eq!(permit.accounts, ["1", "2"]);
        assert_eq!(permit.budget_usd, Decimal::new(25, 1));
    }

    #[test]
    fn only_exactly_the_account_that_was_named_is_allowed() {
        let allowed = ["1234".to_owned(), "99".to_owned()];
        let judge = |found| judge_account(found, &allowed).map_err(|refusal| refusal.verdict);
        assert_eq!(judge(Ok(Some("1234".to_owned()))), Ok("1234".to_owned()));
        for other in ["123", "12345", "", "1234,99"] {
            assert_eq!(judge(Ok(Some(other.to_owned()))), Err(Verdict::Fail));
        }
        assert_eq!(judge(Ok(None)), Err(Verdict::Unknown));
        let error = ObserverError {
            call: "who".to_owned(),
            message: "no answer".to_owned(),
        };
        assert_eq!(judge(Err(error)), Err(Verdict::Unknown));
    }

    #[test]
    fn a_budget_that_is_no_amount_is_no_budget_and_is_told_as_it_was_given() {
        let check = |budget: &str, words: &str| {
            let given = environment(&[(ACCOUNT_VARIABLE, "1"), (BUDGET_VARIABLE, budget)]);
            let error = permit(&given, true).expect_err(budget).to_string();
            assert!(error.contains(words), "{error}");
        };
        check("", "set KUBEPROOF_LIVE_BUDGET_USD to the most");
        check(
            "abc",
            "KUBEPROOF_LIVE_BUDGET_USD: `abc` is not an amount such as 0.18",
        );
        check("NaN", "`NaN` is not an amount");
        check("inf", "`inf` is not an amount");
        check("1e99", "`1e99` is not an amount");
        check("1e3", "`1e3` is not an amount");
        check("$5", "`$5` is not an amount");
        check("1_000", "`1_000` is not an amount");
        check("-1", "`-1` is negative");
        check("0", "it must be more than 0");
        check(
            "79228162514264337593543950335",
            "is more than a billion dollars",
        );
        check("2.0000001", "has more than six decimals");
    }

    #[test]
    fn an_account_id_that_no_cloud_concerned_can_have_is_told() {
        let providers = crate::providers::all();
        let concerned: Vec<&dyn Provider> = providers.iter().map(AsRef::as_ref).take(1).collect();
        let check = |id: &str, fits: bool| {
            let seen = check_accounts(&[id.to_owned()], &concerned);
            assert_eq!(seen.is_ok(), fits, "{seen:?}");
        };
        check("123456789012", true);
        for id in [
            "12345678901",
            "1234567890123",
            "12345678901x",
            "mine",
            "１２３４５６７８９０１２",
        ] {
            check(id, false);
        }
        assert_eq!(check_accounts(&["mine".to_owned()], &[]), Ok(()));
    }
}
