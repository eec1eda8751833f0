//! The account, the verdict and the confirmation of a sweep.

use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use super::*;
use crate::cli::account_of_run::is_account_of;

fn intent(tier: Tier, account: Option<&str>) -> Intent {
    let began = "2026-11-23T10:00:00Z".parse().expect("a date");
    Intent {
        run: Run::new("r1", "me", began),
        scenario: "s".to_owned(),
        file: "s.yaml".to_owned(),
        provider: "cloud".to_owned(),
        tier,
        seed: 1,
        text: String::new(),
        account: account.map(str::to_owned),
        before: None,
    }
}

#[test]
fn only_the_account_of_the_run_is_swept() {
    let check = |tier, own, found, expected: Result<usize, ()>| {
        let said = is_account_of(&intent(tier, own), found);
        let said = said.map(|unknown| unknown.len()).map_err(|_| ());
        assert_eq!(said, expected, "{own:?} {found:?}");
    };
    check(Tier::Live, Some("111"), Some("111"), Ok(0));
    check(Tier::Live, Some("111"), Some("222"), Err(()));
    check(Tier::Live, Some("111"), None, Err(()));
    check(Tier::Live, None, Some("111"), Ok(1));
    check(Tier::Kind, Some("engine"), Some("other"), Err(()));
    check(Tier::Kind, None, Some("engine"), Ok(0));
}

#[test]
fn what_is_left_fails_and_what_is_hidden_is_unknown() {
    let look = |actions: &[Action], failed: &[&str]| SweepListing {
        decisions: actions
            .iter()
            .map(|action| Decision {
                resource: Resource::new("container", "c", "local"),
                action: *action,
                why: String::new(),
            })
            .collect(),
        failed: failed.iter().map(|line| (*line).to_owned()).collect(),
        ..SweepListing::default()
    };
    let check = |actions: &[Action], failed: &[&str], expected| {
        assert_eq!(verdict(&look(actions, failed)), expected, "{actions:?}");
    };
    check(&[], &[], Verdict::Pass);
    check(&[Action::NotTheRuns], &[], Verdict::Pass);
    check(&[Action::NotTheRuns], &["not listed"], Verdict::Unknown);
    check(&[Action::NotTheRuns, Action::Delete], &[], Verdict::Fail);
    check(&[Action::LeaveToPerson], &["not listed"], Verdict::Fail);
}

#[test]
fn a_plan_is_confirmed_by_the_runs_whole_id_only() {
    assert_eq!(is_confirmed("r1", Some("r1\r")), Ok(()));
    for typed in ["", "y", "yes", "r", "r10", "R1"] {
        assert!(is_confirmed("r1", Some(typed)).is_err(), "{typed}");
    }
    let refusal = is_confirmed("r1", None)
        .expect_err("no terminal")
        .to_string();
    assert!(refusal.contains("--yes"), "{refusal}");
}
